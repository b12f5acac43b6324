"""The history as it lies there, for who only looks: nothing is made, migrated or closed to others."""

from __future__ import annotations

import re
import sqlite3
from functools import cache
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from lamplighter.errors import HistoryError
from storage.history import tables
from storage.history.database import HEAD, History, engine_of, version_of
from storage.history.query import file_of
from storage.project.database_urls import history_error
from storage.project.folder import Project

FAULTS_SHOWN = 3
LOOK_SECONDS = 5.0
"""How long a look waits for a writer that holds a SQLite file."""


class UnchangedHistory(History):
    """A history that is looked at; what cannot be read of it is no step of a run."""

    def _unreachable(self, error: Exception) -> HistoryError:
        return history_error(self.engine.url, error, fix="mend the database, or restore a back-up")


def unchanged_history(project: Project) -> History | None:
    """The history of a project, for reading alone; None where there is no file yet.

    It may be of an earlier version: a caller that reads more than its version asks `migrations_behind` first.

    Raises
    ------
    HistoryError

    Examples
    --------
    >>> history = unchanged_history(project)
    >>> migrations_behind(history)
    0
    """
    file = file_of(project)
    if file is not None:
        return UnchangedHistory(_reading_engine(file)) if file.is_file() else None
    url = project.settings.history_url
    assert url is not None
    return UnchangedHistory(engine_of(project.locate_url(url.get_secret_value())))


@cache
def _reading_engine(file: Path) -> sa.Engine:
    url = sa.URL.create("sqlite", database=str(file))
    return sa.create_engine(url, creator=lambda: _opened(file), poolclass=sa.NullPool)


def _opened(file: Path) -> sqlite3.Connection:
    """A connection that writes nothing.

    SQLite makes two files beside a file in WAL mode even for a reader, and leaves them. Where there is no log, no
    process has it open, and it can be read as a file that does not change.
    """
    is_closed = not file.with_name(f"{file.name}-wal").exists()
    options = "mode=ro&immutable=1" if is_closed else "mode=ro"
    connection = sqlite3.connect(
        f"file:{quote(str(file))}?{options}", uri=True, timeout=LOOK_SECONDS, check_same_thread=False
    )
    connection.isolation_level = None
    return connection


def migrations_behind(history: History) -> int | None:
    """How many migrations a history lacks, below 0 for one of a newer Lamplighter; None for one without tables.

    Raises
    ------
    HistoryError
        If it cannot be read.

    Examples
    --------
    >>> migrations_behind(history)
    0
    """
    with history.reading() as connection:
        version = version_of(connection)
    if version is None:
        return None
    if not re.fullmatch(r"\d{4}", version):
        raise HistoryError(f"the history is of version {version}, which no Lamplighter has made", fix="see history_url")
    return int(HEAD) - int(version)


def tables_missing(history: History) -> list[str]:
    """The tables that a history of this version should have and has not, as after a part of it was restored.

    Examples
    --------
    >>> tables_missing(history)
    []
    """
    with history.reading() as connection:
        there = {*sa.inspect(connection).get_table_names()}
    return sorted({*tables.metadata.tables} - there)


def damages(history: History) -> list[str]:
    """What SQLite finds damaged in its file, the first few; nothing for another database, which looks itself.

    Examples
    --------
    >>> damages(history)
    []
    """
    if history.engine.dialect.name != "sqlite":
        return []
    found: list[str] = []
    # A writer that came while a closed file was read looks like a damage; the second look sees its log.
    for _ in range(2):
        try:
            with history.reading() as connection:
                rows = connection.exec_driver_sql(f"PRAGMA quick_check({FAULTS_SHOWN})").scalars().all()
        except HistoryError as error:
            rows = [error.what]
        found = [" ".join(str(row).split()) for row in rows if row != "ok"]
        if not found:
            break
    return found
