"""The whole loop on a real Prefect server: scheduled, run by a worker, told of, retrained and promoted."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from prefect import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType

from examples.flights.server import prefect_server
from flows.deployments import WORK_POOL
from lamplighter.core.retraining import Status
from storage.history import open_history
from storage.history.promotions import champion
from storage.history.retrainings import entries
from storage.project import Project
from tests.flows.debian_postgresql import debian_postgresql
from tests.flows.loop_world import NIGHT
from tests.receivers import Receiver

ROOT = Path(__file__).parents[2]
PATIENCE = 150

T = TypeVar("T")


def eventually(what: Callable[[], T | None]) -> T:
    """Wait until something is there."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.5)
    raise AssertionError(f"not within {PATIENCE} s")


@pytest.fixture
def told(turned: Project, receiver: Receiver) -> Project:
    """The world some days after it turned, when nobody has looked yet."""
    path = turned.root / "monitors" / "turning.yaml"
    path.write_text(f"{path.read_text()}notify: json://{receiver.url}\n")
    return turned


@contextmanager
def deployed(project: Project, folder: Path, database: str | None) -> Iterator[None]:
    """A server with the deployments of a project, and a worker."""
    with prefect_server(folder, database) as url:
        environment = os.environ | {
            "PREFECT_API_URL": url,
            "PREFECT_HOME": str(folder),
            "LAMPLIGHTER_ROOT": str(ROOT),
            "LAMPLIGHTER_PROJECT": str(project.root),
        }

        def call(*arguments: str) -> None:
            command = [str(Path(sys.executable).with_name(arguments[0])), *arguments[1:]]
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr

        call("lamplighter", "render")
        call("prefect", "work-pool", "create", WORK_POOL, "--type", "process")
        call("prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(project.root / "prefect.yaml"))
        worker = [sys.executable, "-m", "prefect", "worker", "start", "--pool", WORK_POOL]
        with (folder / "worker.log").open("w") as log:
            process = subprocess.Popen(worker, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The database of the server: SQLite in its home, or PostgreSQL."""
    if request.param == "sqlite":
        yield None
        return
    with debian_postgresql() as place:
        yield f"postgresql+asyncpg://{place}"


def test_the_whole_loop(database: str | None, told: Project, receiver: Receiver, tmp_path: Path) -> None:
    with deployed(told, tmp_path / "prefect", database), get_client(sync_client=True) as client:
        nightly = client.read_deployment_by_name("monitor/turning")
        scheduled = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])))
        cron = eventually(lambda: [r for r in client.read_flow_runs(flow_run_filter=scheduled) if r.auto_scheduled])
        assert {run.deployment_id for run in cron} == {nightly.id}
        assert {(run.expected_start_time.hour, run.expected_start_time.minute) for run in cron} == {(5, 15)}

        parameters = {"model": "turning", "day": f"{NIGHT}T00:00:00Z", "now": "2025-03-23T05:15:00Z"}
        run = client.create_flow_run_from_deployment(nightly.id, parameters=parameters)
        ended = eventually(lambda: (r := client.read_flow_run(run.id)).state.is_final() and r)
        assert ended.state.is_completed(), ended.state.message

        history = open_history(told)
        (entry,) = eventually(lambda: [e for e in entries(history, "turning") if e.status is Status.PROMOTED])
        assert champion(history, "turning").version == entry.version == "2025-03-23"
        titles = [content["title"] for _, content in eventually(lambda: len(receiver.got) > 1 and receiver.got)]
        assert titles == ["turning: accuracy-below fails", "turning: retraining promoted"]
        assert "/flow-runs/flow-run/" in receiver.got[0][1]["message"]
        for key in ("turning-summary", "turning-retraining"):
            found = client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key])))
            assert found, key
        assert datetime.now(UTC) < min(run.expected_start_time for run in cron)
