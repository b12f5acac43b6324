"""Runs whose limits come from the past: what a person is sent, and how an incident ends."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from storage.history import open_history
from storage.history.incidents import all_incidents
from tasks.stages.summary import summary
from tests.flows import small_world
from tests.flows.loop_world import call
from tests.flows.runs import edit
from tests.flows.small_world import MONITOR, incidents, rows, run, run_days
from tests.receivers import Receiver


def worse(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(answer=(frame["score"] > 0.2).astype(int))


def north(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(region="North")


def few(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[:100]


def world(folder: Path, receiver: Receiver, checks: str) -> small_world.Project:
    text = f"{MONITOR}checks:\n  - {checks}\nnotify: json://{receiver.url}\n"
    return small_world.make(folder / "world", text)


def bodies(receiver: Receiver) -> list[list[str]]:
    return [message["message"].splitlines() for _, message in receiver.got]


def test_the_message_says_the_limit_and_from_which_days(tmp_path: Path, receiver: Receiver) -> None:
    project = world(tmp_path, receiver, "{metric: rows, falls: 20%, versus: {mean: 5d}}")
    run_days(project, range(6), {5: few})
    assert incidents(project) == [("rows-falls", 5, None)]
    assert bodies(receiver)[0][:3] == [
        "rows is 100, below its limit 160",
        "the limit is 20 % below 200, the mean of 5 windows from 2025-03-03 to 2025-03-07",
        "since 2025-03-08",
    ]


@pytest.mark.long
def test_an_incident_closes_after_two_windows_that_pass(tmp_path: Path, receiver: Receiver) -> None:
    project = world(tmp_path, receiver, "{metric: rows, below: 150}")
    outcomes = run_days(project, range(9), {1: few, 3: few, 5: few})
    assert incidents(project) == [("rows-below", 1, 7)]
    assert receiver.titles == ["m: rows-below fails", "m: rows-below passes again"]
    reason = "passes, and its incident closes once 2 windows in a row pass"
    assert [decision.reason for decision in outcomes[6].decisions if decision.check.name == "rows-below"] == [reason]
    edit(project, "m", ("below: 150", "below: 150, clears: 1"))
    run_days(project, range(9, 14), {9: few, 11: few})
    assert incidents(project)[1:] == [("rows-below", 9, 10), ("rows-below", 11, 12)]


def test_a_limit_that_follows_the_change_says_so(tmp_path: Path, receiver: Receiver) -> None:
    """The past of a relative limit takes the change in: the incident ends, and its message says why."""
    project = world(tmp_path, receiver, "{metric: rows, falls: 20%, versus: {median: 4d}, clears: 1}")
    run_days(project, range(9), dict.fromkeys(range(5, 9), few))
    assert incidents(project) == [("rows-falls", 5, 8)]
    ending = "rows is still 100: its limit is 80 now, and was 160, since the past that it is compared with holds the"
    (row,) = all_incidents(open_history(project))
    assert row["ending"].startswith(ending)
    assert bodies(receiver)[1][1].startswith(ending)


def test_every_segment_has_its_own_incident_and_message(tmp_path: Path, receiver: Receiver) -> None:
    check = "{metric: accuracy, below: 0.9, segment: region=*, name: low, clears: 1}"
    project = world(tmp_path, receiver, check)

    def south_is_worse(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.where(frame["region"] != "South", worse(frame)).assign(answer=lambda it: it["answer"].astype(int))

    run_days(project, range(9), {2: south_is_worse, **dict.fromkeys(range(3, 9), north)})
    name = "low[region=South]"
    assert incidents(project) == [(name, 2, 5)]
    assert receiver.titles == [f"m: {name} fails", f"m: {name} is closed"]
    first = bodies(receiver)[0][0]
    assert first.startswith("accuracy of region=South is 0.")
    assert "below its limit 0.9" in first
    (row,) = all_incidents(open_history(project))
    assert row["ending"] == "region=South had no row in the last 3 windows"


def test_a_repeated_run_changes_nothing(tmp_path: Path, receiver: Receiver) -> None:
    project = world(
        tmp_path, receiver, "{metric: accuracy, falls: 5%, versus: {mean: 4d}, segment: region=*, name: low}"
    )
    run_days(project, range(6), {5: worse})
    before = [json.dumps(row, default=str) for row in all_incidents(open_history(project))]
    assert len(before) == 2
    run(project, 5, worse(rows(5)))
    assert [json.dumps(row, default=str) for row in all_incidents(open_history(project))] == before
    assert len(receiver.titles) == 2


def test_segments_stand_in_the_report_and_in_what_the_command_prints(tmp_path: Path) -> None:
    checks = "checks: [{metric: accuracy, below: 0.9, segment: region=*, name: low}, {metric: rows, below: 150}]\n"
    project = small_world.make(tmp_path / "world", f"{MONITOR}reference: {{days: 2025-03-03..2025-03-04}}\n{checks}")
    run_days(project, range(3))
    outcome = run(project, 3, worse(rows(3)), with_report=True)
    assert outcome.report is not None
    html = outcome.report.read_text()
    for name in ("low[region=North]", "low[region=South]", "rows-below"):
        assert name in html
    assert [it.check.name for it in outcome.decisions][1:] == ["low[region=North]", "low[region=South]", "rows-below"]
    lines = [line for line in summary(outcome).splitlines() if "low" in line]
    assert len([line for line in lines if "region=North" in line and "below 0.9" in line]) == 1
    assert call(project, "report", "m", "--day", "2025-03-06")[0] == 0


def test_the_message_of_a_number_says_in_how_many_days(tmp_path: Path, receiver: Receiver) -> None:
    project = world(tmp_path, receiver, "{metric: rows, below: 150, for: 2 of 3 days}")
    run_days(project, range(4), {1: few, 3: few})
    assert bodies(receiver)[0][:2] == ["rows is 100, below its limit 150, in 2 of the last 3 days", "since 2025-03-06"]


def test_a_check_of_segments_that_could_not_be_decided_closes_its_incident(tmp_path: Path, receiver: Receiver) -> None:
    check = "{metric: accuracy, below: 0.9, segment: region=*, name: low, minimum_rows: 60}"
    project = world(tmp_path, receiver, check)
    run_days(project, range(6), dict.fromkeys(range(1, 4), lambda frame: frame.iloc[:40]))
    assert incidents(project) == [("low:undecided", 3, 4)]
    assert receiver.titles == ["m: low cannot be decided since 2025-03-04", "m: low can be decided again"]


def test_status_says_why_an_incident_is_open_although_its_check_passes(tmp_path: Path, receiver: Receiver) -> None:
    project = world(tmp_path, receiver, "{metric: rows, below: 150}")
    run_days(project, range(3), {1: few})
    shown = call(project, "status")[1]
    assert "rows-below passes, and its incident closes once 2 windows in a row pass; open since 2025-03-05" in shown
