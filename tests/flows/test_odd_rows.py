"""A few odd rows in a window's data: what is recorded of the others, and what is said of them."""

from __future__ import annotations

import json
import warnings
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import r2_score

from storage.history import open_history
from storage.history.query import Filter, dump, measurements
from storage.project.folder import Project
from tests.flows.runs import one_run

DAY = date(2026, 3, 2)
N = 100
RANDOM = np.random.default_rng(3)


def world(root: Path, kind: str, more: str = "", lines: str = "", days: int = 1, **columns: Any) -> Project:
    (root / "monitors").mkdir()
    (root / "monitors" / "m.yaml").write_text(
        f"model: m\nkind: {kind}\n"
        f"predictions: {{parquet: 'day={{day}}.parquet', time: at, id: id, prediction: pred{more}}}\n"
        f"labels: {{same_row: true, target: y, mature_after: 1h}}\n{lines}\n"
    )
    for i in range(days):
        day = DAY + pd.Timedelta(days=i)
        at = pa.array(pd.date_range(day, periods=N, freq="5min", tz="UTC"))
        held = {name: column[i] if isinstance(column, list) else column for name, column in columns.items()}
        pq.write_table(pa.table({"id": range(N), "at": at, **held}), root / f"day={day}.parquet")
    return Project.open(root)


def context(project: Project, day: date = DAY) -> dict[str, str]:
    """The findings of a run, in which numpy has nothing to say."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        one_run(project, "m", day)
    rows = [row for row in dump(open_history(project))["finding"] if row[1].date() == day]
    return {f"{row[3]} {row[4]}": row[-1] for row in rows}


def value(project: Project, metric: str, **where: str) -> tuple[float | None, int]:
    found = measurements(open_history(project), "m", Filter(metric=metric, segment="", klass="", **where))[-1]
    return found["value"], found["n"]


Y = RANDOM.integers(0, 2, N)
SCORE = RANDOM.random(N)


@pytest.mark.parametrize(
    ("kind", "scores", "beyond"),
    [
        (pa.float64(), SCORE * 100, N),
        (pa.float64(), np.where(np.arange(N) == 5, 1.5, SCORE), 1),
        (pa.float32(), np.where(np.arange(N) < 3, -0.25, SCORE), 3),
        (pa.float64(), np.where(np.arange(N) < 9, 1.0000001, SCORE), 0),
        (pa.float16(), np.where(np.arange(N) < 9, np.float16(1.001), SCORE), 0),
    ],
    ids=["percent", "one", "float32", "rounding", "rounding of a float16"],
)
def test_scores_outside_are_found_whatever_the_labels(
    tmp_path: Path, kind: pa.DataType, scores: Any, beyond: int
) -> None:
    column = pa.array(scores.astype(kind.to_pandas_dtype()), kind)
    project = world(tmp_path, "classification", ", score: s", pred=Y, y=pa.nulls(N, pa.int64()), s=column)
    found = context(project)
    assert ("scores-outside s" in found) == bool(beyond)
    if beyond:
        seen = column.to_numpy(zero_copy_only=False).astype(float)
        assert f"in {beyond} of {N} rows, from {seen.min():.8g} to {seen.max():.8g};" in found["scores-outside s"]


@pytest.mark.parametrize("odd", ["n/a", "inf", "nan?"])
def test_a_regression_leaves_out_labels_that_are_no_numbers(tmp_path: Path, odd: str) -> None:
    project = world(tmp_path, "regression", pred=np.arange(N), y=pa.array([odd, *map(str, range(1, N))]))
    found = context(project)
    assert f"1 row has a label in 'y' that is no finite number, such as '{odd}'" in found[f"labels-unusable {DAY}"]
    assert value(project, "mae") == (0.0, N - 1)


@pytest.mark.parametrize("kind", ["classification", "regression", "ranking", "text"])
def test_rows_without_a_prediction_are_seen_in_every_kind(tmp_path: Path, kind: str) -> None:
    """Wrong answers where one was owed; without an error where none can be computed."""
    answers = {"classification": ["a"], "regression": [1.0], "ranking": [["a"]], "text": ["a b c d"]}[kind]
    truth = {"classification": ["a"], "regression": [1.0], "ranking": ["a"], "text": ["a b c d"]}[kind]
    project = world(tmp_path, kind, pred=pa.array([None] * 10 + answers * (N - 10)), y=pa.array(truth * N))
    context(project)
    assert value(project, "null_prediction_ratio") == (0.1, N)
    wanted = {"classification": ("accuracy", 0.9, N), "regression": ("mae", 0.0, N - 10), "ranking": ("mrr", 0.9, N)}
    if kind in wanted:
        metric, *rest = wanted[kind]
        assert value(project, metric) == (pytest.approx(rest[0]), rest[1])


CATEGORIES = RANDOM.integers(1, 6, N)


@pytest.mark.parametrize(
    "other",
    [
        pa.array(CATEGORIES.astype(str)),
        pa.array(CATEGORIES.astype(float)),
        pa.array([Decimal(int(value)).quantize(Decimal("1.00")) for value in CATEGORIES]),
        pa.array(CATEGORIES.astype(str)).dictionary_encode(),
    ],
    ids=["text", "floats", "decimals", "categories"],
)
def test_a_category_of_another_type_has_not_drifted(tmp_path: Path, other: pa.Array) -> None:
    lines = "features: {categorical: [f]}\nreference: {days: 2026-03-02..2026-03-02}"
    project = world(tmp_path, "classification", lines=lines, days=2, pred=Y, y=Y, f=[pa.array(CATEGORIES), other])
    context(project)
    context(project, date(2026, 3, 3))
    assert value(project, "unseen_ratio", feature="f") == (0.0, N)
    assert value(project, "drift_detected", feature="f") == (0.0, N)


FLAGS = RANDOM.integers(0, 2, N) == 1
WORDS = pa.array(["True" if flag else "False" for flag in FLAGS])


def test_a_flag_is_one_category_and_one_class_as_a_flag_and_as_a_word(tmp_path: Path) -> None:
    lines = "features: {categorical: [f]}\nreference: {days: 2026-03-02..2026-03-02}"
    flags = pa.array(FLAGS)
    project = world(
        tmp_path, "classification", lines=lines, days=2, pred=[flags, WORDS], y=[WORDS, flags], f=[flags, WORDS]
    )
    for day in (DAY, date(2026, 3, 3)):
        context(project, day)
        assert value(project, "accuracy") == (1.0, N)
    for metric, feature in (("unseen_ratio", "f"), ("drift_detected", "f"), ("prediction_drift_detected", "pred")):
        assert value(project, metric, feature=feature) == (0.0, N)


@pytest.mark.parametrize(
    "days",
    [
        (["1", "2", "3"], ["1", "2", "A7"]),
        (["1", "2", "3"], ["1.0", "2.0", ""]),
        (["true", "false"], ["true", "false", "unsure"]),
        (["1.1", "1.10"], ["1.1", "1.10", "1.x"]),
    ],
    ids=["digits", "beside a null", "flags", "versions"],
)
def test_a_category_of_csv_is_one_whatever_stands_beside_it(tmp_path: Path, days: tuple[list[str], ...]) -> None:
    """The type that is read from a day's cells is no finding, and what is new that day alone is unseen."""
    lines = "features: {categorical: [f]}\nsegments: [f]\nreference: {days: 2026-03-02..2026-03-02}"
    project = world(tmp_path, "classification", lines=lines, days=2, pred=Y, y=Y)
    monitor = tmp_path / "monitors" / "m.yaml"
    monitor.write_text(monitor.read_text().replace("day={day}.parquet", "day={day}.csv"))
    for day, cells in zip((DAY, date(2026, 3, 3)), days, strict=True):
        frame = pd.read_parquet(tmp_path / f"day={day}.parquet")
        frame = frame.assign(f=[cells[i % 3] if len(cells) == 3 and i % 10 == 0 else cells[i % 2] for i in range(N)])
        frame.to_csv(tmp_path / f"day={day}.csv", index=False)
        assert not {name for name in context(project, day) if name.startswith("type-changed")}
    new = sum(i % 10 == 0 and i % 3 == 2 for i in range(N)) if days[1][2] not in ("", *days[0]) else 0
    share, counted = value(project, "unseen_ratio", feature="f")
    assert share == pytest.approx(new / counted)
    if not new:
        assert value(project, "drift_detected", feature="f")[0] == 0.0


