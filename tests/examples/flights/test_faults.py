"""What breaks in real life is one incident each, and trains no model."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from examples.flights.faults import FAULTS
from examples.flights.model import Model
from examples.flights.rows import predicted
from examples.flights.serve import predict_late, write_labels
from examples.flights.train import train
from flows.nights import walk_nights, windows_between
from lamplighter.core.retraining import Status
from storage.history import open_history
from storage.history.incidents import all_incidents
from storage.history.retrainings import entries
from storage.project import Project

FIRST, EVE, LAST = dt.date(2013, 6, 9), dt.date(2013, 6, 18), dt.date(2013, 6, 24)
BROKEN = EVE + dt.timedelta(days=1)
FLIGHTS = Path(__file__).parents[3] / "examples" / "flights"

LIMITS = """
  - {metric: roc_auc, below: 0.58}
  - {metric: f1, below: 0.14}
  - {name: inputs, metric: drift_share, above: 0.76}
  - {name: distances, metric: drift_statistic, feature: distance, above: 0.1}
  - {name: coverage, metric: labels_coverage, below: 0.8}
"""
"""Limits that sound days keep to, as the first test shows; kilometres and shifted labels would cross them."""


def monitor() -> str:
    """The monitor of the loop, with limits of this test's own."""
    text = (FLIGHTS / "monitors" / "flight-loop.yaml").read_text()
    begin, end = text.index("checks:"), text.index("retrain:")
    text = f"{text[:begin]}checks:{LIMITS}{text[end:]}"
    return text.replace("on: [roc_auc-below, f1-below]", "on: [roc_auc-below, f1-below, inputs, distances, coverage]")


def walk(project: Project, first: dt.date, last: dt.date) -> None:
    declared = project.monitor("flight-loop")
    for walked in walk_nights(project, declared, windows_between(declared, first, last)):
        assert not walked.fault, walked.fault


@pytest.fixture(scope="module")
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
    walk(project, FIRST, EVE)
    open_history(project).engine.dispose()
    return folder


@pytest.fixture(name="project")
def _project(eve: Path, tmp_path: Path) -> Project:
    return Project.open(shutil.copytree(eve, tmp_path / "project"))


def incidents(project: Project) -> list[str]:
    return [incident["check_name"] for incident in all_incidents(open_history(project))]


def called_for(project: Project) -> list[str]:
    known = entries(open_history(project), "flight-loop")
    return [entry.cause for entry in known if entry.status is not Status.VETOED]


def test_sound_days_are_no_incident(project: Project) -> None:
    walk(project, BROKEN, LAST)
    assert (incidents(project), called_for(project)) == ([], [])


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_incident_and_trains_nothing(project: Project, fault: str) -> None:
    data = project.root / "data"
    FAULTS[fault](data / "predictions" / "loop", data / "labels", BROKEN)
    walk(project, BROKEN, LAST)
    assert (incidents(project), called_for(project)) == (["data"], [])
