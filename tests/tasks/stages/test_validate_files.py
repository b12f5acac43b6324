"""What is said of files of a window that differ from the others, and what is measured of the rest."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import accuracy_score

from flows.run_window import run_window
from flows.stage_functions import Stages
from lamplighter.core.records.finding import INPUT_BREAKS, Code
from storage.history.query import Filter, measurements
from storage.project.folder import Project
from tasks.stages.outcome import Outcome
from tasks.stages.run_context import RunContext

DAY = date(2026, 3, 2)
N = 60
MONITOR = """
model: m
kind: classification
predictions: {{parquet: {log}, time: at, id: id, prediction: pred, score: score{more}}}
labels: {{parquet: {labels}, id: id, target: y, time: at, mature_after: 1h{more}}}
segments: [country]
features: {{numeric: [amount]}}
"""


def tables(part: int) -> dict[str, np.ndarray[Any, Any]]:
    random = np.random.default_rng(part)
    at = pd.date_range(DAY, periods=N, freq="20min", tz="UTC").as_unit("us")
    y = random.integers(0, 2, N)
    columns = {
        "at": at,
        "id": np.array([f"{part}-{i}" for i in range(N)]),
        "pred": np.where(random.random(N) < 0.6, y, 1 - y),
    }
    more = {"score": random.random(N), "amount": random.normal(size=N), "country": random.choice(["de", "fr"], N)}
    return columns | more | {"y": y}


def frame(part: int, **renamed: str) -> pd.DataFrame:
    return pd.DataFrame(tables(part)).rename(columns=renamed)


def evaluated(root: Path, log: str = "log/*.parquet", labels: str = "labels/*.parquet", more: str = "") -> Outcome:
    (root / "monitors").mkdir(exist_ok=True)
    (root / "monitors/m.yaml").write_text(MONITOR.format(log=log, labels=labels, more=more))
    project = Project.open(root)
    return run_window(RunContext.of(project, project.monitor("m"), DAY), Stages.plain())


def value(outcome: Outcome, metric: str, segment: str = "") -> Any:
    rows = measurements(outcome.context.history, "m", Filter(metric=metric, segment=segment, version=""))
    return rows[-1]["value"]


def write(root: Path, folder: str, parts: dict[int, pd.DataFrame]) -> None:
    for part, table in parts.items():
        (root / folder).mkdir(exist_ok=True, parents=True)
        pq.write_table(pa.Table.from_pandas(table, preserve_index=False), root / folder / f"{part}.parquet")


@pytest.mark.parametrize(
    ("column", "spelled", "code", "kept"),
    [
        ("pred", "Pred", Code.FILE_UNREADABLE, False),
        ("pred", "pred ", Code.FILE_UNREADABLE, False),
        ("pred", None, Code.FILE_UNREADABLE, False),
        ("id", "ID", Code.FILE_UNREADABLE, False),
        ("at", "At", Code.FILE_UNREADABLE, False),
        ("score", "Score", Code.COLUMN_MISSING, True),
        ("country", "Country", Code.COLUMN_MISSING, True),
        ("amount", "amout", Code.COLUMN_MISSING, True),
    ],
)
def test_a_file_that_spells_a_column_otherwise_is_no_wrong_answer(
    tmp_path: Path, column: str, spelled: str | None, code: Code, kept: bool
) -> None:
    parts = {part: frame(part) for part in range(3)}
    write(tmp_path, "labels", parts)
    odd = parts[1].drop(columns=column) if spelled is None else frame(1, **{column: spelled})
    write(tmp_path, "log", parts | {1: odd})
    outcome = evaluated(tmp_path)
    [finding] = [entry for entry in outcome.findings if entry.code in INPUT_BREAKS]
    assert finding.code is code
    assert f"{tmp_path}/log/1.parquet: no " in finding.message
    assert repr(column) in finding.message
    assert spelled is None or f"did you mean {spelled!r}?" in finding.message
    right = pd.concat([parts[0], parts[2], *([parts[1]] if kept else [])])
    assert value(outcome, "accuracy") == pytest.approx(accuracy_score(right["y"], right["pred"]), abs=1e-12)
    assert value(outcome, "rows") == len(right)


def test_one_label_file_that_spells_a_column_otherwise_is_said(tmp_path: Path) -> None:
    parts = {part: frame(part) for part in range(3)}
    write(tmp_path, "log", parts)
    write(tmp_path, "labels", parts | {1: frame(1, y="Y")})
    outcome = evaluated(tmp_path)
    [finding] = [entry for entry in outcome.findings if entry.code is Code.LABELS_UNREADABLE]
    assert f"labels: {tmp_path}/labels/1.parquet: no label column 'y'; did you mean 'Y'?" in finding.message
    right = pd.concat([parts[0], parts[2]])
    assert value(outcome, "accuracy") == pytest.approx(accuracy_score(right["y"], right["pred"]), abs=1e-12)
    assert value(outcome, "labels_coverage") == pytest.approx(2 / 3)


def test_a_key_of_the_path_is_a_segment_as_a_column_is(tmp_path: Path) -> None:
    parts = {part: frame(part) for part in range(2)}
    write(tmp_path, "labels", parts)
    for part, table in parts.items():
        for country, rows in table.groupby("country"):
            write(tmp_path, f"log/country={country}/day={DAY}", {part: rows.drop(columns="country")})
    outcome = evaluated(tmp_path, log="'log/*/day={day}/*.parquet'")
    assert outcome.findings == []
    right = pd.concat(parts.values())
    for country, rows in right.groupby("country"):
        accuracy = accuracy_score(rows["y"], rows["pred"])
        assert value(outcome, "accuracy", f"country={country}") == pytest.approx(accuracy, abs=1e-12)


def test_a_column_that_differs_from_its_path_is_said(tmp_path: Path) -> None:
    parts = {part: frame(part) for part in range(2)}
    write(tmp_path, "labels", parts)
    write(tmp_path, "log/country=it", parts)
    outcome = evaluated(tmp_path, log="log/**/*.parquet")
    assert [entry.code for entry in outcome.findings] == [Code.PATH_DIFFERS] * 2
    assert "column 'country' holds other values than country=it in the path" in outcome.findings[0].message
    assert value(outcome, "rows") == 2 * N


@pytest.mark.parametrize("how", ["csv", "csv.gz", "epoch", "date"])
def test_csv_numbers_and_dates_are_measured_as_timestamps_in_parquet(tmp_path: Path, how: str) -> None:
    parts = {part: frame(part) for part in range(2)}
    more = ""
    for folder in ("log", "labels"):
        written = {part: table.copy() for part, table in parts.items()}
        if how == "epoch":
            more = ", time_unit: ms"
            for table in written.values():
                table["at"] = table["at"].dt.as_unit("ms").astype("int64")
        if how == "date":
            for table in written.values():
                table["at"] = [DAY] * N
        write(tmp_path, folder, written)
        if "csv" in how:
            for path in (tmp_path / folder).iterdir():
                pd.read_parquet(path).to_csv(path.with_suffix(f".{how}"), index=False)
                path.unlink()
    end = how if "csv" in how else "parquet"
    outcome = evaluated(tmp_path, log=f"log/*.{end}", labels=f"labels/*.{end}", more=more)
    assert outcome.findings == []
    right = pd.concat(parts.values())
    assert value(outcome, "rows") == 2 * N
    assert value(outcome, "accuracy") == pytest.approx(accuracy_score(right["y"], right["pred"]), abs=1e-12)
    assert list((tmp_path / ".lamplighter").glob("spool/m/*")) == []
