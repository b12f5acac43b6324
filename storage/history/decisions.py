"""What was decided of checks: appended, and never judged anew; and what they are like now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from lamplighter.core.checks.decide import Cause, Decision, Verdict
from lamplighter.core.checks.incidents import check_of, segment_of
from lamplighter.core.monitor import Check
from lamplighter.core.monitor.check_limits import Limit
from lamplighter.core.values.key_name import storable
from storage.history import tables
from storage.history.database import History


def decisions_made(history: History, model: str, known_on: datetime, checks: Iterable[Check]) -> list[Decision]:
    """What a run has decided already about some checks.

    Examples
    --------
    >>> for decision in decisions_made(history, "churn", context.known_on, monitor.judged):
    ...     print(decision.check.name, decision.verdict.value, decision.reason)
    data failed
    drift_share-above undecided not judged while the data are broken: scale-changed amount
    f1-below passed
    """
    table = tables.decision
    named = {check.name: check for check in checks}
    query = sa.select(table).where(table.c.model == model, table.c.known_on == known_on)
    with history.reading() as connection:
        rows = connection.execute(query).mappings().all()
    return [
        Decision(
            check,
            row["window_start"],
            row["value"],
            row["threshold"],
            Verdict(row["verdict"]),
            row["reason"],
            _cause(row),
            _limit(row, check),
            row["compared"],
        )
        for row in rows
        if (check := _check_named(row["check_name"], named))
    ]


def _check_named(name: str, checks: Mapping[str, Check]) -> Check | None:
    """The check that a decision is of: a declared one, or one of its segments."""
    check = checks.get(check_of(name))
    if check is None or name == check.name:
        return check
    return check.of_segment(segment) if (segment := segment_of(name, check.name)) else None


def _limit(row: sa.RowMapping, check: Check) -> Limit:
    """Decisions from before limits were recorded were of plain numbers."""
    return check.plain_limit if row["low"] is None and row["high"] is None else Limit(row["low"], row["high"])


def _cause(row: sa.RowMapping) -> Cause | None:
    """None for decisions from before causes were recorded."""
    return Cause(row["cause"]) if row["cause"] else None


def judged_later(history: History, model: str, known_on: datetime) -> bool:
    """Whether a run of a later logical date has been judged already.

    Examples
    --------
    >>> judged_later(history, "churn", context.known_on), judged_later(history, "churn", window.previous().end)
    (False, True)
    """
    table = tables.decision
    query = sa.select(sa.literal(1)).where(table.c.model == model, table.c.known_on > known_on).limit(1)
    with history.reading() as connection:
        return connection.scalar(query) is not None


def append_decisions(connection: sa.Connection, model: str, known_on: datetime, decisions: Iterable[Decision]) -> None:
    """Append the decisions of a run."""
    rows = [
        {
            "model": model,
            "check_name": decision.check.name,
            "known_on": known_on,
            "window_start": decision.window_start,
            "metric": decision.check.metric,
            "severity": decision.check.severity.value,
            "value": decision.value,
            "threshold": decision.threshold,
            "verdict": decision.verdict.value,
            "reason": decision.reason,
            "cause": decision.cause.value if decision.cause else "",
            "low": decision.limit.low,
            "high": decision.limit.high,
            "compared": storable(decision.compared),
        }
        for decision in decisions
    ]
    if rows:
        connection.execute(sa.insert(tables.decision), rows)


def newest_limits(history: History, model: str, as_of: datetime, checks: Iterable[Check]) -> list[tuple[Check, Limit]]:
    """The limit that each check was last judged by, by its name; undecided ones hold it too.

    Of a check of every segment those of the segments that it judged last.

    Examples
    --------
    >>> for check, limit in newest_limits(history, "churn", context.known_on, monitor.judged):
    ...     print(check.name, limit)
    data Limit(low=None, high=0.0)
    drift_share-above Limit(low=None, high=0.4)
    f1-below Limit(low=0.2, high=None)
    """
    table = tables.decision
    named = {check.name: check for check in checks}
    known = (table.c.model == model, table.c.known_on <= as_of, table.c.threshold.is_not(None))
    newest = sa.select(table.c.check_name, sa.func.max(table.c.known_on).label("known_on")).where(*known)
    last = newest.group_by(table.c.check_name).subquery()
    same = (table.c.check_name == last.c.check_name) & (table.c.known_on == last.c.known_on)
    query = sa.select(table).join(last, same).where(table.c.model == model).order_by(table.c.check_name)
    with history.reading() as connection:
        rows = connection.execute(query).mappings().all()
    judged = [(row, check) for row in rows if (check := _check_named(row["check_name"], named))]
    # A run of broken data decides a check of every segment once, under its own name.
    judged = [(row, check) for row, check in judged if not check.is_of_every_segment]
    latest: dict[str, datetime] = {}
    for row, check in judged:
        declared = check_of(check.name)
        latest[declared] = max(row["known_on"], latest.get(declared, row["known_on"]))
    return [(check, _limit(row, check)) for row, check in judged if row["known_on"] == latest[check_of(check.name)]]


@dataclass(frozen=True, slots=True)
class UndecidedCheck:
    """A check that the newest judged run left undecided.

    Attributes
    ----------
    name : str
    cause : Cause or None
        None where it was recorded before causes were.
    reason : str
    window_start : datetime or None
        The window that it read.
    """

    name: str
    cause: Cause | None
    reason: str
    window_start: datetime | None


def undecided_checks(history: History, model: str, as_of: datetime | None = None) -> list[UndecidedCheck]:
    """The checks that the newest judged run of a model left undecided, by name.

    Examples
    --------
    >>> [(check.name, check.reason) for check in undecided_checks(history, "churn")]
    [('drift_share-above', 'not judged while the data are broken: scale-changed amount')]
    """
    table = tables.decision
    mine = [table.c.model == model, *([table.c.known_on <= as_of] if as_of else [])]
    last = sa.select(sa.func.max(table.c.known_on)).where(*mine).scalar_subquery()
    query = sa.select(table).where(
        table.c.model == model, table.c.known_on == last, table.c.verdict == Verdict.UNDECIDED.value
    )
    with history.reading() as connection:
        rows = connection.execute(query).mappings().all()
    found = [UndecidedCheck(row["check_name"], _cause(row), row["reason"], row["window_start"]) for row in rows]
    return sorted(found, key=lambda check: check.name)


def undecided_since(history: History, model: str, check_name: str, before: datetime) -> list[tuple[datetime, datetime]]:
    """The earlier runs, newest first, that the data left a check undecided in, since it was last decided.

    Each with the window that it read.

    Runs that waited for labels, or in which broken data inhibited the check, are passed over.

    Examples
    --------
    >>> undecided_since(history, "churn", "drift_share-above", context.known_on)
    []
    """
    table = tables.decision
    mine = (table.c.model == model, table.c.check_name == check_name, table.c.known_on < before)
    decided = sa.select(sa.func.max(table.c.known_on)).where(*mine, table.c.verdict != Verdict.UNDECIDED.value)
    query = sa.select(table.c.known_on, table.c.window_start).where(*mine, table.c.cause == Cause.DATA.value)
    with history.reading() as connection:
        last = connection.scalar(decided)
        if last is not None:
            query = query.where(table.c.known_on > last)
        found = connection.execute(query.order_by(table.c.known_on.desc()))
        return [(row.known_on, row.window_start) for row in found]
