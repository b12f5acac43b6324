"""A clock that was wrong once: every run says so, and a command leaves the history as if it had been right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from lamplighter.core.finding import Code
from storage.history import open_history, tables
from storage.history.query import dump
from tests.flows import small_world
from tests.flows.loop_world import call
from tests.flows.small_world import FIRST, MONITOR, incidents, rows, run, run_days
from tests.storage.history.recorded import write

CHECK = "checks: [{metric: accuracy, below: 0.5}]\n"
AHEAD = (datetime.now(UTC).date() - FIRST).days + 90
"""The day that a clock three months ahead takes for yesterday."""


def test_a_clock_that_was_ahead(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "world", MONITOR + CHECK)
    wrong = lambda frame: frame.assign(truth=1 - frame["answer"])  # noqa: E731
    run_days(project, range(2))
    run_days(project, range(2, 3), wrong)
    before = dump(open_history(project))
    run(project, AHEAD, rows(AHEAD))
    assert dump(open_history(project)) != before
    assert incidents(project) == [("accuracy-below", 2, AHEAD)]
    told = [found for found in run(project, 3, rows(3)).findings if found.code is Code.RUNS_OF_THE_FUTURE]
    until = FIRST + timedelta(days=AHEAD + 1)
    assert f"m: the history holds runs of the future, up to {until}; until then" in told[0].message
    assert told[0].message.endswith("remove them by `lamplighter prune m`")
    assert incidents(project) == [("accuracy-below", 2, AHEAD)]

    code, shown = call(project, "prune", "m")
    assert (code, "decision 2" in shown, "add --yes" in shown) == (1, True, True)
    assert incidents(project) == [("accuracy-below", 2, AHEAD)]
    assert call(project, "prune", "m", "--after", f"{FIRST + timedelta(days=3)}T12:00", "--yes")[0] == 0
    assert dump(open_history(project)) == before
    assert "nothing is removed" in call(project, "prune", "m", "--yes")[1]
    (outcome,) = run_days(project, range(3, 4))
    assert (outcome.message, incidents(project)) == ("completed", [("accuracy-below", 2, 3)])


def test_other_models_stay(tmp_path: Path) -> None:
    project = small_world.make(tmp_path / "world", MONITOR)
    run(project, AHEAD, rows(AHEAD))
    later = datetime.now(UTC) + timedelta(days=50)
    mute = {"model": "m", "check_name": "data", "until": later, "reason": ""}
    other = {"model": "n", "number": 1, "version": "v", "previous": "", "known_on": later, "cause": ""}
    write(open_history(project), tables.mute, [mute])
    write(open_history(project), tables.promotion, [other])
    assert call(project, "prune", "m", "--yes")[0] == 0
    left = {name: len(rows) for name, rows in dump(open_history(project)).items() if rows}
    assert left == {"mute": 1, "promotion": 1}
