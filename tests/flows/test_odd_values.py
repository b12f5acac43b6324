"""Values that a database refuses, or that read as something else: every run succeeds, and both histories agree."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lamplighter.core.values.identity import identity
from lamplighter.core.values.key_name import key_name
from storage.history import open_history
from storage.history.query import dump
from storage.project.folder import Project
from tests.flows.runs import one_run

DAY = date(2026, 3, 2)
LONG = "".join(map(chr, np.random.default_rng(0).integers(0x4E00, 0x9FFF, 3000)))
ODD = [
    "null",
    None,
    "other",
    "",
    " a",
    "a ",
    "a",
    "a\0b",
    "\0",
    "\x1b[31m",
    LONG,
    LONG + "1",
    "x" * 20_000,
    "\u202e",
    "'\"%:x",
    "漢",
]
ROWS = len(ODD) * 4
MONITOR = """
model: m
kind: {kind}
predictions: {{parquet: rows.parquet, time: at, id: id, prediction: pred, version: v}}
labels: {{same_row: true, target: y, mature_after: 1h}}
segments: s
features: {{categorical: ["f*", s], numeric: ["n*"]}}
reference: {{parquet: rows.parquet}}
metrics: [{{name: broken, function: "own.py:broken"}}]
"""


def project(root: Path, kind: str) -> Project:
    values, random = np.array(ODD, object), np.random.default_rng(1)
    shuffled = [values[random.permutation(len(values))] for _ in range(4)]
    texts = pa.array(np.concatenate(shuffled), pa.string())
    columns = {"y": texts, **{name: texts.take(pa.array(random.permutation(ROWS))) for name in ("pred", "s", "v")}}
    if kind == "ranking":
        columns["pred"] = pa.array([[value, "b"] for value in texts.to_pylist()])
    at = pa.array(pd.date_range(DAY, periods=ROWS, freq="15min", tz="UTC"))
    table = pa.table({"id": range(ROWS), "at": at, **columns, "f\0" + LONG: texts, "n " + LONG: random.random(ROWS)})
    (root / "monitors").mkdir(parents=True)
    (root / "monitors" / "m.yaml").write_text(MONITOR.format(kind=kind))
    (root / "own.py").write_text("def broken(y_true, y_pred, y_score):\n    raise ValueError('a\\0b\\ud800')\n")
    pq.write_table(table, root / "rows.parquet")
    return Project.open(root)


@pytest.mark.parametrize("kind", ["classification", "ranking"])
def test_odd_values_stop_no_model_and_stay_apart(
    tmp_path: Path, postgresql_url: str, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    histories = []
    world = project(tmp_path / "world", kind)
    for url in ("", postgresql_url):
        if url:
            monkeypatch.setenv("LAMPLIGHTER_HISTORY_URL", url)
            world = Project.open(world.root)
        one_run(world, "m", DAY)
        histories.append(dump(open_history(world)))
    assert open_history(world).engine.dialect.name == "postgresql"
    for name in histories[0]:
        assert histories[0][name] == histories[1][name], name

    names = {key_name(identity(value)) for value in ODD}
    quality = [row for row in histories[1]["measurement"] if row[3] in ("accuracy", "mrr")]
    assert {row[4].removeprefix("s=") for row in quality if row[4]} == names
    assert {row[5] for row in quality if row[5]} == names
    classes = {row[key] for row in histories[1]["confusion"] for key in (5, 6)}
    assert classes == ((names - {"null"}) | {""} if kind == "classification" else set())
