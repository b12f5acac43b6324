"""Requests of a real server: slow, streamed, failing and abandoned ones, and what is in flight."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import generate_latest

from lamplighter.serving import ModelInstruments, RequestMetrics
from tests.lamplighter.serving.exposed_series import series_in, value
from tests.lamplighter.serving.live_service import Service, eventually, in_thread, served

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def instruments_of() -> ModelInstruments:
    return ModelInstruments("churn", "12", registry=CollectorRegistry())


@pytest.fixture(scope="module")
def running() -> Iterator[Service]:
    with served(Service(instruments_of())) as service:
        yield service


@pytest.fixture
def service(running: Service) -> Service:
    running.gate.clear()
    running.background.clear()
    return running


def requests(service: Service, route: str, status: str) -> float:
    return value(service.registry, "requests_total", route=route, status=status) or 0.0


def in_flight(service: Service) -> float | None:
    return value(service.registry, "requests_in_flight")


def test_a_request_is_in_flight_until_it_is_answered(service: Service) -> None:
    threads = [in_thread(f"{service.url}/slow") for _ in range(3)]
    eventually(lambda: in_flight(service) == 3)
    assert requests(service, "/slow", "200") == 0
    service.gate.set()
    for thread in threads:
        thread.join()
    eventually(lambda: requests(service, "/slow", "200") == 3)
    assert in_flight(service) == 0


def test_a_stream_counts_until_its_last_part(service: Service) -> None:
    with httpx.stream("GET", f"{service.url}/stream", timeout=20) as answer:
        parts = answer.iter_raw()
        assert next(parts) == b"first"
        assert (in_flight(service), requests(service, "/stream", "200")) == (1, 0)
        service.gate.set()
        assert list(parts) == [b"last"]
    eventually(lambda: requests(service, "/stream", "200") == 1)
    assert in_flight(service) == 0


def test_a_stream_that_breaks_off_is_a_failure(service: Service) -> None:
    service.gate.set()
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{service.url}/stream", params={"fails": True}, timeout=20)
    eventually(lambda: requests(service, "/stream", "500") == 1)
    assert in_flight(service) == 0


def test_a_client_that_goes_is_no_failure_of_the_service(service: Service) -> None:
    with httpx.stream("GET", f"{service.url}/stream", timeout=20) as answer:
        assert next(answer.iter_raw()) == b"first"
    eventually(lambda: requests(service, "/stream", "499") == 1)
    assert in_flight(service) == 0


def test_what_is_done_after_the_answer_is_no_request(service: Service) -> None:
    assert httpx.get(f"{service.url}/background", timeout=20).json() == "answered"
    eventually(lambda: requests(service, "/background", "200") == 1)
    assert in_flight(service) == 0
    service.background.set()


def test_an_exception_is_a_500_and_a_failure_of_the_model(service: Service) -> None:
    before = value(service.registry, "inference_failures_total", reason="model") or 0
    assert httpx.get(f"{service.url}/fail", timeout=20).status_code == 500
    assert requests(service, "/fail", "500") == 1
    assert value(service.registry, "inference_failures_total", reason="model") == before + 1


def test_the_first_error_of_a_route_is_seen_by_rate(service: Service) -> None:
    httpx.get(f"{service.url}/predict/1", timeout=20)
    eventually(lambda: requests(service, "/predict/{row}", "200") == 1)
    for status in ("500", "502", "503", "504"):
        assert value(service.registry, "requests_total", route="/predict/{row}", status=status) == 0


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_what_is_no_request_passes_through(kind: str) -> None:
    passed = []

    async def app(*args: Any) -> None:
        passed.append(args)

    instruments = instruments_of()
    args = ({"type": kind}, object(), object())
    asyncio.run(RequestMetrics(app, instruments)(*args))  # type: ignore[arg-type]
    assert passed == [args]
    assert value(instruments.registry, "requests_total") is None


def ask(app: Any, headers: dict[str, str] | None = None) -> None:
    async def send() -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            await client.get("/", headers=headers)

    asyncio.run(send())


async def answering(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"yes"})


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        (f"00-{TRACE}-00f067aa0ba902b7-01", True),
        (f"00-{TRACE}-00f067aa0ba902b7-00", False),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", False),
        ("00-no-trace-01", False),
        (None, False),
    ],
)
def test_the_trace_of_a_header_is_an_exemplar(header: str | None, kept: bool) -> None:
    instruments = instruments_of()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        with instruments.inference() as answered:
            answered([1])
        await answering(scope, receive, send)

    ask(RequestMetrics(app, instruments), {} if header is None else {"traceparent": header})
    text = generate_latest(instruments.registry).decode()
    found = [line.partition("_bucket")[0] for line in text.splitlines() if f'# {{trace_id="{TRACE}"}}' in line]
    assert found == (["request_processing_seconds", "inference_duration_seconds"] if kept else [])


def test_the_current_span_is_an_exemplar() -> None:
    trace = pytest.importorskip("opentelemetry.sdk.trace")
    instruments = instruments_of()
    with trace.TracerProvider().get_tracer("test").start_as_current_span("request") as span:
        ask(RequestMetrics(answering, instruments), {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    text = generate_latest(instruments.registry).decode()
    assert f'trace_id="{span.get_span_context().trace_id:032x}"' in text
    assert TRACE not in text


def test_an_app_without_an_answer_is_counted() -> None:
    async def silent(scope: Any, receive: Any, send: Any) -> None: ...

    instruments = instruments_of()
    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    asyncio.run(RequestMetrics(silent, instruments)(scope, answering, answering))  # type: ignore[arg-type]
    assert value(instruments.registry, "requests_total", status="499") == 1
    assert value(instruments.registry, "requests_in_flight") == 0


def test_a_connection_that_is_gone_is_the_clients() -> None:
    async def gone(message: Any) -> None:
        raise OSError("the connection is closed")

    instruments = instruments_of()
    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    with pytest.raises(OSError, match="closed"):
        asyncio.run(RequestMetrics(answering, instruments)(scope, answering, gone))  # type: ignore[arg-type]
    assert value(instruments.registry, "requests_total", status="499") == 1


@pytest.mark.parametrize("status", [500, 400, None])
def test_a_client_that_goes_before_its_body_is_whole_is_no_failure_of_the_service(status: int | None) -> None:
    parts: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"half", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Any:
        return parts.pop(0)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        if status is None:
            raise RuntimeError("the client is gone")
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"no"})

    async def send(message: Any) -> None: ...

    instruments = instruments_of()
    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    with suppress(RuntimeError):
        asyncio.run(RequestMetrics(app, instruments)(scope, receive, send))
    assert value(instruments.registry, "requests_total", status="499") == 1
    assert not value(instruments.registry, "requests_total", status="500")


@pytest.mark.parametrize(("leaves", "reason"), [(True, "client"), (False, "timeout")])
def test_an_inference_that_is_cancelled_because_its_client_left_is_the_clients(leaves: bool, reason: str) -> None:
    instruments = instruments_of()
    parts: list[dict[str, Any]] = [{"type": "http.request", "body": b""}, {"type": "http.disconnect"}]

    async def receive() -> Any:
        return parts.pop(0)

    async def answer() -> None:
        with instruments.inference():
            await asyncio.sleep(60)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        task = asyncio.create_task(answer())
        await asyncio.sleep(0)
        for _ in range(2 if leaves else 1):
            await receive()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def send(message: Any) -> None: ...

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    asyncio.run(RequestMetrics(app, instruments)(scope, receive, send))
    assert value(instruments.registry, "inference_failures_total", reason=reason) == 1


def test_a_stream_that_is_read_no_further_is_the_clients() -> None:
    instruments = instruments_of()

    def parts() -> Iterator[str]:
        with instruments.inference() as answered:
            yield "first"
            answered(["all"])

    stream = parts()
    next(stream)
    del stream
    assert value(instruments.registry, "inference_failures_total", reason="client") == 1


def test_a_cancelled_request_is_counted_and_stays_cancelled() -> None:
    async def endless(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(60)

    instruments = instruments_of()

    async def run() -> None:
        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        task = asyncio.create_task(RequestMetrics(endless, instruments)(scope, answering, answering))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        assert value(instruments.registry, "requests_in_flight") == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert value(instruments.registry, "requests_in_flight") == 0
    assert value(instruments.registry, "requests_total", status="499") == 1


def test_a_fault_of_the_metrics_fails_no_request(caplog: pytest.LogCaptureFixture) -> None:
    class Odd:
        """Routes of a framework that no one foresaw."""

        @property
        def routes(self) -> list[Any]:
            raise RuntimeError("no routes")

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await answering(scope, receive, send)

    instruments = ModelInstruments("odd", "1", registry=CollectorRegistry())
    app = RequestMetrics(Odd(), instruments)
    ask(app)
    ask(app)
    assert value(instruments.registry, "requests_total", route="other", status="200") == 2
    assert len([record for record in caplog.records if record.name == "lamplighter.serving"]) == 1
    assert series_in(instruments.registry)
