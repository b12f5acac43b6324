"""The stages as Prefect tasks: their inputs and outputs travel, and one stage runs for several windows at a time."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prefect import flow, unmapped
from prefect.task_runners import ThreadPoolTaskRunner

from flows.run_window import measure
from flows.stage_functions import Stages
from lamplighter.core.retraining.policy import Entry, Purpose
from lamplighter.errors import BrokenFileError
from tasks.prefect import as_task
from tasks.retraining.job import Retraining
from tasks.stages.compare import Compared, compare
from tasks.stages.judge import judge
from tasks.stages.profile import Profiled, profile
from tasks.stages.read import read
from tasks.stages.record import record
from tasks.stages.run_context import RunContext
from tasks.stages.validate import Table, validate
from tests.flows import small_world

ENTRY = Entry("m", datetime(2025, 3, 6, tzinfo=UTC), Purpose.RETRAINING, "by hand")


@pytest.fixture
def context(tmp_path: Path) -> RunContext:
    monitor = f"{small_world.MONITOR}reference: {{days: 2025-03-03..2025-03-04}}\n"
    project = small_world.make(tmp_path, monitor)
    small_world.run_days(project, range(2))
    small_world.log(project, 2, small_world.rows(2))
    return RunContext.of(project, project.monitor("m"), small_world.day(2))


def test_what_goes_into_a_stage_and_comes_out_of_it_travels(context: RunContext) -> None:
    located, results, evaluated = measure(context, Stages.plain())
    record(context, located, results, evaluated)
    judged = judge(context)
    assert results[0].profile.profiles
    for value in (located, results, evaluated, judged):
        assert pickle.loads(pickle.dumps(value)) == value
    sent = pickle.loads(pickle.dumps(context))
    assert (sent.window, sent.now, sent.monitor) == (context.window, context.now, context.monitor)
    assert read(sent).windows[0].spec == located.windows[0].spec
    work = Retraining(context.project, context.monitor, ENTRY, ENTRY)
    assert pickle.loads(pickle.dumps(work)) == copy.deepcopy(work) == work


def test_a_file_that_breaks_again_ends_the_run(context: RunContext) -> None:
    """Where stages run in processes of their own, the one that reads next may not have heard that it is broken."""
    plain = Stages.plain()

    def break_again(*_: object) -> Table:
        raise BrokenFileError("column 'at' cannot be read", where="a.parquet")

    with pytest.raises(BrokenFileError):
        measure(context, replace(plain, validate=break_again))


@pytest.mark.usefixtures("prefect_url")
def test_stages_are_mapped_over_windows_on_a_task_runner(context: RunContext) -> None:
    located = read(context)

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
    def measured() -> list[tuple[Table, Profiled, Compared]]:
        here = (unmapped(context), unmapped(located))
        # The same window twice stands for two windows.
        tables = as_task(validate).map(*here, [located.windows[0]] * 2)
        profiles = as_task(profile).map(*here, tables)
        drifts = as_task(compare).map(*here, tables)
        return [(t.result(), p.result(), d.result()) for t, p, d in zip(tables, profiles, drifts, strict=True)]

    first, second = measured()
    table = validate(context, located, located.windows[0])
    assert first == second == (table, profile(context, located, table), compare(context, located, table))
