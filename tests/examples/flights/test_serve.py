"""The service's files: each prediction in its day, each label in the day it came, the same bytes each time."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from examples.flights.features import FEATURES
from examples.flights.model import Models
from examples.flights.rows import local_day, predicted
from examples.flights.serve import predict_day, write_year
from examples.flights.sql import to_sqlite
from examples.flights.train import train_champions

START, END = dt.date(2013, 10, 30), dt.date(2013, 11, 5)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    folder = tmp_path_factory.mktemp("models")
    return train_champions(folder, version="v1", start=dt.date(2013, 3, 18), end=dt.date(2013, 3, 31))


@pytest.fixture(scope="module")
def folder(models: Models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flights")
    write_year(folder, models, start=START, end=END)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_days_are_named_by_new_york(folder: Path) -> None:
    days = [f"day={day:%Y-%m-%d}" for day in pd.date_range(START, END)]
    for log in ("late", "delay"):
        assert sorted(path.name for path in (folder / "predictions" / log).iterdir()) == days
    for path in folder.rglob("*.parquet"):
        time = "labelled_at" if "labels" in path.parts else "predicted_at"
        table = pq.ParquetFile(path).read().to_pandas()
        assert {f"day={day:%Y-%m-%d}" for day in local_day(table[time])} == {path.parent.name}


def test_the_logs_hold_every_flight_with_what_the_model_saw_and_answered(folder: Path, models: Models) -> None:
    flights = predicted(START, END)
    for log, model, columns in (
        ("late", models.late, ["late", "probability_late"]),
        ("delay", models.delay, ["minutes"]),
    ):
        logged = pd.read_parquet(folder / "predictions" / log).drop(columns="day")
        assert list(logged) == ["request_id", "predicted_at", "model_version", *columns, *FEATURES]
        assert logged["request_id"].tolist() == flights["request_id"].tolist()
        pd.testing.assert_frame_equal(logged[FEATURES], flights[FEATURES], check_dtype=False)
        pd.testing.assert_frame_equal(logged[["model_version", *columns]], model.answer(logged), check_dtype=False)


def test_gaps_are_nulls_and_texts_are_plain(folder: Path) -> None:
    table = pq.ParquetFile(folder / "predictions/late/day=2013-11-03/part-served.parquet").read()
    assert str(table.schema.field("carrier").type) == "string"
    assert str(table.schema.field("predicted_at").type) == "timestamp[us, tz=UTC]"
    assert str(table.schema.field("late").type) == "int64"
    assert table["pressure"].null_count > 0


def test_writing_again_changes_nothing(folder: Path, models: Models) -> None:
    before = contents(folder)
    write_year(folder, models, start=START, end=END)
    assert contents(folder) == before


def test_one_day_is_written_as_all_of_them_are(folder: Path, models: Models, tmp_path: Path) -> None:
    day = dt.date(2013, 11, 3)
    assert predict_day(day, models, tmp_path) == len(predicted(day, day))
    alone = contents(tmp_path)
    assert len(alone) == 2
    assert alone.items() <= contents(folder).items()


def test_the_database_holds_the_same_values(folder: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/november.db"
    assert to_sqlite(folder, url, "2013-11") == to_sqlite(folder, url, "2013-11")  # the tables are replaced

    engine = sa.create_engine(url)
    for name, files, time, first in (
        ("predictions", folder / "predictions/late", "predicted_at", "2013-10-25"),
        ("labels", folder / "labels", "labelled_at", "2013-11-01"),
    ):
        expected = pd.read_parquet(files)
        expected = expected[expected.pop("day").astype(str) >= first].reset_index(drop=True)
        loaded = pd.read_sql_table(name, engine)
        loaded[time] = loaded[time].dt.tz_localize("UTC").dt.as_unit("us")
        assert len(loaded) > 4000
        pd.testing.assert_frame_equal(loaded, expected, check_exact=True, check_dtype=False)

    with engine.connect() as connection:
        kept = connection.execute(
            sa.text("select typeof(late), typeof(probability_late), predicted_at from predictions")
        )
        assert kept.first() == ("integer", "real", "2013-10-30 07:00:00.000000")
    engine.dispose()


def test_the_database_holds_all_labels_of_the_month(folder: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/october.db"
    to_sqlite(folder, url, "2013-10")
    engine = sa.create_engine(url)
    october = set(pd.read_sql_table("predictions", engine)["request_id"])
    truth = pd.read_parquet(folder / "labels")
    expected = truth[truth["request_id"].isin(october)]
    loaded = pd.read_sql_table("labels", engine)
    engine.dispose()
    assert set(expected["request_id"]) <= set(loaded["request_id"])
    assert len(loaded[loaded["request_id"].isin(october)]) == len(expected)
