"""Every place of rows offers the same: the rows of a span, the newest time, the columns, and what is not there."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.places import PLACES
from lamplighter.core.time.window import Window
from storage.project.folder import Project
from storage.sources.place import PlaceReader, Wanted, reader_of
from storage.sources.predictions import spec_of
from storage.sources.scan import Scan

FRAME = pd.DataFrame({"id": range(72), "at": pd.date_range("2025-03-03", periods=72, freq="h", tz="UTC"), "x": 1.5})
SPAN = Window("m", "1d", datetime(2025, 3, 4, tzinfo=UTC), datetime(2025, 3, 5, tzinfo=UTC), "UTC")


def in_files(folder: Path, name: str) -> str:
    FRAME.to_parquet(folder / "log.parquet", index=False)
    return f"{folder}/{name}.parquet"


def in_a_database(folder: Path, name: str) -> dict[str, str]:
    engine = sa.create_engine(f"sqlite:///{folder}/log.db", poolclass=sa.NullPool)
    FRAME.to_sql("log", engine, index=False, if_exists="replace")
    return {"url": f"sqlite:///{folder}/log.db", "table": name}


MAKE: dict[str, Callable[[Path, str], object]] = {"parquet": in_files, "sql": in_a_database}


@pytest.fixture(params=[key for key, place in PLACES.items() if not place.of_labels])
def make(request: pytest.FixtureRequest, tmp_path: Path, monitor_of) -> Callable[[str], Monitor]:
    """A monitor whose predictions are in a place, by their name there."""

    def of(name: str) -> Monitor:
        given = MAKE[request.param](tmp_path, name)
        return monitor_of({request.param: given, "time": "at", "timezone": "UTC", "id": "id", "prediction": "x"})

    return of


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_module_has_the_functions_of_a_reader(place) -> None:
    module = import_module(place.reader)
    for name, function in inspect.getmembers(PlaceReader, inspect.isfunction):
        if not name.startswith("_"):
            wanted = [*inspect.signature(function).parameters][1:]
            assert [*inspect.signature(getattr(module, name)).parameters] == wanted


def test_the_same_rows_are_read_in_every_place(make: Callable[[str], Monitor], tmp_path: Path) -> None:
    monitor, project = make("log"), Project.open(tmp_path)
    source, reader = monitor.predictions, reader_of(monitor.predictions)
    rows = Scan(spec_of(monitor, SPAN, reader.between(project, source, SPAN, Wanted(tmp_path / "spool", "a"))))
    assert rows.frame(["id", "x"])["id"].tolist() == list(range(24, 48))
    assert [*reader.columns(project, source)] == ["id", "at", "x"]
    newest = reader.newest(project, monitor, datetime(2025, 3, 6, tzinfo=UTC), Wanted(tmp_path / "spool", "b"))
    assert newest.moment == FRAME["at"].max()
    assert reader.absent(project, source, "predictions") is None


def test_a_place_that_is_not_there(make: Callable[[str], Monitor], tmp_path: Path) -> None:
    source = make("lag").predictions
    problem = reader_of(source).absent(Project.open(tmp_path), source, "predictions")
    assert problem is not None
    assert problem.at[:2] == ("predictions", source.place.key)
    assert "log" in problem.message


def test_a_state_shows_no_url(tmp_path: Path, monitor_of) -> None:
    sql = in_a_database(tmp_path, "log")
    source = monitor_of({"sql": sql, "time": "at", "timezone": "UTC", "id": "id", "prediction": "x"}).predictions
    state = reader_of(source).state(source, SPAN)
    assert state is not None
    assert sql["url"] in str(state.asked)
    assert sql["url"] not in repr(state)
