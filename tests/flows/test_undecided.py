"""Checks that cannot be decided: quiet while labels are awaited, visible where the data are why."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from lamplighter.core.checks.decide import Cause
from storage.history import open_history
from storage.history.decisions import undecided_checks
from storage.history.query import dump
from storage.project.folder import Project
from tests.flows import small_world
from tests.flows.loop_world import call
from tests.flows.runs import edit
from tests.flows.small_world import MONITOR, incidents, rows, run, run_days
from tests.receivers import Receiver

ABSENT = "accuracy-region-west-below"
CHECK = f"checks:\n  - {{name: {ABSENT}, metric: accuracy, segment: region=West, below: 0.5, severity: critical}}\n"


def west(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(region=["West", "North"] * (len(frame) // 2))


def test_an_incident_opens_after_as_many_windows_and_closes(tmp_path: Path, receiver: Receiver) -> None:
    project = small_world.make(tmp_path / "world", f"{MONITOR}{CHECK}notify: json://{receiver.url}\n")
    outcomes = run_days(project, range(4))
    again = dump(open_history(project))
    run(project, 3)
    assert dump(open_history(project)) == again
    reason = "no labelled row of 2025-03-06 has region=West; there are region=North, region=South"
    assert [decision.reason for decision in outcomes[-1].undecided_checks] == [reason]
    assert outcomes[-1].message == f"completed with findings: check {ABSENT} is undecided: {reason}"
    run_days(project, range(4, 6), west)
    assert incidents(project) == [(f"{ABSENT}:undecided", 2, 4)]
    opened, closed = f"m: {ABSENT} cannot be decided since 2025-03-03", f"m: {ABSENT} can be decided again"
    assert receiver.titles == [opened, closed]
    assert "no labelled row of 2025-03-05 has region=West" in receiver.got[0][1]["message"]


@pytest.mark.parametrize(
    ("keys", "opened"), [("undecided_after: 0\n", []), ("undecided_after: 1\n", [0]), ("undecided_after: 2\n", [1])]
)
def test_the_fleet_may_say_when(tmp_path: Path, keys: str, opened: list[int]) -> None:
    project = small_world.make(tmp_path / "world", f"extends: _all.yaml\n{MONITOR}{CHECK}")
    (project.root / "monitors" / "_all.yaml").write_text(keys)
    run_days(project, range(3))
    assert [day for _, day, _ in incidents(project)] == opened
    edit(project, "m", ("severity: critical", "severity: critical, undecided_after: 4"))
    run_days(project, range(3, 5))
    assert f"{ABSENT}:undecided" in [name for name, _, _ in incidents(project)]


def test_where_it_is_seen(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "world", MONITOR + CHECK)
    run_days(project, range(3))
    assert "1 undecided" in call(project, "status")[1]
    assert f"{ABSENT}:undecided" in call(project, "status", "m")[1]
    (shown,) = json.loads(call(project, "status", "--json")[1])
    assert (shown["status"], list(shown["undecided"])) == ("findings", [ABSENT])
    gauges = (project.home / "gauges" / "m.prom").read_text()
    assert 'lamplighter_checks_undecided{cause="data",model="m"} 1.0' in gauges
    assert 'lamplighter_checks_undecided{cause="waiting",model="m"} 0.0' in gauges
    assert (
        f'lamplighter_incident_open{{check="{ABSENT}:undecided",model="m",severity="critical",via="apprise"}} 1.0'
        in gauges
    )
    when = ("--day", "2025-03-05", "--now", "2025-03-06T05:15")
    assert call(project, "run", "m", *when, "--fail-on-findings")[0] == 1
    assert call(project, "run", "m", *when)[0] == 0
    assert call(project, "incidents", "mute", "m", ABSENT)[0] == 0
    assert "muted_until" in call(project, "incidents")[1]


APART = MONITOR.replace(
    "labels: {same_row: true, target: truth, mature_after: 1h}",
    'labels: {parquet: "truth/day={day}.parquet", target: truth, mature_after: 2d}',
)


def test_labels_that_are_awaited_are_no_news(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "world", f"{APART}checks: [{{metric: accuracy, below: 0.5}}]\n")
    (project.root / "truth").mkdir()
    pd.DataFrame({"id": ["0-0"], "truth": [1]}).to_parquet(project.root / "truth" / "day=2025-03-03.parquet")
    outcome = run(project, 0, rows(0))
    assert outcome.message == "completed"
    (check,) = undecided_checks(open_history(project), "m")
    assert (check.cause, check.reason) == (Cause.WAITING, "no window with enough labels yet")
    assert call(project, "status")[1].count("accuracy-below") == 0


REASONS: dict[str, tuple[str, str]] = {
    "a class": (
        "{metric: prediction_share, class: 7, below: 0.1}",
        "no row of 2025-03-03 has class '7'; there are 0, 1",
    ),
    "a class of quality": (
        "{metric: recall, class: 7, below: 0.1}",
        "no row of 2025-03-03 has class '7'; there are 0, 1",
    ),
    "a flag": (
        "{metric: accuracy, segment: region=true, below: 0.1}",
        "no labelled row of 2025-03-03 has region=true; there are region=North, region=South; "
        "booleans are written 1 and 0",
    ),
}


@pytest.mark.parametrize("kind", REASONS)
def test_a_reason_says_what_is_there_instead(tmp_path: Path, kind: str) -> None:
    check, reason = REASONS[kind]
    project = small_world.make(tmp_path / "world", f"{MONITOR}checks: [{check}]\n")
    (decision,) = run(project, 0, rows(0)).undecided_checks
    assert decision.reason == reason


def test_broken_data_inhibit_and_are_not_counted(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "world", f"{MONITOR}{CHECK}  - {{metric: f1, below: 0.1}}\n")
    run_days(project, range(2))
    outcome = run(project, 2, rows(2).drop(columns="amount"))
    assert outcome.undecided_checks == []
    assert {check.cause for check in undecided_checks(open_history(project), "m")} == {Cause.INHIBITED}
    run_days(project, range(3, 5))
    assert incidents(Project.open(project.root)) == [("data", 2, 3), (f"{ABSENT}:undecided", 3, None)]
