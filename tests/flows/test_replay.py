"""A replay comes to what the runs came to, and looks at nothing that a run could not know."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lamplighter.core.checks.decide import Decision
from lamplighter.core.records.finding import Code
from storage.history import open_history
from storage.history.acceptances import Acceptance, accept
from storage.history.decisions import decisions_made
from storage.history.incidents import all_incidents
from storage.history.prune import prune
from storage.history.query import dump
from storage.project.folder import Project
from tasks.replay import ReplayedIncident, replay, runs_of
from tests.flows import small_world
from tests.flows.small_world import day, log, rows, run

MONITOR = """
model: m
kind: classification
predictions: {parquet: "data/day={day}.parquet", time: at, id: id, prediction: answer, score: score}
labels: {parquet: "labels/day={day}.parquet", target: truth, mature_after: 2d, min_coverage: 0.5}
features: {numeric: [amount, count], categorical: [plan, region]}
segments: [region]
reference: {days: 2025-03-03..2025-03-06}
undecided_after: 2
checks:
  - {metric: accuracy, below: 0.9}
  - {metric: accuracy, falls: 5%, versus: {mean: 7d}, name: falls}
  - {metric: accuracy, falls: {by: 0.1}, versus: reference, name: reference}
  - {metric: accuracy, below: {quantile: 0.1, of: 10d}, name: quantile, for: 2 of 3 days}
  - {metric: roc_auc, outside: {sigmas: 4, of: 10d}, minimum_windows: 4, surely: true, name: sigmas}
  - {metric: accuracy, slope: -0.02 per day, over: 5d, clears: 1, name: slope}
  - {metric: accuracy, below: 0.8, segment: region=*, name: regions}
  - {metric: accuracy, below: 0.5, segment: region=South, name: south}
  - {metric: accuracy, missing: 1d, name: absent}
  - {metric: rows, falls: 30%, versus: {median: 7d}, name: few}
  - {metric: drift_share, above: 0.4, for: 2 of 2 days, name: drifted}
  - {metric: missing_ratio, feature: plan, rises: 50%, versus: {mean: 7d}, ignore_below: 0.05, name: nulls}
"""
DAYS = 24
WORSE, CENTS, NORTH_ONLY, UNLABELLED, FEW = range(12, 15), (8,), range(15, 21), (10,), (18,)
ACCEPTED_AFTER = 9


def served(number: int) -> pd.DataFrame:
    """What was logged on a day, with everything that went wrong."""
    frame = rows(number)
    if number in WORSE:
        frame["answer"] = (frame["score"] > 0.25).astype(int)
    if number in CENTS:
        frame["amount"] *= 100
    if number in NORTH_ONLY:
        frame["region"] = "North"
    if number == 20:
        frame.loc[::3, "plan"] = None
    return frame.iloc[:60] if number in FEW else frame


def deliver(project: Project, number: int) -> None:
    """The labels that arrive on a day: most of the day before, and the rest of two days before."""
    folder = project.root / "labels"
    folder.mkdir(exist_ok=True)
    parts = []
    for before, part in ((number - 1, slice(0, 150)), (number - 2, slice(150, None))):
        if before >= 0 and before not in UNLABELLED:
            parts.append(rows(before)[["id", "truth"]].iloc[part])
    if parts:
        pd.concat(parts).to_parquet(folder / f"day={day(number)}.parquet", index=False)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Twenty-four days, each run in its time."""
    project = small_world.make(tmp_path_factory.mktemp("replayed") / "world", MONITOR)
    for number in range(DAYS):
        deliver(project, number)
        log(project, number, served(number).drop(columns="truth"))
        outcome = run(project, number)
        if number == ACCEPTED_AFTER:
            start = outcome.context.window.previous().start
            known_on = outcome.context.known_on
            with open_history(project).writing() as connection:
                accepted = Acceptance("m", "1d", Code.SCALE_CHANGED, "amount", start, start, known_on, "jo")
                accept(connection, [accepted])
    return project


def as_numbers(decisions: list[Decision]) -> list[tuple[Any, ...]]:
    """What was decided, without the words for what is absent."""
    return sorted(
        (it.check.name, it.window_start, it.value, it.threshold, it.limit, it.compared, it.verdict, it.cause)
        for it in decisions
    )


def incidents_of(replayed: list[ReplayedIncident]) -> list[tuple[Any, ...]]:
    return sorted((it.check_name, it.severity, it.opened_on, it.window_start, it.closed_on) for it in replayed)


@pytest.mark.long
def test_a_replay_comes_to_what_the_runs_came_to(recorded: Project) -> None:
    history, monitor = open_history(recorded), recorded.monitor("m")
    before = dump(history)
    replayed = replay(history, monitor)
    assert len(replayed.dates) == DAYS
    for date in replayed.dates:
        assert as_numbers(replayed.decisions[date]) == as_numbers(decisions_made(history, "m", date, monitor.judged))
    names = ("check_name", "severity", "opened_on", "window_start", "closed_on")
    rows = [tuple(row[name] for name in names) for row in all_incidents(history, "m")]
    assert incidents_of(replayed.incidents) == sorted(rows)
    assert {it.check_name for it in replayed.incidents} >= {"data", "falls", "reference", "few", "nulls", "absent"}
    assert dump(history) == before


def test_a_replay_up_to_a_day_equals_a_history_that_ends_on_it(recorded: Project, tmp_path: Path) -> None:
    shutil.copytree(recorded.root, tmp_path / "copy")
    copy, monitor = Project.open(tmp_path / "copy"), recorded.monitor("m")
    whole = replay(open_history(recorded), monitor)
    for date in reversed(whole.dates):
        prune(open_history(copy), "m", date)
        ended = replay(open_history(copy), monitor)
        assert ended.dates == [it for it in whole.dates if it <= date]
        for known_on in ended.dates:
            assert ended.decisions[known_on] == whole.decisions[known_on]
        until = [it for it in whole.incidents if it.opened_on <= date]
        still = [(*it[:4], it[4] if it[4] and it[4] <= date else None) for it in incidents_of(until)]
        assert incidents_of(ended.incidents) == still


def test_a_span_and_a_draft(recorded: Project) -> None:
    history, monitor = open_history(recorded), recorded.monitor("m")
    since, until = (datetime(2025, 3, number, tzinfo=UTC) for number in (8, 12))
    assert [window.label for window, _ in runs_of(history, monitor, since, until)] == [
        f"2025-03-{number:02d}" for number in range(8, 12)
    ]
    text = (recorded.root / "monitors" / "m.yaml").read_text().partition("checks:")[0]
    (recorded.root / "monitors" / "m.yaml").write_text(f"{text}checks:\n  - {{metric: accuracy, below: 2}}\n")
    try:
        draft = Project.open(recorded.root).monitor("m")
    finally:
        (recorded.root / "monitors" / "m.yaml").write_text(MONITOR)
    found = replay(history, draft)
    assert {it.check_name for it in found.incidents} == {"data", "accuracy-below"}
