"""Ten sound days of June, done by the monitor of the loop."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from examples.flights.model import Model
from examples.flights.rows import predicted
from examples.flights.serve import predict_late, write_labels
from examples.flights.train import train
from storage.history import open_history
from storage.project.folder import Project
from tests.examples.flights.june import EVE, FIRST, FLIGHTS, LAST, monitor, run_window


@pytest.fixture(scope="session")
def eve(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten sound days."""
    folder = tmp_path_factory.mktemp("flights") / "project"
    shutil.copytree(FLIGHTS / "monitors", folder / "monitors")
    for path in (folder / "monitors").glob("flight-*.yaml"):
        path.unlink()
    (folder / "monitors" / "flight-loop.yaml").write_text(monitor())
    models = folder / "data" / "models" / "late"
    models.mkdir(parents=True)
    train(predicted(dt.date(2013, 5, 1), dt.date(2013, 5, 31)), models, "may", folds=2)
    predict_late(FIRST, LAST, Model.load(models), folder / "data", "loop")
    write_labels(FIRST, LAST, folder / "data")
    project = Project.open(folder)
    run_window(project, FIRST, EVE)
    open_history(project).engine.dispose()
    return folder


@pytest.fixture
def june(eve: Path, tmp_path: Path) -> Project:
    """A fresh copy of them."""
    return Project.open(shutil.copytree(eve, tmp_path / "project"))
