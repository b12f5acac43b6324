"""Processes that fork, end, are stopped and are killed: what their logs leave behind, in real processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pyarrow.parquet as pq
import pytest

BEGIN = """
import datetime as dt, os, sys, time
from lamplighter.serving import PredictionLog

def row(number):
    return {"predicted_at": dt.datetime.now(dt.UTC), "number": number, "process": os.getpid()}

log = PredictionLog(sys.argv[1], max_seconds=float(sys.argv[2]), max_rows=1000)
"""

APPEND_FOR_EVER = """
number = 0
while True:
    log.append(row(number))
    number += 1
    if number % 100 == 0:
        time.sleep(0.001)
"""

SERVICE = """
import contextlib, uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

async def predict(request):
    log.append(row(int(request.query_params["number"])))
    return JSONResponse({})

@contextlib.asynccontextmanager
async def lifespan(app):
    with log:
        yield

app = Starlette(routes=[Route("/predict", predict)], lifespan=lifespan)
uvicorn.run(app, port=int(sys.argv[3]), log_level="warning")
"""

FORK = """
log.append(row(0))
child = os.fork()
log.append(row(1))
if child:
    os.waitpid(child, 0)
"""

END_OF_CHILD = """
import multiprocessing

def serve():
    log.append(row(0))

child = multiprocessing.get_context("fork").Process(target=serve)
child.start()
child.join()
"""


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", BEGIN + code, *map(str, arguments)], text=True)


def numbers(folder: Path) -> list[int]:
    """The number of each row on the disk; each file can be read."""
    return sorted(
        number for path in folder.rglob("*.parquet") for number in pq.ParquetFile(path).read()["number"].to_pylist()
    )


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(0.02)


def test_a_killed_process_leaves_whole_files_without_a_gap(tmp_path: Path) -> None:
    process = start(APPEND_FOR_EVER, tmp_path, 0.05)
    until(lambda: len(list(tmp_path.rglob("*.parquet"))) >= 5)
    seen = numbers(tmp_path)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    left = numbers(tmp_path)
    assert left == list(range(len(left)))
    assert len(left) >= len(seen) > 0


def test_what_a_killed_process_loses_is_younger_than_declared(tmp_path: Path) -> None:
    code = 'log.append(row(0)); print("appended", flush=True); time.sleep(60)'
    process = start(code, tmp_path, 0.05)
    until(lambda: numbers(tmp_path) == [0])  # nothing was closed or flushed, and max_rows is far away
    process.kill()
    process.wait()
    assert numbers(tmp_path) == [0]


@pytest.mark.parametrize("code", ["", "raise SystemExit(3)", "1 / 0"], ids=["end", "exit", "error"])
def test_an_interpreter_that_ends_writes_what_is_queued(tmp_path: Path, code: str) -> None:
    process = start(f"log.append(row(0))\n{code}", tmp_path, 3600)
    process.wait(30)
    assert numbers(tmp_path) == [0]


def test_a_child_of_multiprocessing_writes_what_is_queued(tmp_path: Path) -> None:
    assert start(END_OF_CHILD, tmp_path, 3600).wait(30) == 0
    assert numbers(tmp_path) == [0]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_after_a_fork_each_process_writes_its_own_rows_once(tmp_path: Path) -> None:
    assert start(FORK, tmp_path, 3600).wait(30) == 0
    assert numbers(tmp_path) == [0, 1, 1]


def _append(folder: Path) -> None:
    import datetime as dt

    from lamplighter.serving import PredictionLog

    PredictionLog(folder, max_seconds=3600).append({"predicted_at": dt.datetime.now(dt.UTC), "number": 7})


def test_a_spawned_worker_writes_what_is_queued(tmp_path: Path) -> None:
    worker = multiprocessing.get_context("spawn").Process(target=_append, args=(tmp_path,))
    worker.start()
    worker.join(30)
    assert numbers(tmp_path) == [7]


def test_uvicorn_stopped_by_sigterm_writes_what_is_queued(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = start(SERVICE, tmp_path, 3600, port)
    try:
        until(lambda: _answers(port, 0))
        for number in (1, 2):
            assert _answers(port, number)
        assert numbers(tmp_path) == []
    finally:
        process.terminate()
        process.wait(30)
    assert numbers(tmp_path) == [0, 1, 2]


def _answers(port: int, number: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/predict?number={number}", timeout=5) as answer:
            return answer.status == 200
    except (URLError, ConnectionError):
        return False


FULL_DISK = """
import pathlib, resource, signal

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))
for number in range(100):
    log.append(row(number))
try:
    log.flush()
except OSError as error:
    print(error.strerror, [path.name for path in pathlib.Path(sys.argv[1]).rglob("*.parquet")])
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
"""


def test_a_file_that_cannot_grow_leaves_nothing_and_its_rows_wait(tmp_path: Path) -> None:
    """As on a full disk, where the first bytes are written and the next are not."""
    process = subprocess.run(
        [sys.executable, "-c", BEGIN + FULL_DISK, str(tmp_path), "3600"], text=True, capture_output=True, check=True
    )
    assert process.stdout == "File too large []\n"
    assert numbers(tmp_path) == list(range(100))
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".parquet"}


COUNTED = """
import datetime as dt, sys
from lamplighter.serving import PredictionLog

with PredictionLog(sys.argv[1], model="churn") as log:
    for number in range(3):
        log.append({"predicted_at": dt.datetime.now(dt.UTC), "number": number})
"""

SCRAPED = """
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

registry = CollectorRegistry()
MultiProcessCollector(registry)
print(generate_latest(registry).decode())
"""


def test_what_several_workers_log_is_counted_together(tmp_path: Path) -> None:
    (shared := tmp_path / "shared").mkdir()
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(shared)}
    for code in (COUNTED, COUNTED):
        subprocess.run([sys.executable, "-c", code, str(tmp_path / "log")], env=environment, check=True)
    scraped = subprocess.run(
        [sys.executable, "-c", SCRAPED], env=environment, check=True, capture_output=True, text=True
    ).stdout
    assert 'prediction_log_rows_total{model="churn"} 6.0' in scraped
    assert 'prediction_log_dropped_rows_total{cause="full",model="churn"} 0.0' in scraped
