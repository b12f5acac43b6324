"""The project that examples in docstrings use: `project`, `monitor`, `window`, `context`, `history`.

A shop's model `churn` logged 100 rows a day from 1 to 7 March 2026; labels came a day later. The first three days are
the reference, the others were run. On 7 March the amounts came in cents.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flows.run_window import run_window
from flows.stages import Stages
from storage.history import open_history
from storage.project.folder import Project
from tasks.stages.run import RunContext

MONITOR = """
model: churn
kind: classification
predictions:
  parquet: log/day={day}.parquet
  time: at
  id: id
  prediction: churns
  score: probability
labels: {parquet: "labels/day={day}.parquet", target: churned, mature_after: 1d}
features: {numeric: [amount], categorical: [plan]}
segments: [plan]
reference: {days: 2026-03-01..2026-03-03}
checks:
  - {metric: f1, below: 0.2}
  - {metric: drift_share, above: 0.4}
"""
FIRST, DAYS, ROWS = date(2026, 3, 1), 7, 100


def make(folder: Path) -> Project:
    """Write the project, and run its days."""
    for name in ("monitors", "log", "labels"):
        (folder / name).mkdir(parents=True)
    (folder / "monitors" / "churn.yaml").write_text(MONITOR)
    for number in range(DAYS):
        _log(folder, number)
    project = Project.open(folder)
    for number in range(3, DAYS):
        context = RunContext.of(project, project.monitor("churn"), FIRST + timedelta(days=number))
        run_window(context, Stages.plain(), with_report=False, with_retraining=False)
    return project


def _log(folder: Path, number: int) -> None:
    day, random = FIRST + timedelta(days=number), np.random.default_rng(number)
    churned = random.random(ROWS) < 0.3
    probability = (0.5 * churned + 0.5 * random.random(ROWS)).round(3)
    ids = [f"{day:%m%d}-{i:02d}" for i in range(ROWS)]
    log = pd.DataFrame(
        {
            "id": ids,
            "at": pd.Timestamp(day, tz="UTC") + pd.to_timedelta(np.arange(ROWS), "min"),
            "amount": random.lognormal(3, 1, ROWS).round(2) * (100 if number == DAYS - 1 else 1),
            "plan": random.choice(["basic", "pro"], ROWS),
            "probability": probability,
            "churns": probability > 0.5,
        }
    )
    log.to_parquet(folder / "log" / f"day={day}.parquet", index=False)
    labels = pd.DataFrame({"id": ids, "churned": churned})
    labels.to_parquet(folder / "labels" / f"day={day + timedelta(days=1)}.parquet", index=False)


def names(project: Project) -> dict[str, Any]:
    """What examples may use, by name; examples read the history, and write it nowhere."""
    monitor = project.monitor("churn")
    context = RunContext.of(project, monitor, FIRST + timedelta(days=DAYS - 1))
    return {
        "project": project,
        "monitor": monitor,
        "window": context.window,
        "context": context,
        "history": open_history(project),
    }
