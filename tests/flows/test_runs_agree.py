"""However a window is run, and from whatever source, the history is the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from storage.history import open_history
from storage.project.folder import Project
from tests.flows.conftest import Ran
from tests.flows.runs import many_runs, one_run, recorded, recorded_of_any_source

FIRST, LAST = date(2025, 3, 3), date(2025, 3, 11)


def test_a_second_run_changes_nothing(ran: Ran) -> None:
    world = ran(LAST)
    before = recorded(world)
    for day in (LAST, date(2025, 3, 6), date(2025, 3, 7)):
        one_run(world, "parquet", day)
    assert recorded(world) == before
    assert len(before["measurement"]) > 1000


def test_parquet_and_sql_agree_on_every_value(world: Project, parquet_until: Callable[[date], Path]) -> None:
    many_runs(world, "sql", FIRST, LAST)
    assert recorded_of_any_source(world) == recorded_of_any_source(Project.open(parquet_until(LAST)))


@pytest.mark.long
def test_sqlite_and_postgresql_hold_the_same(
    world: Project, parquet_until: Callable[[date], Path], postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is repeated leaves both as they were."""
    on_sqlite = recorded(Project.open(parquet_until(LAST)))
    monkeypatch.setenv("LAMPLIGHTER_HISTORY_URL", postgresql_url)
    world = Project.open(world.root)
    many_runs(world, "parquet", FIRST, LAST)
    one_run(world, "parquet", date(2025, 3, 7))
    assert open_history(world).engine.dialect.name == "postgresql"
    assert recorded(world) == on_sqlite


def test_the_order_in_which_files_are_listed_does_not_matter(
    world: Project, parquet_until: Callable[[date], Path]
) -> None:
    for path in Path(world.root, "data", "labels").glob("*/part.parquet"):
        path.rename(path.with_name("zz.parquet"))
    many_runs(world, "parquet", FIRST, date(2025, 3, 6))
    assert recorded(world)["measurement"] == recorded(Project.open(parquet_until(date(2025, 3, 6))))["measurement"]
