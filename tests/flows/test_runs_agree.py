"""However a window is run, and from whatever source, the history is the same."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from storage.history import open_history
from storage.project.folder import Project
from tests.flows.runs import many_runs, one_run, recorded, recorded_of_any_source

FIRST, LAST = date(2025, 3, 3), date(2025, 3, 14)


def copied(world: Project, name: str) -> Project:
    folder = world.root.parent / name
    shutil.copytree(world.root, folder)
    return Project.open(folder)


def test_a_second_run_changes_nothing(world: Project) -> None:
    many_runs(world, "parquet", FIRST, LAST)
    before = recorded(world)
    for day in (LAST, date(2025, 3, 6), date(2025, 3, 7)):
        one_run(world, "parquet", day)
    assert recorded(world) == before
    assert len(before["measurement"]) > 1000


def test_parquet_and_sql_agree_on_every_value(world: Project) -> None:
    other = copied(world, "other")
    many_runs(world, "parquet", FIRST, LAST)
    many_runs(other, "sql", FIRST, LAST)
    left, right = recorded_of_any_source(world), recorded_of_any_source(other)
    assert left == right


def test_sqlite_and_postgresql_hold_the_same(
    world: Project, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = copied(world, "other")
    many_runs(world, "parquet", FIRST, LAST)
    one_run(world, "parquet", date(2025, 3, 7))
    monkeypatch.setenv("LAMPLIGHTER_HISTORY_URL", postgresql_url)
    other = Project.open(other.root)
    many_runs(other, "parquet", FIRST, LAST)
    one_run(other, "parquet", date(2025, 3, 7))
    assert open_history(other).engine.dialect.name == "postgresql"
    assert recorded(other) == recorded(world)


def test_the_order_in_which_files_are_listed_does_not_matter(world: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    other = copied(world, "other")
    many_runs(world, "parquet", FIRST, date(2025, 3, 6))
    for path in Path(other.root, "data", "labels").glob("*/part.parquet"):
        path.rename(path.with_name("zz.parquet"))
    many_runs(other, "parquet", FIRST, date(2025, 3, 6))
    assert recorded(other)["measurement"] == recorded(world)["measurement"]
