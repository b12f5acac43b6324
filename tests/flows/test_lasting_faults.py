"""A data fault stays open until the data are sound again or a person accepts them, however long it takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from storage.history import open_history
from storage.history.incidents import all_incidents
from storage.history.query import dump
from storage.project.folder import Project
from tests.flows import small_world
from tests.flows.loop_world import call
from tests.flows.small_world import Change, incidents, rows, run, run_days
from tests.long_cases import long_but_for

SOUND, BROKEN = 8, 16
"""Days before the fault, and days that it lasts: more than a run looks back over."""

Sound = Callable[..., Project]


def times(column: str, factor: float) -> Change:
    return lambda frame: frame.assign(**{column: frame[column] * factor})


def lower(column: str) -> Change:
    return lambda frame: frame.assign(**{column: frame[column].str.lower()})


def nulls(column: str) -> Change:
    return lambda frame: frame.assign(**{column: frame[column].where(np.arange(len(frame)) % 4 > 0)})


FAULTS: dict[str, tuple[Change, str]] = {
    "amounts in cents": (times("amount", 100), "amount"),
    "counts in tens": (times("count", 10), "count"),
    "plans in small letters": (lower("plan"), "plan"),
    "regions in small letters": (lower("region"), "region"),
    "a quarter of the amounts lost": (nulls("amount"), "amount"),
    "a feed that froze": (lambda frame: frame.assign(amount=np.resize([3.0, 4.5], len(frame))), "amount"),
}


def findings(project: Project) -> list[dict[str, str]]:
    return json.loads(call(project, "history", "m", "--findings", "--json")[1])


@pytest.mark.parametrize("fault", long_but_for(FAULTS, ["plans in small letters", "a feed that froze"]))
def test_it_lasts_and_ends_with_the_fault(sound: Sound, fault: str) -> None:
    change, column = FAULTS[fault]
    project = sound(SOUND)
    run_days(project, range(SOUND, SOUND + BROKEN), change)
    assert incidents(project) == [("data", SOUND, None)]
    (outcome,) = run_days(project, range(SOUND + BROKEN, SOUND + BROKEN + 1))
    assert incidents(project) == [("data", SOUND, SOUND + BROKEN)]
    assert outcome.message.startswith(f"completed; data: sound again: {column} (")
    assert {found["subject"] for found in findings(project)} == {column}


def some_rows(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.head(20)


QUIET: dict[str, Change | None] = {
    "a window with few rows": some_rows,
    "a day without a run": None,
    "a window without rows": lambda frame: frame.head(0),
    "a day without the column": lambda frame: frame.drop(columns="amount"),
    "a day of nulls": lambda frame: frame.assign(amount=np.nan),
}


@pytest.mark.parametrize("kind", long_but_for(QUIET, ["a day of nulls"]))
def test_what_cannot_be_judged_ends_nothing(sound: Sound, kind: str) -> None:
    project, change = sound(SOUND), times("amount", 10)
    run_days(project, range(SOUND, SOUND + 2), change)
    for day in range(SOUND + 2, SOUND + 12):
        if quiet := QUIET[kind]:
            run(project, day, quiet(change(rows(day))))
    run_days(project, range(SOUND + 12, SOUND + 14), change)
    assert incidents(project) == [("data", SOUND, None)]
    run_days(project, range(SOUND + 14, SOUND + 15))
    assert incidents(project) == [("data", SOUND, SOUND + 14)]


def accept(project: Project, *arguments: str) -> tuple[int, str]:
    return call(project, "incidents", "accept", "m", *arguments)


@pytest.mark.parametrize("column", long_but_for(["amount", "count"], ["count"]))
def test_what_a_person_accepts_is_usual_from_then_on(sound: Sound, column: str) -> None:
    project = sound(SOUND)
    run_days(project, range(SOUND, SOUND + 2), times(column, 10))
    before = dump(open_history(project))
    output = (0, f"m: accepted scale-changed {column}, which has been so since 2025-03-11; the next run reports it\n")
    assert accept(project, column, "--by", "jo", "--reason", "in cents") == output
    accepted = dump(open_history(project))
    again = f"m: {column} (scale-changed) was accepted by jo on 2025-03-13: in cents; nothing is changed\n"
    assert accept(project, column) == (0, again)
    run(project, SOUND + 1)
    assert dump(open_history(project)) == accepted
    assert {**accepted, "acceptance": []} == {**before, "acceptance": []}
    (outcome, *_) = run_days(project, range(SOUND + 2, SOUND + 5), times(column, 10))
    assert f"data: {column} (scale-changed) was accepted by jo on 2025-03-13: in cents" in outcome.message
    assert incidents(project) == [("data", SOUND, SOUND + 2)]
    (ended,) = all_incidents(open_history(project))
    assert ended["ending"] == f"{column} (scale-changed) was accepted by jo on 2025-03-13: in cents"
    assert "was accepted by jo" in call(project, "incidents", "--all")[1]
    run_days(project, range(SOUND + 5, SOUND + 6), times(column, 1000))
    run_days(project, range(SOUND + 6, SOUND + 7), times(column, 10))
    run_days(project, range(SOUND + 7, SOUND + 8))
    assert incidents(project)[1:] == [("data", SOUND + 5, SOUND + 6), ("data", SOUND + 7, None)]


def test_values_that_are_accepted(sound: Sound) -> None:
    project = sound(SOUND)
    run_days(project, range(8, 9), lower("plan"))
    assert accept(project, "data")[0] == 0
    run_days(project, range(9, 12), lower("plan"))
    assert incidents(project) == [("data", 8, 9)]
    run_days(project, range(12, 13))
    assert incidents(project)[1:] == [("data", 12, None)]


def test_a_column_that_is_gone_for_good(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "world")
    gone = lambda frame: frame.drop(columns="amount")  # noqa: E731
    run_days(project, range(3))
    run_days(project, range(3, 5), gone)
    assert accept(project, "amount")[0] == 0
    run_days(project, range(5, 8), gone)
    assert incidents(project) == [("data", 3, 5)]
    run_days(project, range(8, 9))
    run_days(project, range(9, 10), gone)
    assert incidents(project)[1:] == [("data", 9, None)]


def test_an_acceptance_before_the_first_run(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "world")
    assert accept(project)[1] == "lamplighter: nothing is recorded of 'm'; run it first\n"


def test_mistakes_of_an_acceptance(sound: Sound) -> None:
    project = sound(SOUND)
    assert accept(project) == (2, "lamplighter: m: the newest window has no data fault; there is nothing to accept\n")
    run_days(project, range(8, 9), times("amount", 100))
    code, output = accept(project, "amont")
    assert (code, "no data fault is named 'amont'; did you mean 'amount'?" in output) == (2, True)
    assert accept(project, "scale-changed")[0] == 0
