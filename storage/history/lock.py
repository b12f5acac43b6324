"""One run, retraining and delivery of a model at a time: locks that end with their process or connection."""

from __future__ import annotations

import fcntl
import os
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from lamplighter.errors import BusyError, HistoryError, one_line
from storage.project.database_urls import history_error
from storage.project.private_files import make_folder, open_private

POLL_SECONDS = 0.2

Work = Literal["run", "retraining", "delivery", "dry-run", "rescore"]


@contextmanager
def model_lock(work: Work, model: str, engine: sa.Engine, folder: Path, wait_seconds: float) -> Iterator[None]:
    """Hold a lock of the model's; wait for another process that holds it.

    PostgreSQL keeps the lock on a connection of its own; with SQLite it is a lock on a file of the home.

    Raises
    ------
    BusyError
        If the other one has not ended after ``wait_seconds``.
    HistoryError
        If the lock cannot be made or asked for.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, model_lock("run", "churn", history.engine, Path(folder), 0):
    ...     print(sorted(path.name for path in Path(folder).iterdir()))
    ['churn.run.lock']
    """
    path = folder / f"{model}.{work}.lock"
    hold = _advisory_lock(engine, _number_of(work, model)) if engine.dialect.name == "postgresql" else _file_lock(path)
    with hold as acquire:
        deadline = time.monotonic() + wait_seconds
        while not acquire():
            if time.monotonic() >= deadline:
                what, fix = f"another {work} of this model is at work", "wait for its end"
                if wait_seconds:
                    what += f", and has not ended after {wait_seconds:g} s"
                    fix = "wait for it, or raise LAMPLIGHTER_WAIT_SECONDS"
                raise BusyError(what, where=model, fix=fix)
            time.sleep(POLL_SECONDS)
        yield


def is_held(work: Work, model: str, engine: sa.Engine, folder: Path) -> bool:
    """Whether a process holds a lock of the model's at present; nothing is made for the question.

    Raises
    ------
    HistoryError
        If the database does not answer.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with model_lock("run", "churn", history.engine, Path(folder), 0):
    ...         print(is_held("run", "churn", history.engine, Path(folder)))
    ...     print(is_held("run", "churn", history.engine, Path(folder)))
    True
    False
    """
    if engine.dialect.name == "postgresql":
        # As `pg_try_advisory_lock` of one number has it; asking there, the lock is not taken even for a moment.
        query = sa.text(
            "SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database"
            " WHERE locktype = 'advisory' AND classid = 0 AND objid = :number AND objsubid = 1 AND granted"
            " AND datname = current_database()"
        )
        with _database_errors(engine), engine.connect() as connection:
            return bool(connection.scalar(query, {"number": _number_of(work, model)}))
    try:
        with (folder / f"{model}.{work}.lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _number_of(work: Work, model: str) -> int:
    return zlib.crc32(f"lamplighter {work} {model}".encode())


@contextmanager
def _file_lock(path: Path) -> Iterator[Callable[[], bool]]:
    try:
        make_folder(path.parent)
        file = open_private(path, "w")  # an error of the run itself is none of the lock
    except OSError as error:
        what = f"the lock cannot be made: {error.strerror or one_line(error)}"
        raise HistoryError(what, where=path, fix="mend the folder, or set LAMPLIGHTER_HOME") from None

    def acquire() -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise HistoryError(
                f"cannot be locked: {error.strerror}", where=path, fix="set LAMPLIGHTER_HOME elsewhere"
            ) from None
        if not _is_at(path, file.fileno()):
            # What was opened of the home before the wait, such as the history, lies in the one that was moved aside.
            what = "the home was replaced while this waited for the lock"
            raise HistoryError(what, where=path, fix="start it again")
        return True

    with file:
        yield acquire


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


@contextmanager
def _advisory_lock(engine: sa.Engine, number: int) -> Iterator[Callable[[], bool]]:
    with _database_errors(engine):
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def acquire() -> bool:
        with _database_errors(engine):
            return bool(connection.scalar(sa.select(sa.func.pg_try_advisory_lock(number))))

    with connection:
        try:
            yield acquire
        finally:
            # With a connection that broke, the lock has gone.
            with suppress(sa.exc.SQLAlchemyError):
                connection.execute(sa.select(sa.func.pg_advisory_unlock(number)))


@contextmanager
def _database_errors(engine: sa.Engine) -> Iterator[None]:
    """One line about a database that does not answer."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise history_error(engine.url, error, asked="the lock cannot be asked for: ") from None
