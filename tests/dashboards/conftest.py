"""One world that all boards are asked in: a recorded history, its gauges, and a live past, on real servers."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Summary, start_http_server

from tests.dashboards import recorded_world
from tests.dashboards.answers import Screen
from tests.dashboards.instrumented_service import JOB, instrumented_service
from tests.dashboards.live_world import live_samples
from tests.dashboards.pictures import NOW
from tests.dashboards.prometheus_server import PrometheusServer, prometheus_with
from tests.dashboards.recorded_world import RecordedWorld

PLAIN = "plain"
"""The job of the plainest exporter."""

LookAt = Callable[..., Screen]


@pytest.fixture(scope="session")
def recorded(postgresql_server: sa.URL, tmp_path_factory: pytest.TempPathFactory) -> RecordedWorld:
    """Some weeks of two models."""
    admin = sa.create_engine(postgresql_server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.execute(sa.text("CREATE DATABASE boards"))
    url = postgresql_server.set(database="boards").render_as_string(hide_password=False)
    return recorded_world.make(tmp_path_factory.mktemp("recorded") / "world", url)


@pytest.fixture(scope="session")
def plain_exporter() -> Iterator[str]:
    """The plainest exporter there is: a summary without labels. Its address."""
    registry = CollectorRegistry()
    summary = Summary("request_processing_seconds", "time spent processing a request", registry=registry)
    server, thread = start_http_server(0, addr="127.0.0.1", registry=registry)
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.05):
            summary.observe(0.02)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        stop.set()
        worker.join()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="session")
def instrumented(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service with our own instruments. The address of its metrics."""
    with instrumented_service(tmp_path_factory.mktemp("log")) as address:
        yield address


@pytest.fixture(scope="session")
def scraped(
    recorded: RecordedWorld,
    plain_exporter: str,
    instrumented: str,
    promtool: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[PrometheusServer]:
    """Prometheus with the gauges of all runs and three hours of a live service, which scrapes two that run now."""
    assert shutil.which("prometheus"), promtool
    folder: Path = tmp_path_factory.mktemp("prometheus")
    with prometheus_with(
        folder, [*recorded.samples, *live_samples(NOW)], {PLAIN: plain_exporter, JOB: instrumented}
    ) as server:
        yield server


@pytest.fixture(scope="session")
def look_at(scraped: PrometheusServer, recorded: RecordedWorld) -> LookAt:
    """Look at a board: of a span until now, with some values chosen."""

    def screen(span: timedelta, end: datetime = NOW, **chosen: str) -> Screen:
        return Screen(scraped, recorded.history, end, span, chosen)

    return screen
