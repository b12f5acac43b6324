"""What was decided of checks: appended, and never judged anew."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from lamplighter.core.judgement import Decision, Verdict
from lamplighter.core.monitor import Check
from storage.history import tables
from storage.history.database import History


def decisions_made(history: History, model: str, known_on: datetime, checks: Iterable[Check]) -> list[Decision]:
    """What a night has decided already of some checks."""
    table = tables.decision
    named = {check.name: check for check in checks}
    query = sa.select(table).where(table.c.model == model, table.c.known_on == known_on, table.c.check_name.in_(named))
    with history.reading() as connection:
        rows = connection.execute(query).mappings().all()
    return [
        Decision(
            named[row["check_name"]],
            row["window_start"],
            row["value"],
            row["threshold"],
            Verdict(row["verdict"]),
            row["reason"],
        )
        for row in rows
    ]


def judged_later(history: History, model: str, known_on: datetime) -> bool:
    """Whether a later night has been judged already."""
    table = tables.decision
    query = sa.select(sa.literal(1)).where(table.c.model == model, table.c.known_on > known_on).limit(1)
    with history.reading() as connection:
        return connection.scalar(query) is not None


def append_decisions(connection: sa.Connection, model: str, known_on: datetime, decisions: Iterable[Decision]) -> None:
    """Append a night's decisions."""
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
        }
        for decision in decisions
    ]
    if rows:
        connection.execute(sa.insert(tables.decision), rows)
