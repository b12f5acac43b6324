"""What gauges, status and retraining make of limits, of incidents of segments, and of checks that stay undecided."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import sqlalchemy as sa

from lamplighter.core.monitor.check_limits import NO_LIMIT, Limit
from storage.history import open_history, tables
from storage.history.decisions import newest_limits
from storage.history.incidents import all_incidents
from storage.project.folder import Project
from tasks.retraining.request import request_retraining
from tasks.stages.run_context import RunContext
from tests.flows import small_world
from tests.flows.loop_world import call
from tests.flows.runs import edit
from tests.flows.small_world import MONITOR, run_days

CHECKS = """checks:
  - {name: low, metric: accuracy, segment: "region=*", below: 0.5, severity: critical}
  - {name: spread, metric: accuracy, outside: {sigmas: 3, of: 3d}}
  - {name: absent, metric: accuracy, segment: region=West, below: 0.5}
retrain: {on: [low], deployment: train/m}
"""
NORTH = "low[region=North]"


def wrong_in_the_north(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.assign(region=["North", "South"] * (len(frame) // 2))
    wrong = frame["truth"].where(frame["region"] != "North", 1 - frame["truth"])
    return frame.assign(answer=wrong)


def gauges(project: Project) -> dict[str, float]:
    lines = (project.home / "gauges" / "m.prom").read_text().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def of(shown: dict[str, float], name: str, **labels: str) -> list[float]:
    wanted = [f'{key.rstrip("_")}="{value}"' for key, value in labels.items()]
    return [
        value
        for series, value in shown.items()
        if series.startswith(f"{name}{{") and all(it in series for it in wanted)
    ]


def world(path: Path) -> Project:
    project = small_world.make(path, MONITOR + CHECKS)
    run_days(project, range(4))
    run_days(project, range(4, 5), wrong_in_the_north)
    return project


def test_an_incident_of_a_segment(tmp_path: Path) -> None:
    project = world(tmp_path / "world")
    shown = gauges(project)
    assert of(shown, "lamplighter_incident_open", check=NORTH) == [1.0]
    assert of(shown, "lamplighter_incident_open", check="low") == [0.0]
    assert of(shown, "lamplighter_incident_open", check="low[region=South]") == []
    assert of(shown, "lamplighter_incident_open", check="absent:undecided") == [1.0]
    assert of(shown, "lamplighter_incident_open", check="absent") == [0.0]
    assert of(shown, "lamplighter_retrain_recommended") == [1.0]
    (state,) = json.loads(call(project, "status", "--json")[1])
    assert NORTH in state["failing"]
    assert "absent:undecided" not in state["failing"]
    assert NORTH in state["failed"]
    assert call(project, "incidents", "mute", "m", NORTH, "--reason", "known")[0] == 0
    for unknown in ("low[region=North]:undecided", "spread[region=North]", "low[]"):
        assert call(project, "incidents", "mute", "m", unknown)[0] == 2, unknown
    muted = {row["check_name"]: row["muted_for"] for row in all_incidents(open_history(project), "m", only_open=True)}
    assert (muted[NORTH], muted["absent:undecided"]) == ("known", None)


def test_a_limit_has_a_series_for_each_side_and_an_interval_beside_it(tmp_path: Path) -> None:
    shown = gauges(world(tmp_path / "world"))
    sides = {
        side: of(shown, "lamplighter_threshold", check="spread", direction=side, form="outside")
        for side in ("below", "above")
    }
    assert all(len(found) == 1 for found in sides.values())
    assert sides["below"][0] <= sides["above"][0]
    assert of(shown, "lamplighter_threshold", check=NORTH, segment="region=North", direction="below") == [0.5]
    assert of(shown, "lamplighter_threshold", check="low") == []
    for bound in ("lower", "upper"):
        for segment in ("", "region=North", "region=South"):
            assert len(of(shown, f"lamplighter_interval_{bound}", metric="accuracy", segment=segment)) == 1
        # No check is on F1, so its intervals of segments are not shown.
        assert len(of(shown, f"lamplighter_interval_{bound}", metric="f1", segment="")) == 1
        assert of(shown, f"lamplighter_interval_{bound}", metric="f1", segment="region=North") == []


def test_the_incident_of_a_segment_that_vanishes_closes_and_its_limit_goes(tmp_path: Path) -> None:
    project = small_world.make(
        tmp_path / "world",
        MONITOR.replace("numeric: [amount, count], categorical: [plan, region]", "numeric: [amount]")
        + CHECKS
        + "undecided_after: 2\n",
    )
    run_days(project, range(2))
    run_days(project, range(2, 3), wrong_in_the_north)
    run_days(project, range(3, 6), lambda frame: frame.assign(region="South"))
    assert (NORTH, 2, 4) in small_world.incidents(project)
    shown = gauges(project)
    assert of(shown, "lamplighter_incident_open", check=NORTH) == []
    assert of(shown, "lamplighter_incident_open", check="low") == [0.0]
    assert of(shown, "lamplighter_threshold", check=NORTH) == []
    assert of(shown, "lamplighter_retrain_recommended") == [0.0]


def context_of(project: Project, number: int) -> RunContext:
    monitor = project.monitor("m")
    window = monitor.window(datetime.combine(small_world.day(number + 1), datetime.min.time(), UTC))
    return RunContext(project, monitor, window, monitor.run_after(window))


def test_a_segment_requests_a_retraining_and_a_check_that_cannot_be_decided_does_not(tmp_path: Path) -> None:
    project = world(tmp_path / "world")
    edit(project, "m", ("on: [low]", "on: [absent]"))
    assert request_retraining(context_of(project, 4)) == []
    edit(project, "m", ("on: [absent]", "on: [low]"))
    assert [it.cause for it in request_retraining(context_of(project, 4))] == ["check low"]


def test_a_decision_from_before_bounds_were_recorded_shows_the_number_of_its_check(tmp_path: Path) -> None:
    project = world(tmp_path / "world")
    history, context = open_history(project), context_of(project, 4)
    with history.writing() as connection:
        connection.execute(sa.update(tables.decision).values(low=None, high=None))
    found = newest_limits(history, "m", context.known_on, context.monitor.judged)
    limits = {check.name: limit for check, limit in found}
    assert limits[NORTH] == limits["low[region=South]"] == Limit(low=0.5)
    assert limits["spread"] == NO_LIMIT


def test_a_check_that_is_renamed_leaves_no_incident_open_behind(tmp_path: Path) -> None:
    """Alertmanager resolves what the gauge of the old name said, and hears of the new one."""
    checks = "checks: [{name: old, metric: accuracy, below: 0.5, clears: 1}]\nnotify: [alertmanager]\n"
    project = small_world.make(tmp_path / "world", MONITOR + checks)
    run_days(project, range(2), lambda frame: frame.assign(answer=1 - frame["truth"]))
    assert of(gauges(project), "lamplighter_incident_open", check="old", via="alertmanager") == [1.0]
    edit(project, "m", ("name: old", "name: new"))
    run_days(Project.open(project.root), range(2, 3), lambda frame: frame.assign(answer=1 - frame["truth"]))
    shown = gauges(project)
    assert of(shown, "lamplighter_incident_open", check="old") == []
    assert of(shown, "lamplighter_incident_open", check="new", via="alertmanager") == [1.0]
    assert {(name, closed is None) for name, _, closed in small_world.incidents(project)} == {
        ("old", False),
        ("new", True),
    }
