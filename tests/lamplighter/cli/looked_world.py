"""A project that all is well with at present: a model that was run until yesterday, with labels and a champion."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flows.run_window import run_window
from flows.stage_functions import Stages
from storage.history import open_history
from storage.project.folder import Project
from tasks.retraining.adopt import adopt
from tasks.stages.run_context import RunContext

MONITOR = """\
model: churn
kind: classification
predictions:
  parquet: log/day={day}.parquet
  time: at
  id: id
  prediction: churns
labels: {parquet: "labels/day={day}.parquet", target: churned, mature_after: 1d}
features: {numeric: [amount]}
checks: [{metric: f1, below: 0.01}]
notify: ["json://127.0.0.1:1/alerts"]
"""
DAYS, ROWS = 4, 60


def make(folder: Path) -> Project:
    """Write the project, and run its days."""
    for name in ("monitors", "log", "labels", "model"):
        (folder / name).mkdir(parents=True)
    (folder / "monitors" / "churn.yaml").write_text(MONITOR)
    (folder / "model" / "weights.txt").write_text("0.5")
    first = datetime.now(UTC).date() - timedelta(days=DAYS)
    for number in range(DAYS):
        _log(folder, first + timedelta(days=number))
    project = Project.open(folder)
    monitor = project.monitor("churn")
    adopt(project, monitor, folder / "model", "v1", first, first)
    for number in range(1, DAYS):
        # Nothing is published or sent.
        run_window(RunContext.of(project, monitor, first + timedelta(days=number)), Stages.plain(), is_present=False)
    open_history(project).engine.dispose()
    return project


def _log(folder: Path, day: date) -> None:
    random = np.random.default_rng(day.toordinal())
    churns = random.random(ROWS) < 0.5
    ids = [f"{day:%m%d}-{i:03d}" for i in range(ROWS)]
    at = pd.Timestamp(day, tz="UTC") + pd.to_timedelta(np.arange(ROWS), "min")
    log = pd.DataFrame({"id": ids, "at": at, "amount": random.lognormal(3, 1, ROWS), "churns": churns})
    log.to_parquet(folder / "log" / f"day={day}.parquet", index=False)
    labels = pd.DataFrame({"id": ids, "churned": churns ^ (random.random(ROWS) < 0.1)})
    labels.to_parquet(folder / "labels" / f"day={day}.parquet", index=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sound project, to be copied."""
    return make(tmp_path_factory.mktemp("looked") / "world").root


@pytest.fixture
def world(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(made, tmp_path / "world"))