def test_huge_numbers_say_why_they_have_no_value(tmp_path: Path) -> None:
    huge = np.where(np.arange(N) % 2, 1.7e308, -1.7e308)
    lines = "features: {numeric: [x]}\nreference: {parquet: '*.parquet'}"
    project = world(tmp_path, "regression", lines=lines, pred=huge, y=-huge, x=huge)
    context(project)
    rows = [row for row in dump(open_history(project))["measurement"] if row[11] is not None or row[-1]]
    assert rows
    assert all(row[11] is None or np.isfinite(row[11]) for row in rows)
    assert value(project, "mse")[0] is None


CHAT = [{"role": "assistant", "content": "a lamp"}]
LAMPS = ["a lamp is lit"] * (N // 2)


@pytest.mark.parametrize(
    "others",
    [pa.array([b"a lamp is lit"] * (N // 2)), pa.array([CHAT] * (N // 2)), pa.array([json.dumps(CHAT)] * (N // 2))],
    ids=["bytes", "lists", "a chat in JSON"],
)
def test_texts_beside_what_is_none_are_scored_and_the_others_named(tmp_path: Path, others: pa.Array) -> None:
    """Of two files of one day, and of labels in two files as well."""
    project = world(tmp_path, "text", pred=pa.array(LAMPS * 2), y=pa.array(LAMPS * 2))
    monitor = tmp_path / "monitors" / "m.yaml"
    monitor.write_text(monitor.read_text().replace("day={day}.parquet", "day={day}*.parquet"))
    table = pq.read_table(tmp_path / f"day={DAY}.parquet")
    pq.write_table(table.slice(0, N // 2), tmp_path / f"day={DAY}.parquet")
    half = table.slice(N // 2)
    half = half.set_column(half.column_names.index("pred"), "pred", others)
    pq.write_table(half, tmp_path / f"day={DAY}-2.parquet")
    found = context(project)
    assert value(project, "rouge1") == (1.0, N // 2)
    assert f"no text in {N // 2} of {N} rows of column 'pred'" in found[f"texts-unreadable {DAY}"]


@pytest.mark.parametrize("column", ["pred", "y"])
@pytest.mark.parametrize("mixed", [False, True], ids=["alone", "beside numbers"])
def test_bytes_are_no_numbers_of_a_regression(tmp_path: Path, column: str, mixed: bool) -> None:
    """Their digits were: b"1" reads as 31."""
    numbers: dict[str, Any] = {"pred": pa.array([2.0] * N), "y": pa.array([1.0] * N)}
    project = world(tmp_path, "regression", **numbers)
    monitor = tmp_path / "monitors" / "m.yaml"
    monitor.write_text(monitor.read_text().replace("day={day}.parquet", "day={day}*.parquet"))
    table = pq.read_table(tmp_path / f"day={DAY}.parquet")
    odd = table.set_column(table.column_names.index(column), column, pa.array([b"1"] * N))
    odd = odd.set_column(0, "id", pa.array(range(N, 2 * N)))
    pq.write_table(odd, tmp_path / f"day={DAY}{'-2' if mixed else ''}.parquet")
    found = context(project)
    assert value(project, "mae") == ((1.0, N) if mixed else (None, 0))
    code, what = (
        ("numbers-odd", "no number in 100 of") if column == "pred" else ("labels-unusable", "100 rows have a label")
    )
    assert what in found[f"{code} {DAY}"]


@pytest.mark.parametrize("huge", [1e200, -1.7e308, float(np.finfo(np.float32).max)])
@pytest.mark.parametrize("column", ["pred", "y"])
def test_one_huge_number_costs_its_row(tmp_path: Path, huge: float, column: str) -> None:
    numbers = {"pred": Y + 1.0, "y": Y + 0.0}
    numbers[column][7] = huge
    project = world(tmp_path, "regression", **numbers)
    found = context(project)
    kept = np.arange(N) != 7
    assert value(project, "rmse") == (1.0, N - 1)
    assert value(project, "r2")[0] == pytest.approx(r2_score(numbers["y"][kept], numbers["pred"][kept]))
    assert f"1 of 100 rows has a number in '{column}'" in found[f"numbers-odd {DAY}"]


@pytest.mark.parametrize(
    "ids", [[f"{i:05d}" for i in range(N)], [f"row-{i}" for i in range(N)]], ids=["zeros", "prefix"]
)
@pytest.mark.parametrize("due", ["1h", "3d"])
def test_undated_labels_of_no_prediction_are_found(tmp_path: Path, ids: list[str], due: str) -> None:
    project = world(tmp_path, "classification", pred=Y, y=Y)
    monitor = tmp_path / "monitors" / "m.yaml"
    labels = f"labels: {{parquet: labels.parquet, id: id, target: y, mature_after: {due}}}"
    monitor.write_text(monitor.read_text().replace("labels: {same_row: true, target: y, mature_after: 1h}", labels))
    pq.write_table(pa.table({"id": ids, "y": Y}), tmp_path / "labels.parquet")
    found = context(project)
    message = found["labels-foreign " if due == "1h" else "labels-unknown "]
    assert "none of 100 labels has the id of a prediction of" in message
    assert f"(such as {ids[0]} and 0); write ids alike in both, or name their column as labels.id" in message
    pq.write_table(pa.table({"id": [*ids, "3"], "y": [*Y, Y[3]]}), tmp_path / "labels.parquet")
    assert not {name for name in context(project) if name.startswith("labels-")}


@pytest.mark.parametrize(
    ("role", "finding"),
    [
        ("features: {categorical: [f]}", False),
        ("segments: [f]", False),
        ("", False),
        ("features: {numeric: [f]}", True),
    ],
    ids=["category", "segment", "unused", "number"],
)
def test_files_of_csv_agree_on_types_only_where_numbers_are_meant(tmp_path: Path, role: str, finding: bool) -> None:
    project = world(tmp_path, "classification", lines=role, pred=Y, y=Y)
    monitor = tmp_path / "monitors" / "m.yaml"
    monitor.write_text(monitor.read_text().replace("day={day}.parquet", "day={day}*.csv"))
    frame = pd.read_parquet(tmp_path / f"day={DAY}.parquet")
    for i, cells in enumerate((["1", "2"], ["1", "A7"])):
        half = frame.iloc[i * N // 2 : (i + 1) * N // 2]
        half.assign(f=cells * (N // 4)).to_csv(tmp_path / f"day={DAY}-{i}.csv", index=False)
    assert ("type-changed f" in context(project)) == finding
