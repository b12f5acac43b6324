"""The flows on a real Prefect server: they write the history of the plain stages, and say what they did."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from prefect import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.testing.utilities import prefect_test_harness

from flows.backfill import backfill
from flows.monitor import monitor
from lamplighter.errors import MonitorError
from storage.project import Project
from tasks.night import Night
from tests.flows.nights import many_nights, recorded

FIRST, LAST = date(2025, 3, 3), date(2025, 3, 6)


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=120):
        yield


def copied(world: Project, name: str) -> Project:
    folder = world.root.parent / name
    shutil.copytree(world.root, folder)
    return Project.open(folder)


def on_time(project: Project, model: str, day: date) -> datetime:
    return Night.of(project, project.monitor(model), day).now


def test_the_three_ways_of_running_agree(world: Project) -> None:
    by_flow, by_backfill = copied(world, "by-flow"), copied(world, "by-backfill")
    many_nights(world, "drifting", FIRST, LAST)
    many_nights(world, "parquet", FIRST, LAST)
    for model in ("drifting", "parquet"):
        for i in range((LAST - FIRST).days + 1):
            day = FIRST + timedelta(days=i)
            state = monitor(model, day, on_time(by_flow, model, day), str(by_flow.root), return_state=True)
            assert state.is_completed()
    state = backfill(["drifting", "parquet"], FIRST, LAST, 0, 1, str(by_backfill.root), return_state=True)
    assert state.is_completed()
    assert recorded(by_flow) == recorded(world)
    assert recorded(by_backfill) == recorded(world)


def test_the_day_is_that_of_the_schedule(world: Project) -> None:
    now = datetime(2025, 3, 8, 4, 15, tzinfo=UTC)
    told = monitor("parquet", now=now, project=str(world.root))
    assert told["window"] == "2025-03-07"


def test_a_run_leaves_artifacts(world: Project) -> None:
    monitor("drifting", date(2025, 3, 6), project=str(world.root))
    with get_client(sync_client=True) as client:
        for key, holds in (
            ("drifting-summary", "drift_share"),
            ("drifting-drift", "amount"),
            ("drifting-report", "file:"),
        ):
            found = client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key])))
            assert holds in str(found[0].data)


def test_findings_stand_in_the_state(world: Project) -> None:
    shutil.rmtree(world.root / "data" / "predictions" / "day=2025-03-06")
    state = monitor("parquet", date(2025, 3, 6), project=str(world.root), return_state=True)
    assert state.is_completed()
    assert "completed with findings" in state.message
    assert "no predictions in 2025-03-06" in state.message


def test_an_unknown_model_fails_with_one_line(world: Project) -> None:
    state = monitor("parket", date(2025, 3, 6), project=str(world.root), return_state=True)
    assert state.is_failed()
    with pytest.raises(MonitorError, match="no model 'parket'; did you mean 'parquet'"):
        state.result()


def test_the_form_of_a_custom_run_offers_model_and_day() -> None:
    fields = monitor.parameters.properties
    assert list(fields)[:2] == ["model", "day"]
    assert monitor.parameters.required == ["model"]
    assert "yesterday" in fields["day"]["description"]


def test_a_model_that_fails_leaves_the_others_to_go_on(world: Project) -> None:
    broken = world.root / "monitors" / "drifting.yaml"
    broken.write_text(broken.read_text().replace("drift_share", "drift_shore"))
    state = backfill(["drifting", "parquet"], FIRST, FIRST, 0, 1, str(world.root), return_state=True)
    assert state.is_failed()
    assert "unknown metric 'drift_shore'; did you mean 'drift_share'" in state.message
    assert recorded(world)["measurement"]
