"""What `lamplighter doctor` says of a real Prefect server, and of what is missing there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import prefect
import pytest
from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.schedules import CronSchedule
from prefect.states import Scheduled

from tasks.doctor.of_server import DEPLOY
from tests.hostile import HTTP, hostile_server
from tests.lamplighter.cli.called import run

MODEL, POOL, CRON = "looked-at", "looked-at", "15 5 * * *"
MONITOR = f"""
model: {MODEL}
kind: text
timezone: Europe/Berlin
schedule: "{CRON}"
predictions: {{parquet: "p/*.parquet", time: t, prediction: y}}
"""
OF_THE_SERVER = ("prefect", "workers", "schedule")
Client = SyncPrefectClient
Look = Callable[[], dict[str, str]]


@pytest.fixture
def looked(prefect_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """What each look at the server says: its state, and where, what and how to mend it."""
    monkeypatch.setenv("PREFECT_API_URL", prefect_url)
    (tmp_path / "monitors").mkdir()
    (tmp_path / "monitors" / "m.yaml").write_text(MONITOR)

    def look() -> dict[str, str]:
        rows = json.loads(run("-C", tmp_path, "doctor", "--json").stdout)
        # Of several that are of one check the last is the verdict; the clock is the same.
        return {
            it["check"]: f"{it['state']}: {it['where']}: {it['what']}; {it['fix']}"
            for it in rows
            if it["check"] in OF_THE_SERVER and "agrees with" not in it["what"]
        }

    return look


@pytest.fixture
def client(prefect_url: str) -> Iterator[Client]:
    with get_client(sync_client=True) as client:
        yield client


def deploy(client: Client, **changed: Any) -> Any:
    """A deployment of the model, made or changed."""
    schedule = DeploymentScheduleCreate(
        schedule=CronSchedule(cron=changed.pop("cron", CRON), timezone="Europe/Berlin"),
        active=changed.pop("active", True),
    )
    flow_id = client.create_flow_from_name("monitor")
    return client.create_deployment(
        flow_id, MODEL, schedules=[schedule], work_pool_name=POOL, entrypoint="flows/monitor.py:monitor", **changed
    )


def test_each_thing_that_is_missing_is_named(looked: Look, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    # Other tests may have left the pool that deployments have by default.
    monkeypatch.setattr("tasks.doctor.of_server.WORK_POOL", "nowhere")
    assert looked() == {
        "prefect": f"ok: : the server answers, Prefect {prefect.__version__}; ",
        "workers": "fault: work pool nowhere: is not there; prefect work-pool create nowhere --type process",
        "schedule": f"fault: deployment monitor/{MODEL}: is not there; {DEPLOY}",
    }

    client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
    deploy(client, cron="0 4 * * *")
    found = looked()
    assert found["workers"].startswith(f"fault: work pool {POOL}: no worker has ever asked it for work; prefect worker")
    assert found["schedule"].startswith(
        f"fault: deployment monitor/{MODEL}: runs at 0 4 * * * Europe/Berlin, and the file says {CRON} Europe/Berlin; `"
    )

    client.send_worker_heartbeat(POOL, "worker-1", heartbeat_interval_seconds=30)
    number = deploy(client)
    found = looked()
    assert found["workers"].startswith(f"ok: : a worker of {POOL} was there ")
    assert found["schedule"].split(": ")[0] in ("ok", "warning"), found  # The server plans runs once in a while.

    late = client.create_flow_run_from_deployment(
        number, state=Scheduled(scheduled_time=datetime.now(UTC) - timedelta(hours=1))
    )
    assert "1 of its runs are late, the first since " in looked()["schedule"]
    client.delete_flow_run(late.id)

    client.pause_deployment(number)
    assert looked()["schedule"].startswith(f"fault: deployment monitor/{MODEL}: is paused; prefect deployment sched")
    deploy(client, active=False)
    client.resume_deployment(number)
    assert looked()["schedule"].startswith(f"fault: deployment monitor/{MODEL}: has no active schedule; prefect")

    client.delete_work_pool(POOL)
    client.delete_deployment(number)


def test_another_version_is_said(looked: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefect, "__version__", "3.0.0")
    assert f"is Prefect {prefect.__version__}" not in looked()["prefect"]
    assert looked()["prefect"].endswith("and this is 3.0.0; install the same on both")
    assert looked()["prefect"].startswith("warning: PREFECT_API_URL http://127.0.0.1:")


def test_a_server_that_is_none(looked: Look, prefect_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://jo:s3cret@127.0.0.1:1/api")
    found = looked()
    assert found["prefect"].startswith("fault: PREFECT_API_URL http://127.0.0.1:1/api: does not answer: ")
    assert found["prefect"].endswith("start it, or unset PREFECT_API_URL")
    assert "s3cret" not in str(found)
    assert (found["workers"], found["schedule"]) == ("not used: : the server did not answer; ",) * 2
    monkeypatch.setenv("PREFECT_API_URL", prefect_url.removesuffix("/api"))
    assert looked()["prefect"].endswith("; name its /api address")
    with hostile_server(HTTP["garbage"]) as address:
        monkeypatch.setenv("PREFECT_API_URL", f"http://{address}/api")
        assert looked()["prefect"].startswith(f"fault: PREFECT_API_URL http://{address}/api: does not answer: ")
