"""A report shows images: what the model missed in the judged window, and its own from the darkest to the brightest."""

from __future__ import annotations

import re
import shutil
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from lamplighter.evidently.sheets import Sheet
from lamplighter.images.working import Pixels
from storage.project.folder import Project
from tasks.stages.image_sheets import image_sheets
from tasks.stages.outcome import Outcome
from tasks.stages.read import read
from tests.flows.image_world import MONITOR, darker, log_images, measured, world
from tests.flows.small_world import day, run

WITH_REFERENCE = MONITOR + "reference: {days: 2025-03-03..2025-03-04}\n"

DETECTOR = """
model: m
kind: detection
predictions:
  {parquet: "data/day={day}.parquet", time: at, id: id, prediction: boxes, classes: classes, score: scores,
   confidence: 0.25}
labels: {parquet: "labels/day={day}.parquet", target: true_boxes, classes: true_classes, mature_after: 1d}
images: {path: image_path, folder: images}
segments: [camera, image_light]
reference: {days: 2025-03-03..2025-03-03}
"""
DAYS, OF_EACH, OBJECTS = 3, 4, 4
BOXES = [[30.0 * i + 4, 20.0, 30.0 * i + 24, 60.0] for i in range(OBJECTS)]


def answers(camera: str, number: int, image: int) -> tuple[list[list[float]], list[str], list[float]]:
    """On the second day one camera's persons are missed, from image to image more; in its first one is called a car."""
    if camera != "west" or number != 1:
        return BOXES, ["person"] * OBJECTS, [0.9] * OBJECTS
    seen = BOXES[: OBJECTS - image]
    return seen, [*["person"] * (len(seen) - 1), "car" if image == 0 else "person"], [0.9] * len(seen)


def deliver(project: Project, number: int) -> None:
    """A day of the log, with the labels of all but the last."""
    rows = log_images(project, number, {"north": darker(0.2)} if number == 2 else None, of_each=OF_EACH)
    found = [answers(camera, number, int(key[-1])) for key, camera in zip(rows["id"], rows["camera"], strict=True)]
    boxes, classes, scores = (list(part) for part in zip(*found, strict=True))
    rows = rows.drop(columns="answer").assign(boxes=boxes, classes=classes, scores=scores)
    # What is below the confidence was not served: it finds nothing.
    unsure = {"boxes": [BOXES[-1]], "classes": ["person"], "scores": [0.1]}
    rows = rows.assign(**{name: rows[name].map(lambda it, more=more: [*it, *more]) for name, more in unsure.items()})
    rows.to_parquet(project.root / "data" / f"day={day(number)}.parquet", index=False)
    if number < DAYS - 1:
        (project.root / "labels").mkdir(exist_ok=True)
        true = {"true_boxes": [BOXES] * len(rows), "true_classes": [["person"] * OBJECTS] * len(rows)}
        labels = pd.DataFrame({"id": rows["id"]}).assign(**true)
        labels.to_parquet(project.root / "labels" / f"day={day(number)}.parquet", index=False)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    project = world(tmp_path_factory.mktemp("sheets") / "project", DETECTOR)
    made = []
    for number in range(DAYS):
        deliver(project, number)
        made.append(run(project, number, with_report=number == DAYS - 1, is_present=False))
    return made


def pictures(page: str) -> dict[str, Pixels]:
    """The pictures of a page, by what is said of each."""
    found = re.findall(r'<img alt="([^"]*)" src="data:image/jpeg;base64,([A-Za-z0-9+/=]+)"', page)
    read_back = (cv2.imdecode(np.frombuffer(b64decode(data), np.uint8), cv2.IMREAD_COLOR) for _, data in found)
    return {text: np.asarray(image) for (text, _), image in zip(found, read_back, strict=True)}


