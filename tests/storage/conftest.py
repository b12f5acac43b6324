"""Files, object stores and monitors for the tests of storage."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from lamplighter.core.monitor import Monitor, parse
from storage.project.folder import Project
from storage.sources import files
from storage.sources.sql import engine_of
from tests.storage.labelled_world import DATED, PREDICTIONS, World

MonitorOf = Callable[..., Monitor]


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    """Forget what a process keeps between runs."""
    yield
    engine_of.cache_clear()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project folder."""
    return Project.open(tmp_path)


@pytest.fixture
def monitor_of() -> MonitorOf:
    """A monitor out of its sections, checked as one out of a file is."""

    def make(predictions: dict[str, Any], **sections: Any) -> Monitor:
        text = yaml.safe_dump({"model": "m", "kind": "classification", "predictions": predictions} | sections)
        return parse("m.yaml", text, environ={}, read=lambda name: "")

    return make


@pytest.fixture
def write() -> Callable[..., str]:
    """Write a Parquet file: its path, then options of the writer or a column each."""

    def make(
        path: Path, table: pa.Table | None = None, /, *, options: dict[str, Any] | None = None, **columns: Any
    ) -> str:
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns) if table is None else table, path, **(options or {}))
        return str(path)

    return make


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """A local S3 server, and the bucket ``bucket`` in it."""
    server_module = pytest.importorskip("moto.server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of the local S3 server; the environment says where it is, as a user would set it."""
    import boto3

    output = {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in output.items():
        monkeypatch.setenv(name, value)
    files._filesystem.cache_clear()
    client = boto3.client("s3")
    client.create_bucket(Bucket="bucket")
    yield client
    for entry in client.list_objects_v2(Bucket="bucket").get("Contents", []):
        client.delete_object(Bucket="bucket", Key=entry["Key"])
    client.delete_bucket(Bucket="bucket")
    client.close()
    files._filesystem.cache_clear()


@pytest.fixture
def world_of(project: Project, monitor_of: MonitorOf, write: Callable[..., str]) -> Callable[..., World]:
    """A project with predictions, labels and the monitor that reads them."""

    def make(labels: dict[str, Any] = DATED, predictions: dict[str, Any] = PREDICTIONS, **sections: Any) -> World:
        return World(project, monitor_of(predictions, labels=labels, **sections), write)

    return make
