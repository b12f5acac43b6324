"""Images in a run: measured once, as columns of the rows, by segment, and named where they cannot be read."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from storage.history import open_history
from storage.history.query import Filter, measurements_of
from storage.project.folder import Project
from tasks.stages.outcome import Outcome
from tests.flows.image_world import CAMERAS, MONITOR, OF_EACH, darker, log_images, world
from tests.flows.small_world import run


def measured(project: Project, outcome: Outcome) -> dict[tuple[str, str], float | None]:
    """What the history has of a window: metric and segment."""
    found = measurements_of(open_history(project), outcome.context.window, Filter(as_of=outcome.context.known_on))
    return {(it.metric, it.segment): it.value for it in found if not it.feature}


def luminance(project: Project, path: str) -> float:
    """The mean luminance of a file, by the formula."""
    image = cv2.imread(str(project.root / "images" / path)).astype(float)
    return float((0.114 * image[..., 0] + 0.587 * image[..., 1] + 0.299 * image[..., 2]).mean() / 255)


def test_images_are_measured_overall_and_by_segment(tmp_path: Path) -> None:
    project = world(tmp_path)
    rows = log_images(project, 0, {"north": darker(0.2)})
    outcome = run(project, 0)
    found = measured(project, outcome)
    expected = {path: luminance(project, path) for path in rows["image_path"]}
    assert found["image_brightness", ""] == pytest.approx(np.mean(list(expected.values())), abs=2e-3)
    for camera in CAMERAS:
        own = [value for path, value in expected.items() if camera in path]
        assert found["image_brightness", f"camera={camera}"] == pytest.approx(np.mean(own), abs=2e-3)
    assert found["image_brightness", "image_hour=6"] is not None
    assert found["image_brightness", "image_light=dark"] < 0.15
    assert found["images_missing", ""] == found["images_unreadable_ratio", "camera=north"] == 0
    assert not outcome.findings


def test_a_broken_file_is_named_and_the_rest_go_on(tmp_path: Path) -> None:
    project = world(tmp_path)
    rows = log_images(project, 0)
    text, half, gone = (project.root / "images" / path for path in rows["image_path"][:3])
    text.write_text("no image")
    half.write_bytes(half.read_bytes()[:400])
    gone.unlink()
    outcome = run(project, 0)
    found = measured(project, outcome)
    messages = {it.code.value: it.message for it in outcome.findings}
    assert "2 of 24 images cannot be read, such as 2025-03-03/north-0.jpg (" in messages["images-unreadable"]
    assert messages["images-missing"].startswith("1 of 24 images is not in images, such as 2025-03-03/north-2.jpg;")
    assert found["images_missing", "camera=north"] == 1
    assert found["images_unreadable_ratio", "camera=north"] == pytest.approx(2 / (OF_EACH - 1))
    assert found["image_brightness", "camera=south"] is not None


def test_what_was_measured_outlasts_the_files(tmp_path: Path) -> None:
    project = world(tmp_path)
    log_images(project, 0)
    first = measured(project, run(project, 0))
    shutil.rmtree(project.root / "images")
    outcome = run(project, 0)
    assert measured(project, outcome) == first
    assert not outcome.findings


MONITOR_CHECKED = (
    MONITOR
    + """
checks:
  - {name: dusk, metric: image_brightness, segment: camera=north, below: {sigmas: 4, of: 7d}}
  - {name: any, metric: image_brightness, segment: "camera=*", falls: 30%, versus: {median: 7d}}
"""
)


def test_brightness_falling_on_one_camera_opens_an_incident_that_names_it(tmp_path: Path) -> None:
    project = world(tmp_path, MONITOR_CHECKED)
    for number in range(8):
        log_images(project, number, {"north": darker(0.3)} if number == 7 else None)
        outcome = run(project, number)
        failed = {it.check.segment for it in outcome.judged.decisions if it.verdict.value == "failed"}
        assert failed == ({"camera=north"} if number == 7 else set())
