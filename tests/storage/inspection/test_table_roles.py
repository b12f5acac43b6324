"""Tables as companies name their columns: what each column is taken for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lamplighter.core.monitor import Monitor, parse
from lamplighter.core.monitor.columns import features_of
from lamplighter.core.suggest import Roles, roles_of, suggest
from storage.inspection.label_tables import label_tables
from storage.inspection.source_check import check_sources
from storage.inspection.table import Seen, inspect_table
from storage.project.folder import Project
from tests.storage.company_tables.columns import Make, N, made, times
from tests.storage.company_tables.fourth_lot import FOURTH_LOT
from tests.storage.company_tables.held_back import HELD_BACK
from tests.storage.company_tables.second_lot import SECOND_LOT
from tests.storage.company_tables.third_lot import THIRD_LOT
from tests.storage.company_tables.tuned import TUNED

TABLES = [*TUNED, *HELD_BACK, *SECOND_LOT, *THIRD_LOT, *FOURTH_LOT]
SHORT = {"left out": "out"}


def roles_in(folder: Path, make: Make) -> tuple[Seen, Roles, dict[str, str], dict[str, str]]:
    """The guess, and what each column is taken for beside what it is."""
    columns = made(make)
    pq.write_table(pa.table({name: values for name, (values, _) in columns.items()}), folder / "t.parquet")
    seen = inspect_table(Project.open(folder), "t.parquet", None, "UTC")
    roles = roles_of(seen.columns, seen.sample)
    found = {name: roles.taken_for(name) for name in columns}
    found = {name: SHORT.get(role, role.replace("score of ", "score:")) for name, role in found.items()}
    return seen, roles, found, {name: role for name, (_, role) in columns.items()}


@pytest.mark.parametrize("make", TABLES, ids=lambda make: make.__name__)
def test_what_each_column_is_taken_for(tmp_path: Path, make: Make) -> None:
    _, roles, found, right = roles_in(tmp_path, make)
    wrong = {name: f"{role}, not {right[name]}" for name, role in found.items() if role not in right[name].split("|")}
    assert wrong == {}, roles.left_out


def written(folder: Path, table: pa.Table, name: str = "t.parquet") -> tuple[Monitor, Seen, str]:
    """The monitor that is suggested for a table, as it is read back."""
    pq.write_table(table, folder / name)
    seen = inspect_table(Project.open(folder), name, None, "UTC")
    text = suggest("m", seen.place, seen.roles(), seen.days).text
    return parse("m.yaml", text, environ={}), seen, text


def test_a_check_of_quality_is_left_to_be_completed(tmp_path: Path) -> None:
    """What was good so far is said; what is good enough, no data say."""
    flags = np.arange(N) % 2
    answers = {"id": [f"r{i}" for i in range(N)], "at": times(), "x": np.arange(N) / 7}
    wrong = np.where(np.arange(N) < N // 10, 1 - flags, flags)
    _, _, text = written(tmp_path, pa.table(answers | {"prediction": flags, "y_true": wrong}))
    end = "  # accuracy was 0.9 in the rows looked at; say what is good enough:\n  # - {metric: accuracy, below: ...}\n"
    assert text.endswith(end)
    _, _, text = written(
        tmp_path, pa.table(answers | {"prediction": np.arange(N) * 1.5, "y_true": np.arange(N) * 1.5 + 2})
    )
    assert text.endswith(
        "  # mae was 2 in the rows looked at; say what is good enough:\n  # - {metric: mae, above: ...}\n"
    )
    _, _, text = written(tmp_path, pa.table(answers | {"prediction": flags}))
    assert "good enough" not in text


def faults(folder: Path, monitor: Monitor) -> list[str]:
    found = check_sources(Project.open(folder), monitor, datetime.now(UTC)).problems
    return [problem.message for problem in found if not problem.is_warning]


@pytest.mark.parametrize("make", TABLES, ids=lambda make: make.__name__)
def test_the_file_is_sound_and_no_answer_is_a_feature(tmp_path: Path, make: Make) -> None:
    columns = made(make)
    monitor, seen, text = written(tmp_path, pa.table({name: values for name, (values, _) in columns.items()}))
    assert faults(tmp_path, monitor) == []
    features = features_of(monitor, {column.name: column.kind for column in seen.columns})
    assert {*features} == {name for name, (_, role) in columns.items() if seen.roles().taken_for(name) == "feature"}
    assert max(map(len, text.splitlines())) <= 82, "fits a terminal, but for a name or two"


ODD_NAMES = [
    "a.b",
    "it's",
    'say "x"',
    "a: b",
    "=SUM(A1)",
    "größe",
    "名前",
    "x ",
    " x",
    "x",
    "X",
    "*",
    "a*",
    "[ab]",
    "what?",
    "a[b]c",
    "${HOME}",
    "{day}",
    "#1",
    "- a",
    "&a",
    "!tag",
    "null",
    "true",
    "NO",
    "1e5",
    "2013-01-01",
    "a\nb",
    "a\tb",
    "\u200bz",
    "🙂",
    "%d",
    "@x",
    "`x`",
    "|",
    ">",
    "",
    "a,b",
    "key:",
    "\\",
    "y",
    "~",
    "-",
    "__x__",
    "a/b",
    "exclude",
    "auto",
]


def test_whatever_the_features_are_called(tmp_path: Path) -> None:
    """Each is a feature by its own name, and leaves the others what they are; so for what is left out."""
    names = [*ODD_NAMES, *(f"prediction {name}" for name in ODD_NAMES)]
    values = {name: np.arange(N) % 7 / 3 for name in names}
    monitor, seen, text = written(tmp_path, pa.table({"at": times(), "prediction": np.arange(N) % 2, **values}))
    features = features_of(monitor, {column.name: column.kind for column in seen.columns})
    assert {*features} == {*ODD_NAMES} - {"y", "true"}, "these two name a truth"
    assert text.isprintable() or set(text) - {"\n"} <= {sign for sign in text if sign.isprintable() or sign == "\n"}


def test_whatever_the_answer_is_called(tmp_path: Path) -> None:
    table = pa.table({"at": times(), "prediction": np.arange(N) % 2, "id": np.arange(N) + 3})
    for name in [name for name in ODD_NAMES if "${" not in name]:
        names = [f"at {name}", f"prediction {name}", f"{name} id"]
        monitor, _, _ = written(tmp_path, table.rename_columns(names))
        predictions = monitor.predictions
        assert [predictions.time, predictions.prediction, *predictions.id] == names


@pytest.mark.parametrize("rows", [1, 2, 19])
def test_tables_of_few_rows(tmp_path: Path, rows: int) -> None:
    table = pa.table({name: values for name, (values, _) in TUNED[2]().items()}).slice(0, rows)
    monitor, _, _ = written(tmp_path, table)
    assert (monitor.predictions.prediction, monitor.predictions.id) == ("y_pred", ("id",))
    assert monitor.labels is not None
    assert monitor.labels.target == "y_true"
    assert faults(tmp_path, monitor) == []


def test_five_hundred_columns(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    many = {f"x{i}": rng.random(N) for i in range(500)}
    monitor, seen, text = written(tmp_path, pa.table({"at": times(), "pred": rng.integers(0, 2, N), **many}))
    assert len(features_of(monitor, {column.name: column.kind for column in seen.columns})) == 500
    assert len(text.splitlines()) < 60
    assert "# ... 496 more" in text


def test_names_that_differ_by_case_and_blanks(tmp_path: Path) -> None:
    p = np.random.default_rng(0).random(N)
    columns = {"at": times(), "Score": p, "score": p[::-1], "Prediction ": (p > 0.5), "prediction": p[::-1] > 0.5}
    monitor, seen, _ = written(tmp_path, pa.table(columns))
    taken = {monitor.predictions.prediction, *monitor.predictions.scores}
    assert taken in ({"Prediction ", "Score"}, {"prediction", "score"}, {None})
    assert features_of(monitor, {column.name: column.kind for column in seen.columns}) == {}


def test_columns_without_a_value(tmp_path: Path) -> None:
    nothing = {"x": pa.nulls(N), "y_pred": pa.nulls(N, pa.float64()), "y_true": pa.nulls(N, pa.string())}
    monitor, seen, _ = written(tmp_path, pa.table({"at": times(), "z": np.arange(N) / 7, **nothing}))
    assert {*features_of(monitor, {column.name: column.kind for column in seen.columns})} == {"z"}


@pytest.mark.parametrize("name", ["a b.parquet", "a[1].parquet", "größe.parquet", "a'b.parquet", "-x.parquet"])
def test_whatever_the_file_is_called(tmp_path: Path, name: str) -> None:
    monitor, _, _ = written(tmp_path, pa.table({"at": times(), "pred": np.arange(N) % 2}), name)
    assert faults(tmp_path, monitor) == []


MIDNIGHTS = pd.date_range("2026-03-02", periods=10, tz="UTC").repeat(N // 10)
SECONDS = MIDNIGHTS.as_unit("s").asi8


@pytest.mark.parametrize(
    ("name", "values", "unit"),
    [
        ("dt", pa.array(MIDNIGHTS.date), None),
        ("event_ts", SECONDS, "s"),
        ("createdAt", SECONDS * 1000 + 5, "ms"),
        ("ts", (SECONDS * 10**9).astype("int64"), "ns"),
        ("time", SECONDS.astype(float) + 0.5, "s"),
        ("timestamp", MIDNIGHTS.strftime("%Y-%m-%d"), None),
        ("logged_on", MIDNIGHTS.strftime("%Y-%m-%d %H:%M:%S"), None),
    ],
)
def test_times_as_dates_numbers_and_text(tmp_path: Path, name: str, values: Any, unit: str | None) -> None:
    monitor, seen, _ = written(tmp_path, pa.table({name: values, "pred": np.arange(N) % 2, "x": np.arange(N) / 7}))
    assert (monitor.predictions.time, monitor.predictions.time_unit) == (name, unit)
    assert [str(day) for day in seen.days] == [f"2026-03-{day:02}" for day in range(2, 12)]
    found = check_sources(Project.open(tmp_path), monitor, datetime.now(UTC))
    assert (found.problems, found.window, found.rows) == ([], "2026-03-11", N // 10)


def test_numbers_that_are_no_times(tmp_path: Path) -> None:
    """An order's number may lie where seconds since 1970 do."""
    columns = {"at": times(), "order_no": SECONDS + np.arange(N), "ts": np.arange(N) / 7, "pred": np.arange(N) % 2}
    monitor, seen, _ = written(tmp_path, pa.table(columns))
    assert (monitor.predictions.time, monitor.predictions.id) == ("at", ("order_no",))
    assert seen.roles().taken_for("ts") == "feature"


def test_a_csv_file_and_its_labels(tmp_path: Path) -> None:
    columns = TUNED[2]()
    frame = pa.table({name: values for name, (values, _) in columns.items()}).to_pandas()
    frame.drop(columns="y_true").to_csv(tmp_path / "log.csv", index=False)
    frame[["id", "y_true"]].to_csv(tmp_path / "truth.csv", index=False)
    project = Project.open(tmp_path)
    seen = inspect_table(project, "log.csv", None, "UTC")
    [table] = label_tables(project, "log.csv", None, seen, seen.roles(), "UTC")
    text = suggest("m", seen.place, seen.roles(table), seen.days, tables=[table]).text
    found = check_sources(project, parse("m.yaml", text, environ={}), datetime.now(UTC))
    assert (found.problems, found.rows, found.labelled) == ([], 40, 40)
