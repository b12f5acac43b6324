"""Opening the history: SQLite in the home by default, PostgreSQL in production; migrated to this version on the way."""

from __future__ import annotations

import atexit
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from lamplighter.core.secrets import database_secrets, hide
from lamplighter.errors import HistoryError, one_line
from storage.project.database_urls import connect_options, driver_fault, history_error
from storage.project.folder import Project
from storage.project.history_file import refuse_half_restored
from storage.project.private_files import close_home, close_to_others, keep_database_private, make_folder

HEAD = "0009"
"""The newest migration, so that opening an up-to-date history need not import Alembic."""

BUSY_SECONDS = 60
POLL_SECONDS = 0.01
_MIGRATION_LOCK = 724_104_101


class History:
    """A connection to the history.

    Reading and writing have a module each: `storage.history.results` and `storage.history.query`.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that commits as a whole or not at all.

        Raises
        ------
        HistoryError
            If the database cannot be reached or stays locked.
        """
        with self._connected() as connection:
            try:
                with connection.begin():
                    yield connection
            except sa.exc.DBAPIError as error:
                raise self._unreachable(error) from None

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that changes nothing."""
        with self._connected().execution_options(isolation_level="AUTOCOMMIT") as connection:
            try:
                yield connection
            except sa.exc.DBAPIError as error:
                raise self._unreachable(error) from None

    @contextmanager
    def streaming(self) -> Iterator[sa.Connection]:
        """A connection that changes nothing and hands over rows while they are read.

        PostgreSQL keeps the rest of a result only within a transaction; one of SQLite would keep writers waiting.
        """
        if self.engine.dialect.name == "sqlite":
            with self.reading() as connection:
                yield connection
            return
        with self._connected() as connection:
            try:
                yield connection
            except sa.exc.DBAPIError as error:
                raise self._unreachable(error) from None

    def _connected(self) -> sa.Connection:
        try:
            return self.engine.connect()
        except Exception as error:
            # A driver raises what it likes about an option of the URL that it does not know, and quotes its value.
            raise self._unreachable(error) from None

    def _unreachable(self, error: Exception) -> HistoryError:
        return history_error(self.engine.url, error, fix="nothing of this step was recorded")


def open_history(project: Project) -> History:
    """The history of a project, brought to this version.

    Raises
    ------
    HistoryError
        If it cannot be reached, or was written by a newer version.

    Examples
    --------
    >>> open_history(project).engine.dialect.name
    'sqlite'
    """
    refuse_half_restored(project.home)
    close_home(project.home)
    close_to_others(project.root / ".env")
    url = project.settings.history_url
    if url is None:
        try:
            make_folder(project.home)
        except OSError as error:
            raise HistoryError(
                f"the home cannot be made: {error.strerror}", where=project.home, fix="set LAMPLIGHTER_HOME"
            ) from None
    engine = engine_of(
        project.locate_url(url.get_secret_value()) if url else f"sqlite:///{project.home / 'history.db'}"
    )
    history = History(engine)
    with history.reading() as connection:
        version = version_of(connection)
    if version != HEAD:
        upgrade(history)
    return history


_ENGINES: dict[str, sa.Engine] = {}


def engine_of(url: str) -> sa.Engine:
    """The engine of a URL, one in a process."""
    if url in _ENGINES:
        return _ENGINES[url]
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise HistoryError(
            "history_url is not an SQLAlchemy URL", fix="write postgresql+psycopg://host/database"
        ) from None
    is_file = parsed.get_backend_name() == "sqlite"
    given = {"timeout": BUSY_SECONDS} if is_file else connect_options(parsed)
    options: dict[str, Any] = {"connect_args": given, "pool_pre_ping": not is_file}
    try:
        engine = sa.create_engine(parsed, **options)
    except Exception as error:
        # As of a connection: what a dialect says of an option may hold its value.
        what, cure = driver_fault(error) or (one_line(error), "mend the URL")
        raise HistoryError(hide(what, database_secrets(url)), where="history_url", fix=cure) from None
    if engine.dialect.is_async:
        raise HistoryError(
            "the driver is an asynchronous one", where="history_url", fix="write postgresql+psycopg://host/database"
        )
    if is_file:
        if (name := parsed.database) and not name.startswith((":", "file:")):
            keep_database_private(Path(name))
        sa.event.listen(engine, "connect", _on_sqlite_connect)
        sa.event.listen(engine, "begin", _on_sqlite_begin)
    _ENGINES[url] = engine
    # SQLite writes its log into the file when the last connection closes, and PostgreSQL ends the session.
    atexit.register(engine.dispose)
    return engine


def _on_sqlite_connect(connection: Any, _: Any) -> None:
    # The driver's own transactions would begin as readers and fail when two of them turn into writers.
    connection.isolation_level = None
    _use_wal(connection)
    connection.execute("PRAGMA synchronous=FULL")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Set WAL mode. SQLite refuses at once while another process sets it on a new file."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)


def _on_sqlite_begin(connection: sa.Connection) -> None:
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def version_of(connection: sa.Connection) -> str | None:
    """The newest migration that a history has seen; None for one without tables."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return None if version is None else str(version)


def upgrade(history: History, revision: str = "head") -> None:
    """Migrate the history; of several processes that try, one does.

    Raises
    ------
    HistoryError
        If it was written by a newer Lamplighter.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with history.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, revision)
        except CommandError as error:
            raise HistoryError(
                f"the history is of version {version_of(connection)}, which this Lamplighter does not know",
                fix=f"upgrade Lamplighter ({one_line(error)})",
            ) from None
