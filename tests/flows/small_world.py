"""A small model whose rows a test makes day by day: what its service logs, its truth in the same row or apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flows.run_window import run_window
from flows.stage_functions import Stages
from storage.history import open_history
from storage.history.incidents import all_incidents
from storage.project.folder import Project
from tasks.stages.outcome import Outcome
from tasks.stages.run_context import RunContext

FIRST, ROWS = date(2025, 3, 3), 200

MONITOR = """
model: m
kind: classification
predictions: {parquet: "data/day={day}.parquet", time: at, id: id, prediction: answer, score: score}
labels: {same_row: true, target: truth, mature_after: 1h}
features: {numeric: [amount, count], categorical: [plan, region]}
segments: [region]
"""

Columns = dict[str, Any]
Change = Callable[[pd.DataFrame], pd.DataFrame]


def make(folder: Path, monitor: str = MONITOR) -> Project:
    """A project with one monitor and no data."""
    (folder / "monitors").mkdir(parents=True)
    (folder / "monitors" / "m.yaml").write_text(monitor)
    (folder / "data").mkdir()
    return Project.open(folder)


def rows(number: int, count: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """What the service logs on a day."""
    random = np.random.default_rng([seed, number])
    truth = random.integers(0, 2, count)
    score = (0.6 * truth + 0.4 * random.random(count)).round(4)
    return pd.DataFrame(
        {
            "id": [f"{number}-{i}" for i in range(count)],
            "at": pd.Timestamp(day(number), tz="UTC")
            + pd.to_timedelta(np.sort(random.integers(0, 86_400, count)), "s"),
            "amount": random.lognormal(3, 1, count).round(2),
            "count": random.poisson(4, count),
            "plan": random.choice(["Basic", "Pro", "Team"], count),
            "region": random.choice(["North", "South"], count),
            "score": score,
            "answer": (score > 0.5).astype(int),
            "truth": truth,
        }
    )


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def log(project: Project, number: int, frame: pd.DataFrame) -> None:
    """Write what a day's rows are, as a service does."""
    frame.to_parquet(project.root / "data" / f"day={day(number)}.parquet", index=False)


def run(project: Project, number: int, frame: pd.DataFrame | None = None, **options: Any) -> Outcome:
    """Log a day and run it at its time."""
    if frame is not None:
        log(project, number, frame)
    monitor = project.monitor("m")
    window = monitor.window(datetime.combine(day(number + 1), datetime.min.time(), UTC))
    options = {"with_report": False, "with_retraining": False, **options}
    return run_window(RunContext(project, monitor, window, monitor.run_after(window)), Stages.plain(), **options)


def run_days(project: Project, numbers: range, changed: Mapping[int, Change] | Change | None = None) -> list[Outcome]:
    """Log and run some days; all of them changed by one function, or each by its own."""
    outcomes = []
    for number in numbers:
        change = changed.get(number) if isinstance(changed, Mapping) else changed
        outcomes.append(run(project, number, change(rows(number)) if change else rows(number)))
    return outcomes


def incidents(project: Project) -> list[tuple[str, int, int | None]]:
    """The incidents: check, and the days on which they were opened and closed."""
    return [
        (row["check_name"], _number(row["opened_on"]), _number(row["closed_on"]) if row["closed_on"] else None)
        for row in all_incidents(open_history(project))
    ]


def _number(moment: datetime) -> int:
    """The day whose run it is the logical date of."""
    return (moment.date() - FIRST).days - 1
