"""A model whose world turns: a service that answers by the champion, and a trainer that can learn the new rule."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from click.testing import CliRunner

from flows.run_window import run_window
from flows.run_windows import WindowRun, run_windows, windows_between
from flows.stage_functions import Stages
from lamplighter.cli import cli
from lamplighter.core.retraining.policy import Entry, Status
from storage.history import open_history, tables
from storage.history.promotions import champion
from storage.history.retrainings import entries
from storage.project.folder import Project
from storage.registry.versions import Registry
from tasks.stages.outcome import Outcome
from tasks.stages.run_context import RunContext
from tests.flows.runs import edit

FIRST, TURN, DAYS, ROWS = date(2025, 3, 3), date(2025, 3, 17), 34, 200
LAST = FIRST + timedelta(days=DAYS - 1)

DAY = date(2025, 3, 22)
"""The run for this day finds a world that changed some days ago, without a check so far."""
ROLLBACK_DAY = DAY + timedelta(days=4)
"""When the answers of a champion of the run for that day have matured for as long as it was compared on."""

MONITOR = """
model: turning
kind: classification
timezone: UTC
segments: [region]
features: {numeric: [x, z], categorical: [region]}
predictions:
  parquet: data/predictions/day={day}/*.parquet
  time: at
  id: id
  prediction: answer
  score: score
  version: version
labels: {parquet: "data/labels/day={day}/*.parquet", target: truth, time: arrived, mature_after: 1d}
checks:
  - {metric: accuracy, below: 0.6}
retrain:
  on: [accuracy-below]
  trainer: trainer.py:train
  window: 30d
  cooldown: 4d
  budget: 6
  accept: {metric: accuracy, days: 3d}
"""

TRAINER = '''
"""A rule with one number: the sign of x, or its opposite."""

import json


def train(rows, folder, version):
    newest = rows.sort_values("at").dropna(subset=["truth"]).tail(250)
    agreement = ((newest["x"] > 0) == (newest["truth"] == 1)).mean()
    sign = 1 if agreement >= 0.5 else -1
    (folder / "model.json").write_text(json.dumps({"sign": sign}))
    rows.assign(**answers(rows, sign), version=version).to_parquet(folder / "reference.parquet")
    return {"agreement": float(agreement)}


def predict(folder, rows):
    import pandas as pd

    return pd.DataFrame(answers(rows, json.loads((folder / "model.json").read_text())["sign"]))


def answers(rows, sign):
    score = (sign * rows["x"] + 4) / 8
    return {"answer": (score > 0.5).astype(int), "score": score}
'''


def features() -> pd.DataFrame:
    """What the service is asked, with the truth in hindsight."""
    random = np.random.default_rng(5)
    count = DAYS * ROWS
    day = np.repeat(np.arange(DAYS), ROWS)
    at = pd.Timestamp(FIRST, tz="UTC") + pd.to_timedelta(day, unit="D")
    at += pd.to_timedelta(random.integers(0, 86_400, count), unit="s")
    x = random.normal(0, 1, count).clip(-3.9, 3.9)
    turned = np.where(at < pd.Timestamp(TURN, tz="UTC"), 1, -1)
    truth = (turned * x + random.normal(0, 0.4, count) > 0).astype(int)
    frame = pd.DataFrame(
        {
            "id": [f"r{i:05d}" for i in range(count)],
            "at": at,
            "x": x,
            "z": random.normal(0, 1, count),
            "region": random.choice(["north", "south"], count),
            "truth": truth,
        }
    )
    return frame.sort_values("at", ignore_index=True)


def make(folder: Path, monitor: str = MONITOR, trainer: str = TRAINER) -> Project:
    """Make the project: what the first model answered on all days, and the truth, a few hours later."""
    (folder / "monitors").mkdir(parents=True)
    (folder / "monitors" / "turning.yaml").write_text(monitor)
    (folder / "trainer.py").write_text(trainer)
    asked = features()
    asked.to_parquet(folder / "asked.parquet")
    serve(folder, 1, "first", FIRST)
    truth = asked[["id", "truth"]].assign(arrived=asked["at"] + pd.Timedelta(hours=3))
    _write_days(truth, "arrived", folder / "data" / "labels")
    return Project.open(folder)


def serve(folder: Path, sign: int, version: str, since: date) -> None:
    """Answer all days from one on by the rule of a sign."""
    asked = pd.read_parquet(folder / "asked.parquet").drop(columns="truth")
    asked = asked[asked["at"] >= pd.Timestamp(since, tz="UTC")]
    score = (sign * asked["x"] + 4) / 8
    answered = asked.assign(answer=(score > 0.5).astype(int), score=score, version=version)
    _write_days(answered, "at", folder / "data" / "predictions")


def _write_days(frame: pd.DataFrame, time: str, folder: Path) -> None:
    for day, rows in frame.groupby(frame[time].dt.date):
        path = folder / f"day={day}" / "part.parquet"
        shutil.rmtree(path.parent, ignore_errors=True)
        path.parent.mkdir(parents=True)
        rows.to_parquet(path, index=False)


def eve(folder: Path, more: str = "", *, adopted: bool = False) -> Project:
    """The world some days after it turned, when no check has noticed.

    Parameters
    ----------
    more : str
        Further keys of the monitor.
    adopted : bool
        Whether the first model is a registered champion.
    """
    project = make(folder, MONITOR.replace("below: 0.6", "below: 0.01") + more)
    if adopted:
        adopt_first(project)
    run_quietly(project, FIRST, DAY - timedelta(days=1))
    edit(project, "turning", ("below: 0.01", "below: 0.6"))
    return project


def run_quietly(project: Project, first: date, last: date) -> None:
    """Run windows that request nothing."""
    monitor = project.monitor("turning")
    for done in run_windows(project, monitor, windows_between(monitor, first, last)):
        assert not done.fault, done.fault


def replay(project: Project, first: date = FIRST, last: date = LAST) -> list[WindowRun]:
    """Run windows; after each promotion the service answers the days to come by the new champion."""
    monitor, done, served = project.monitor("turning"), [], ""
    for entry in run_windows(project, monitor, windows_between(monitor, first, last), with_retraining=True):
        assert not entry.fault, entry.fault
        done.append(entry)
        history = open_history(project)
        promotion = champion(history, "turning")
        if promotion and promotion.version != served:
            served = promotion.version
            place = Registry(project.home, history, "turning").verified(served)
            sign = json.loads((place / "model.json").read_text())["sign"]
            serve(project.root, sign, served, entry.window.last_day + timedelta(days=1))
    return done


def turn_back(folder: Path, since: date) -> None:
    """Have the world follow its first rule again from a day on."""
    asked = pd.read_parquet(folder / "asked.parquet")
    back = asked["at"] >= pd.Timestamp(since, tz="UTC")
    asked.loc[back, "truth"] = 1 - asked.loc[back, "truth"]
    asked.to_parquet(folder / "asked.parquet")
    truth = asked[["id", "truth"]].assign(arrived=asked["at"] + pd.Timedelta(hours=3))
    _write_days(truth, "arrived", folder / "data" / "labels")


def adopt_first(project: Project, sign: int = 1) -> None:
    """Have a model from elsewhere be the first champion."""
    folder = project.root / "first"
    folder.mkdir()
    (folder / "model.json").write_text(f'{{"sign": {sign}}}')
    span = ("--from", "2025-02-01", "--to", "2025-02-28")
    output = call(project, "adopt", "turning", str(folder), "--version", "first", *span)
    assert output == (0, "turning: first is champion\n")


def worsen(project: Project) -> None:
    """Run on until the day before a rollback: a champion is promoted, and the world changes back."""
    one_run(project)
    serve(project.root, -1, entries(open_history(project), "turning")[-1].version, DAY + timedelta(days=1))
    turn_back(project.root, DAY + timedelta(days=1))
    edit(project, "turning", ("below: 0.6", "below: 0.01"))
    run_quietly(project, DAY + timedelta(days=1), ROLLBACK_DAY - timedelta(days=1))


def count_as_labelled(project: Project, day: date, rows: int) -> None:
    """Have the history say of a day that so many of its rows have a label."""
    history, table = open_history(project), tables.evaluation
    with history.writing() as connection:
        start = logical_date(project, day).window.start
        connection.execute(table.update().where(table.c.window_start == start).values(labelled=rows))


def logical_date(project: Project, day: date = DAY) -> RunContext:
    return RunContext.of(project, project.monitor("turning"), day)


def one_run(project: Project, day: date = DAY, **options: Any) -> Outcome:
    return run_window(logical_date(project, day), Stages.plain(), with_report=False, **options)


def ledger(project: Project, *, vetoed: bool = False) -> list[Entry]:
    known = entries(open_history(project), "turning")
    return [entry for entry in known if vetoed or entry.status is not Status.VETOED]


def call(project: Project, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["-C", str(project.root), *arguments])
    return result.exit_code, result.output
