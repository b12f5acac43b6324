"""How a run ends in Prefect's list: the most urgent thing gives the name, and the message says what it was."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml

from flows.states import ENDINGS, ending
from storage.project.folder import Project
from tests.flows.runs import edit, many_runs, one_run

BEFORE, DAY = (date(2025, 3, 3), date(2025, 3, 5)), date(2025, 3, 6)


def log(world: Project) -> Path:
    return world.root / "data" / "predictions" / f"day={DAY}"


def without(*columns: str) -> Callable[[Project], None]:
    """Leave columns out of the day's log."""

    def change(world: Project) -> None:
        for path in log(world).glob("*.parquet"):
            pd.read_parquet(path).drop(columns=[*columns]).to_parquet(path)

    return change


def nothing(world: Project) -> None:
    """Leave the world as it is."""


def gone(world: Project) -> None:
    shutil.rmtree(log(world))


def no_file_of_parquet(world: Project) -> None:
    for path in log(world).glob("*.parquet"):
        path.write_bytes(b"PAR1 and no more")


def limited(check: str) -> Callable[[Project], None]:
    """Declare another check."""
    return lambda world: edit(world, "drifting", ("checks:\n", f"checks:\n  - {check}\n"))


@pytest.mark.parametrize(
    ("change", "name", "says"),
    [
        pytest.param(nothing, "Completed", "completed", id="sound"),
        pytest.param(gone, "NothingMeasured", "no predictions in 2025-03-06", id="no rows"),
        pytest.param(no_file_of_parquet, "NothingMeasured", "part", id="no file can be read"),
        pytest.param(without("amount"), "ChecksFailed", "checks failed: data", id="column missing"),
        pytest.param(
            limited("{metric: rows, below: 1000000}"), "ChecksFailed", "checks failed: rows-below", id="check failed"
        ),
        pytest.param(
            limited("{metric: prediction_share, class: perhaps, above: 0.5}"),
            "Undecided",
            "check prediction_share-perhaps-above is undecided",
            id="undecided",
        ),
    ],
)
def test_the_most_urgent_thing_gives_the_name(
    world: Project, change: Callable[[Project], None], name: str, says: str
) -> None:
    many_runs(world, "drifting", *BEFORE)
    change(world)
    state = ending(one_run(world, "drifting", DAY))
    assert state.is_completed()
    assert (state.name, says in state.message) == (name, True), state.message


def test_findings_alone_give_the_name(world: Project) -> None:
    many_runs(world, "parquet", date(2025, 3, 3), date(2025, 3, 3))
    state = ending(one_run(world, "parquet", date(2025, 3, 4)))
    assert (state.name, "have no prediction" in state.message) == ("Findings", True)


def test_a_run_that_has_ended_is_not_taken_for_vanished() -> None:
    automation = yaml.safe_load((Path(__file__).parents[2] / "flows" / "heartbeat.yaml").read_text())
    expected = set(automation["trigger"]["expect"])
    assert {f"prefect.flow-run.{name}" for name in (*ENDINGS, "Completed")} <= expected
