"""A row for each run: when it began, how it ended, and how long its stages took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from lamplighter.core.time.window import Window
from lamplighter.errors import LamplighterError, said_of, shortened, visible
from storage.history import tables
from storage.history.database import History

ENDED_WELL = ("succeeded", "findings")

MOST_LETTERS = 4000
"""Letters of the message of a run; ten findings have 2,000."""


@contextmanager
def run_of(history: History, window: Window, known_on: datetime) -> Iterator[dict[str, Any]]:
    """A row about this run: running, then succeeded, findings or failed. What a killed one left says interrupted.

    The caller fills in ``message`` and ``seconds``, and as ``findings`` what the run found beside those of its window;
    ``id`` is the row's.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from storage.history.database import open_history
    >>> from storage.project.folder import Project
    >>> with TemporaryDirectory() as folder:
    ...     with run_of(own := open_history(Project.open(folder)), window, window.end) as noted:
    ...         noted["message"] = "all checks passed"
    ...     with own.reading() as connection:
    ...         print(connection.execute(sa.select(tables.run.c.status, tables.run.c.message)).all())
    [('succeeded', 'all checks passed')]
    """
    table = tables.run
    with history.writing() as connection:
        connection.execute(
            sa.update(table)
            .where(table.c.model == window.model, table.c.status == "running")
            .values(status="interrupted")
        )
        row = {
            "model": window.model,
            "window_start": window.start,
            "grain": window.grain.value,
            "timezone": window.timezone,
            "known_on": known_on,
            "started_at": datetime.now(UTC),
            "status": "running",
        }
        inserted = connection.execute(sa.insert(table).values(**row, message="", findings=[], seconds={}))
        assert inserted.inserted_primary_key is not None
        number = inserted.inserted_primary_key[0]
    noted: dict[str, Any] = {"id": number, "status": "succeeded", "message": "", "findings": [], "seconds": {}}
    try:
        yield noted
    except BaseException as error:
        text = said_of(window.model, error) if isinstance(error, LamplighterError) else str(error)
        noted |= {"status": "failed", "message": text or type(error).__name__}
        raise
    finally:
        with history.writing() as connection:
            # PostgreSQL takes no NUL, and a driver may quote a whole table.
            noted["message"] = shortened(visible(noted["message"]), MOST_LETTERS)
            connection.execute(sa.update(table).where(table.c.id == number).values(**noted, ended_at=datetime.now(UTC)))


def last_success(history: History, model: str) -> datetime | None:
    """When a run of the model last ended without a failure.

    Examples
    --------
    >>> last_success(history, "churn") is not None, last_success(history, "unknown")
    (True, None)
    """
    return _newest(history, model, tables.run.c.ended_at)


def last_run(history: History, model: str) -> datetime | None:
    """The newest logical date whose run ended without a failure.

    Examples
    --------
    >>> last_run(history, "churn").isoformat()
    '2026-03-12T00:00:00+00:00'
    """
    return _newest(history, model, tables.run.c.known_on)


def newest_run_begun(connection: sa.Connection, model: str) -> datetime | None:
    """The newest logical date whose run has begun, however it ended.

    Examples
    --------
    >>> with history.reading() as connection:
    ...     print(newest_run_begun(connection, "churn"))
    2026-03-12 00:00:00+00:00
    """
    table = tables.run
    logical_date: datetime | None = connection.scalar(
        sa.select(sa.func.max(table.c.known_on)).where(table.c.model == model)
    )
    return logical_date


def _newest(history: History, model: str, column: sa.Column[datetime]) -> datetime | None:
    table = tables.run
    query = sa.select(sa.func.max(column)).where(table.c.model == model, table.c.status.in_(ENDED_WELL))
    with history.reading() as connection:
        instant: datetime | None = connection.scalar(query)
    return instant
