"""The whole loop on a real Prefect server: scheduled, run by a worker, notified, retrained and promoted."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import psutil
import pytest
from prefect import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType

from examples.flights.server import prefect_server
from flows.run_retraining import RetrainStages, bring_to_end
from lamplighter.core.retraining.policy import UNDER_WAY, Entry, Status
from lamplighter.errors import ModelError
from storage.history import open_history
from storage.history.promotions import champion
from storage.history.retrainings import entries
from storage.project.folder import Project
from tasks.deployed import WORK_POOL
from tasks.retraining.follow import follow
from tasks.retraining.job import Retraining
from tasks.retraining.request import request_retraining
from tasks.retraining.submit import key_of
from tasks.server import start
from tests.flows.debian_postgresql import debian_postgresql, is_installed
from tests.flows.loop_world import DAY, logical_date, one_run
from tests.flows.runs import edit
from tests.receivers import Receiver

ROOT = Path(__file__).parents[2]
PATIENCE = 150

pytestmark = pytest.mark.long

T = TypeVar("T")
Command = Callable[..., str]


def eventually(what: Callable[[], T | None]) -> T:
    """Wait until something is there."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {PATIENCE} s")


@pytest.fixture
def notified(turned: Project, receiver: Receiver) -> Project:
    """The world some days after it changed, before any run."""
    path = turned.root / "monitors" / "turning.yaml"
    path.write_text(f"{path.read_text()}notify: json://{receiver.url}\n")
    return turned


@contextmanager
def deployed(project: Project, url: str, folder: Path) -> Iterator[Command]:
    """The deployments of a project on a server, and a worker; yields how to call commands that talk to it."""
    environment = os.environ | {
        "PREFECT_API_URL": url,
        "PREFECT_HOME": str(folder),
        "PREFECT_WORKER_QUERY_SECONDS": "0.5",
        "LAMPLIGHTER_ROOT": str(ROOT),
        "LAMPLIGHTER_PROJECT": str(project.root),
    }

    def call(*arguments: str, cwd: Path = ROOT) -> str:
        command = [str(Path(sys.executable).with_name(arguments[0])), *arguments[1:]]
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    call("lamplighter", "render")
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name=WORK_POOL, type="process"), overwrite=True)
    call("prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(project.root / "prefect.yaml"))
    worker = [sys.executable, "-m", "prefect", "worker", "start", "--pool", WORK_POOL]
    folder.mkdir(exist_ok=True)
    with (folder / "worker.log").open("w") as log:
        process = psutil.Popen(worker, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        yield call
    finally:
        # By force: Prefect 3.8.8 hangs where a run ends in the moment in which its worker gets the signal to stop.
        for it in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                it.kill()
        process.wait()


@pytest.fixture
def server_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A server with PostgreSQL; where Debian's is not installed, the one of all tests, which has SQLite."""
    if not is_installed() and os.environ.get("CI") != "true":
        yield request.getfixturevalue("prefect_url")
        return
    with debian_postgresql() as place, prefect_server(tmp_path / "server", f"postgresql+asyncpg://{place}") as url:
        yield url


def test_the_whole_loop(server_url: str, notified: Project, receiver: Receiver, tmp_path: Path) -> None:
    with deployed(notified, server_url, tmp_path / "prefect") as command, get_client(sync_client=True) as client:
        command("prefect", "automation", "create", "--from-file", "flows/heartbeat.yaml")
        assert [it.name for it in client.read_automations()] == ["Lamplighter: runs that vanished"]

        nightly = client.read_deployment_by_name("monitor/turning")
        scheduled = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])))
        cron = eventually(lambda: [r for r in client.read_flow_runs(flow_run_filter=scheduled) if r.auto_scheduled])
        assert {run.deployment_id for run in cron} == {nightly.id}
        assert {(run.expected_start_time.hour, run.expected_start_time.minute) for run in cron} == {(5, 15)}

        parameters = {"model": "turning", "day": f"{DAY}T00:00:00Z", "now": "2025-03-23T05:15:00Z"}
        run = client.create_flow_run_from_deployment(nightly.id, parameters=parameters)
        ended = eventually(lambda: (r := client.read_flow_run(run.id)).state.is_final() and r)
        assert ended.state.is_completed(), ended.state.message

        history = open_history(notified)
        (entry,) = eventually(lambda: [e for e in entries(history, "turning") if e.status is Status.PROMOTED])
        assert champion(history, "turning").version == entry.version == "2025-03-23"
        titles = [content["title"] for _, content in eventually(lambda: len(receiver.got) > 1 and receiver.got)]
        assert titles == ["turning: accuracy-below fails", "turning: retraining promoted"]
        assert "/flow-runs/flow-run/" in receiver.got[0][1]["message"]
        for key in ("turning-summary", "turning-retraining"):
            of_key = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
            assert eventually(lambda wanted=of_key: client.read_artifacts(artifact_filter=wanted))


