"""`lamplighter history` of confusion counts, and summed up over weeks and months."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from storage.history import History, tables
from tests.storage.history.recorded import day, measured, write

Run = Callable[..., Result]

pytestmark = pytest.mark.usefixtures("recorded")


def lines(expected: Result) -> list[str]:
    assert (expected.exit_code, expected.stderr) == (0, "")
    return expected.stdout.splitlines()


# Confusion counts and periods.

COUNTS = {("a", "a"): 5, ("a", "b"): 2, ("b", "b"): 4, ("b", ""): 1}


def cells(start: int, counts: dict[tuple[str, str], int], **other: str) -> list[dict[str, object]]:
    key = {
        "model": "m",
        "window_start": day(start),
        "grain": "1d",
        "segment": "",
        "version": "",
        "known_on": day(start + 1),
    }
    return [{**key, "y_true": t, "y_pred": p, "n": n, **other} for (t, p), n in counts.items()]


def test_confusion(run: Run, history: History) -> None:
    write(history, tables.confusion, [*cells(0, COUNTS), *cells(1, COUNTS), *cells(2, {("a", "c"): 3, ("a", "a"): 7})])
    write(history, tables.confusion, cells(2, {("a", "a"): 1}, segment="region=n"))
    assert lines(run("history", "m", "--confusion")) == [
        "m confusion of 2025-03-03, 10 rows",
        "true \\ predicted  a  c  labelled  recall",
        "a                 7  3        10   70.0%",
        "c                 0  0         0",
    ]
    assert lines(run("history", "m", "--confusion", "--to", "2025-03-02")) == [
        "m confusion of 2025-03-01 to 2025-03-02, 2 windows, 24 rows",
        "true \\ predicted   a  b  (none)  labelled  recall",
        "a                 10  4       0        14   71.4%",
        "b                  0  8       2        10   80.0%",
    ]
    assert lines(run("history", "m", "--confusion", "--segment", "region=n"))[0].endswith("of 2025-03-03, 1 rows")
    output = json.loads(run("history", "m", "--confusion", "--all", "--json").stdout)
    assert {(row["y_true"], row["y_pred"]): row["n"] for row in output} == {
        ("a", "a"): 17, ("a", "b"): 4, ("a", "c"): 3, ("b", "b"): 8, ("b", ""): 2,
    }  # fmt: skip
    assert {(row["first"], row["last"], row["windows"]) for row in output} == {("2025-03-01", "2025-03-03", 3)}
    assert run("history", "m", "--confusion", "--csv").stdout.splitlines()[1:] == [
        "2025-03-03,2025-03-03,1,,,a,a,7",
        "2025-03-03,2025-03-03,1,,,a,c,3",
    ]


def test_nothing_was_counted(run: Run) -> None:
    assert lines(run("history", "m", "--confusion")) == ["m: no confusion recorded that fit"]


def test_months(run: Run, history: History) -> None:
    """March has two windows here and April one; what the counts give equals a count by hand."""
    write(history, tables.confusion, [*cells(0, COUNTS), *cells(1, COUNTS), *cells(31, {("a", "a"): 1, ("b", "a"): 1})])
    rows = [measured(i, i + 1, metric="accuracy", n=12) for i in (0, 1)] + [measured(31, 32, metric="accuracy", n=2)]
    rows += [measured(i, i + 1, metric="roc_auc", value=v, n=12) for i, v in ((0, 0.7), (1, 0.8))]
    rows += [measured(i, i + 1, metric="mae", value=v, n=n) for i, v, n in ((0, 1.0, 10), (1, 4.0, 30))]
    rows += [measured(i, i + 1, metric="mse", value=v, n=n) for i, v, n in ((0, 4.0, 10), (1, 12.0, 30))]
    rows += [measured(i, i + 1, metric="rmse", value=v, n=n) for i, v, n in ((0, 2.0, 10), (1, 3.5, 30))]
    rows += [measured(i, i + 1, metric="labels_coverage", value=v, n=n) for i, v, n in ((0, 1.0, 10), (1, 0.5, 30))]
    rows += [measured(i, i + 1, metric="rows", value=v, n=int(v)) for i, v in ((0, 10.0), (1, 30.0))]
    write(history, tables.measurement, rows)
    output = json.loads(run("history", "m", "--period", "month", "--json").stdout)
    found = {(row["period"], row["metric"], row["class"]): row for row in output}
    march = {metric: row for (period, metric, klass), row in found.items() if period == "2025-03" and not klass}
    values = {
        "accuracy": (18 / 24, 24, "from summed counts"),
        "rows": (40, 40, "sum"),
        "labels_coverage": (25 / 40, 40, "from summed counts"),
        "roc_auc": (0.75, 24, "mean of daily values"),
        "mae": (3.25, 40, "mean over rows"),
        "mse": (10.0, 40, "mean over rows"),
        "rmse": (10.0**0.5, 40, "root of the mean over rows"),
    }
    for metric, (value, n, how) in values.items():
        row = march[metric]
        assert (row["value"], row["n"], row["how"], row["windows"]) == (pytest.approx(value), n, how, 2), metric
    assert found["2025-04", "accuracy", ""]["value"] == 0.5
    of_b = json.loads(run("history", "m", "--period", "month", "--class", "b", "--json").stdout)
    assert {row["metric"]: row["value"] for row in of_b if row["period"] == "2025-03"} == {
        "precision": pytest.approx(8 / 12), "recall": pytest.approx(8 / 10), "f1": pytest.approx(16 / 22),
    }  # fmt: skip
    assert [row["period"] for row in output if row["metric"] == "rows"] == ["2025-03"]
    weeks = json.loads(run("history", "m", "--period", "week", "--metric", "rows", "--json").stdout)
    assert [(row["period"], row["value"]) for row in weeks] == [("2025-W09", 40.0)]


def test_the_positive_class_of_a_month_is_the_monitors(run: Run, history: History, tmp_path: Path) -> None:
    write(history, tables.confusion, cells(0, COUNTS))
    asked = ["history", "m", "--period", "month", "--metric", "recall", "--class", "", "--json"]
    assert [row["how"] for row in json.loads(run(*asked).stdout)] == [
        "no positive class is declared (predictions.positive)"
    ]
    (tmp_path / "monitors").mkdir()
    monitor = "model: m\nkind: classification\npredictions: {parquet: p.parquet, time: t, prediction: y, positive: b}\n"
    (tmp_path / "monitors" / "m.yaml").write_text(monitor)
    assert [row["value"] for row in json.loads(run(*asked).stdout)] == [pytest.approx(4 / 5)]
