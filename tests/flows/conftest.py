"""A small project, like a user's: two weeks of a service's log, its truth as it arrived, and monitors."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Hashable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from storage.history import open_history
from storage.project.folder import Project
from tests.flows import loop_world, small_world
from tests.flows.runs import edit, many_runs
from tests.receivers import Receiver, http_receiver

Make = Callable[[Path], Project]
Prepared = Callable[[Hashable, Make], Project]
Ran = Callable[[date], Project]
Templates = Callable[[Hashable, Make], Path]

FIRST, DAYS, ROWS = pd.Timestamp("2025-03-03"), 12, 120
ZONE = "Europe/Berlin"

SHARED = """
kind: classification
timezone: Europe/Berlin
segments: [region]
features: {numeric: [amount, age], categorical: [region, plan]}
checks:
  - {metric: f1, below: 0.55}
  - {metric: missing_ratio, feature: amount, above: 0.2}
"""

FILES = """
extends: _shared.yaml
model: parquet
predictions:
  parquet: data/predictions/day={day}/*.parquet
  time: at
  id: id
  prediction: answer
  score: score
  version: version
labels: {parquet: "data/labels/day={day}/*.parquet", target: truth, time: arrived, mature_after: 2d}
"""

SQL = """
extends: _shared.yaml
model: sql
predictions:
  sql: {url: "sqlite:///${WORLD}/data/world.db", table: predictions}
  timezone: UTC
  time: at
  id: id
  prediction: answer
  score: score
  version: version
labels:
  sql: {url: "sqlite:///${WORLD}/data/world.db", table: labels}
  timezone: UTC
  target: truth
  time: arrived
  mature_after: 2d
"""

NUMBERS = """
extends: _shared.yaml
model: numbers
kind: regression
predictions:
  parquet: data/predictions/day={day}/*.parquet
  time: at
  id: id
  prediction: estimate
  version: version
labels: {parquet: "data/labels/day={day}/*.parquet", target: spent, time: arrived, mature_after: 2d}
checks:
  - {metric: mae, above: 10}
"""

DRIFT = """
extends: _shared.yaml
model: drifting
predictions:
  parquet: data/predictions/day={day}/*.parquet
  time: at
  prediction: answer
  score: score
reference: {days: 2025-03-03..2025-03-05}
checks:
  - {metric: drift_share, above: 0.5}
"""


def predictions() -> pd.DataFrame:
    """A service's log, with repeated ids, nulls and a new category."""
    random = np.random.default_rng(7)
    at = pd.DatetimeIndex(
        np.concatenate(
            [
                (FIRST + pd.Timedelta(days=day)).tz_localize(ZONE).tz_convert("UTC").to_datetime64()
                + np.sort(random.integers(0, 86_400_000_000, ROWS)).astype("timedelta64[us]")
                for day in range(DAYS)
            ]
        )
    ).tz_localize("UTC")
    rows = len(at)
    score = random.random(rows)
    frame = pd.DataFrame(
        {
            "id": [f"r{i:05d}" for i in range(rows)],
            "at": at,
            "version": np.where(np.arange(rows) < rows // 2, "v1", "v2"),
            "answer": np.where(score > 0.5, 1, 0),
            "score": score,
            "estimate": random.normal(50, 20, rows),
            "amount": np.where(random.random(rows) < 0.05, np.nan, random.gamma(2, 30, rows)),
            "age": random.integers(18, 90, rows),
            "region": random.choice(["north", "south", "west"], rows),
            "plan": random.choice(["basic", "pro"], rows),
        }
    )
    return pd.concat([frame, frame.iloc[::97]], ignore_index=True)


def labels(log: pd.DataFrame) -> pd.DataFrame:
    """The truth: up to four days late, a tenth never, some corrected, some without a prediction."""
    random = np.random.default_rng(11)
    known = log.drop_duplicates("id").sample(frac=0.9, random_state=3).sort_values("id")
    truth = (known["score"].to_numpy() + random.normal(0, 0.4, len(known)) > 0.5).astype(int)
    spent = known["estimate"].to_numpy() + random.normal(1, 9, len(known))
    delay = pd.to_timedelta(random.gamma(2, 12, len(known)).clip(0.1, 96), unit="h").round("us")
    first = pd.DataFrame(
        {"id": known["id"].to_numpy(), "truth": truth, "spent": spent, "arrived": (known["at"] + delay).to_numpy()}
    )
    wrong = first.iloc[::23].assign(truth=lambda rows: 1 - rows["truth"], spent=0.0)
    wrong = wrong.assign(arrived=wrong["arrived"] - pd.Timedelta(minutes=5))
    unknown = first.iloc[::101].assign(id=lambda rows: "x" + rows["id"])
    every = pd.concat([first, wrong, unknown], ignore_index=True)
    return every.assign(arrived=pd.to_datetime(every["arrived"], utc=True))


def write_days(frame: pd.DataFrame, time: str, folder: Path) -> None:
    """One Parquet file for each local day of a time column."""
    for day, rows in frame.groupby(frame[time].dt.tz_convert(ZONE).dt.date):
        path = folder / f"day={day}" / "part.parquet"
        path.parent.mkdir(parents=True)
        rows.to_parquet(path, index=False)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as it lies on the disk, made once."""
    folder = tmp_path_factory.mktemp("world")
    log = predictions()
    truth = labels(log)
    write_days(log, "at", folder / "data" / "predictions")
    write_days(truth, "arrived", folder / "data" / "labels")
    engine = sa.create_engine(f"sqlite:///{folder}/data/world.db")
    for name, frame, time in (("predictions", log, "at"), ("labels", truth, "arrived")):
        naive = frame.assign(**{time: frame[time].dt.tz_localize(None)})
        naive.to_sql(name, engine, index=False)
    engine.dispose()
    monitors = folder / "monitors"
    monitors.mkdir()
    for name, text in {"_shared": SHARED, "parquet": FILES, "sql": SQL, "numbers": NUMBERS, "drifting": DRIFT}.items():
        (monitors / f"{name}.yaml").write_text(text)
    return folder


@pytest.fixture
def world(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A fresh copy of the project."""
    folder = tmp_path / "world"
    shutil.copytree(template, folder)
    monkeypatch.setenv("WORLD", str(folder))
    return Project.open(folder)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """Projects that many tests begin with, by a name each: made once, to be read or copied."""
    made: dict[Hashable, Path] = {}

    def template(name: Hashable, make: Make) -> Path:
        if name not in made:
            folder = tmp_path_factory.mktemp("template") / "world"
            open_history(make(folder)).engine.dispose()
            made[name] = folder
        return made[name]

    return template


@pytest.fixture
def prepared(templates: Templates, tmp_path: Path) -> Prepared:
    """A fresh copy of such a project."""

    def copy(name: Hashable, make: Make) -> Project:
        folder = shutil.copytree(templates(name, make), tmp_path / "world")
        return Project.open(folder)

    return copy


@pytest.fixture(scope="session")
def parquet_until(template: Path, templates: Templates) -> Callable[[date], Path]:
    """The project after the runs of the model `parquet` from the first day to another; to be read."""

    def until(last: date) -> Path:
        def make(folder: Path) -> Project:
            project = Project.open(shutil.copytree(template, folder))
            many_runs(project, "parquet", FIRST.date(), last)
            return project

        return templates(("parquet", last), make)

    return until


@pytest.fixture
def ran(parquet_until: Callable[[date], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ran:
    """A fresh copy of it."""

    def until(last: date) -> Project:
        folder = shutil.copytree(parquet_until(last), tmp_path / "world")
        monkeypatch.setenv("WORLD", str(folder))
        return Project.open(folder)

    return until


@pytest.fixture
def sound(prepared: Prepared) -> Callable[..., Project]:
    """The model of `small_world` after some sound days."""

    def after(days: int, monitor: str = small_world.MONITOR) -> Project:
        def make(folder: Path) -> Project:
            project = small_world.make(folder, monitor)
            small_world.run_days(project, range(days))
            return project

        return prepared(("sound", days, monitor), make)

    return after


@pytest.fixture(scope="session")
def turned_template(templates: Templates) -> Path:
    """The world of the loop some days after it turned, when no check has noticed."""
    return templates("turned", loop_world.eve)


@pytest.fixture
def turned(turned_template: Path, prepared: Prepared) -> Project:
    """A fresh copy of it."""
    return prepared("turned", loop_world.eve)


@pytest.fixture
def promoted(turned_template: Path, prepared: Prepared) -> Project:
    """The same a day later: the new rule was learned, and its model is champion."""

    def make(folder: Path) -> Project:
        project = Project.open(shutil.copytree(turned_template, folder))
        loop_world.one_run(project)
        return project

    return prepared("promoted", make)


@pytest.fixture
def waiting(turned_template: Path, prepared: Prepared) -> Project:
    """The same a day later where promotions need an approval, which the challenger waits for."""

    def make(folder: Path) -> Project:
        project = Project.open(shutil.copytree(turned_template, folder))
        edit(project, "turning", ("  window: 30d\n", "  window: 30d\n  approval: true\n"))
        loop_world.one_run(project)
        return project

    return prepared("waiting", make)


@pytest.fixture(scope="session")
def worsened_template(turned_template: Path, templates: Templates) -> Path:
    """The same after a promotion that the world turned back on, on the eve of the rollback."""

    def make(folder: Path) -> Project:
        project = Project.open(shutil.copytree(turned_template, folder))
        loop_world.adopt_first(project)
        loop_world.worsen(project)
        return project

    return templates("worsened", make)


@pytest.fixture
def worsened(worsened_template: Path, tmp_path: Path) -> Project:
    """A fresh copy of it."""
    return Project.open(shutil.copytree(worsened_template, tmp_path / "world"))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of messages sent to json://."""
    with http_receiver() as receiver:
        yield receiver
