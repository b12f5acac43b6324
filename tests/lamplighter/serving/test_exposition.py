"""What is read at `/metrics`, by a real Prometheus too, from a port of its own, and from the plainest exporter."""

from __future__ import annotations

import asyncio
import gzip
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import litestar
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text

from lamplighter.errors import LamplighterError
from lamplighter.serving import ModelInstruments, metrics_app, start_metrics_server
from tests.lamplighter.serving.live_service import Service, eventually, served

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ODD = 'a "model"\nof \\two lines'


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with served(Service(ModelInstruments(ODD, "12", registry=CollectorRegistry()))) as service:
        headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        httpx.get(f"{service.url}/predict/1", headers=headers, timeout=20)
        yield service


PLAIN = """
import time
from prometheus_client import Summary, start_http_server

REQUEST_TIME = Summary("request_processing_seconds", "Time spent processing request")

@REQUEST_TIME.time()
def process_request():
    time.sleep(0.001)

server, thread = start_http_server({port}, addr="127.0.0.1")
for _ in range(5):
    process_request()
print("ready", flush=True)
input()
"""

Ask = Callable[..., httpx.Response]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module", autouse=True)
def prometheus(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """A Prometheus of this file's own, begun first: it looks for targets 5 s after its start, however it is set up."""
    binary = shutil.which("prometheus")
    if binary is None:
        assert os.environ.get("CI") != "true", "prometheus is not installed"
        yield lambda *args, **more: pytest.skip("prometheus is not installed; install Debian's prometheus")
        return
    folder = tmp_path_factory.mktemp("prometheus")
    plain_port, port = free_port(), free_port()
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 500ms, scrape_timeout: 500ms}\nscrape_configs:\n"
        f"- {{job_name: service, static_configs: [{{targets: ['{service.url.removeprefix('http://')}']}}]}}\n"
        f"- {{job_name: plain, static_configs: [{{targets: ['127.0.0.1:{plain_port}']}}]}}\n"
    )
    line = [binary, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    line += [f"--web.listen-address=127.0.0.1:{port}", "--enable-feature=exemplar-storage", "--log.level=error"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    server = subprocess.Popen(line)
    plain = subprocess.Popen([sys.executable, "-c", PLAIN.format(port=plain_port)], **pipes)
    try:
        assert plain.stdout is not None
        assert plain.stdout.readline() == "ready\n"
        yield lambda path, **query: httpx.get(f"http://127.0.0.1:{port}/api/v1/{path}", params=query)
    finally:
        for process in (server, plain):
            process.kill()
            process.communicate()


def found(prometheus: Ask, query: str) -> list[dict[str, Any]]:
    """The series of a query; none while it starts, when it refuses connections and then queries."""
    try:
        answer = prometheus("query", query=query)
    except httpx.TransportError:
        return []
    return list(answer.json()["data"]["result"]) if answer.status_code == 200 else []


@pytest.mark.parametrize(
    ("accept", "content", "parse"),
    [
        ("*/*", "text/plain", text),
        ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text", openmetrics),
    ],
)
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_scrape_gets_what_it_accepts(service: Service, accept: str, content: str, parse: Any, encoding: str) -> None:
    headers = {"accept": accept, "accept-encoding": encoding}
    with httpx.stream("GET", f"{service.url}/metrics", headers=headers) as answer:
        body = b"".join(answer.iter_raw())
    assert answer.headers["content-type"].startswith(content)
    assert int(answer.headers["content-length"]) == len(body)
    families = {family.name for family in parse((gzip.decompress(body) if encoding == "gzip" else body).decode())}
    assert {"request_processing_seconds", "inference_duration_seconds", "host_memory_used_ratio"} <= families


def test_other_methods_are_refused(service: Service) -> None:
    assert httpx.post(f"{service.url}/metrics").status_code == 405
    assert httpx.head(f"{service.url}/metrics").content == b""


def test_a_fault_of_a_collector_is_said(caplog: pytest.LogCaptureFixture) -> None:
    class Faulty:
        def collect(self) -> Any:
            raise RuntimeError("the sensor is gone")

    registry = CollectorRegistry()
    registry.register(Faulty())

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(metrics_app(registry))) as client:
            return await client.get("http://service/metrics")

    answer = asyncio.run(ask())
    assert (answer.status_code, answer.text) == (500, "unexpected RuntimeError: the sensor is gone\n")
    assert "no metrics: unexpected RuntimeError: the sensor is gone" in caplog.text


def test_a_server_without_asyncio_is_answered() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "headers": []}
    # As trio runs it: without a loop of asyncio.
    with pytest.raises(StopIteration):
        metrics_app(CollectorRegistry())(scope, None, send).send(None)
    assert [message.get("status") for message in sent] == [200, None]


