"""Hours, weeks and DST days, provisional and final, private columns, custom metrics: in whole runs."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from flows.run_window import run_window
from flows.run_windows import windows_between
from flows.stage_functions import Stages
from lamplighter.core.time.window import Window
from lamplighter.errors import MonitorError
from storage.history import open_history
from storage.history.query import Filter, measurements
from storage.project.folder import Project
from tasks.stages.run_context import RunContext
from tests.flows.conftest import ZONE, Ran
from tests.flows.runs import edit, many_runs, one_run, recorded

FIRST, LAST = date(2025, 3, 3), date(2025, 3, 14)


def recorded_values(world: Project, model: str, **wanted: object) -> list[dict[str, object]]:
    return measurements(open_history(world), model, Filter(segment="", version="", klass="", **wanted))  # type: ignore[arg-type]


@pytest.mark.long
def test_what_was_known_the_morning_after_and_what_is_known_now(ran: Ran) -> None:
    world = ran(LAST)
    zone = ZoneInfo(ZONE)
    seen = {}
    for mornings in (1, 2, 3):
        context = datetime(2025, 3, 6 + mornings, tzinfo=zone)
        found = recorded_values(world, "parquet", metric="accuracy", since=datetime(2025, 3, 6, tzinfo=zone),
                                until=datetime(2025, 3, 7, tzinfo=zone), as_of=context)  # fmt: skip
        seen[mornings] = (found[0]["state"], found[0]["n"], found[0]["known_on"])
    assert [seen[i][0] for i in (1, 2, 3)] == ["provisional", "provisional", "final"]
    assert seen[1][1] < seen[2][1] < seen[3][1]
    assert seen[1][2] == datetime(2025, 3, 7, tzinfo=zone)


def test_the_command_shows_the_same(ran: Ran) -> None:
    world = ran(LAST)
    command = [str(Path(sys.executable).with_name("lamplighter")), "-C", str(world.root), "history", "parquet"]
    arguments = ["--metric", "accuracy", "--from", "2025-03-06", "--to", "2025-03-06", "--json"]
    then = json.loads(subprocess.check_output([*command, *arguments, "--as-of", "2025-03-07"]))
    now = json.loads(subprocess.check_output([*command, *arguments]))
    assert [(row["window"], row["state"], row["known_on"]) for row in then] == [
        ("2025-03-06", "provisional", "2025-03-07")
    ]
    assert [(row["state"], row["known_on"]) for row in now] == [("final", "2025-03-09")]


def test_the_rows_of_each_version_are_counted_and_the_gauge_names_them(world: Project) -> None:
    edit(world, "drifting", ("  score: score\n", "  score: score\n  version: version\n"))
    many_runs(world, "drifting", date(2025, 3, 9), date(2025, 3, 9))
    rows = measurements(open_history(world), "drifting", Filter(metric="rows"))
    counted = {row["version"]: row["value"] for row in rows}
    assert counted[""] == sum(count for version, count in counted.items() if version)
    published = (world.home / "gauges" / "drifting.prom").read_text()
    shown = ",".join(sorted(version for version in counted if version))
    assert f'lamplighter_model_info{{env="",model="drifting",owner="",region="",version="{shown}"}} 1.0' in published


def test_late_labels_are_folded_in_when_asked(ran: Ran) -> None:
    world = ran(LAST)
    (before,) = [r for r in recorded_values(world, "parquet", metric="labels_coverage") if r["window_start"].day == 3]
    now = datetime(2025, 3, 20, tzinfo=ZoneInfo(ZONE))
    run_window(
        RunContext.of(world, world.monitor("parquet"), date(2025, 3, 4), now, relabel=True),
        Stages.plain(),
        with_report=False,
    )
    (after,) = [r for r in recorded_values(world, "parquet", metric="labels_coverage") if r["window_start"].day == 3]
    assert after["value"] > before["value"]
    assert after["state"] == "final"
    assert sum(r["value"] for r in recorded_values(world, "parquet", metric="labels_late")) > 0


@pytest.mark.parametrize("grain", ["1h", "1w"])
def test_other_grains_hold_the_same_rows(world: Project, grain: str) -> None:
    edit(
        world,
        "parquet",
        ("model: parquet", f"model: parquet\nevery: {grain}"),
        ("mature_after: 2d", "mature_after: 1h"),
    )
    monitor = world.monitor("parquet")
    log = pd.concat(pd.read_parquet(path) for path in sorted(world.root.glob("data/predictions/*/*.parquet")))
    log = log.drop_duplicates(["id", "version"])
    window = Window.of("parquet", monitor.every, ZONE, datetime(2025, 3, 5, 12, tzinfo=ZoneInfo(ZONE)))
    one_run(world, "parquet", window.start)
    (rows,) = recorded_values(world, "parquet", metric="rows")
    assert rows["value"] == ((log["at"] >= window.start) & (log["at"] < window.end)).sum()


@pytest.mark.parametrize(("day", "hours"), [(date(2025, 3, 30), 23), (date(2025, 10, 26), 25)])
def test_days_of_23_and_25_hours(world: Project, day: date, hours: int) -> None:
    start = pd.Timestamp(day).tz_localize(ZONE)
    at = pd.date_range(start - pd.Timedelta(hours=3), periods=40, freq="h").tz_convert("UTC")
    frame = pd.DataFrame(
        {"id": [f"d{i}" for i in range(40)], "at": at, "version": "v1", "answer": 1, "score": 0.7, "amount": 1.0,
         "age": 30, "region": "north", "plan": "pro"}
    )  # fmt: skip
    # Every row lies in the partition of the day before: the path is a hint, the timestamp decides.
    folder = world.root / "data" / "predictions" / f"day={day - timedelta(days=1)}"
    folder.mkdir()
    frame.to_parquet(folder / "part.parquet")
    one_run(world, "parquet", day)
    (rows,) = recorded_values(world, "parquet", metric="rows")
    assert rows["value"] == hours


def test_private_columns_leave_no_value_behind(world: Project) -> None:
    secrets = ["agnes-weatherwax", "gytha-ogg"]
    for path in sorted(world.root.glob("data/predictions/*/*.parquet")):
        frame = pd.read_parquet(path)
        frame["customer"] = np.where(np.arange(len(frame)) % 2, *secrets)
        frame["salary"] = 987_654.25 + np.arange(len(frame))
        frame.to_parquet(path)
    edit(
        world,
        "_shared",
        ("categorical: [region, plan]}", "categorical: [region, plan, customer]}\nprivate: [customer, salary]"),
        ("[amount, age]", "[amount, age, salary]"),
    )
    outcome = run_window(RunContext.of(world, world.monitor("drifting"), date(2025, 3, 6)), Stages.plain())
    assert outcome.report
    (unseen,) = measurements(open_history(world), "drifting", Filter(metric="unseen_ratio", feature="customer"))
    assert unseen["value"] == 0.0
    for path in world.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for secret in (*secrets, "987654", "987,654"):
                assert secret.encode() not in content, (path, secret)


def test_a_metric_of_ones_own(world: Project) -> None:
    (world.root / "cost.py").write_text(
        "def cost(y_true, y_pred, y_score):\n    return 5.0 * sum(map(str.__ne__, y_true, y_pred)) / len(y_true)\n"
        "def broken(y_true, y_pred, y_score):\n    raise ZeroDivisionError('no')\n"
    )
    own = "\nmetrics: [{name: cost, function: 'cost.py:cost'}, {name: broken, function: 'cost.py:broken'}]\nlabels:"
    edit(world, "parquet", ("\nlabels:", own))
    many_runs(world, "parquet", FIRST, date(2025, 3, 6))
    cost = {r["window_start"]: r for r in recorded_values(world, "parquet", metric="cost")}
    accuracy = {r["window_start"]: r for r in recorded_values(world, "parquet", metric="accuracy")}
    start = min(cost)
    assert cost[start]["value"] == pytest.approx(5 * (1 - accuracy[start]["value"]))
    assert cost[start]["lower"] < cost[start]["value"] < cost[start]["upper"]
    broken = recorded_values(world, "parquet", metric="broken")
    assert "ZeroDivisionError" in broken[0]["reason"]


def test_an_own_metric_that_cannot_be_loaded_costs_itself_alone(world: Project) -> None:
    edit(world, "parquet", ("\nlabels:", "\nmetrics: [{name: cost, function: 'absent.py:cost'}]\nlabels:"))
    outcome = one_run(world, "parquet", date(2025, 3, 6))
    assert any("absent.py: no such file" in finding.message for finding in outcome.findings)
    assert recorded_values(world, "parquet", metric="labels_coverage")


def test_a_label_file_that_is_broken_keeps_its_window_open(world: Project) -> None:
    path = world.root / "data/labels/day=2025-03-05/part.parquet"
    sound = path.read_bytes()
    path.write_bytes(sound[:200])
    many_runs(world, "parquet", FIRST, date(2025, 3, 6))
    states = {row["window_start"].day: row["state"] for row in recorded_values(world, "parquet", metric="f1")}
    assert states[3] == "provisional"
    path.write_bytes(sound)
    many_runs(world, "parquet", date(2025, 3, 7), date(2025, 3, 7))
    states = {row["window_start"].day: row["state"] for row in recorded_values(world, "parquet", metric="f1")}
    assert states[3] == "final"


def test_labels_in_the_same_row(world: Project) -> None:
    for path in sorted(world.root.glob("data/predictions/*/*.parquet")):
        frame = pd.read_parquet(path)
        frame["seen"] = np.where(np.arange(len(frame)) % 3 == 0, np.nan, frame["answer"])
        frame.to_parquet(path)
    text = (world.root / "monitors" / "parquet.yaml").read_text()
    before, _, _ = text.partition("labels:")
    (world.root / "monitors" / "parquet.yaml").write_text(
        before + "labels: {same_row: true, target: seen, mature_after: 1d}\n"
    )
    many_runs(world, "parquet", FIRST, date(2025, 3, 5))
    for row in recorded_values(world, "parquet", metric="accuracy"):
        assert row["value"] == 1.0
        assert row["n"] == pytest.approx(80, abs=3)


@pytest.mark.long
def test_an_old_window_is_mended_but_not_judged_again(world: Project) -> None:
    path = world.root / "data/predictions/day=2025-03-04/part.parquet"
    sound = path.read_bytes()
    pd.read_parquet(path).iloc[:40].to_parquet(path)
    many_runs(world, "parquet", FIRST, LAST)
    path.write_bytes(sound)
    decisions = recorded(world)["decision"]
    gauges = (world.home / "gauges" / "parquet.prom").read_text()
    outcome = run_window(
        RunContext.of(world, world.monitor("parquet"), date(2025, 3, 4), datetime(2025, 3, 20, tzinfo=ZoneInfo(ZONE))),
        Stages.plain(),
        with_report=False,
    )
    assert outcome.decisions == []
    assert recorded(world)["decision"] == decisions
    assert (world.home / "gauges" / "parquet.prom").read_text() == gauges
    day = datetime(2025, 3, 4, tzinfo=ZoneInfo(ZONE))
    (rows,) = recorded_values(world, "parquet", metric="rows", since=day, until=day + timedelta(days=1))
    assert rows["value"] == 120


def test_a_window_that_is_not_over_is_refused(world: Project) -> None:
    with pytest.raises(MonitorError, match="2025-03-06 is not over yet; the newest complete window is 2025-03-05"):
        RunContext.of(
            world, world.monitor("parquet"), date(2025, 3, 6), datetime(2025, 3, 6, 12, tzinfo=ZoneInfo(ZONE))
        )


def test_a_backfill_by_the_hour_runs_the_whole_of_its_last_day(world: Project) -> None:
    edit(world, "parquet", ("model: parquet", "model: parquet\nevery: 1h"))
    monitor = world.monitor("parquet")
    assert len(windows_between(monitor, date(2025, 3, 6), date(2025, 3, 7))) == 48
    assert len(windows_between(monitor, date(2025, 3, 30), date(2025, 3, 30))) == 23


def test_an_id_column_may_be_called_time(world: Project) -> None:
    for path in sorted(world.root.glob("data/*/*/*.parquet")):
        pd.read_parquet(path).rename(columns={"id": "time"}).to_parquet(path)
    edit(world, "parquet", ("  id: id\n", "  id: time\n"))
    one_run(world, "parquet", date(2025, 3, 6))
    (rows,) = recorded_values(world, "parquet", metric="rows")
    assert rows["value"] == 120


def test_the_run_for_a_day(world: Project) -> None:
    monitor = world.monitor("parquet")
    with pytest.raises(MonitorError, match="parquet: 2130-01-01 is not over yet; the newest complete window is "):
        RunContext.of(world, monitor, date(2130, 1, 1))
    with pytest.raises(MonitorError, match=r"parquet: 2130-01-02T05:15:00.* is still to come; give a time that has "):
        RunContext.of(world, monitor, date(2130, 1, 1), datetime(2130, 1, 2, 5, 15))
    local = RunContext.of(world, monitor, date(2025, 3, 5), datetime(2025, 3, 6, 5, 15))
    assert local.now == datetime(2025, 3, 6, 5, 15, tzinfo=ZoneInfo(ZONE))
