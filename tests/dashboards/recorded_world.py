"""Models that ran for some weeks, recorded in PostgreSQL: one decays and is retrained, and one is far off at the end.

Their gauges are kept after each run, as Prometheus would have scraped them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from flows.run_window import run_window
from flows.stage_functions import Stages
from lamplighter.core.monitor.images import NUMERIC
from storage.history import History, open_history, tables
from storage.history.promotions import promote
from storage.project.folder import Project
from tasks.stages.run_context import RunContext

FIRST, DAYS, ROWS = date(2025, 3, 3), 14, 240
DECAYS, RETRAINED, FAR_OFF = 7, 11, 10
"""The days from which the churn model's inputs move, a new version of it answers, and the basket model is far off."""

SHARED = """
timezone: UTC
segments: [region]
features: {numeric: [amount, age], categorical: [region, plan]}
"""

CHURN = """
extends: _shared.yaml
model: churn
kind: classification
tags: {owner: growth, env: prod, region: eu}
reference: {days: 2025-03-03..2025-03-07}
predictions:
  parquet: log/day={day}.parquet
  time: at
  id: id
  prediction: answer
  positive: leaves
  score: score
  unsure: [0.45, 0.55]
  version: version
labels: {parquet: "labels/day={day}.parquet", target: truth, time: arrived, mature_after: 1d}
metrics: [{name: cost, function: "costs.py:cost"}]
checks:
  - {metric: f1, below: 0.8, severity: critical, name: f1-low}
  - {metric: f1, below: 0.6, segment: "region=*", name: f1-by-region}
  - {metric: drift_share, above: 0.6, name: inputs}
  - {metric: cost, above: 3, name: dear}
retrain: {on: [f1-low], trainer: "train.py:train", window: 4d, cooldown: 3d, accept: {metric: f1, days: 2d}}
"""

BASKET = """
extends: _shared.yaml
model: basket
kind: regression
tags: {owner: shop, env: prod, region: us}
reference: {days: 2025-03-03..2025-03-05}
predictions: {parquet: "log/day={day}.parquet", time: at, id: id, prediction: estimate, version: version}
labels: {parquet: "labels/day={day}.parquet", target: spent, time: arrived, mature_after: 1d}
checks:
  - {metric: mae, above: 12, severity: critical, name: far-off}
  - {metric: mae, above: 20, segment: "region=*", name: far-off-by-region}
  - {metric: drift_share, above: 0.8, name: inputs}
"""

SMALL = """
timezone: UTC
predictions: {parquet: "log/day={day}.parquet", time: at, id: id, prediction: PREDICTION}
labels: {same_row: true, target: TARGET, mature_after: 1h}
features: {numeric: [age]}
"""
SEARCH = "model: search\nkind: ranking\ntags: {owner: shop, env: test, region: eu}" + SMALL
OF_PICTURES = """
images: {path: picture, folder: pictures}
segments: [region]
checks:
  - {metric: image_brightness, segment: "region=*", below: 0.1}
  - {metric: image_occluded_ratio, segment: "region=*", above: 0.99}
"""
CAPTIONS = "model: captions\nkind: text" + OF_PICTURES + SMALL
STREET = """
model: street
kind: detection
timezone: UTC
predictions:
  {parquet: "log/day={day}.parquet", time: at, id: id, prediction: boxes, classes: classes, score: scores,
   confidence: 0.25}
labels: {same_row: true, target: true_boxes, classes: true_classes, mature_after: 1h}
"""

COSTS = "def cost(y_true, y_pred, y_score):\n    return float((y_true != y_pred).mean() * 5)\n"
MONITORS = {
    "_shared": SHARED,
    "churn": CHURN,
    "basket": BASKET,
    "search": SEARCH.replace("PREDICTION", "found").replace("TARGET", "wanted"),
    "captions": CAPTIONS.replace("PREDICTION", "caption").replace("TARGET", "caption_by_hand"),
    "street": STREET,
}
BEGINS = {"churn": 4, "basket": 4, "search": DAYS - 2, "captions": DAYS - 2, "street": DAYS - 2}
"""The day from which each model runs."""

SEEN = [[0, 0, 20, 20], [100, 100, 150, 150], [200, 200, 400, 350]]
"""Objects of a street: a small one, one of middle size and a large one."""

BROKEN = "broken"
Sample = tuple[str, tuple[tuple[str, str], ...], float, float]
"""Name, labels, value and time in seconds."""


