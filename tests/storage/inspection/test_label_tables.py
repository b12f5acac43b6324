"""The tables beside the predictions in which `init` finds the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import sqlalchemy as sa

from lamplighter.core.monitor import parse
from lamplighter.core.suggest import LabelTable, suggest
from lamplighter.errors import SourceError
from storage.inspection.label_tables import label_tables, named_labels
from storage.inspection.table import inspect_table
from storage.project.folder import Project

N = 200
TIMES = pd.date_range("2026-03-02", periods=N, freq="h", tz="UTC").as_unit("us")
FLAGS = np.arange(N) % 3 == 0
IDS = [f"r{i}" for i in range(N)]
PREDICTIONS = {"request_id": IDS, "predicted_at": pa.array(TIMES), "x": np.arange(N) / 7, "prediction": FLAGS}
Write = Callable[..., str]


def labels(**more: Any) -> dict[str, Any]:
    late = pa.array(TIMES + pd.Timedelta("2D"))
    return {"request_id": IDS[:50], "y_true": FLAGS[:50], "labelled_at": late[:50]} | more


def found(project: Project, source: str = "log.parquet", url: str | None = None) -> list[LabelTable]:
    seen = inspect_table(project, source, url, "UTC")
    return label_tables(project, source, url, seen, seen.roles(), "UTC")


@pytest.mark.parametrize(
    ("path", "columns", "expected"),
    [
        ("truth.parquet", labels(), ("truth.parquet", "request_id", "y_true", "labelled_at", 50)),
        ("feedback/a/b.parquet", labels(), ("feedback/**/*.parquet", "request_id", "y_true", "labelled_at", 50)),
        (
            "late/day=2026-03-02/a.parquet",
            labels(),
            ("late/day={day}/*.parquet", "request_id", "y_true", "labelled_at", 50),
        ),
        (
            "odd names.parquet",
            {"Request Id": IDS[:9], "Confirmed": FLAGS[:9], "x": np.arange(9) / 7},
            ("odd names.parquet", "Request Id", "Confirmed", None, 9),
        ),
        ("two.parquet", labels(label=FLAGS[:50]), ("two.parquet", "request_id", None, "labelled_at", 50)),
        (
            "other ids.parquet",
            labels(request_id=[f"q{i}" for i in range(50)]),
            ("other ids.parquet", "request_id", "y_true", "labelled_at", 0),
        ),
        ("no ids.parquet", {"y_true": FLAGS, "customer": IDS}, None),
        ("no truth.parquet", {"request_id": IDS, "labelled_at": pa.array(TIMES)}, None),
        ("other classes.parquet", {"request_id": IDS, "label": ["a", "b"] * (N // 2)}, None),
        (".hidden.parquet", labels(), None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_files_beside_a_file(project: Project, write: Write, path: str, columns: Any, expected: Any) -> None:
    write(project.root / "log.parquet", **PREDICTIONS)
    write(project.root / path, **columns)
    tables = found(project)
    if expected is None:
        assert tables == []
        return
    [table] = tables
    target, time = table.target and table.target.name, table.time and table.time.name
    assert (table.name, table.id, target, time, table.met) == expected
    assert table.is_plain == (target is not None and table.met > 0)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        pytest.param(
            np.full(N, 48.0), "mature_after: 2d            # 95 % of the labels came within 2.0 days", id="two days"
        ),
        pytest.param(
            np.arange(N) * 0.5 + 1, "mature_after: 4d            # 95 % of the labels came within 4.0 days", id="spread"
        ),
        pytest.param(
            np.full(N, 1.0), "mature_after: 1d            # 95 % of the labels came within 0.0 days", id="an hour"
        ),
        pytest.param(np.full(N, -5.0), "mature_after: 3d            # how long labels may take", id="before"),
    ],
)
def test_labels_mature_as_long_as_they_took(project: Project, write: Write, hours: Any, expected: str) -> None:
    write(project.root / "log.parquet", **PREDICTIONS)
    # Of numpy's quantile, in hours.
    write(
        project.root / "truth.parquet",
        request_id=IDS,
        y_true=FLAGS,
        labelled_at=pa.array(TIMES + pd.to_timedelta(hours, "h")),
    )
    seen = inspect_table(project, "log.parquet", None, "UTC")
    tables = label_tables(project, "log.parquet", None, seen, seen.roles(), "UTC")
    assert expected in suggest("m", seen.place, seen.roles(tables[0]), seen.days, tables=tables).text
    if hours[0] > 0:
        assert tables[0].delay / pd.Timedelta("1h") == pytest.approx(np.quantile(hours, 0.95))


def test_folders_beside_a_folder_of_days(project: Project, write: Write) -> None:
    for i, day in enumerate(("2026-03-02", "2026-03-03")):
        part = pa.table(PREDICTIONS).slice(24 * i, 24)
        write(project.root / f"data/log/day={day}/a.parquet", part)
    write(project.root / "data/truth/all.parquet", **labels())
    assert [table.name for table in found(project, "data/log")] == ["data/truth/**/*.parquet"]


def test_what_breaks_beside_is_passed_over(project: Project, write: Write) -> None:
    write(project.root / "log.parquet", **PREDICTIONS)
    (project.root / "broken.parquet").write_bytes(b"PAR1 and no more")
    write(project.root / "truth.parquet", **labels())
    assert [table.name for table in found(project)] == ["truth.parquet"]


def test_the_file_that_comes_of_it_is_read(project: Project, write: Write) -> None:
    write(project.root / "log.parquet", **PREDICTIONS)
    write(project.root / "truth.parquet", **labels())
    seen, tables = inspect_table(project, "log.parquet", None, "UTC"), found(project)
    made = suggest("m", seen.place, seen.roles(tables[0]), seen.days, tables=tables)
    monitor = parse("m.yaml", made.text, environ={})
    assert made.missing == []
    assert monitor.labels is not None
    assert (monitor.labels.parquet, monitor.labels.target, monitor.labels.time) == (
        ("truth.parquet",),
        "y_true",
        "labelled_at",
    )
    unclear = [LabelTable(tables[0].place, "request_id", None, None, 3, ["a", "b"])]
    commented = suggest("m", seen.place, seen.roles(), seen.days, tables=unclear).text
    assert "# labels:                     # truth.parquet shares the id; which of a, b?" in commented
    assert parse("m.yaml", commented, environ={}).labels is None


def test_tables_of_the_same_database(project: Project, postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = sa.create_engine(postgresql_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA app"))
    predictions = pd.DataFrame(PREDICTIONS | {"predicted_at": TIMES})
    for name, frame in (
        ("log", predictions),
        ("outcomes", pd.DataFrame(labels() | {"labelled_at": TIMES[:50]})),
        ("people", pd.DataFrame({"person_id": [1], "name": ["x"]})),
    ):
        frame.to_sql(name, engine, schema="app", index=False)
    monkeypatch.setenv("LOG", postgresql_url)
    [table] = found(project, "app.log", "${LOG}")
    assert (dict(table.place), table.met) == ({"url": "${LOG}", "table": "app.outcomes"}, 50)
    assert table.target is not None
    assert table.target.name == "y_true"


def test_labels_that_are_named(project: Project, write: Write) -> None:
    write(project.root / "log.parquet", **PREDICTIONS)
    write(project.root / "deep/down/truth.parquet", **labels())
    write(project.root / "useless.parquet", y=[1])
    seen = inspect_table(project, "log.parquet", None, "UTC")
    table = named_labels(project, "deep/down/truth.parquet", None, seen, seen.roles(), "UTC")
    assert (table.name, table.met) == ("deep/down/truth.parquet", 50)
    for name, message in (("useless.parquet", "useless.parquet has no column 'request_id'"), ("no.parquet", "no Parq")):
        with pytest.raises(SourceError, match=message):
            named_labels(project, name, None, seen, seen.roles(), "UTC")


def test_a_probability_that_looked_like_a_quantity(project: Project, write: Write) -> None:
    """With a truth of two classes in a table beside it, the prediction from 0 to 1 is a score."""
    p = np.random.default_rng(1).random(N)
    write(project.root / "log.parquet", **PREDICTIONS | {"prediction": p})
    write(project.root / "truth.parquet", **labels())
    seen, tables = inspect_table(project, "log.parquet", None, "UTC"), found(project)
    assert (seen.roles().kind, seen.roles(tables[0]).taken_for("prediction")) == ("regression", "score")
