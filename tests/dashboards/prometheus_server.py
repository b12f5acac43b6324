"""A real Prometheus that holds a given past and scrapes a given target."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.dashboards.recorded_world import Sample

START_SECONDS = 30


@dataclass(frozen=True)
class PrometheusServer:
    """A server of the test run's own.

    Attributes
    ----------
    url : str
    """

    url: str

    def get(self, path: str, **parameters: str | float) -> Any:
        """What the API answers."""
        with urlopen(f"{self.url}/api/v1/{path}?{urlencode(parameters)}", timeout=30) as answer:
            found = json.load(answer)
        assert found["status"] == "success", found
        return found["data"]

    def now(self, query: str, at: float) -> list[dict[str, Any]]:
        """The values of a query at an instant."""
        found: list[dict[str, Any]] = self.get("query", query=query, time=at)["result"]
        return found

    def over(self, query: str, start: float, end: float, step: float) -> list[dict[str, Any]]:
        """The values of a query over time."""
        found: list[dict[str, Any]] = self.get("query_range", query=query, start=start, end=end, step=step)["result"]
        return found


def openmetrics(samples: Iterable[Sample]) -> str:
    """Samples with their times, by name and series, as promtool wants them."""
    series: dict[str, dict[tuple[tuple[str, str], ...], list[tuple[float, float]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for name, labels, value, at in samples:
        series[name][labels].append((at, value))
    lines = []
    for name, found in series.items():
        for labels, values in found.items():
            inside = ",".join(f"{key}={json.dumps(value)}" for key, value in labels)
            lines += [f"{name}{{{inside}}} {value!r} {at:.3f}" for at, value in sorted(values)]
    return "\n".join([*lines, "# EOF\n"])


@contextmanager
def prometheus_with(
    folder: Path, samples: Iterable[Sample], targets: Mapping[str, str] = MappingProxyType({})
) -> Iterator[PrometheusServer]:
    """Start a server whose blocks hold the samples; it scrapes targets, by their jobs, five times a second."""
    (folder / "past.om").write_text(openmetrics(samples))
    blocks = ["tsdb", "create-blocks-from", "--quiet", "--max-block-duration=744h", "openmetrics"]
    subprocess.run(["promtool", *blocks, folder / "past.om", folder / "data"], check=True, capture_output=True)
    jobs = [{"job_name": job, "static_configs": [{"targets": [target]}]} for job, target in targets.items()]
    config = {"global": {"scrape_interval": "200ms", "scrape_timeout": "200ms"}, "scrape_configs": jobs}
    (folder / "prometheus.yml").write_text(json.dumps(config))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    options = {
        "config.file": folder / "prometheus.yml",
        "storage.tsdb.path": folder / "data",
        "storage.tsdb.retention.time": "50y",
        "web.listen-address": address,
    }
    command = [shutil.which("prometheus") or "prometheus", *(f"--{name}={value}" for name, value in options.items())]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait_for(f"http://{address}/-/ready", process, folder / "log")
        yield PrometheusServer(f"http://{address}")
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(url, timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"Prometheus did not start: {log.read_text()[-2000:]}")
