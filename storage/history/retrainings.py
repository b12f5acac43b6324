"""The ledger of retrainings: a line before anything starts, brought forward as it goes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from lamplighter.core.retraining.policy import Entry, Purpose, Status
from lamplighter.errors import ModelError
from storage.history import tables
from storage.history.database import History

KEY = ("model", "known_on", "purpose", "asked")


def entries(history: History, model: str) -> list[Entry]:
    """The ledger of a model, the oldest first.

    Examples
    --------
    >>> [(it.cause, it.status.value, it.reason) for it in entries(history, "churn")]
    [('calendar 0 5 * * 6', 'requested', '')]
    """
    table = tables.retraining
    query = sa.select(table).where(table.c.model == model).order_by(table.c.known_on, table.c.purpose, table.c.asked)
    with history.reading() as connection:
        rows = connection.execute(query).mappings().all()
    return [_entry(row) for row in rows]


def entry_of(
    history: History,
    model: str,
    known_on: datetime,
    purpose: Purpose = Purpose.RETRAINING,
    asked: int | None = None,
) -> Entry | None:
    """The line of a logical date; where a person asked again, the line with that number, or the newest.

    Examples
    --------
    >>> known_on = datetime.fromisoformat("2026-03-07T00:00Z")
    >>> entry_of(history, "churn", known_on).status.value
    'requested'
    >>> entry_of(history, "churn", known_on, Purpose.PROBATION) is None
    True
    """
    found = [entry for entry in entries(history, model) if (entry.known_on, entry.purpose) == (known_on, purpose)]
    found = [entry for entry in found if asked in (None, entry.asked)]
    return found[-1] if found else None


def _entry(row: sa.RowMapping) -> Entry:
    return Entry(**{**row, "purpose": Purpose(row["purpose"]), "status": Status(row["status"])})


def advance(connection: sa.Connection, before: Entry, after: Entry) -> None:
    """Bring a line forward from where it was read.

    Raises
    ------
    ModelError
        If another process has brought it forward meanwhile.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from storage.history.database import open_history
    >>> from storage.project.folder import Project
    >>> before, after = Entry("churn", window.end), Entry("churn", window.end, status=Status.TRAINED, version="v2")
    >>> with TemporaryDirectory() as folder, (own := open_history(Project.open(folder))).writing() as connection:
    ...     enter(connection, before)
    ...     advance(connection, before, after)
    ...     print(connection.scalars(sa.select(tables.retraining.c.status)).all())
    ['trained']
    """
    table = tables.retraining
    values = {**asdict(after), "purpose": after.purpose.value, "status": after.status.value}
    key = [table.c[name] == values[name] for name in KEY]
    as_read = [table.c.status == before.status.value, table.c.attempt == before.attempt]
    if connection.execute(sa.update(table).where(*key, *as_read).values(values)).rowcount == 0:
        what = f"the {after.purpose.value} of {after.known_on.date()} has gone on meanwhile"
        raise ModelError(
            what, where=after.model, fix=f"`lamplighter history {after.model} --retrainings` shows how far"
        )


def enter(connection: sa.Connection, entry: Entry) -> None:
    """Write a new line, unless another process has entered it already: that one holds.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from storage.history.database import open_history
    >>> from storage.project.folder import Project
    >>> with TemporaryDirectory() as folder, (own := open_history(Project.open(folder))).writing() as connection:
    ...     enter(connection, Entry("churn", window.end, cause="by hand"))
    ...     enter(connection, Entry("churn", window.end, cause="of another process"))
    ...     print(connection.scalars(sa.select(tables.retraining.c.cause)).all())
    ['by hand']
    """
    values = {**asdict(entry), "purpose": entry.purpose.value, "status": entry.status.value}
    with suppress(sa.exc.IntegrityError), connection.begin_nested():
        connection.execute(sa.insert(tables.retraining).values(values))
