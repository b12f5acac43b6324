"""A detector in the closed loop: its trainer gets boxes, its models answer images, and the better one wins."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from flows.run_windows import run_windows, windows_between
from lamplighter.cli.dry_run import as_dict, show
from lamplighter.core.retraining.policy import Status
from storage.history import open_history
from storage.history.promotions import champion
from storage.history.retrainings import entries
from storage.project.folder import Project
from tasks.retraining.trial import dry_run
from tasks.stages.run_context import RunContext
from tests.flows import small_world

MONITOR = """
model: m
kind: detection
predictions:
  {parquet: "data/day={day}.parquet", time: at, id: id, prediction: boxes, classes: classes, score: scores,
   confidence: 0.25}
labels: {parquet: "labels/*.parquet", target: boxes, classes: classes, box_format: xywh, mature_after: 1h}
images: {path: image_path}
segments: [camera, image_light]
checks: [{name: boxes, metric: map50, below: 0.7}]
retrain: {on: [boxes], trainer: "trainer.py:train", window: 10d, cooldown: 20d, accept: {metric: map50, days: 2d}}
"""

TRAINER = """
import json
import pandas as pd

def answers(rows, far):
    # The path says where the object is, as an image would.
    left = [100.0 * int(path.split("-")[1][0]) * far for path in rows["image_path"]]
    frame = pd.DataFrame(index=rows.index)
    frame["boxes"] = [[[x, 0.0, x + 50, 40.0]] for x in left]
    frame["classes"] = [["car"]] * len(rows)
    frame["scores"] = [[0.9]] * len(rows)
    return frame

def train(rows, folder, version):
    labelled = rows.dropna(subset=["true_boxes"])
    seen = {"columns": sorted(rows), "true_boxes": [list(map(float, box)) for box in labelled["true_boxes"].iloc[0]],
            "true_classes": list(labelled["true_classes"].iloc[0]), "served": labelled["boxes"].iloc[0][0].tolist()}
    (folder / "model.json").write_text(json.dumps(seen))
    rows.assign(**answers(rows, 1)).to_parquet(folder / "reference.parquet")

def predict(folder, rows):
    assert not {"true_boxes", "true_classes", "boxes", "classes", "scores"} & {*rows}
    return answers(rows, 1)
"""

DAYS, IMAGES = 6, 104


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Cars stand further to the right than the service's model believes; labels and log call their columns alike."""
    project = small_world.make(tmp_path_factory.mktemp("detections") / "project", MONITOR)
    (project.root / "trainer.py").write_text(TRAINER)
    (project.root / "labels").mkdir()
    images = [cv2.imencode(".png", np.full((24, 32, 3), grey, np.uint8))[1].tobytes() for grey in (120, 12)]
    for number in range(DAYS):
        at = pd.Timestamp(small_world.day(number), tz="UTC")
        names = [f"{number}-{image % 9 + 1}-{image}.png" for image in range(IMAGES)]
        left = [100.0 * (image % 9 + 1) for image in range(IMAGES)]
        for image, name in enumerate(names):
            (project.root / name).write_bytes(images[image % 2])
        frame = pd.DataFrame(
            {
                "id": names,
                "at": [at + pd.Timedelta(minutes=image) for image in range(IMAGES)],
                "camera": ["attic", "yard", *["gate", "yard"] * (IMAGES // 2 - 1)],
                "image_path": names,
                "boxes": [[[0.0, 0.0, 50.0, 40.0]]] * IMAGES,
                "classes": [["car"]] * IMAGES,
                "scores": [[0.9]] * IMAGES,
            }
        )
        small_world.log(project, number, frame)
        truth = {"id": names, "boxes": [[[x, 0.0, 50.0, 40.0]] for x in left], "classes": [["car"]] * IMAGES}
        pd.DataFrame(truth).to_parquet(project.root / "labels" / f"{number}.parquet", index=False)
    monitor = project.monitor("m")
    windows = windows_between(monitor, small_world.day(0), small_world.day(DAYS - 1))
    for done in run_windows(project, monitor, windows, with_retraining=True):
        assert not done.fault, done.fault
    return project


@pytest.mark.long
def test_a_model_that_finds_more_becomes_champion(project: Project) -> None:
    done = [entry for entry in entries(open_history(project), "m") if entry.status is not Status.VETOED]
    assert [(entry.status, entry.reason) for entry in done] == [(Status.PROMOTED, done[0].reason)]
    assert champion(open_history(project), "m") is not None


@pytest.mark.long
def test_a_dry_run_compares_by_light_and_by_class(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    made = dry_run(RunContext.of(project, project.monitor("m"), small_world.day(DAYS - 1)))
    found = as_dict(made)
    assert {it["segment"] for it in found["segments"]} >= {"image_light=bright", "image_light=dark"}
    assert [(it["class"], it["metric"], it["gain"], it["n"]) for it in found["classes"]] == [
        ("car", "ap50", 0.0, 2 * IMAGES)
    ]
    assert found["too_few"] == {"camera=attic": 2}
    show(made, as_json=False)
    assert "\nbelow 100 rows or boxes, so not held to accept.floor: camera=attic (2)\n" in capsys.readouterr().out


@pytest.mark.long
def test_a_trainer_gets_what_was_logged_and_the_truth_as_its_labels_have_it(project: Project) -> None:
    (made,) = Path(project.home, "models", "m").glob("*/model.json")
    seen = json.loads(made.read_text())
    answers = {"boxes", "classes", "scores", "true_boxes", "true_classes"}
    assert answers | {"image_path", "camera", "__window__"} <= {*seen["columns"]}
    assert np.shape(seen["true_boxes"]) == (1, 4)
    # A corner and the size, as this monitor says of its labels; the log has two corners.
    assert seen["true_boxes"][0][1:] == [0.0, 50.0, 40.0]
    assert seen["true_classes"] == ["car"]
    assert seen["served"] == [0.0, 0.0, 50.0, 40.0]
