"""Classifiers whose daily F1 flaps around a fixed limit and falls in the middle of their days: rows, and history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from benchmarks.replays import in_yaml
from lamplighter.core.evaluation.labelled import Labelled
from lamplighter.core.evaluation.quality import evaluate
from lamplighter.core.evaluation.results import Evaluation
from lamplighter.core.monitor import Monitor
from lamplighter.core.records.measurement import State
from lamplighter.core.time.window import Window, logical_date
from storage.history import History, open_history
from storage.history.results import record_evaluation
from storage.history.runs import run_of
from storage.project.folder import Project

FIRST = dt.date(2025, 1, 1)
WOBBLE = 0.01
"""Standard deviation of the true share of errors from day to day: no real day is exactly like another."""

MONITOR = """\
model: {name}
kind: classification
predictions: {{parquet: "log/{{day}}.parquet", time: at, id: id, prediction: answer, positive: 1}}
labels: {{same_row: true, target: truth, mature_after: 1h}}
features: {{numeric: [amount]}}
"""


@dataclass(frozen=True)
class World:
    """A classifier of two classes, as often right about the one as about the other, so that F1 is its share of hits.

    Attributes
    ----------
    name : str
        That of its model.
    rows : int
        Rows of a day.
    f1, then : float
        The true F1 before the change and after it.
    limit : float
        The fixed limit that a person chose.
    windows, change : int
        How many days there are, and the number of the first that is worse; equal where none is.
    a_day : float
        How much more the true F1 falls on each day after that.
    within : int
        After how many days of the change a person wants to know it.
    """

    name: str
    rows: int
    f1: float
    then: float
    limit: float
    windows: int = 300
    change: int = 150
    a_day: float = 0.0
    within: int = 7

    def day(self, number: int) -> dt.date:
        """The day of a number."""
        return FIRST + dt.timedelta(days=number)

    def answers(self, seed: int, number: int) -> pd.DataFrame:
        """What the service logs on a day, with the truth beside it.

        Examples
        --------
        >>> frame = World("m", rows=165, f1=0.92, then=0.8, limit=0.9).answers(seed=0, number=3)
        >>> len(frame), [*frame]
        (165, ['id', 'at', 'amount', 'answer', 'truth'])
        """
        random = np.random.default_rng([self.rows, seed, number])
        fallen = self.then - self.a_day * (number - self.change)
        hits = (self.f1 if number < self.change else fallen) + WOBBLE * random.standard_normal()
        truth = random.integers(0, 2, self.rows)
        answer = np.where(random.random(self.rows) < hits, truth, 1 - truth)
        seconds = np.sort(random.integers(0, 86_400, self.rows))
        at = pd.Timestamp(self.day(number), tz="UTC") + pd.to_timedelta(seconds, "s")
        ids = [f"{number}-{row}" for row in range(self.rows)]
        amount = random.lognormal(3, 1, self.rows)
        return pd.DataFrame({"id": ids, "at": at, "amount": amount, "answer": answer, "truth": truth})

    def text(self, checks: Mapping[str, str] = MappingProxyType({})) -> str:
        """The monitor file."""
        return MONITOR.format(name=self.name) + in_yaml(checks)

    def project(self, folder: Path, checks: Mapping[str, str] = MappingProxyType({})) -> Project:
        """A project with the monitor and no rows."""
        (folder / "monitors").mkdir(parents=True)
        (folder / "monitors" / f"{self.name}.yaml").write_text(self.text(checks), encoding="utf-8")
        return Project.open(folder)

    def log(self, folder: Path, seed: int) -> None:
        """Write every day as its service does."""
        (folder / "log").mkdir(parents=True, exist_ok=True)
        for number in range(self.windows):
            self.answers(seed, number).to_parquet(folder / "log" / f"{self.day(number)}.parquet", index=False)


def record_days(project: Project, world: World, seed: int) -> None:
    """Record the quality of every day as its run does: the same evaluator on the same rows, without files.

    A run of a day costs a sixth of a second, and 300 days of 30 seeds are 9,000.
    """
    history, monitor = open_history(project), project.monitor(world.name)
    for number in range(world.windows):
        window = Window.of(world.name, monitor.every, monitor.timezone, world.day(number))
        known_on = logical_date(monitor.run_after(window), monitor.every, monitor.timezone)
        rows = world.answers(seed, number)
        _record(history, window, known_on, _evaluation(monitor, window, rows))


def _evaluation(monitor: Monitor, window: Window, rows: pd.DataFrame) -> Evaluation:
    labelled = Labelled(rows["truth"], rows["answer"], {}, {}, None)
    measurements, confusion = evaluate(labelled, monitor, State.FINAL)
    count = len(rows)
    return Evaluation(window, State.FINAL, count, count, "", "", measurements, confusion)


def _record(history: History, window: Window, known_on: dt.datetime, evaluation: Evaluation) -> None:
    with run_of(history, window, known_on), history.writing() as connection:
        record_evaluation(connection, known_on, evaluation)
