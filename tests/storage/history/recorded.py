"""Rows of a history, written without runs, for tests of what reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from storage.history import History, tables

DAY = datetime(2025, 3, 1, tzinfo=UTC)
WINDOW = {"model": "m", "window_start": DAY, "grain": "1d"}
KEY = {"metric": "f1", "segment": "", "version": "", "feature": "", "class": "", "method": ""}
VALUES = {"family": "quality", "value": 0.5, "n": 10, "lower": 0.4, "upper": 0.6, "state": "final", "reason": ""}


def day(number: int) -> datetime:
    """The midnight so many days after the first."""
    return DAY + timedelta(days=number)


def measured(start: int = 0, known: int = 1, **other: Any) -> dict[str, Any]:
    """A measurement of the window of a day, known at the logical date of another."""
    return {**WINDOW, **KEY, **VALUES, "window_start": day(start), "known_on": day(known), **other}


def found(start: int = 0, known: int = 1, **other: Any) -> dict[str, Any]:
    """A finding."""
    output = {"code": "window-empty", "subject": "", "family": "data", "message": "no predictions"}
    return {**WINDOW, **output, "window_start": day(start), "known_on": day(known), **other}


def decided(known: int = 1, **other: Any) -> dict[str, Any]:
    """A decision about the window before its logical date."""
    return {
        "model": "m",
        "check_name": "f1-below",
        "known_on": day(known),
        "window_start": day(known - 1),
        "metric": "f1",
        "severity": "warning",
        "value": 0.5,
        "threshold": 0.4,
        "verdict": "passed",
        "reason": "",
        **other,
    }


def opened(known: int = 1, **other: Any) -> dict[str, Any]:
    """An incident of a check that failed in the window before its logical date."""
    return {
        "model": "m",
        "check_name": "f1-below",
        "opened_on": day(known),
        "severity": "warning",
        "window_start": day(known - 1),
        **other,
    }


def ran(start: int = 0, **other: Any) -> dict[str, Any]:
    """A run after a window."""
    return {
        **WINDOW,
        "window_start": day(start),
        "timezone": "UTC",
        "known_on": day(start + 1),
        "started_at": day(start + 1),
        "ended_at": day(start + 1) + timedelta(seconds=9),
        "status": "succeeded",
        "message": "completed",
        "seconds": {},
        **other,
    }


def write(history: History, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert rows one by one, since they need not name the same columns."""
    with history.writing() as connection:
        for row in rows:
            connection.execute(sa.insert(table).values(**row))


def write_run(history: History, start: int = 0, **other: Any) -> None:
    """Insert a run."""
    write(history, tables.run, [ran(start, **other)])
