"""A run that is killed, anywhere, and started again leaves the history of one that was not killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from flows.stage_functions import Stages
from storage.history import open_history
from storage.history.query import rows_of_model
from storage.history.tables import run
from storage.project.folder import Project
from tests.flows.conftest import Ran
from tests.flows.processes import die, forked, in_child
from tests.flows.runs import many_runs, one_run, recorded
from tests.long_cases import long_but_for

FIRST, KILLED, LAST = date(2025, 3, 3), date(2025, 3, 7), date(2025, 3, 8)
STAGES = [entry.name for entry in fields(Stages) if entry.name not in ("seconds", "announce")]


def after(stage: Callable[..., Any]) -> Callable[..., Any]:
    def then_die(*arguments: Any) -> None:
        stage(*arguments)
        die()

    return then_die


@pytest.fixture
def history(parquet_until: Callable[[date], Path]) -> dict[str, Any]:
    """What undisturbed runs record."""
    return recorded(Project.open(parquet_until(LAST)))


@pytest.fixture
def begun(ran: Ran) -> Project:
    """The world before the run that is killed."""
    return ran(KILLED - timedelta(days=1))


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("stage", long_but_for(STAGES, ["record"]))
def test_killed_at_a_stage(begun: Project, history: dict[str, Any], stage: str, moment: str) -> None:
    plain = Stages.plain()
    deadly = replace(plain, **{stage: die if moment == "before" else after(getattr(plain, stage))})
    assert in_child(partial(one_run, begun, "parquet", KILLED, deadly, with_report=True)) == signal.SIGKILL
    many_runs(begun, "parquet", KILLED, LAST)
    assert recorded(begun) == history
    states = [row["status"] for row in rows_of_model(open_history(begun), run, "parquet", ["id"])]
    assert states.count("interrupted") == 1
    assert not list((begun.home / "spool").rglob("*.parquet"))


@pytest.mark.parametrize("statement", long_but_for([3, 9, 14, 20, 27, 33], [14]))
def test_killed_between_two_statements_of_the_database(begun: Project, history: dict[str, Any], statement: int) -> None:

    def count_down(*_: Any) -> None:
        nonlocal statement
        statement -= 1
        if not statement:
            die()

    def work() -> None:
        sa.event.listen(sa.Engine, "before_cursor_execute", count_down)
        one_run(begun, "parquet", KILLED)

    assert in_child(work) == signal.SIGKILL
    many_runs(begun, "parquet", KILLED, LAST)
    assert recorded(begun) == history


def test_two_at_once_leave_the_history_of_one(begun: Project, history: dict[str, Any]) -> None:
    children = [forked(lambda: many_runs(begun, "parquet", KILLED, LAST)) for _ in range(2)]
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0]
    assert recorded(begun) == history
