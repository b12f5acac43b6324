"""A history that the first version wrote, on SQLite and PostgreSQL: migrated, read, and run on.

`first_schema.tar.xz` is what the code of commit 2fb3d68, the last with only the first migration, made of the first five
days of the models `parquet` and `drifting` of the world of these tests: its history as SQL, and its profiles.
"""

from __future__ import annotations

import json
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from storage.history import History, open_history, tables
from storage.history.database import HEAD, engine_of, upgrade, version_of
from storage.history.unchanged import migrations_behind, unchanged_history
from storage.project.folder import Project
from tests.flows.runs import one_run
from tests.lamplighter.cli.called import run
from tests.long_cases import long_but_for

FIRST_HOME = Path(__file__).parents[1] / "storage" / "history" / "first_schema.tar.xz"
FIRST, LAST, NEXT = date(2025, 3, 3), date(2025, 3, 7), (date(2025, 3, 8), date(2025, 3, 9), date(2025, 3, 10))
MODELS = ("parquet", "drifting")
KEPT = ("measurement", "confusion", "profile")
"""Tables whose rows no migration changes."""

ROWS = {"measurement": 1325, "confusion": 213, "profile": 10, "evaluation": 17, "finding": 3, "decision": 15, "run": 10}

Rows = dict[str, list[tuple[Any, ...]]]


def first_home(home: Path) -> str:
    """Unpack the profiles of the first version into a home; returns its history as SQL."""
    home.mkdir(mode=0o700)
    with tarfile.open(FIRST_HOME) as tar:
        for member in tar:
            content = tar.extractfile(member)
            assert content is not None
            if member.name == "history.sql":
                text = content.read().decode()
            else:
                (home / member.name).parent.mkdir(parents=True, exist_ok=True)
                (home / member.name).write_bytes(content.read())
    return text


def copied(source: sqlite3.Connection, target: History) -> None:
    """Write the rows of a SQLite file of the first version into another database of that version."""
    known = sa.MetaData()
    with target.writing() as connection:
        known.reflect(connection)
        for name in ROWS:
            table = known.tables[name]
            # Numbers of runs come from the database that they are in.
            columns = [column for column in table.c if column.name != "id"]
            rows = source.execute(f"SELECT {', '.join(column.name for column in columns)} FROM {name} ORDER BY 1, 2")
            values = [{c.name: _converted(c, it) for c, it in zip(columns, row, strict=True)} for row in rows]
            connection.execute(sa.insert(table), values)


def _converted(column: sa.Column[Any], value: Any) -> Any:
    if isinstance(column.type, sa.DateTime) and value is not None:
        return datetime.fromtimestamp(value / 1e6, UTC)
    return json.loads(value) if isinstance(column.type, sa.JSON) else value


@pytest.fixture(params=long_but_for(["sqlite", "postgresql"], ["sqlite"]))
def old(request: pytest.FixtureRequest, world: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The world with the home that the first version left."""
    for path in (world.root / "monitors").glob("[!_]*.yaml"):
        if path.stem not in MODELS:
            path.unlink()
    text = first_home(world.home)
    if request.param == "sqlite":
        with closing(sqlite3.connect(world.home / "history.db")) as connection:
            connection.executescript(text)
        yield world
        return
    url = request.getfixturevalue("postgresql_url")
    monkeypatch.setenv("LAMPLIGHTER_HISTORY_URL", url)
    history = History(engine_of(url))
    upgrade(history, "0001")
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(text)
        copied(connection, history)
    yield Project.open(world.root)
    history.engine.dispose()


def held(history: History) -> Rows:
    """The rows that no migration may change."""
    found = {}
    with history.reading() as connection:
        for name in KEPT:
            rows = connection.execute(sa.select(tables.metadata.tables[name]))
            found[name] = sorted((tuple(row) for row in rows), key=repr)
    return found


def counts(history: History) -> dict[str, int]:
    with history.reading() as connection:
        return {
            name: connection.scalar(sa.select(sa.func.count()).select_from(tables.metadata.tables[name])) or 0
            for name in ROWS
        }


def values(project: Project, since: date) -> list[tuple[Any, ...]]:
    """What is measured of the windows since a day, as it is known by the newest run."""
    table = tables.measurement
    begin = datetime.combine(since, datetime.min.time(), UTC)
    query = sa.select(table).where(table.c.model == "parquet", table.c.window_start >= begin)
    with open_history(project).reading() as connection:
        return sorted((tuple(row) for row in connection.execute(query)), key=repr)


def test_it_is_migrated_read_and_run_on(old: Project, parquet_until: Callable[[date], Path]) -> None:
    before = unchanged_history(old)
    assert before is not None
    assert migrations_behind(before) == int(HEAD) - 1
    assert f"is {int(HEAD) - 1} migrations behind" in run("-C", old.root, "doctor").stdout
    rows = held(before)

    history = open_history(old)
    with history.reading() as connection:
        assert version_of(connection) == HEAD
    assert counts(history) == ROWS
    assert held(history) == rows

    shown = run("-C", old.root, "status", "--json")
    assert shown.exit_code == 0, shown.output
    assert {it["model"]: it["window"] for it in json.loads(shown.stdout)} == dict.fromkeys(MODELS, str(LAST))
    listed = run("-C", old.root, "history", "parquet", "--metric", "f1", "--json")
    assert listed.exit_code == 0, listed.output
    assert str(FIRST) in listed.stdout
    for command in (("checks", "parquet"), ("history", "parquet", "--findings"), ("history", "parquet", "--decisions")):
        assert run("-C", old.root, *command).exit_code == 0

    for model in MODELS:
        for day in NEXT:
            one_run(old, model, day)
    assert held(history)["measurement"] != rows["measurement"]
    wanted = Project.open(parquet_until(NEXT[-1]))
    assert values(old, NEXT[0]) == values(wanted, NEXT[0])
    again = counts(history)
    one_run(old, "parquet", NEXT[-1])
    assert counts(history) == again | {"run": again["run"] + 1}
