"""Several workers that are not counted together say so."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[3]
SAID = "metrics are those of one worker of 2, and each scrape may reach another"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows which processes share a socket")
@pytest.mark.parametrize(
    ("options", "folder", "warned"),
    [
        pytest.param(["--workers", "2"], False, True, id="two workers"),
        pytest.param(["--workers", "2"], True, False, id="two workers that are counted together"),
        pytest.param(
            ["--reload", "--reload-dir", "tests/lamplighter/serving"], False, False, id="one that is reloaded"
        ),
    ],
)
def test_workers_that_are_not_counted_together_say_so(
    tmp_path: Path, options: list[str], folder: bool, warned: bool
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: text for name, text in os.environ.items() if name != "PROMETHEUS_MULTIPROC_DIR"}
    if folder:
        environment["PROMETHEUS_MULTIPROC_DIR"] = str(tmp_path)
    line = [sys.executable, "-m", "uvicorn", "--factory", "tests.lamplighter.serving.recycled_service:app"]
    with (tmp_path / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [*line, "--port", str(port), "--log-level", "warning", *options], env=environment, cwd=ROOT, stderr=stderr
        )
    try:
        _scraped(port)
    finally:
        process.terminate()
        process.wait(20)
    assert (SAID in (tmp_path / "stderr").read_text()) is warned


def _scraped(port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            assert httpx.get(f"http://127.0.0.1:{port}/metrics").status_code == 200
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("it was never scraped")
