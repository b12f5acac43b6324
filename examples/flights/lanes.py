"""What the lanes of the demo share: the models, and their runs as Prefect's flow runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from flows.backfill import backfill
from flows.monitor import monitor
from lamplighter.core.time.window import Window
from storage.history import open_history
from storage.history.tables import run
from storage.project.folder import Project

LATE, DELAY, INPUTS, SQL = "flight-delays", "flight-minutes", "flight-inputs", "flight-delays-sql"


def days_between(first: date, last: date) -> list[date]:
    """Every day from the first to the last."""
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


def back_fill(project: Project, models: Sequence[str], first: date, last: date, reports: int = 0) -> None:
    """Evaluate past days of some models in one flow run."""
    _completed(backfill([*models], first, last, reports, 1, str(project.root), return_state=True))


def run_as_flows(
    project: Project, models: Iterable[str], days: Iterable[date], each: Callable[[date, str], None] | None = None
) -> None:
    """Evaluate days as a schedule does: a flow run for each model and day, at the time when it was due."""
    for day in days:
        for model in models:
            due = _due(project, model, day)
            _completed(monitor(model, day, due, str(project.root), return_state=True))
            if each:
                each(day, model)


def windows_run(project: Project, models: Iterable[str]) -> int:
    """How many windows of some models have a run that has ended."""
    query = sa.select(run.c.model, run.c.window_start).where(run.c.model.in_([*models]), run.c.ended_at.is_not(None))
    with open_history(project).reading() as connection:
        return len(connection.execute(query.distinct()).all())


def _due(project: Project, model: str, day: date) -> datetime:
    """When the run of a day was scheduled."""
    declared = project.monitor(model)
    return declared.run_after(Window.of(model, declared.every, declared.timezone, day))


def _completed(state: Any) -> None:
    """Raise what a flow run died of."""
    state.result()