def test_what_was_missed_stands_above_the_report(outcomes: list[Outcome]) -> None:
    page = outcomes[-1].report
    assert page is not None
    text = page.read_text()
    head = text[: text.index("Images of 2025-03-05, from the darkest to the brightest")]
    assert "Missed objects of 2025-03-04" in head
    assert "At its confidence of 0.25, m missed 7 of 48 labelled objects, in 4 of 12 images with objects." in head
    assert "Shown: 4 images with the most missed objects." in head
    # As the last run knows it: the labels had not come when the day itself was run.
    known = replace(outcomes[1], context=replace(outcomes[1].context, now=outcomes[-1].context.now))
    assert measured(known.context.project, known)["recall", ""] == pytest.approx(1 - 7 / 48)
    captions = [*pictures(head)]
    assert [it.split(",")[0] for it in captions] == [f"{many} of 4 missed" for many in (3, 2, 1, 1)]
    assert all(it.endswith(", west") for it in captions)
    assert re.findall(r"<small>([^<]*)</small>", head) == [f"2025-03-04/west-{it}.jpg" for it in (3, 2, 0, 1)]
    shown = list(pictures(text).values())[4:]
    assert shown[0].mean() < shown[-1].mean(), "the dark images of one camera come first"


def sheets(outcome: Outcome, root: Path | None = None) -> list[Sheet]:
    """The sheets of a run; of a copy of its project where one is given."""
    context = outcome.context
    if root is not None:
        context = replace(context, project=Project.open(root))
    return image_sheets(context, read(context), outcome.own.pending.spec)


def test_before_labels_come_the_sheet_says_so(outcomes: list[Outcome]) -> None:
    missed, own = sheets(outcomes[0])
    assert missed.lines == ["No window has enough labels yet to show which objects were missed."]
    assert not missed.pictures
    assert len(own.pictures) == 12


def test_a_window_in_which_nothing_was_missed_says_so(outcomes: list[Outcome]) -> None:
    missed, _ = sheets(outcomes[1])
    assert missed.title == "Missed objects of 2025-03-03"
    assert missed.lines[-1] == "At its confidence of 0.25, m missed none of 48 labelled objects."
    assert not missed.pictures


def test_paths_that_are_private_are_not_shown(outcomes: list[Outcome]) -> None:
    last = outcomes[-1]
    private = last.context.monitor.model_copy(update={"private": ("image_path",)})
    missed, _ = sheets(replace(last, context=replace(last.context, monitor=private)))
    assert [it.detail for it in missed.pictures] == [""] * 4


def _some_files(root: Path) -> None:
    for path in (root / "images" / "2025-03-04").glob("west-[01].jpg"):
        path.unlink()


def _all_files(root: Path) -> None:
    shutil.rmtree(root / "images" / "2025-03-04")


def _predictions(root: Path) -> None:
    (root / "data" / "day=2025-03-04.parquet").unlink()


def _labels(root: Path) -> None:
    (root / "labels" / "day=2025-03-04.parquet").unlink()


def _column(root: Path) -> None:
    for path in (root / "labels").iterdir():
        pd.read_parquet(path).rename(columns={"true_boxes": "boxes"}).to_parquet(path, index=False)


@pytest.mark.parametrize(
    ("take", "said", "shown"),
    [
        (_some_files, "no longer there. Shown of the others: 2 images with the most missed objects.", 2),
        (_all_files, "The files of 4 of these images are no longer there.", 0),
        (_predictions, "The predictions of 2025-03-04 are no longer there, so", 0),
        (_labels, "No label has come of an image of 2025-03-04, so", 0),
        (_column, "Predictions or labels of 2025-03-04 cannot be read now, so", 0),
    ],
)
def test_what_has_gone_since_is_said(
    outcomes: list[Outcome], tmp_path: Path, take: Callable[[Path], None], said: str, shown: int
) -> None:
    root = tmp_path / "copy"
    shutil.copytree(outcomes[-1].context.project.root, root)
    take(root)
    missed, own = sheets(outcomes[-1], root)
    assert said in " ".join(missed.lines)
    assert len(missed.pictures) == shown
    assert len(own.pictures) == 12


@pytest.mark.long
@pytest.mark.parametrize("lost", ["all", "one"])
def test_files_that_have_gone_leave_the_report_whole(tmp_path: Path, lost: str) -> None:
    project = world(tmp_path, WITH_REFERENCE)
    for number in range(3):
        log_images(project, number)
        run(project, number)
    for path in sorted((project.root / "images").rglob("*.jpg"))[: None if lost == "all" else 1]:
        path.unlink()
    report = run(project, 2, with_report=True).report
    assert report is not None
    assert ("data:image/jpeg" in report.read_text()) == (lost == "one")
