"""The project that examples in docstrings use: `project`, `monitor`, `window`, `context`, `history`, `outcome`.

A shop's model `churn` logged 300 rows a day from 1 to 11 March 2026; labels came a day later. The first three days are
the reference, the others were run. On 11 March the amounts came in cents: `window` is that day, and `outcome` is what
its run found. The incident is open, and its message waits in the outbox, with those about an incident of drift that
opened by chance on 9 March and closed again. Version `v1` is champion. The SQLite file `shop.db` holds a table
`orders`.
"""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flows.run_window import run_window
from flows.stage_functions import Stages
from storage.history import open_history
from storage.project.folder import Project
from tasks.retraining.adopt import adopt
from tasks.retraining.request import request_retraining
from tasks.stages.run_context import RunContext

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
  - {metric: drift_share, above: 0.4, clears: 1}
retrain:
  calendar: "0 5 * * 6"
  trainer: train.py:train
  window: 2d
  accept: {metric: f1, days: 1d}
notify: ["json://alerts.example"]
"""
FIRST, DAYS, ROWS = date(2026, 3, 1), 11, 300
RETRAINED = 5
"""The calendar calls for a retraining in the run of this day."""


def make(folder: Path) -> dict[str, Any]:
    """Write the project and run its days; return the names that examples may use. They read the history alone."""
    for name in ("monitors", "log", "labels", "model"):
        (folder / name).mkdir(parents=True)
    (folder / "monitors" / "churn.yaml").write_text(MONITOR)
    (folder / "model" / "weights.txt").write_text("0.5")
    (folder / "train.py").write_text("def train(rows, folder): ...\n")
    for number in range(DAYS):
        _log(folder, number)
    _orders(folder)
    project = Project.open(folder)
    monitor = project.monitor("churn")
    adopt(project, monitor, folder / "model", "v1", FIRST, FIRST + timedelta(days=2))
    for number in range(3, DAYS):
        context = RunContext.of(project, monitor, FIRST + timedelta(days=number))
        # Nothing is published or sent: the message about the incident waits.
        outcome = run_window(context, Stages.plain(), with_report=False, is_present=False, with_retraining=False)
        if number == RETRAINED:
            request_retraining(context)
    return {
        "project": project,
        "monitor": monitor,
        "window": context.window,
        "context": context,
        "history": open_history(project),
        "outcome": outcome,
    }


def _log(folder: Path, number: int) -> None:
    day, random = FIRST + timedelta(days=number), np.random.default_rng(number)
    churned = random.random(ROWS) < 0.3
    probability = (0.4 * churned + 0.6 * random.random(ROWS)).round(3)
    ids = [f"{day:%m%d}-{i:03d}" for i in range(ROWS)]
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


def _orders(folder: Path) -> None:
    connection = sqlite3.connect(folder / "shop.db")
    with connection:
        connection.execute("CREATE TABLE orders (id TEXT, at TEXT, amount REAL)")
        rows = [(f"o{number}", f"2026-03-11 1{number}:00:00", 10.0 * number) for number in range(5)]
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
    connection.close()
