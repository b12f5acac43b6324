"""Runs out of order: gaps filled later, old days looked at again, labels and rows that went, zones that changed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flows.fleet import Step, backfill_models
from flows.run_window import run_window
from flows.run_windows import windows_to_run
from flows.stage_functions import Stages
from lamplighter.errors import MonitorError
from storage.history import open_history
from storage.history.query import Filter, measurements
from storage.history.windows import judged_window
from storage.project.folder import Project
from tasks.stages.run_context import RunContext
from tests.flows.conftest import ZONE, Ran
from tests.flows.runs import edit, many_runs, one_run, recorded

FIRST, LAST = date(2025, 3, 3), date(2025, 3, 10)
GAP = date(2025, 3, 6)


def backfilled(world: Project, first: date, last: date, model: str = "parquet") -> list[str]:
    output: list[Step] = []
    (done,) = backfill_models(world, [model], first, last, reports=0, processes=1, announce=output.append)
    assert done.is_sound, done.faults
    return [step.line for step in output if not step.stage]


def values(world: Project, metric: str, day: date | None = None, model: str = "parquet") -> list[dict[str, Any]]:
    zone = ZoneInfo(ZONE)
    since = datetime(day.year, day.month, day.day, tzinfo=zone) if day else None
    until = since + timedelta(days=1) if since else None
    wanted = Filter(metric=metric, segment="", version="", klass="", since=since, until=until)
    return measurements(open_history(world), model, wanted)


def context(world: Project, day: date, now: datetime | None = None, **options: Any) -> RunContext:
    return RunContext.of(world, world.monitor("parquet"), day, now, **options)


@pytest.mark.long
def test_a_gap_that_is_filled_later_leaves_the_history_of_one_that_was_not(
    ran: Ran, parquet_until: Callable[[date], Path]
) -> None:
    expected = recorded(Project.open(parquet_until(LAST)))
    world = ran(date(2025, 3, 5))
    outcome = one_run(world, "parquet", date(2025, 3, 7))
    (missing,) = [finding for finding in outcome.findings if finding.code.value == "runs-missing"]
    assert missing.message == (
        "no run was about the window before 2025-03-07; "
        "run `lamplighter backfill parquet --from 2025-03-06 --to 2025-03-06`"
    )
    many_runs(world, "parquet", date(2025, 3, 8), LAST)
    done = windows_to_run(world, world.monitor("parquet"), GAP, GAP)
    # Two days until its labels are final, so the runs of the two windows after it look at it, too.
    assert [window.label for window in done] == ["2025-03-06", "2025-03-07", "2025-03-08"]
    backfilled(world, GAP, GAP)
    found = recorded(world)
    decisions, expected_decisions = found.pop("decision"), expected.pop("decision")
    assert found == expected
    # What was decided while the gap was there stays decided.
    assert len(decisions) == len(expected_decisions)


@pytest.mark.long
def test_a_backfill_of_old_days_leaves_the_gauges_as_they_are(world: Project) -> None:
    many_runs(world, "parquet", date(2025, 3, 5), LAST)
    published = (world.home / "gauges" / "parquet.prom").read_text()
    backfilled(world, FIRST, date(2025, 3, 4))
    assert (world.home / "gauges" / "parquet.prom").read_text() == published


def test_relabelled_values_stay_when_the_run_is_repeated(ran: Ran) -> None:
    world = ran(LAST)
    arrivals = values(world, "labels_late", date(2025, 3, 4))
    assert arrivals
    now = datetime(2025, 3, 20, 6, tzinfo=ZoneInfo(ZONE))
    (before,) = values(world, "labels_coverage", date(2025, 3, 4))
    run_window(context(world, date(2025, 3, 4), now, relabel=True), Stages.plain(), with_report=False)
    relabelled = recorded(world)
    (after,) = values(world, "labels_coverage", date(2025, 3, 4))
    assert after["value"] > before["value"]
    assert values(world, "labels_late", date(2025, 3, 4)) == arrivals
    run_window(context(world, date(2025, 3, 4), now + timedelta(hours=1)), Stages.plain(), with_report=False)
    (again,) = values(world, "labels_coverage", date(2025, 3, 4))
    assert again == after
    assert recorded(world)["confusion"] == relabelled["confusion"]


def test_relabelling_does_not_make_an_open_window_final(ran: Ran) -> None:
    world = ran(date(2025, 3, 5))
    run_window(context(world, date(2025, 3, 5), relabel=True), Stages.plain(), with_report=False)
    (coverage,) = values(world, "labels_coverage", date(2025, 3, 5))
    assert coverage["state"] == "provisional"


@pytest.mark.long
def test_a_label_source_that_is_down_on_the_second_run_erases_nothing(world: Project) -> None:
    many_runs(world, "sql", FIRST, LAST)
    expected = recorded(world)
    text = (world.root / "monitors" / "sql.yaml").read_text()
    edit(world, "sql", ("table: labels", "table: gone"))
    outcome = one_run(world, "sql", LAST)
    assert [finding.code.value for finding in outcome.findings] == ["labels-unreadable"]
    disturbed = recorded(world)
    assert {name: rows for name, rows in disturbed.items() if name != "finding"} == {
        name: rows for name, rows in expected.items() if name != "finding"
    }
    (world.root / "monitors" / "sql.yaml").write_text(text)
    one_run(world, "sql", LAST)
    assert recorded(world) == expected


def test_predictions_that_have_gone_leave_what_was_recorded(ran: Ran) -> None:
    world = ran(LAST)
    expected = recorded(world)
    for day in (9, 10, 11):
        shutil.rmtree(world.root / f"data/predictions/day=2025-03-{day:02d}")
    outcome = one_run(world, "parquet", LAST)
    gone = [finding for finding in outcome.findings if finding.code.value == "predictions-gone"]
    assert {finding.subject for finding in gone} == {"2025-03-09", "2025-03-10"}
    found = recorded(world)
    assert {name: rows for name, rows in found.items() if name != "finding"} == {
        name: rows for name, rows in expected.items() if name != "finding"
    }


def test_while_label_files_are_missing_windows_stay_open_and_quality_is_silent(ran: Ran) -> None:
    world = ran(date(2025, 3, 5))
    before = values(world, "labels_coverage")
    labels, aside = world.root / "data/labels", world.root / "aside"
    labels.rename(aside)
    outcome = one_run(world, "parquet", date(2025, 3, 6))
    assert any(finding.code.value == "labels-unreadable" for finding in outcome.findings)
    verdicts = {decision.check.name: decision for decision in outcome.decisions}
    assert verdicts["data"].verdict.value == "failed"
    assert verdicts["f1-below"].reason == "not judged while the data are broken: labels-unreadable"
    assert values(world, "labels_coverage")[: len(before)] == before
    aside.rename(labels)
    many_runs(world, "parquet", date(2025, 3, 7), LAST)
    healed = {row["window_start"]: row["value"] for row in values(world, "labels_coverage")}
    assert all(healed[row["window_start"]] >= row["value"] for row in before)
    assert min(list(healed.values())[:4]) > 0.5


def test_when_labels_stop_for_good_the_judged_window_moves_on(world: Project) -> None:
    shutil.rmtree(world.root / "data/labels")
    (world.root / "data/labels").mkdir()
    edit(world, "parquet", ("mature_after: 2d", "mature_after: 1d"))
    many_runs(world, "parquet", FIRST, date(2025, 3, 7))
    context = RunContext.of(world, world.monitor("parquet"), date(2025, 4, 7))
    outcome = run_window(context, Stages.plain(), with_report=False)
    judged = judged_window(
        open_history(world), world.monitor("parquet"), outcome.context.window, outcome.context.known_on
    )
    assert judged is not None
    assert judged.label == "2025-03-07"
    (decision,) = [decision for decision in outcome.decisions if decision.check.metric == "f1"]
    assert (decision.verdict.value, decision.window_start) == ("undecided", judged.start)
    assert any(finding.code.value == "labels-unreadable" for finding in outcome.findings)
    assert values(world, "labels_coverage", date(2025, 3, 7))[0]["value"] == 0


def test_days_that_are_not_over_are_not_run(world: Project) -> None:
    with pytest.raises(MonitorError, match=r"^parquet: 2199-01-01 is not over yet; the newest complete window is 20"):
        windows_to_run(world, world.monitor("parquet"), FIRST, date(2199, 1, 1))


def test_without_the_column_of_predictions_every_metric_says_so(world: Project) -> None:
    edit(world, "parquet", ("prediction: answer", "prediction: answr"))
    many_runs(world, "parquet", FIRST, date(2025, 3, 4))
    for metric in ("f1", "roc_auc", "null_prediction_ratio"):
        (row,) = values(world, metric, FIRST)
        assert row["value"] is None
        assert row["reason"].startswith(("a column of the predictions", "column 'answr'"))


def test_a_zone_that_changes_leaves_the_open_windows_where_they_are(ran: Ran) -> None:
    world = ran(date(2025, 3, 6))
    edit(world, "_shared", ("timezone: Europe/Berlin", "timezone: America/New_York"))
    many_runs(world, "parquet", date(2025, 3, 7), LAST)
    coverage = values(world, "labels_coverage")
    berlin = [row for row in coverage if row["window_start"].hour == 23]
    assert len(berlin) == 4
    assert {row["state"] for row in berlin} == {"final"}
    assert all(row["value"] > 0.5 for row in berlin)
    command = [str(Path(sys.executable).with_name("lamplighter")), "-C", str(world.root), "history", "parquet"]
    shown = json.loads(subprocess.check_output([*command, "--metric", "labels_coverage", "--json"]))
    assert [row["window"] for row in shown] == [f"2025-03-{day:02d}" for day in range(3, 11)]


def test_an_unexpected_exception_costs_its_own_run_alone(world: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def fragile(about: RunContext, *arguments: Any, **options: Any) -> Any:
        if about.monitor.model == "sql" and about.window.label == "2025-03-04":
            raise ZeroDivisionError("no code\nforesaw this")
        return run_window(about, *arguments, **options)

    monkeypatch.setattr("flows.run_windows.run_window", fragile)
    output: list[Step] = []
    done = backfill_models(
        world, ["sql", "parquet"], FIRST, date(2025, 3, 5), reports=0, processes=1, announce=output.append
    )
    fault = "sql 2025-03-04: unexpected ZeroDivisionError: no code foresaw this"
    assert [it.faults for it in done] == [[fault], []]
    assert [(it.planned, it.ran) for it in done] == [(3, 3), (3, 3)]
    ended = [step.line for step in output if not step.stage]
    assert len(ended) == 6
    assert ended[-1].startswith("parquet 2025-03-05: completed")


def test_an_exception_of_a_stage_fails_its_run_and_the_next_goes_on(world: Project) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("no code foresaw this")

    with pytest.raises(ZeroDivisionError):
        run_window(context(world, FIRST), replace(Stages.plain(), profile=broken), with_report=False)
    assert "lamplighter_run_last_timestamp_seconds" in (world.home / "gauges" / "parquet.prom").read_text()
    assert context(world, FIRST).known_on < datetime.now(UTC)
