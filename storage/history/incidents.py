"""Incidents as they are recorded: open, closed, notified and muted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from lamplighter.core.checks.incidents import Incident, IncidentChanges, check_of, decided_by
from lamplighter.core.monitor import Severity
from storage.history import tables
from storage.history.database import History


def incidents_open(history: History, model: str, as_of: datetime | None = None) -> dict[str, Incident]:
    """The incidents of a model that are open now or after a run, by name of the check.

    Examples
    --------
    >>> {name: incident.opened_on.isoformat() for name, incident in incidents_open(history, "churn").items()}
    {'data': '2026-03-12T00:00:00+00:00'}
    >>> incidents_open(history, "churn", as_of=window.start)
    {}
    """
    table = tables.incident
    query = sa.select(table).where(table.c.model == model)
    if as_of is None:
        query = query.where(table.c.closed_on.is_(None))
    else:
        still_open = sa.or_(table.c.closed_on.is_(None), table.c.closed_on > as_of)
        query = query.where(table.c.opened_on <= as_of, still_open)
    with history.reading() as connection:
        rows = connection.execute(query).mappings().all()
    return {row["check_name"]: _incident(row) for row in rows}


def _incident(row: sa.RowMapping) -> Incident:
    return Incident(
        row["check_name"], Severity(row["severity"]), row["opened_on"], row["window_start"], row["notified_on"]
    )


def all_incidents(history: History, model: str | None = None, *, only_open: bool = False) -> list[dict[str, Any]]:
    """Incidents as dictionaries of the table's columns, the newest last, each with until when it is muted.

    Examples
    --------
    >>> [(row["check_name"], row["severity"], row["muted_for"]) for row in all_incidents(history, "churn")]
    [('drift_share-above', 'warning', None), ('data', 'critical', None)]
    """
    table, mute = tables.incident, tables.mute
    query = sa.select(table)
    if model is not None:
        query = query.where(table.c.model == model)
    if only_open:
        query = query.where(table.c.closed_on.is_(None))
    with history.reading() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
        mutes = {(row.model, row.check_name): row for row in connection.execute(sa.select(mute))}
    for row in rows:
        names = {check_of(row["check_name"]), decided_by(row["check_name"])}
        found = [mutes[row["model"], name] for name in sorted(names) if (row["model"], name) in mutes]
        # A segment may be muted by itself, its check, or both: what lasts longest counts.
        muted = max(found, key=lambda it: it.until, default=None)
        row |= {"muted_until": muted.until if muted else None, "muted_for": muted.reason if muted else None}
    return sorted(rows, key=lambda row: (row["opened_on"], row["model"], row["check_name"]))


def record_changes(connection: sa.Connection, model: str, known_on: datetime, changes: IncidentChanges) -> None:
    """Open and close incidents."""
    table = tables.incident
    rows = [
        {
            "model": model,
            "check_name": incident.check_name,
            "opened_on": incident.opened_on,
            "severity": incident.severity.value,
            "window_start": incident.window_start,
        }
        for incident in changes.opened
    ]
    if rows:
        connection.execute(sa.insert(table), rows)
    for incident in changes.closed:
        connection.execute(
            sa.update(table).where(*_is(model, incident)).values(closed_on=known_on, ending=incident.ending)
        )


def mark_notified(connection: sa.Connection, model: str, known_on: datetime, incidents: Iterable[Incident]) -> None:
    """Note that the messages of a run are about some incidents."""
    for incident in incidents:
        connection.execute(sa.update(tables.incident).where(*_is(model, incident)).values(notified_on=known_on))


def _is(model: str, incident: Incident) -> list[sa.ColumnElement[bool]]:
    table = tables.incident
    return [
        table.c.model == model,
        table.c.check_name == incident.check_name,
        table.c.opened_on == incident.opened_on,
    ]


def muted_checks(history: History, model: str, known_on: datetime) -> set[str]:
    """The checks that are muted at a moment: their incidents are not notified."""
    table = tables.mute
    query = sa.select(table.c.check_name).where(table.c.model == model, table.c.until > known_on)
    with history.reading() as connection:
        return set(connection.scalars(query))


def mute_check(history: History, model: str, check_name: str, until: datetime, reason: str) -> None:
    """Mute a check until a moment; a moment that has passed unmutes it.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from storage.history.database import open_history
    >>> from storage.project.folder import Project
    >>> with TemporaryDirectory() as folder:
    ...     mute_check(own := open_history(Project.open(folder)), "churn", "f1-below", window.end, "is being mended")
    ...     print(muted_checks(own, "churn", window.start), muted_checks(own, "churn", window.end))
    {'f1-below'} set()
    """
    table = tables.mute
    key = sa.and_(table.c.model == model, table.c.check_name == check_name)
    with history.writing() as connection:
        connection.execute(sa.delete(table).where(key))
        connection.execute(sa.insert(table).values(model=model, check_name=check_name, until=until, reason=reason))
