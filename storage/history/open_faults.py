"""The data faults that are open now, each with its first window: what a person may accept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from lamplighter.core.hints import did_you_mean
from lamplighter.core.monitor import DATA_CHECK, Monitor
from lamplighter.core.records.finding import DATA_FAULTS, OF_WINDOWS, Finding
from lamplighter.errors import HistoryError
from storage.history import tables
from storage.history.acceptances import Acceptance, accept
from storage.history.breaks import MOMENT, Faults, Found
from storage.history.database import History
from storage.history.runs import newest_run_begun


@dataclass(frozen=True, slots=True)
class OpenFault:
    """A fault of the newest window.

    Attributes
    ----------
    finding : Finding
    since, until : datetime
        The start of its first window, and of the newest.
    acceptance : Acceptance or None
        Where a person has accepted it already; the next run knows.
    """

    finding: Finding
    since: datetime
    until: datetime
    acceptance: Acceptance | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """By what a person may name it."""
        return tuple(name for name in (self.finding.subject, self.finding.code.value) if name)


def accept_faults(
    history: History, monitor: Monitor, names: Sequence[str], who: str = "", reason: str = ""
) -> list[OpenFault]:
    """Accept faults of the newest window as how the data are from now on; those that are accepted already stay so.

    Parameters
    ----------
    names : sequence of str
        Columns or codes of faults; none, or the check ``data``, for all of them.

    Returns
    -------
    list of OpenFault
        What was named, as it was before.

    Raises
    ------
    HistoryError
        If nothing is recorded of the model, or it has no such fault.
    """
    model, grain = monitor.model, monitor.every.value
    with history.writing() as connection:
        known_on = newest_run_begun(connection, model)
        if known_on is None:
            raise HistoryError(f"nothing is recorded of {model!r}", fix="run it first")
        faults = open_faults(history, model, grain, known_on)
        chosen = _chosen(model, faults, names)
        accept(
            connection,
            (
                Acceptance(model, grain, it.finding.code, it.finding.subject, it.since, it.until, known_on, who, reason)
                for it in chosen
                if it.acceptance is None
            ),
        )
    return chosen


def _chosen(model: str, faults: Sequence[OpenFault], names: Sequence[str]) -> list[OpenFault]:
    if not faults:
        raise HistoryError("the newest window has no data fault", where=model, fix="there is nothing to accept")
    wanted = set(names) - {DATA_CHECK.name}
    known = sorted({name for fault in faults for name in fault.names})
    if unknown := sorted(wanted - set(known)):
        raise HistoryError(f"no data fault is named {unknown[0]!r}", where=model, fix=did_you_mean(unknown[0], known))
    return [fault for fault in faults if not wanted or wanted.intersection(fault.names)]


def open_faults(history: History, model: str, grain: str, as_of: datetime) -> list[OpenFault]:
    """The faults of the newest window of a model, with those that were accepted since its run.

    Examples
    --------
    >>> [(it.names, f"{it.since:%d %B}") for it in open_faults(history, "churn", "1d", context.known_on)]
    [(('amount', 'scale-changed'), '11 March')]
    """
    table = tables.evaluation
    query = sa.select(table.c.window_start).distinct().where(table.c.model == model, table.c.grain == grain)
    with history.reading() as connection:
        starts = sorted(connection.scalars(query), reverse=True)
    if not starts:
        return []
    # What was accepted after the newest run is known to the next one alone.
    faults, seen = Faults(history, model, grain, as_of), Faults(history, model, grain, as_of + MOMENT)
    found = faults.found(starts[-1], starts[0] + MOMENT, DATA_FAULTS)
    return [
        OpenFault(finding, _since(starts, found, finding), start, _accepted(seen, start, finding))
        for start, finding in found
        if start == starts[0] and not faults.is_accepted(start, finding)
    ]


def _accepted(faults: Faults, start: datetime, finding: Finding) -> Acceptance | None:
    mine = (it for it in faults.accepted if (it.code, it.subject) == (finding.code, finding.subject))
    return next((it for it in mine if it.covers(start)), None)


def _since(starts: Sequence[datetime], found: Collection[Found], finding: Finding) -> datetime:
    """The first window of a fault; windows without rows lie within it."""
    # A column may first lack values and then have others: that is one fault.
    same = {start for start, it in found if it.subject == finding.subject and (it.subject or it.code is finding.code)}
    absent = {start for start, it in found if it.code in OF_WINDOWS} - same
    first = starts[0]
    for start in starts:
        if start in same:
            first = start
        elif start not in absent:
            break
    return first
