"""One run of a model at a time: on SQLite a locked file, on PostgreSQL a lock of its own; gone with who holds it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from lamplighter.errors import BusyError, HistoryError
from storage.history import model_lock
from storage.history.lock import is_held


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    is_file = request.param == "sqlite"
    return f"sqlite:///{tmp_path}/history.db" if is_file else request.getfixturevalue("postgresql_url")


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(url)
    yield engine
    engine.dispose()


def take(engine: sa.Engine, folder: Path, model: str = "m", wait: float = 0.0) -> None:
    with model_lock("run", model, engine, folder, wait):
        pass


def test_another_run_of_the_model_is_refused_after_the_wait(engine: sa.Engine, tmp_path: Path) -> None:
    with model_lock("run", "m", engine, tmp_path / "locks", 0):
        begun = time.monotonic()
        with pytest.raises(BusyError) as raised:
            take(engine, tmp_path / "locks", wait=0.5)
        assert 0.5 <= time.monotonic() - begun < 5
        assert str(raised.value) == (
            "m: another run of this model is at work, and has not ended after 0.5 s; wait for it, "
            "or raise LAMPLIGHTER_WAIT_SECONDS"
        )
        with pytest.raises(BusyError, match=r"^m: another run of this model is at work; wait for its end$"):
            take(engine, tmp_path / "locks", wait=0)
        take(engine, tmp_path / "locks", "another")
    take(engine, tmp_path / "locks")


def test_whether_it_is_held_is_asked_without_taking_it(engine: sa.Engine, tmp_path: Path) -> None:
    def held(model: str = "m") -> bool:
        return is_held("run", model, engine, tmp_path / "locks")

    assert not held()
    assert not (tmp_path / "locks").exists()
    with model_lock("run", "m", engine, tmp_path / "locks", 0):
        assert (held(), held("another")) == (True, False)
    assert not held()
    take(engine, tmp_path / "locks")


def test_a_run_that_fails_lets_go_and_its_error_goes_on(engine: sa.Engine, tmp_path: Path) -> None:
    for error in (ValueError("of the run"), OSError("of the run"), sa.exc.OperationalError("", {}, Exception())):
        with pytest.raises(type(error)) as raised, model_lock("run", "m", engine, tmp_path / "locks", 0):
            raise error
        assert raised.value is error
        take(engine, tmp_path / "locks")


def test_runs_of_many_models_go_on_together(engine: sa.Engine, tmp_path: Path) -> None:
    with ExitStack() as stack:
        for model in "abcde":
            stack.enter_context(model_lock("run", model, engine, tmp_path / "locks", 0))
        with pytest.raises(BusyError):
            take(engine, tmp_path / "locks", "c")


HOLDER = """
import sys, time
from pathlib import Path
import sqlalchemy as sa
from storage.history import model_lock

url, folder, seconds = sys.argv[1:]
with model_lock("run", "m", sa.create_engine(url), Path(folder), 0):
    print("held", flush=True)
    time.sleep(float(seconds))
"""


@pytest.fixture
def holder(url: str, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock for a minute."""
    command = [sys.executable, "-c", HOLDER, url, str(tmp_path / "locks"), "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_lock_dies_with_the_process_that_holds_it(
    holder: subprocess.Popen[str], engine: sa.Engine, tmp_path: Path
) -> None:
    with pytest.raises(BusyError):
        take(engine, tmp_path / "locks", wait=0.3)
    holder.kill()
    holder.wait()
    take(engine, tmp_path / "locks", wait=10)


def test_a_run_that_waits_goes_on_as_soon_as_the_other_ends(url: str, engine: sa.Engine, tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, url, str(tmp_path / "locks"), "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        begun = time.monotonic()
        take(engine, tmp_path / "locks", wait=60)
        assert 0.5 < time.monotonic() - begun < 30


# What goes wrong


@pytest.mark.parametrize(("folder", "reason"), [("file", "File exists"), ("file/locks", "Not a directory")])
def test_a_lock_that_cannot_be_made_is_one_line(tmp_path: Path, folder: str, reason: str) -> None:
    (tmp_path / "file").write_text("in the way")
    engine = sa.create_engine(f"sqlite:///{tmp_path}/history.db")
    with pytest.raises(HistoryError) as raised:
        take(engine, tmp_path / folder)
    assert str(raised.value) == (
        f"{tmp_path}/{folder}/m.run.lock: the lock cannot be made: {reason}; mend the folder, or set LAMPLIGHTER_HOME"
    )


def test_a_lock_that_is_a_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "locks" / "m.run.lock").mkdir(parents=True)
    with pytest.raises(HistoryError, match=r"m\.run\.lock: the lock cannot be made: Is a directory; "):
        take(sa.create_engine(f"sqlite:///{tmp_path}/history.db"), tmp_path / "locks")


def test_a_database_that_is_down_is_one_line_without_the_password(tmp_path: Path) -> None:
    engine = sa.create_engine("postgresql+psycopg://me:hunter2@127.0.0.1:1/history")
    with pytest.raises(HistoryError) as raised:
        take(engine, tmp_path)
    place = "history postgresql+psycopg://me:***@127.0.0.1:1/history"
    assert str(raised.value).startswith(f"{place}: the lock cannot be asked for: connection failed")
    assert "\n" not in str(raised.value)


def test_a_connection_that_breaks_hides_no_error_of_the_run(postgresql_url: str, tmp_path: Path) -> None:
    """The server lets go of the lock; that there is nothing to unlock is no news."""
    engine = sa.create_engine(postgresql_url)
    other = sa.create_engine(postgresql_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")

    def logical_date() -> None:
        with model_lock("run", "m", engine, tmp_path, 0):
            with other.connect() as connection:
                connection.exec_driver_sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            raise ValueError("of the run")

    with pytest.raises(ValueError, match="of the run"):
        logical_date()
    take(other, tmp_path, wait=10)
    engine.dispose()


def test_a_lock_of_a_home_that_was_replaced_meanwhile_is_none(tmp_path: Path) -> None:
    """The process that waited has opened the history of the home that was moved aside."""
    engine, locks = sa.create_engine(f"sqlite:///{tmp_path}/history.db"), tmp_path.resolve() / "locks"
    path = locks / "m.run.lock"
    with ThreadPoolExecutor(1) as pool, model_lock("run", "m", engine, locks, 0):
        waiting = pool.submit(take, engine, locks, wait=10)
        while [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")].count(str(path)) < 2:
            time.sleep(0.01)
        locks.rename(tmp_path / "aside")
        take(engine, locks)
    with pytest.raises(HistoryError, match="the home was replaced while this waited for the lock; start it again"):
        waiting.result()
