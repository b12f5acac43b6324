"""A history to show, and the command."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from lamplighter.cli import cli
from storage.history import History, open_history, tables
from storage.project.folder import Project
from tests.storage.history.recorded import measured, write, write_run

Run = Callable[..., Result]
SOUND = "model: {name}\nkind: text\npredictions: {{parquet: '{name}/*.parquet', time: t, prediction: y}}\n"


@pytest.fixture
def history(tmp_path: Path) -> History:
    """The history of the project in ``tmp_path``."""
    return open_history(Project.open(tmp_path))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Call the command in the project in ``tmp_path``."""
    return lambda *arguments: CliRunner().invoke(cli, ["-C", str(tmp_path), *map(str, arguments)])


@pytest.fixture
def mistake(run: Run) -> Callable[..., str]:
    """The one line that reports a mistake."""

    def line(*arguments: object) -> str:
        result = run(*arguments)
        assert isinstance(result.exception, SystemExit)
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
        return str(result.stderr.strip())

    return line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with three sound monitors."""
    (tmp_path / "monitors").mkdir()
    for name in ("first", "second", "third"):
        (tmp_path / "monitors" / f"{name}.yaml").write_text(SOUND.format(name=name))
    return tmp_path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Ten days of predictions, by the hour."""
    times = [datetime(2013, 5, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(240)]
    columns = {
        "predicted_at": times,
        "request_id": [f"r{i}" for i in range(240)],
        "prediction": ["yes" if i % 3 else "no" for i in range(240)],
        'od"d: {name}': [i / 7 for i in range(240)],
    }
    path = tmp_path / "Some Table.parquet"
    pq.write_table(pa.table(columns), path)
    return path


@pytest.fixture
def recorded(history: History) -> None:
    """A run with metrics of a model, of segments and of columns."""
    write_run(history)
    parts = [("f1", "", ""), ("f1", "region=north", ""), ("f1", "region=south", ""), ("f1", "plan=pro", "")]
    parts += [("recall", "", ""), ("recall", "", "1")]
    rows = [
        measured(metric=metric, segment=segment, version="v1") | {"class": klass} for metric, segment, klass in parts
    ]
    write(history, tables.measurement, rows)
    drift: dict[str, Any] = {"metric": "drift_statistic", "method": "wasserstein_normed", "version": "v1"}
    write(history, tables.measurement, [measured(feature=name, **drift) for name in ("amount", "age")])
