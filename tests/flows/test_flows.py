"""The flows on a real Prefect server: they write the history of the plain stages, and say what they did."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta

import pytest
from prefect import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import ArtifactSort
from prefect.utilities.callables import parameter_schema

from flows.backfill import backfill
from flows.monitor import monitor
from flows.retrain import retrain
from lamplighter.errors import MonitorError
from storage.project.folder import Project
from tasks.stages.run_context import RunContext
from tests.flows.runs import many_runs, recorded
from tests.long_cases import long_but_for

FIRST, LAST = date(2025, 3, 3), date(2025, 3, 6)
NEWEST = ArtifactSort.CREATED_DESC


pytestmark = pytest.mark.usefixtures("prefect_url")


def copied(world: Project, name: str) -> Project:
    folder = world.root.parent / name
    shutil.copytree(world.root, folder)
    return Project.open(folder)


def on_time(project: Project, model: str, day: date) -> datetime:
    return RunContext.of(project, project.monitor(model), day).now


@pytest.mark.long
def test_the_three_ways_of_running_agree(world: Project) -> None:
    by_flow, by_backfill = copied(world, "by-flow"), copied(world, "by-backfill")
    many_runs(world, "drifting", FIRST, LAST)
    many_runs(world, "parquet", FIRST, LAST)
    for model in ("drifting", "parquet"):
        for i in range((LAST - FIRST).days + 1):
            day = FIRST + timedelta(days=i)
            state = monitor(model, day, on_time(by_flow, model, day), str(by_flow.root), return_state=True)
            assert state.is_completed()
    state = backfill(["drifting", "parquet"], FIRST, LAST, 0, 1, str(by_backfill.root), return_state=True)
    # Of these days two have labels of which no prediction is at hand.
    assert (state.is_completed(), state.name) == (True, "Findings")
    assert "2 windows with findings" in state.message
    assert recorded(by_flow) == recorded(world)
    assert recorded(by_backfill) == recorded(world)


def test_the_day_is_that_of_the_schedule(world: Project) -> None:
    now = datetime(2025, 3, 8, 4, 15, tzinfo=UTC)
    output = monitor("parquet", now=now, project=str(world.root))
    assert output["window"] == "2025-03-07"


def artifact(key: str) -> str:
    """The newest artifact of a key; empty where there is none."""
    of_key = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
    with get_client(sync_client=True) as client:
        return "".join(str(found.data) for found in client.read_artifacts(artifact_filter=of_key, sort=NEWEST)[:1])


@pytest.mark.parametrize("served", long_but_for(["", "https://reports.example.org/shop/"], [""]))
def test_a_run_leaves_artifacts(world: Project, served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if served:
        monkeypatch.setenv("LAMPLIGHTER_REPORTS_URL", served)
    monitor("drifting", date(2025, 3, 6), project=str(world.root))
    assert "drift" in artifact("drifting-summary")
    assert "amount" in artifact("drifting-drift")
    where = "https://reports.example.org/shop/drifting/2025-03-06.html" if served else ""
    assert where in artifact("drifting-report")
    assert bool(artifact("drifting-report")) is bool(served)
    assert "file:" not in artifact("drifting-summary")
    assert (where or "reports/drifting/2025-03-06.html") in artifact("drifting-summary")


def run_of(project: Project, model: str, **parameters: object) -> FlowRun:
    """The run that the flow makes of some parameters, as the list of runs shows it."""
    state = monitor(model, project=str(project.root), return_state=True, **parameters)
    with get_client(sync_client=True) as client:
        return client.read_flow_run(state.state_details.flow_run_id)


@pytest.mark.parametrize(
    ("model", "parameters", "name"),
    [
        pytest.param("parquet", {"day": date(2025, 3, 6)}, "monitor-parquet-2025-03-06", marks=pytest.mark.long),
        ("parquet", {"now": datetime(2025, 3, 7, 4, 15, tzinfo=UTC)}, "monitor-parquet-2025-03-06"),
        # Five in the afternoon of the 6th in Auckland is early in the morning in Berlin.
        ("auckland", {"now": datetime(2025, 3, 6, 4, 0, tzinfo=UTC)}, "monitor-auckland-2025-03-05"),
        ("hourly", {"now": datetime(2025, 3, 6, 9, 20, tzinfo=UTC)}, "monitor-hourly-2025-03-06T09:00+01:00"),
        ("parket", {"day": date(2025, 3, 6)}, "monitor-parket-2025-03-06"),
        ("parket", {}, "monitor-parket-newest"),
    ],
)
def test_the_name_of_a_run_holds_its_window(world: Project, model: str, parameters: dict, name: str) -> None:
    monitors, text = world.root / "monitors", "extends: _shared.yaml\nmodel: {}\n"
    log = "predictions: {parquet: 'data/predictions/day={day}/*.parquet', time: at, prediction: answer}\n"
    (monitors / "auckland.yaml").write_text(text.format("auckland") + log + "timezone: Pacific/Auckland\nchecks: []\n")
    (monitors / "hourly.yaml").write_text(text.format("hourly") + log + "every: 1h\nchecks: []\n")
    assert run_of(world, model, **parameters).name == name


def test_what_was_found_stands_in_the_list_of_runs(world: Project) -> None:
    shutil.rmtree(world.root / "data" / "predictions" / "day=2025-03-06")
    run = run_of(world, "parquet", day=date(2025, 3, 6))
    assert (run.state_type, run.state_name) == (StateType.COMPLETED, "NothingMeasured")
    assert "no predictions in 2025-03-06" in run.state.message


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


def test_the_form_offers_the_models_of_the_project(world: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMPLIGHTER_PROJECT", str(world.root))
    models = ["drifting", "numbers", "parquet", "sql"]
    assert parameter_schema(monitor).properties["model"]["enum"] == models
    # Runs start it, also for a model that is newer than the deployment, which the server would refuse.
    assert "enum" not in parameter_schema(retrain).properties["model"]
    assert parameter_schema(backfill).properties["models"]["items"]["enum"] == models
    monkeypatch.setenv("LAMPLIGHTER_PROJECT", str(world.root / "nowhere"))
    assert "enum" not in parameter_schema(monitor).properties["model"]


def test_a_model_that_fails_leaves_the_others_to_go_on(world: Project) -> None:
    broken = world.root / "monitors" / "drifting.yaml"
    broken.write_text(broken.read_text().replace("drift_share", "drift_shore"))
    state = backfill(["drifting", "parquet"], FIRST, FIRST, 0, 1, str(world.root), return_state=True)
    assert state.is_failed()
    assert "unknown metric 'drift_shore'; did you mean 'drift_share'" in state.message
    assert recorded(world)["measurement"]
