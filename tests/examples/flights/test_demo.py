"""The parts of the demo that can be tested without playing it; `.ci/run` plays it."""

from __future__ import annotations

import io
from concurrent.futures import Future
from datetime import date

import pytest
from rich.console import Console

from examples.flights.beside import Span
from examples.flights.lanes import windows_run
from examples.flights.replay import LOOP
from examples.flights.steps import Steps
from examples.flights.summary import incident_table
from storage.project.folder import Project
from tests.examples.flights.june import EVE, FIRST


@pytest.mark.parametrize(
    ("first", "last", "split", "beside"),
    [
        # 70 days of the regression, twice a month, a week.
        (date(2013, 4, 1), date(2013, 6, 9), date(2013, 6, 8), 70 + 30 + 30 + 7),
        (date(2013, 4, 1), date(2013, 4, 14), date(2013, 4, 13), 14 + 14 + 14 + 7),
        (date(2013, 4, 1), date(2013, 4, 1), date(2013, 4, 1), 4),
    ],
)
def test_the_last_days_are_flow_runs_and_every_day_is_counted(
    first: date, last: date, split: date, beside: int
) -> None:
    span = Span.of(first, last, 2)
    assert (span.split, span.days_beside) == (split, beside)


def lines_of(steps: Steps) -> list[str]:
    file = steps.console.file
    assert isinstance(file, io.StringIO)
    return [line.partition(" s  ")[2] for line in file.getvalue().splitlines()]


def test_without_a_terminal_a_step_writes_plain_lines() -> None:
    steps = Steps(Console(file=io.StringIO(), width=40), 0.0)
    with steps, steps.step("walk", 8) as step:
        for i in range(8):
            step.advance(f"day {i}")
    shown = [line.split(",")[0] for line in lines_of(steps)]
    assert shown[:4] == ["walk ...", "walk: 2 of 8", "walk: 4 of 8", "walk: 6 of 8"]
    assert shown[4].startswith("walk: done in")
    assert len(shown) == 5


def test_on_a_terminal_a_step_is_a_bar_that_fills() -> None:
    steps = Steps(Console(file=io.StringIO(), width=120, force_terminal=True), 0.0)
    with steps:
        with steps.step("walk", 2) as step:
            step.advance("half way")
            (bar,) = steps.progress.tasks
            assert (bar.completed, bar.total, bar.fields["note"]) == (1, 2, "half way")
        assert bar.finished


def test_a_step_of_another_process_ends_with_it_and_not_when_it_fails() -> None:
    steps = Steps(Console(file=io.StringIO(), width=40), 0.0)
    with steps.watched("sound", 1, lambda: 0):
        pass
    broken: Future[None] = Future()
    broken.set_exception(ValueError("no"))
    steps.follow("broken", broken, None)
    # Both threads end at once, for both futures have.
    for thread in steps.threads:
        thread.join(10)
    shown = lines_of(steps)
    assert any(line.startswith("sound: done") for line in shown)
    assert not any(line.startswith("broken: done") for line in shown)


def test_what_was_recorded_is_counted(june: Project) -> None:
    assert windows_run(june, [LOOP]) == (EVE - FIRST).days + 1
    headings, rows = incident_table(june)
    assert headings[0] == "check"
    assert rows == []