@dataclass
class RecordedWorld:
    """What was recorded.

    Attributes
    ----------
    project : Project
    history : History
    samples : list of Sample
        The gauges as they were scraped after each run.
    """

    project: Project
    history: History
    samples: list[Sample] = field(default_factory=list)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def rows(number: int) -> pd.DataFrame:
    """What both services log on a day."""
    random = np.random.default_rng(number)
    decayed = max(0, number - DECAYS + 1) if number < RETRAINED else 0
    churns = random.integers(0, 2, ROWS)
    score = (churns * 0.42 + random.random(ROWS) * (0.58 + 0.09 * decayed)).clip(0, 1).round(3)
    spent = random.gamma(2, 20, ROWS).round(2)
    items = random.permuted(np.tile([*"abcd"], (ROWS, 1)), axis=1)
    version = "v2" if number >= RETRAINED else "v1"
    answers = pd.Series(np.where(score > 0.5, "leaves", "stays"), dtype=object)
    return pd.DataFrame(
        {
            "id": [f"{number}-{i}" for i in range(ROWS)],
            "at": pd.Timestamp(day(number), tz="UTC") + pd.to_timedelta(np.arange(ROWS) * 6, "min"),
            "version": version,
            "answer": answers.mask(random.random(ROWS) < 0.02),
            "score": score,
            "truth": np.where(churns == 1, "leaves", "stays"),
            "estimate": (spent + random.normal(14 if number >= FAR_OFF else 1, 9, ROWS)).round(2),
            "spent": spent,
            "amount": np.where(random.random(ROWS) < 0.04, np.nan, random.gamma(2, 30, ROWS) * (1 + 0.35 * decayed)),
            "age": random.integers(18, 90 - 4 * decayed, ROWS),
            "region": random.choice(["north", "south", "west"], ROWS),
            "found": [[*found] for found in items[:, :3]],
            "wanted": items[np.arange(ROWS), random.integers(0, 4, ROWS)],
            "caption": np.where(random.random(ROWS) < 0.3, "a dog lies on a mat", "a cat sits on a mat"),
            "caption_by_hand": "a cat sits on a mat",
            "picture": [f"{i % 7}.png" for i in range(ROWS)],
            # The service measured all but the width; a height is of whole rows.
            **{name: random.random(ROWS) for name in NUMERIC if name != "image_width"},
            "image_height": random.integers(80, 200, ROWS),
            "plan": random.choice(["basic", "pro", "team"] if decayed else ["basic", "pro"], ROWS),
        }
    ).join(_seen(random.integers(1, 4, ROWS)))


def _seen(counts: npt.NDArray[np.int64]) -> pd.DataFrame:
    """What a detector answers of images of which it sees so many objects, and what stands in them."""
    objects: dict[str, list[Any]] = {"boxes": SEEN, "classes": ["sign", "car", "bus"], "scores": [0.9, 0.6, 0.4]}
    seen = pd.DataFrame({name: pd.Series([every[:count] for count in counts]) for name, every in objects.items()})
    true = {f"true_{name}": pd.Series([objects[name]] * len(counts)) for name in ("boxes", "classes")}
    return seen.join(pd.DataFrame(true))


def make(folder: Path, url: str) -> RecordedWorld:
    """Write the project and run its days."""
    for name in ("monitors", "log", "labels", "pictures"):
        (folder / name).mkdir(parents=True)
    for i in range(7):
        cv2.imwrite(str(folder / "pictures" / f"{i}.png"), np.full((32, 32, 3), 20 * i, np.uint8))
    (folder / "lamplighter.toml").write_text(f'history_url = "{url}"\n')
    (folder / "costs.py").write_text(COSTS)
    (folder / "train.py").write_text("def train(rows, folder): ...\n")
    for name, text in MONITORS.items():
        (folder / "monitors" / f"{name}.yaml").write_text(text)
    for number in range(DAYS):
        _log(folder, number)
    project = Project.open(folder)
    world = RecordedWorld(project, open_history(project))
    for number in range(DAYS):
        for model in (model for model, begins in BEGINS.items() if number >= begins):
            _run(world, model, number)
        world.samples += _broken(known_on(number))
        if number == RETRAINED - 1:
            _retrained(world.history, known_on(number))
    return world


def _log(folder: Path, number: int) -> None:
    frame = rows(number)
    frame.drop(columns=["truth", "spent"]).to_parquet(folder / "log" / f"day={day(number)}.parquet", index=False)
    labels = frame[["id", "truth", "spent"]].sample(frac=0.9, random_state=number)
    labels = labels.assign(arrived=frame["at"] + pd.Timedelta(hours=22))
    labels.to_parquet(folder / "labels" / f"day={day(number)}.parquet", index=False)


def known_on(number: int) -> datetime:
    """The logical date of the run of a day."""
    return datetime.combine(day(number + 1), time(5), UTC)


def _run(world: RecordedWorld, model: str, number: int) -> None:
    context = RunContext.of(world.project, world.project.monitor(model), day(number))
    run_window(context, Stages.plain(), with_report=False, with_retraining=False)
    text = (world.project.home / "gauges" / f"{model}.prom").read_text()
    world.samples += _scraped(text, known_on(number))


def _scraped(text: str, at: datetime) -> Iterator[Sample]:
    """The samples of an exposition, at the time of the run: it took the clock's for its own end."""
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            ended = family.name.startswith("lamplighter_run_last")
            value = at.timestamp() if ended else sample.value
            yield sample.name, tuple(sorted(sample.labels.items())), value, at.timestamp()


def _broken(at: datetime) -> Iterator[Sample]:
    """What is exposed of a model whose runs have always failed."""
    tags = (("env", "test"), ("model", BROKEN), ("owner", "growth"), ("region", "eu"), ("version", ""))
    yield "lamplighter_model_info", tags, 1.0, at.timestamp()
    yield "lamplighter_run_last_timestamp_seconds", (("model", BROKEN),), at.timestamp(), at.timestamp()
    yield "lamplighter_run_duration_seconds", (("model", BROKEN),), 0.4, at.timestamp()


def _retrained(history: History, moment: datetime) -> None:
    """A retraining that was accepted, and its promotion."""
    entry = {
        "model": "churn", "known_on": moment, "purpose": "retrain", "asked": 1, "cause": "f1-low",
        "status": "promoted", "reason": "", "ended_on": moment, "attempt": 1, "version": "v2", "champion": "v1",
        "metric": "f1", "gain": 0.1, "lower": 0.05, "upper": 0.15, "n": 400,
    }  # fmt: skip
    with history.engine.begin() as connection:
        connection.execute(sa.insert(tables.retraining).values(entry))
        promote(connection, "churn", "v2", expected="", logical_date=moment, cause="f1-low")
