"""One night of a model at a time: a lock that the operating system or the database drops when its holder dies."""

from __future__ import annotations

import fcntl
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from lamplighter.errors import BusyError

POLL_SECONDS = 0.2


@contextmanager
def only_night_of(model: str, engine: sa.Engine, folder: Path, wait_seconds: float) -> Iterator[None]:
    """Hold the model's lock; wait for another night that holds it.

    PostgreSQL keeps the lock on a connection of its own; with SQLite it is a lock on a file of the home.

    Raises
    ------
    BusyError
        If the other night has not ended after ``wait_seconds``.
    """
    hold = _advisory_lock(engine, model) if engine.dialect.name == "postgresql" else _file_lock(folder, model)
    with hold as acquire:
        deadline = time.monotonic() + wait_seconds
        while not acquire():
            if time.monotonic() >= deadline:
                raise BusyError(
                    f"{model}: another night of this model has been running for {wait_seconds:g} s; wait for its end, "
                    "or raise LAMPLIGHTER_WAIT_SECONDS"
                )
            time.sleep(POLL_SECONDS)
        yield


@contextmanager
def _file_lock(folder: Path, model: str) -> Iterator[Callable[[], bool]]:
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"{model}.lock", "w") as file:

        def acquire() -> bool:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        yield acquire


@contextmanager
def _advisory_lock(engine: sa.Engine, model: str) -> Iterator[Callable[[], bool]]:
    number = zlib.crc32(f"lamplighter night {model}".encode())
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:

        def acquire() -> bool:
            return bool(connection.scalar(sa.select(sa.func.pg_try_advisory_lock(number))))

        try:
            yield acquire
        finally:
            connection.execute(sa.select(sa.func.pg_advisory_unlock(number)))
