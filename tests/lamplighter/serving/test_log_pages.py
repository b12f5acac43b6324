"""The examples of the pages about logs work as they stand there."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest
from fastapi.testclient import TestClient

from lamplighter.serving import sql_table

ROOT = Path(__file__).parents[3]


def examples(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


def logged(folder: Path) -> list[dict[str, Any]]:
    return ds.dataset(folder, format="parquet").to_table().to_pylist()


def test_the_page_about_logging_predictions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    service, database, sample = examples("docs/how-to/log-predictions.md")
    names: dict[str, Any] = {}
    exec(service, names)
    with TestClient(names["app"]) as client:
        for number in range(3):
            assert client.post(f"/predict/a{number}?plan=pro").json() == {"probability": 0.83}
    rows = logged(tmp_path / "data" / "predictions")
    assert [row["request_id"] for row in rows] == ["a0", "a1", "a2"]

    exec(database, names)
    assert isinstance(names["log"].place, sql_table.SqlTable)
    exec(sample, names)
    assert names["log"].sample == 0.1


def test_the_example_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = [text for text in examples("README.md") if "PredictionLog" in text]
    exec(example, {"now": dt.datetime(2026, 11, 26, tzinfo=dt.UTC)})
    assert [row["plan"] for row in logged(tmp_path / "logs")] == ["pro"]
