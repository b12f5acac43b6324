"""A detector's version on past days, where labels and log call their columns alike, and what its answers lack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from storage.history import open_history
from storage.history.query import Filter
from storage.history.rescored import rescored
from storage.labelling.training_set import write_labelled
from storage.project.folder import Project
from storage.sources.shared_scans import Scans
from tests.flows import small_world
from tests.flows.loop_world import call
from tests.flows.test_detections import MONITOR, street

TRAINER = '''
import json
from pathlib import Path


def train(rows, folder, version):
    """Never called."""


def predict(folder, rows):
    """Answers that are right, and have the fault of their day."""
    assert not {"boxes", "classes", "scores", "true_boxes", "true_classes"} & {*rows}
    known = json.loads((folder / "answers.json").read_text())
    answers = rows[["id"]].assign(**{name: rows["id"].map(known[name]) for name in ("boxes", "classes", "scores")})
    day = rows["id"].iloc[0].split("-")[0]
    if day == "1":
        answers[["boxes", "classes", "scores"]] = None
    if day == "2":
        answers["scores"] = [[90.0] * len(it) for it in answers["scores"]]
        answers.at[answers.index[1], "scores"] = [90.0]
        answers.loc[answers.index[::2], ["boxes", "classes", "scores"]] = None
    if day == "3":
        answers["classes"] = [["car person".split().index(name) for name in it] for it in answers["classes"]]
    return answers
'''

DAYS, IMAGES = 4, 20
ANSWERS = ["boxes", "classes", "scores"]


def images(number: int) -> pd.DataFrame:
    rows = street(IMAGES)
    return rows.assign(id=[f"{number}-{image}" for image in range(IMAGES)], at=rows["at"] + pd.Timedelta(days=number))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Days of which each has its own fault; the log and the labels have columns of the same names."""
    monitor = f"{MONITOR}retrain: {{on: [cars], trainer: 'trainer.py:train', accept: {{metric: map50}}}}\n"
    project = small_world.make(tmp_path_factory.mktemp("rescored") / "project", monitor)
    (project.root / "trainer.py").write_text(TRAINER)
    (project.root / "labels").mkdir()
    answers: dict[str, dict[str, Any]] = {name: {} for name in ANSWERS}
    for number in range(DAYS):
        rows = images(number)
        small_world.log(project, number, rows.drop(columns=["true", "names"]))
        labels = rows[["id", "true", "names"]].set_axis(["id", "boxes", "classes"], axis=1)
        labels.to_parquet(project.root / "labels" / f"day={small_world.day(number)}.parquet", index=False)
        for row in rows.itertuples():
            right = zip(ANSWERS, (row.true, row.names, [0.9, 0.9]), strict=True)
            for name, value in right:
                answers[name][row.id] = value
    folder = project.root / "made"
    folder.mkdir()
    (folder / "answers.json").write_text(json.dumps(answers))
    code, text = call(
        project, "adopt", "m", str(folder), "--version", "v2", "--from", "2025-02-01", "--to", "2025-02-02"
    )
    assert code == 0, text
    return project


@pytest.fixture(scope="module")
def measured(project: Project) -> list[dict[str, Any]]:
    span = ("--from", str(small_world.day(0)), "--to", str(small_world.day(DAYS - 1)))
    code, text = call(project, "rescore", "m", "--model-version", "v2", "--json", *span)
    assert code == 0, text
    found: list[dict[str, Any]] = json.loads(text[text.index("[") :])
    return found


def value(side: list[dict[str, Any]], metric: str) -> float | None:
    (found,) = [it for it in side if it["metric"] == metric and not it["segment"] and not it["klass"]]
    return found["value"]


def test_what_was_served_is_measured_and_not_the_labels_of_the_same_names(measured: list[dict[str, Any]]) -> None:
    first = measured[0]
    assert value(first["served"], "map50") == pytest.approx(0.75, abs=0.01)
    assert value(first["served"], "recall") == 0.75
    assert (value(first["version"], "map50"), value(first["version"], "recall")) == (1.0, 1.0)
    assert first["notes"] == []


def test_what_is_odd_about_the_answers_is_noted(measured: list[dict[str, Any]]) -> None:
    found, notes = measured[2], [
        "10 of 20 rows got no answer, left out of both sides",
        "1 of 10 images has lists of different lengths in 'boxes', 'classes', 'scores', left out; log one class for",
        "score column 'scores' lies outside 0 to 1 in 18 of 18 boxes, from 90 to 90; log probabilities",
    ]  # fmt: skip
    assert found["rows"] == 10
    assert [note[: len(wanted)] for note, wanted in zip(found["notes"], notes, strict=True)] == notes
    # Both sides are of the same rows, in which the service found all.
    assert value(found["served"], "recall") == value(found["version"], "recall") == 1.0


def test_what_means_nothing_is_not_measured(project: Project, measured: list[dict[str, Any]]) -> None:
    faults = {number: it["fault"] for number, it in enumerate(measured) if it["fault"]}
    assert faults == {
        1: "version v2 answered none of the 20 labelled rows; see what its `predict` returns",
        3: "no predicted class (0, 1) is one of the true ones (car, person); write both alike",
    }
    assert [measured[number]["version"] for number in faults] == [[], []]
    kept = rescored(open_history(project), "m", Filter(metric="recall", segment="", klass=""))
    assert {row["window_start"].date() for row in kept} == {small_world.day(number) for number in (0, 2)}


def test_a_trainer_gets_the_answers_and_the_truth_under_names_of_their_own(project: Project, tmp_path: Path) -> None:
    monitor = project.monitor("m")
    window = monitor.window(pd.Timestamp(small_world.day(1), tz="UTC").to_pydatetime())
    written = write_labelled(project, monitor, [window], tmp_path / "out" / "rows.parquet", tmp_path, Scans())
    rows, logged = pq.read_table(written.path), images(0)
    for name, known in (
        ("boxes", "boxes"), ("classes", "classes"), ("true_boxes", "true"), ("true_classes", "names")
    ):  # fmt: skip
        assert rows[name].to_pylist() == logged[known].tolist()
