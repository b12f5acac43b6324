"""Whether a fall of recall is laid to the images or to the model, in what a run says and in its message."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from storage.history import open_history
from storage.history.outbox import waiting
from storage.project.folder import Project
from tasks.retraining.adopt import adopt
from tasks.stages.outcome import Outcome
from tests.flows.image_world import darker, log_images, measured, store, world
from tests.flows.runs import edit
from tests.flows.small_world import day, run
from tests.long_cases import long_but_for

MONITOR = """
model: m
kind: detection
predictions:
  {parquet: "data/day={day}.parquet", time: at, id: id, prediction: boxes, classes: classes, score: scores,
   confidence: 0.25}
labels: {parquet: "labels/day={day}.parquet", target: true_boxes, classes: true_classes, mature_after: 1h}
images: {path: image_path, folder: images}
segments: [camera]
reference: REFERENCE
checks: [{metric: recall, below: 0.8}]
notify: ["json://alerts.example"]
"""
DAYS, OBJECTS, OF_EACH = 2, 4, 14
CAMERAS = ("north", "south", "west")
PLACES = ["days", "trailing", "files"]
FIXED = "{days: 2025-03-03..2025-03-03}"


def deliver(project: Project, number: int, changed: tuple[str, ...] = (), missed: tuple[str, ...] = ()) -> None:
    """Log a day: half of the images of some cameras are dark, and of some the detector misses most objects."""
    rows = log_images(project, number, {camera: darker(0.15) for camera in changed}, of_each=OF_EACH)
    boxes = [[10.0 * i, 10.0, 10.0 * i + 8, 30.0] for i in range(OBJECTS)]
    seen = [[boxes[0]] if camera in missed else boxes for camera in rows["camera"]]
    names = [["car"] * len(found) for found in seen]
    rows = rows.drop(columns="answer").assign(boxes=seen, classes=names, scores=[[0.9] * len(it) for it in seen])
    rows.to_parquet(project.root / "data" / f"day={day(number)}.parquet", index=False)
    true = {"true_boxes": [boxes] * len(rows), "true_classes": [["car"] * OBJECTS] * len(rows)}
    labels = pd.DataFrame({"id": rows["id"]}).assign(**true)
    if number == 0:
        rows.assign(**true).to_parquet(project.root / "reference.parquet", index=False)
    (project.root / "labels").mkdir(exist_ok=True)
    labels.to_parquet(project.root / "labels" / f"day={day(number)}.parquet", index=False)


def said(outcome: Outcome) -> list[str]:
    return [it.message for it in outcome.findings if it.code.value == "recall-fell"]


@pytest.mark.parametrize(
    "reference", long_but_for([FIXED, "{trailing: 1d}", "{parquet: reference.parquet}"], [FIXED]), ids=PLACES
)
def test_dusk_on_two_cameras_is_laid_to_darker_images(tmp_path: Path, reference: str) -> None:
    project = world(tmp_path, MONITOR.replace("REFERENCE", reference))
    for number in range(DAYS):
        dusk = ("north", "west") if number == DAYS - 1 else ()
        deliver(project, number, changed=dusk, missed=dusk)
        outcome = run(project, number, is_present=False)
        assert bool(said(outcome)) == bool(dusk)
    (sentence,) = said(outcome)
    assert sentence.startswith(
        "2025-03-04: recall fell from 1.00 in the reference to 0.50; 100 % of the loss (100 % to 1"
    )
    assert "lies in 28 images darker than 99 % of the reference's (image_brightness < 0." in sentence
    (entry,) = waiting(open_history(project), "m")
    assert sentence in entry.message.body.splitlines()
    assert outcome.judged.opened[0].check_name == "recall-below"


def test_what_was_found_in_images_is_made_again_where_it_is_damaged(tmp_path: Path) -> None:
    """Without its labels it is named; images that are gone are laid to nothing."""
    project = world(tmp_path, MONITOR.replace("REFERENCE", "{trailing: 2d}"))
    deliver(project, 0)
    run(project, 0, is_present=False)
    (kept,) = (project.home / "image-statistics" / "m" / "recall").glob("*.parquet")
    whole, labels = kept.read_bytes(), tmp_path / "labels" / f"day={day(0)}.parquet"
    kept.write_bytes(whole[:100])
    labels.rename(tmp_path / "away.parquet")
    deliver(project, 1, missed=CAMERAS)
    outcome = run(project, 1, is_present=False)
    (lost,) = [it.message for it in outcome.findings if it.code.value == "recall-unread"]
    assert f"({kept.stem})" in lost
    assert said(outcome) == []
    (tmp_path / "away.parquet").rename(labels)
    deliver(project, 2, missed=CAMERAS)
    shutil.rmtree(tmp_path / "images" / str(day(2)))
    (sentence,) = said(run(project, 2, is_present=False))
    assert kept.read_bytes() == whole
    assert sentence.startswith("2025-03-05: recall fell from 0.62 in the reference to 0.25; it is not sure whether")
    assert "none of the 42 images with objects could be measured" in sentence


def test_a_changed_confidence_is_no_fault_of_the_model(tmp_path: Path) -> None:
    """The window before is matched again at the new one, as one is that is damaged."""
    project = world(tmp_path, MONITOR.replace("REFERENCE", "{trailing: 1d}"))
    for number in range(DAYS):
        deliver(project, number)
        path = tmp_path / "data" / f"day={day(number)}.parquet"
        unsure = pd.read_parquet(path)
        unsure.assign(scores=[[0.9, 0.9, 0.4, 0.4]] * len(unsure)).to_parquet(path, index=False)
        if number:
            edit(project, "m", ("0.25", "0.5"))
        outcome = run(project, number, is_present=False)
    assert measured(project, outcome)["recall", ""] == 0.5
    assert [it for it in outcome.findings if it.code.value.startswith("recall")] == []


def test_a_model_that_misses_in_daylight_is_said_to_be_the_model(tmp_path: Path) -> None:
    """Once the images of the reference are there to compare with; they are looked for again."""
    project = world(tmp_path, MONITOR.replace("REFERENCE", FIXED))
    deliver(project, 0)
    images = (tmp_path / "images" / str(day(0))).rename(tmp_path / "away")
    for number in range(1, 3):
        deliver(project, number, missed=CAMERAS)
    (sentence,) = said(run(project, 1, is_present=False))
    assert sentence.endswith("fewer than 20 images of the reference could be measured")
    images.rename(tmp_path / "images" / str(day(0)))
    (sentence,) = said(run(project, 2, is_present=False))
    assert sentence.endswith("in images like the reference's too: look at the model")


def test_a_reference_of_several_days_is_compared_once_all_its_labels_have_come(tmp_path: Path) -> None:
    """The first run, whose predictions are all there, knows the labels of its day alone: what it finds is not kept."""
    project = world(tmp_path, MONITOR.replace("REFERENCE", "{days: 2025-03-03..2025-03-04}"))
    for number in range(3):
        deliver(project, number, missed=(CAMERAS[:1], (), CAMERAS)[number])
    later = [tmp_path / "labels" / f"day={day(number)}.parquet" for number in (1, 2)]
    for path in later:
        path.rename(tmp_path / path.name)
    assert said(run(project, 0, is_present=False)) == []
    for path in later:
        (tmp_path / path.name).rename(path)
    (sentence,) = said(run(project, 2, is_present=False))
    # In a third of the images of one of two days a quarter of the objects was found.
    assert sentence.startswith("2025-03-05: recall fell from 0.88 in the reference to 0.25, ")


def test_dusk_under_good_lamps_says_nothing(tmp_path: Path) -> None:
    project = world(tmp_path, MONITOR.replace("REFERENCE", FIXED))
    for number in range(DAYS):
        deliver(project, number, changed=CAMERAS if number == DAYS - 1 else ())
        assert said(run(project, number, is_present=False)) == []


def test_the_objects_that_the_service_acts_on_are_measured_as_well(tmp_path: Path) -> None:
    text = MONITOR.replace("REFERENCE", FIXED).replace("folder: images}", "folder: images, crops: true}")
    project = world(tmp_path, text)
    rows = log_images(project, 0)
    for path in rows["image_path"]:
        image = np.full((96, 128, 3), 200, np.uint8)
        image[10:40, 10:40] = 40
        store(project, path, image)
    boxes = [[12.0, 12.0, 38.0, 38.0], [60.0, 60.0, 90.0, 90.0]]
    many = len(rows)
    scored = rows.assign(boxes=[boxes] * many, classes=[["car", "car"]] * many, scores=[[0.9, 0.1]] * many)
    outcome = run(project, 0, scored.drop(columns="answer"), is_present=False)
    found = measured(project, outcome)
    assert found["image_crop_brightness", ""] == pytest.approx(40 / 255, abs=0.01), "the other box is below 0.25"
    assert found["image_brightness", ""] > 0.7


def test_after_a_promotion_a_window_is_compared_with_the_version_that_answered_it(tmp_path: Path) -> None:
    """The new champion misses most by its own reference; the windows that the old one answered have the old one's."""
    text = MONITOR.replace("REFERENCE", "{parquet: reference.parquet}")
    project = world(tmp_path, text.replace("confidence: 0.25}", "confidence: 0.25, version: version}"))
    deliver(project, 0)
    first = pd.read_parquet(tmp_path / "reference.parquet").assign(version="first")
    first.to_parquet(tmp_path / "reference.parquet", index=False)
    worse = {"boxes": first["boxes"].map(lambda it: it[:1]), "classes": first["classes"].map(lambda it: it[:1])}
    second = first.assign(**worse, scores=first["scores"].map(lambda it: it[:1]), version="second")
    for version, reference in (("first", first), ("second", second)):
        folder = tmp_path / version
        folder.mkdir()
        reference.to_parquet(folder / "reference.parquet", index=False)
        days = date(2025, 2, 1), date(2025, 2, 28)
        adopt(project, project.monitor("m"), folder, version, *days, replace=version == "second")
    deliver(project, 1, changed=("north", "west"), missed=("north", "west"))
    path = tmp_path / "data" / f"day={day(1)}.parquet"
    pd.read_parquet(path).assign(version="first").to_parquet(path, index=False)
    (sentence,) = said(run(project, 1, is_present=False))
    assert "recall fell from 1.00 in the reference to 0.50" in sentence
    assert "the data changed" in sentence
