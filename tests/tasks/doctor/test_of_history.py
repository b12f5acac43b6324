"""What `lamplighter doctor` says of runs: one that was killed, one that goes on for long, one that never was."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage.history import History, model_lock, open_history, tables
from storage.project.folder import Project
from tests.lamplighter.cli import looked_world
from tests.lamplighter.cli.test_doctor import edit, looked, wrong

made, world = looked_world.made, looked_world.world


def under_way(world: Path, hours: int = 0, *, newest: bool = True) -> History:
    """Have the newest or the oldest run as one that began some hours ago and has not ended."""
    history, run = open_history(Project.open(world)), tables.run
    with history.writing() as connection:
        pick = sa.func.max if newest else sa.func.min
        number = connection.scalar(sa.select(pick(run.c.id)))
        began = connection.scalar(sa.select(run.c.started_at).where(run.c.id == number))
        values = {"status": "running", "ended_at": None, "started_at": began - timedelta(hours=hours)}
        connection.execute(sa.update(run).where(run.c.id == number).values(**values))
    return history


@pytest.mark.parametrize(("hours", "newest"), [(0, True), (30, True), (30, False)])
def test_a_run_that_was_killed_is_a_fault(world: Path, hours: int, newest: bool) -> None:
    under_way(world, hours, newest=newest)
    [(state, check, said)] = wrong(world)
    assert (state, check) == ("fault", "runs")
    wanted = r"history: the run of (20\S+) began at 20\S+ and was killed: .*; `lamplighter run churn --day (20\S+)` "
    match = re.match(wanted, said)
    assert match, said
    assert match[1] == match[2]


def test_a_run_that_is_at_work(world: Path) -> None:
    history = under_way(world)
    with model_lock("run", "churn", history.engine, world / ".lamplighter" / "locks", 0):
        assert wrong(world) == []
        assert [it["what"][:24] for it in looked(world) if it["check"] == "runs"] == ["a run is at work since 2"]
        under_way(world, 30)
        [(state, check, said)] = wrong(world)
    assert (state, check) == ("warning", "runs")
    assert said.endswith("and is still at work; look at what it waits for")


def test_a_model_that_was_never_run_though_a_run_was_due(world: Path) -> None:
    with (history := open_history(Project.open(world))).writing() as connection:
        connection.execute(sa.delete(tables.run))
    [(state, check, said)] = wrong(world)
    assert (state, check) == ("warning", "runs")
    assert re.search(r"no run is recorded, and one was due at 20\S+: there are predictions of 20\S+; start the w", said)
    history.engine.dispose()
    # Once a year, half a year from now: none was due since the log began.
    month = (datetime.now(UTC).month + 5) % 12 + 1
    edit(world / "monitors" / "churn.yaml", "model: churn\n", f'model: churn\nschedule: "0 0 1 {month} *"\n')
    assert [it["what"] for it in looked(world) if it["check"] == "runs"] == ["no run is recorded yet, and none was due"]
