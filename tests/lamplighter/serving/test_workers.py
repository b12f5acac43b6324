"""Several workers count as one service, through recycling, kills and broken files."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[3]
MODEL = '{"model": "churn"}'
VERSION = '{"model": "churn", "version": "12"}'


def said(function: str, folder: Path) -> dict[str, Any]:
    """What a function of `worker_scripts` prints."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    line = [sys.executable, "-m", "tests.lamplighter.serving.worker_scripts", function]
    folder.mkdir(exist_ok=True)
    done = subprocess.run(line, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


def is_cumulative(series: str) -> bool:
    name = series.partition("{")[0]
    return name.endswith(("_total", "_bucket", "_count", "_sum")) and not name.startswith("host_")


@pytest.fixture(scope="module")
def recycled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return said("recycled", tmp_path_factory.mktemp("workers"))


def test_fifty_workers_leave_as_many_files_as_one(recycled: dict[str, Any]) -> None:
    assert set(recycled["files"]) == {recycled["files"][0]}
    assert recycled["size"] < 2_000_000


def test_counters_of_workers_that_are_gone_stay(recycled: dict[str, Any]) -> None:
    last = recycled["scrapes"][-1]
    assert last[f"inference_predictions_total{VERSION}"] == sum(range(1, 51))
    assert last[f"inference_duration_seconds_count{VERSION}"] == 50
    assert last['inference_predicted_class_total{"class": "1", "model": "churn", "version": "12"}'] == sum(range(1, 51))
    assert last['inference_batch_size_bucket{"le": "10.0", "model": "churn", "version": "12"}'] == 10


def test_no_counter_falls_between_two_scrapes(recycled: dict[str, Any]) -> None:
    fallen = [
        (series, before[series], after.get(series))
        for before, after in zip(recycled["scrapes"], recycled["scrapes"][1:], strict=False)
        for series in before
        if is_cumulative(series) and after.get(series, -1) < before[series]
    ]
    assert not fallen


def test_gauges_of_workers_that_are_gone_go(recycled: dict[str, Any]) -> None:
    last = recycled["scrapes"][-1]
    assert last[f"requests_in_flight{MODEL}"] == 0
    assert last[f"model_service_info{VERSION}"] == 1
    assert abs(last[f"service_start_timestamp_seconds{MODEL}"] - time.time()) < 600
    assert not [series for series in last if "own_all" in series and '"pid"' in series and last[series] > 0]


def test_gauges_that_outlive_a_worker_are_one_value(recycled: dict[str, Any]) -> None:
    last = recycled["scrapes"][-1]
    assert [last[f"own_{mode}{{}}"] for mode in ("max", "sum")] == [50, sum(range(1, 51))]
    assert abs(last[f"inference_last_prediction_timestamp_seconds{VERSION}"] - time.time()) < 600


def test_processes_are_measured_together(recycled: dict[str, Any]) -> None:
    last = recycled["scrapes"][-1]
    assert last[f"service_memory_bytes{MODEL}"] > 1e6
    assert not [series for series in last if series.startswith("process_")]


def test_a_kill_at_any_step_of_folding_neither_loses_nor_doubles(tmp_path: Path) -> None:
    printed = said("killed_while_folding", tmp_path / "workers")
    assert len(printed["found"]) > 20
    assert printed["found"] == [[133, 1000, 100]] * len(printed["found"])
    assert printed["left"] == []


def test_broken_files_cost_no_more_than_themselves(tmp_path: Path) -> None:
    printed = said("broken", tmp_path / "workers")
    assert printed["work"] == 12
    assert not [name for name in printed["files"] if "999999" in name or name.endswith(".new")]


def test_a_file_that_a_new_process_took_over_stays_its_own(tmp_path: Path) -> None:
    assert said("reused", tmp_path / "workers") == {"moved": None, "work": 11, "exists": True}


def test_a_worker_that_is_forked_shows_what_its_parent_declared(tmp_path: Path) -> None:
    printed = said("forked", tmp_path / "workers")
    assert abs(printed[f"service_start_timestamp_seconds{MODEL}"] - time.time()) < 600
    assert printed[f"model_service_info{VERSION}"] == 1
    assert printed[f"requests_in_flight{MODEL}"] == 1


def test_a_folder_that_is_gone_fails_no_inference(tmp_path: Path) -> None:
    assert said("folder_gone", tmp_path / "workers") == {"status": 7}


def test_recycled_workers_add_no_labels_without_end(tmp_path: Path) -> None:
    # 100, and what is beyond.
    assert said("many_classes", tmp_path / "workers") == {"series": 101, "rows": 300}


def test_a_worker_whose_parent_does_not_ask_for_it_is_gone(tmp_path: Path) -> None:
    assert said("unburied", tmp_path / "workers") == {"work": 11, "left": []}


@pytest.mark.parametrize("function", ["late", "no_folder"])
def test_a_folder_that_cannot_be_is_one_line(tmp_path: Path, function: str) -> None:
    (tmp_path / "file").touch()
    script = {
        "late": f"import os; os.environ['PROMETHEUS_MULTIPROC_DIR'] = {str(tmp_path)!r}",
        "no_folder": "",
    }[function]
    environment = dict(os.environ)
    if function == "no_folder":
        environment["PROMETHEUS_MULTIPROC_DIR"] = str(tmp_path / "file" / "below")
    script = (
        "import prometheus_client\n" + script + "\nfrom lamplighter.errors import LamplighterError\n"
        "from lamplighter.serving import ModelInstruments\n"
        "try: ModelInstruments('churn', '12')\n"
        "except LamplighterError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert (
        done.stdout.strip()
        == {
            "late": "PROMETHEUS_MULTIPROC_DIR was set after prometheus_client was imported; "
            "set it where the service is started",
            "no_folder": f"{tmp_path}/file/below: the folder of the workers cannot be made: Not a directory; "
            "change PROMETHEUS_MULTIPROC_DIR",
        }[function]
    )


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, Path]]:
    """Two workers of uvicorn, each replaced after 20 requests."""
    folder = tmp_path_factory.mktemp("uvicorn")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = [
        sys.executable,
        "-m",
        "uvicorn",
        "--factory",
        "tests.lamplighter.serving.recycled_service:app",
        "--port",
        str(port),
    ]
    line += ["--workers", "2", "--limit-max-requests", "20", "--log-level", "error"]
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    process = subprocess.Popen(line, env=environment, cwd=ROOT)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
        try:
            eventually(lambda: client.get("/metrics").status_code == 200)
            yield client, folder
        finally:
            process.terminate()
            process.wait(20)


def eventually(holds: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            if holds():
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < until, "it never held"
        time.sleep(0.05)


def total(client: httpx.Client, name: str) -> float:
    text = client.get("/metrics").text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    )


def test_uvicorn_recycles_and_kills_workers_and_no_answer_is_forgotten(service: tuple[httpx.Client, Path]) -> None:
    client, folder = service
    pids: list[int] = []
    tried = 0

    def predict() -> bool:
        nonlocal tried
        tried += 1
        # A connection for each request, lest one worker have them all.
        pids.append(int(client.post("/predict", headers={"connection": "close"}).text))
        return True

    def all_counted(name: str) -> bool:
        # A worker that ends may have answered a request whose client saw the connection end.
        return len(pids) <= total(client, name) <= tried

    while len(set(pids)) < 3:
        eventually(predict)
    eventually(lambda: all_counted("requests_total"))
    os.kill(pids[-1], signal.SIGKILL)
    eventually(predict)
    eventually(lambda: all_counted("inference_predictions_total"))
    eventually(lambda: total(client, "requests_in_flight") == 0)
    eventually(lambda: client.get("/metrics").status_code == 200 and not list(folder.glob(f"*_{pids[-2]}.db")))