TEAM = """
import time
from pathlib import Path

from prefect import flow


@flow(name="team")
def train(rounds: int) -> None:
    with Path("trained.txt").open("a") as file:
        file.write(f"{rounds}\\n")
    if not rounds:
        time.sleep(600)
    if rounds < 0:
        raise ValueError("no rounds")
"""

TEAM_YAML = """
name: team
pull:
  - prefect.deployments.steps.set_working_directory: {{directory: {root}}}
deployments:
  - {{name: train-x, entrypoint: "team.py:train", work_pool: {{name: {pool}}}}}
"""


def brought_to_end(project: Project, number: int) -> Entry:
    """How the retraining ends that is requested some days after the first."""
    day = DAY + timedelta(days=number)
    one_run(project, day, with_retraining=False)
    (entry,) = request_retraining(logical_date(project, day))
    return bring_to_end(Retraining.of(project, project.monitor("turning"), entry), RetrainStages.plain()).entry


def test_a_flow_of_another_team_is_started_once_and_followed(
    turned: Project, prefect_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = "  trainer: trainer.py:train\n"
    asked = "  accept: {metric: accuracy, days: 3d}\n"
    edit(turned, "turning", (asked, ""), (trainer, "  deployment: team/train-x\n  parameters: {rounds: 3}\n"))
    (turned.root / "team.py").write_text(TEAM)
    (turned.root / "team.yaml").write_text(TEAM_YAML.format(root=turned.root, pool=WORK_POOL))
    history, trained = open_history(turned), turned.root / "trained.txt"
    with deployed(turned, prefect_url, tmp_path / "prefect") as command, get_client(sync_client=True) as client:
        monkeypatch.setenv("PREFECT_API_URL", prefect_url)
        first = brought_to_end(turned, 0)
        assert (first.status, first.reason[:43]) == (Status.FAILED, "no deployment 'team/train-x' on the server ")
        command("prefect", "--no-prompt", "deploy", "--all", "--prefect-file", "team.yaml", cwd=turned.root)

        nightly = client.read_deployment_by_name("monitor/turning").id
        day = DAY + timedelta(days=1)
        parameters = {"model": "turning", "day": f"{day}T00:00:00Z", "now": f"{day + timedelta(days=1)}T05:15:00Z"}
        client.create_flow_run_from_deployment(nightly, parameters=parameters)
        second = eventually(
            lambda: (e := entries(history, "turning")[-1]).known_on > first.known_on and e.status not in UNDER_WAY and e
        )
        assert (second.status, second.reason) == (Status.COMPLETED, "team/train-x ended Completed")
        assert trained.read_text() == "3\n"

        edit(turned, "turning", ("rounds: 3", "rounds: -1"), ("cooldown: 4d", "cooldown: 0d"))
        third = brought_to_end(turned, 2)
        assert third.status is Status.FAILED
        assert third.reason.startswith(
            "team/train-x ended Failed: Flow run encountered an exception: ValueError: no rounds"
        )
        assert trained.read_text() == "3\n-1\n"

        # A run that another process started, and that does not end.
        stuck, again = turned.monitor("turning"), replace(third, attempt=1, asked=2)
        assert stuck.retrain is not None
        limited = stuck.retrain.model_copy(update={"time_limit": timedelta(seconds=1), "parameters": {"rounds": 0}})
        work = Retraining.of(turned, stuck.model_copy(update={"retrain": limited}), again)
        assert start("team/train-x", {"rounds": 0}, f"{key_of(again)} team/train-x")
        eventually(lambda: trained.read_text() == "3\n-1\n0\n")
        with pytest.raises(ModelError, match="has not ended after the time limit of 1 s and is being cancelled"):
            follow(work)
        cancelled = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CANCELLED])))
        assert len(eventually(lambda: client.read_flow_runs(flow_run_filter=cancelled))) == 1
        assert trained.read_text() == "3\n-1\n0\n"
