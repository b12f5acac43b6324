"""What the second process of the demo does, while the first one keeps a model by the closed loop."""

from __future__ import annotations

import importlib
import logging
import os
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

from examples.flights.lanes import DELAY, INPUTS, LATE, SQL, back_fill, days_between, run_as_flows
from examples.flights.model import Model
from examples.flights.replay import TRAINED
from examples.flights.rows import predicted
from examples.flights.serve import predict_delay
from examples.flights.server import START_SECONDS
from examples.flights.sql import days_to_sql
from examples.flights.train import VERSION, train_delay
from examples.stack.running import wait_for
from storage.project.folder import Project

MONTH, WEEK = 30, 7
"""Days that some models are evaluated for: the newest ones, enough to show how they differ from the others."""


@dataclass(frozen=True)
class Span:
    """The days of a demo: most are back-filled, the last ones are flow runs of their own."""

    first: date
    last: date
    split: date

    @classmethod
    def of(cls, first: date, last: date, flow_days: int) -> Span:
        """The last so many days are flow runs."""
        return cls(first, last, max(first, last - timedelta(days=flow_days - 1)))

    @property
    def eve(self) -> date:
        """The last day that is back-filled; before the first one where none is."""
        return self.split - timedelta(days=1)

    def newest(self, days: int) -> date:
        """The first of the newest so many days."""
        return max(self.first, self.last - timedelta(days=days - 1))

    @property
    def days_beside(self) -> int:
        """Days of all models that the second process evaluates."""
        whole, month, week = (
            len(days_between(first, self.last)) for first in (self.first, self.newest(MONTH), self.newest(WEEK))
        )
        return whole + 2 * month + week


def prepare_delay(data: Path, first: date, last: date) -> None:
    """Train the regression, unless it is there, and have it answer the flights."""
    place = data / "models" / "delay"
    if not (place / "reference.parquet").exists():
        train_delay(predicted(*TRAINED), place, VERSION)
    predict_delay(first, last, Model.load(place), data)


def evaluate_beside(root: Path, url: str, span: Span) -> None:
    """Evaluate the regression, a month of the classifier as it was and of its inputs, a week out of a database."""
    logging.getLogger("prefect").setLevel(logging.WARNING)
    # Evidently takes as long to import as the server to start.
    importlib.import_module("evidently")
    wait_for(f"{url}/health", START_SECONDS)
    project, database = Project.open(root), root / "data" / "flights.db"
    os.environ["FLIGHTS_DATABASE"] = str(database)
    with temporary_settings({PREFECT_API_URL: url, PREFECT_HOME: root / "prefect"}):
        if span.split > span.first:
            back_fill(project, [DELAY], span.first, span.eve)
            back_fill(project, [LATE, INPUTS], span.newest(MONTH), span.eve)
        run_as_flows(project, [LATE, DELAY, INPUTS], days_between(span.split, span.last))
        first = span.newest(WEEK)
        days_to_sql(root / "data", f"sqlite:///{database}", first, span.last)
        back_fill(project, [SQL], first, span.last, reports=1)
