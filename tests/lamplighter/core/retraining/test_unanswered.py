"""What no metric reads is as good as no answer: left out, it would spare a challenger the rows that are hard."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lamplighter.core.monitor import parse
from lamplighter.core.monitor.retrain import Accept
from lamplighter.core.retraining.comparison import ComparedRows, compare, refusal
from lamplighter.core.values.boxes import packed
from storage.sources.boxes import as_series

BOX = [[0.0, 0.0, 40.0, 40.0]]


def image(classes: list[str], box: list[list[float]] = BOX) -> Any:
    return as_series(packed(pa.array([box]), pa.array([classes]), pa.array([[0.9]])))[0]


PLAIN = "predictions: {parquet: p, time: t, prediction: y}"
SCORED = "predictions: {parquet: p, time: t, prediction: y, score: s, positive: 1}"
BOXES = "predictions: {parquet: p, time: t, prediction: y, classes: c, score: s, confidence: 0.25}"
LABELS = "labels: {same_row: true, target: z, classes: k}"
CASES = {
    "infinite": (f"kind: regression, {PLAIN}", "mae", (1.0, 1.5, np.inf)),
    "beyond any number": (f"kind: regression, {PLAIN}", "mae", (1.0, 1.5, 1e300)),
    "no number": (f"kind: regression, {PLAIN}", "mae", (1.0, 1.5, "n/a")),
    "no text": (f"kind: text, {PLAIN}", "rougeL", ("a lamp", "a street", b"a lamp")),
    "a score that is infinite": (f"kind: classification, {SCORED}", "roc_auc", (1, 0, np.inf)),
    "lists of different lengths": (
        f"kind: detection, {BOXES}, {LABELS}",
        "map50",
        (image(["car"]), image(["car"], [[300.0, 0.0, 340.0, 40.0]]), image(["car", "bus"])),
    ),
}


@pytest.mark.parametrize(("declared", "metric", "answers"), CASES.values(), ids=CASES)
def test_it_must_not_rise(declared: str, metric: str, answers: tuple[Any, Any, Any]) -> None:
    monitor = parse("m.yaml", f"{{model: m, {declared}}}", environ={})
    right, wrong, odd = answers
    column = "s" if metric == "roc_auc" else "y"
    truth = pd.Series([0, 1] * 100 if column == "s" else [right] * 200, dtype=object)
    before = pd.DataFrame({"y": truth, "s": np.where(truth == 1, 0.9, 0.1) if column == "s" else 0.9})
    hard = np.arange(200) < 40

    def with_hard(value: Any) -> pd.DataFrame:
        cells = [value if is_hard else cell for cell, is_hard in zip(before[column].tolist(), hard, strict=True)]
        return before.assign(**{column: pd.Series(cells, dtype=object)})

    rows = ComparedRows(truth, {}, pd.Series(np.arange(200) // 50))
    found = compare(monitor, Accept(metric=metric), rows, with_hard(wrong), with_hard(odd))
    assert found.nulls == (0.0, 0.2)
    assert refusal(found, Accept(metric=metric)) == "null or unreadable answers rise from 0.00% to 20.00% of the rows"
