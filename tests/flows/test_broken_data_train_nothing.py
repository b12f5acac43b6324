"""Thirty days of broken data start no training and promote no champion; what is accepted is learned from."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lamplighter.core.retraining.policy import Status
from storage.history import open_history
from storage.history.promotions import promotions
from storage.history.retrainings import entries
from storage.project.folder import Project
from tests.flows import small_world
from tests.flows.conftest import Prepared
from tests.flows.loop_world import call
from tests.flows.small_world import FIRST, incidents, rows, run
from tests.long_cases import long_but_for

BEFORE = 8

MONITOR = """
model: m
kind: classification
predictions: {parquet: "data/day={day}.parquet", time: at, id: id, prediction: answer, score: score}
labels: {parquet: "truth/day={day}.parquet", target: truth, time: labelled_at, mature_after: 1d}
features: {numeric: [amount, count], categorical: [plan, region]}
checks: [{metric: accuracy, below: 0.9}]
retrain:
  on: [accuracy-below]
  trainer: trainer.py:train
  window: 60d
  cooldown: 5d
  accept: {metric: accuracy, days: 3d}
"""

TRAINER = '''
"""A champion that is always right about what it was given, with the days that it was given."""

import json


def train(rows, folder, version):
    (folder / "windows.json").write_text(json.dumps(sorted(set(rows["__window__"]))))
    rows.assign(answer=rows["truth"].fillna(0).astype(int)).to_parquet(folder / "reference.parquet")
    return {}


def predict(folder, rows):
    import pandas as pd

    answer = (rows["amount"] > rows["amount"].median()).astype(int)
    return pd.DataFrame({"answer": answer, "score": answer.astype(float)})
'''

Frame = pd.DataFrame
Change = Callable[[Frame, Frame], tuple[Frame, Frame]]


def spoiled(frame: Frame) -> Frame:
    """The answers that a model gives on broken features: a coin's."""
    return frame.assign(answer=(frame["score"].rank(method="first") % 2).astype(int))


def scale(column: str, factor: float) -> Change:
    return lambda log, truth: (spoiled(log).assign(**{column: log[column] * factor}), truth)


def respell(column: str) -> Change:
    return lambda log, truth: (spoiled(log).assign(**{column: "x_" + log[column]}), truth)


def contradict(log: Frame, truth: Frame) -> tuple[Frame, Frame]:
    return log, pd.concat([truth, truth.assign(truth=1 - truth["truth"])])


def one_class(log: Frame, truth: Frame) -> tuple[Frame, Frame]:
    return log, truth.assign(truth=1)


def restart(log: Frame, truth: Frame) -> tuple[Frame, Frame]:
    """Ids that restart every day, with truths that come a day late: they are joined to the next day's answers."""
    ids = [str(i) for i in range(len(log))]
    return log.assign(id=ids), truth.assign(id=ids, labelled_at=truth["labelled_at"] + pd.Timedelta("1D"))


def score(change: Callable[[pd.Series], pd.Series]) -> Change:
    return lambda log, truth: (spoiled(log).assign(score=change(log["score"])), truth)


FAULTS: dict[str, Change] = {
    "scores in percent": score(lambda scores: scores * 100),
    "scores as logits": score(lambda scores: np.log((scores + 0.01) / (1.01 - scores))),
    "labels from one on": lambda log, truth: (log, truth.assign(truth=truth["truth"] + 1)),
    "labels as signs": lambda log, truth: (log, truth.assign(truth=2 * truth["truth"] - 1)),
    "counts that froze": lambda log, truth: (spoiled(log).assign(count=4), truth),
    "amounts in cents": scale("amount", 100),
    "a tenth of the counts": scale("count", 0.1),
    "plans coded anew": respell("plan"),
    "regions coded anew": respell("region"),
    "labels of one class": one_class,
    "labels that contradict each other": contradict,
    "ids that restart": restart,
}


def make(folder: Path) -> Project:
    project = small_world.make(folder, MONITOR)
    (folder / "truth").mkdir()
    (folder / "trainer.py").write_text(TRAINER)
    return project


def day(project: Project, number: int, seed: int, change: Change | None = None) -> None:
    log = rows(number, 80, seed)
    truth = log[["id", "truth"]].assign(labelled_at=log["at"] + pd.Timedelta("1h"))
    log = log.drop(columns="truth")
    if change:
        log, truth = change(log, truth)
    truth.to_parquet(project.root / "truth" / f"day={FIRST + timedelta(days=number)}.parquet", index=False)
    run(project, number, log, with_retraining=True)


def sound(folder: Path, days: int, seed: int) -> Project:
    project = make(folder)
    for number in range(days):
        day(project, number, seed)
    return project


def days_learned(project: Project, version: str) -> list[int]:
    kept = json.loads((project.home / "models" / "m" / version / "windows.json").read_text())
    return [(date.fromisoformat(window) - FIRST).days for window in kept]


def started(project: Project) -> list[tuple[str, str]]:
    return [(it.status.value, it.cause) for it in entries(open_history(project), "m") if it.status is not Status.VETOED]


USUAL = ("scores in percent", "labels of one class")
"""A fault of the predictions, and one of the labels."""


@pytest.mark.parametrize("fault", long_but_for(FAULTS, USUAL))
def test_nothing_is_trained_on_broken_data(prepared: Prepared, fault: str) -> None:
    seed = 1 + [*FAULTS].index(fault) % 2
    project = prepared(("to be broken", seed), lambda folder: sound(folder, BEFORE, seed))
    # Thirty days once; longer than the sound windows would last for the others.
    for number in range(BEFORE, BEFORE + (30 if fault == "amounts in cents" else 10)):
        day(project, number, seed, FAULTS[fault])
    assert started(project) == []
    assert promotions(open_history(project), "m") == []
    assert [(name, closed) for name, _, closed in incidents(project) if name == "data"] == [("data", None)]


@pytest.mark.parametrize("column", long_but_for(["amount", "count"], ["count"]))
def test_what_is_accepted_is_learned_from_and_nothing_before(prepared: Prepared, column: str) -> None:
    project, change = prepared("to be accepted", lambda folder: sound(folder, 12, 3)), scale(column, 100)
    for number in range(12, 15):
        day(project, number, 3, change)
    assert call(project, "incidents", "accept", "m")[0] == 0
    for number in range(15, 24):
        day(project, number, 3, change)
    (entry, *_) = [it for it in entries(open_history(project), "m") if it.status is not Status.VETOED]
    assert entry.status in (Status.PROMOTED, Status.REJECTED)
    learned = days_learned(project, entry.version)
    assert learned == [*range(15, learned[-1] + 1)]
    vetoes = {it.reason for it in entries(open_history(project), "m") if it.status is Status.VETOED}
    assert any("labels are immature" in reason for reason in vetoes)


@pytest.mark.long
def test_a_fault_that_ended_is_left_out(tmp_path: Path) -> None:
    project = make(tmp_path / "world")
    for number in range(16):
        day(project, number, 4, scale("amount", 100) if 9 <= number < 12 else None)
    assert call(project, "retrain", "m", "--now", f"{FIRST + timedelta(days=16)}T09:00")[0] in (0, 2)
    (entry,) = [it for it in entries(open_history(project), "m") if it.status is not Status.VETOED]
    assert days_learned(project, entry.version) == [*range(9)]