def test_litestar_mounts_it() -> None:
    instruments = ModelInstruments("churn", "12", registry=CollectorRegistry())
    metrics = litestar.asgi("/metrics", is_mount=True, copy_scope=True)(metrics_app(instruments.registry))
    app = litestar.Litestar([metrics])

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return await client.get("http://service/metrics")

    assert "model_service_info" in asyncio.run(ask()).text


def test_a_port_of_its_own() -> None:
    instruments = ModelInstruments("churn", "12", registry=CollectorRegistry())
    with start_metrics_server(0, address="127.0.0.1", registry=instruments.registry) as server:
        answer = httpx.get(f"http://127.0.0.1:{server.port}/metrics")
        assert 'model_service_info{model="churn",version="12"} 1.0' in answer.text
        with pytest.raises(
            LamplighterError, match=r"cannot be served on 127.0.0.1:\d+: Address already in use; choose"
        ):
            start_metrics_server(server.port, address="127.0.0.1")
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{server.port}/metrics")


def test_workers_share_a_port(tmp_path: Path) -> None:
    script = (
        "from lamplighter.serving import ModelInstruments, start_metrics_server\n"
        "instruments = ModelInstruments('churn', '12')\n"
        "with instruments.inference() as answered: answered([1])\n"
        "import sys\n"
        "server = start_metrics_server(int(sys.argv[1]), address='127.0.0.1')\n"
        "print(server.port, flush=True)\ninput()"
    )
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    workers: list[subprocess.Popen[str]] = []
    port = "0"
    try:
        for _ in range(2):
            line = [sys.executable, "-c", script, port]
            pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            workers.append(subprocess.Popen(line, env=environment, **pipes))
            assert workers[-1].stdout is not None
            port = workers[-1].stdout.readline().strip()
        for left in (2, 1):
            scraped = httpx.get(f"http://127.0.0.1:{port}/metrics").text
            assert 'inference_predictions_total{model="churn",version="12"} 2.0' in scraped
            assert ("process_" in scraped, "service_memory_bytes" in scraped) == (False, True)
            workers[left - 1].kill()
            workers[left - 1].wait()
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def test_a_real_prometheus_scrapes_instruments(prometheus: Ask) -> None:
    eventually(lambda: found(prometheus, 'model_service_info{job="service"}'))
    (series,) = found(prometheus, 'model_service_info{job="service"}')
    assert (series["metric"]["model"], series["metric"]["version"]) == (ODD, "12")
    (series,) = found(prometheus, 'request_processing_seconds_count{job="service"}')
    assert (series["metric"]["route"], series["metric"]["method"]) == ("/predict/{row}", "GET")
    span = {"start": "2000-01-01T00:00:00Z", "end": "2100-01-01T00:00:00Z"}
    answer = prometheus("query_exemplars", query="request_processing_seconds_bucket", **span)
    (exemplars,) = answer.json()["data"]
    assert exemplars["exemplars"][0]["labels"] == {"trace_id": TRACE}


def test_a_real_prometheus_scrapes_the_plainest_exporter(prometheus: Ask) -> None:
    eventually(lambda: found(prometheus, 'request_processing_seconds_count{job="plain"}'))
    (series,) = found(prometheus, 'request_processing_seconds_count{job="plain"}')
    assert set(series["metric"]) == {"__name__", "job", "instance"}
    assert series["value"][1] == "5"
