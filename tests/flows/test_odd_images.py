"""Odd columns of images: named with what they hold, measured where they can be, and no end of the run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lamplighter.core.records.finding import Finding
from lamplighter.core.records.measurement import Measurement
from storage.project.folder import Project
from storage.sources.predictions import predictions_of
from tasks.stages.images import measure_images
from tasks.stages.run_context import RunContext
from tests.flows.image_world import MONITOR, log_images, measured, scene, store, world
from tests.flows.small_world import log, run
from tests.flows.test_detections import MONITOR as DETECTOR
from tests.flows.test_detections import deliver, street
from tests.lamplighter.cli.called import run as call

ROWS = 6
BARE = MONITOR.replace("{path: image_path, folder: images}", "{}")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Six rows of two cameras, and the images 0 to 4 in the folder."""
    project = world(tmp_path_factory.mktemp("odd") / "project")
    for name in (*map(str, range(5)), "0.jpg"):
        store(project, "image.jpg", scene(np.random.default_rng(1)))
        (project.root / "images" / "image.jpg").rename(project.root / "images" / name)
    return project


@pytest.fixture(scope="module")
def rows(project: Project) -> pd.DataFrame:
    return log_images(project, 0, cameras=("north", "south"), of_each=3, write=False)


def images_of(project: Project, frame: pd.DataFrame, **changed: Any) -> tuple[dict[str, Measurement], list[Finding]]:
    """The measurements of all images of a window, and what is found of them."""
    log(project, 0, frame)
    monitor = project.monitor("m")
    window = monitor.window(datetime(2025, 3, 4, tzinfo=UTC))
    context = RunContext(project, monitor, window, monitor.run_after(window))
    spec = replace(predictions_of(project, monitor, window, context.spool), **changed)
    found, findings = measure_images(context, spec)
    return {it.metric: it for it in found if not it.segment}, findings


@pytest.mark.parametrize(
    ("paths", "said", "missing"),
    [
        pytest.param(
            [["0"]] * ROWS,
            ["column 'image_path' holds list<element: string> in 6 of 6 rows, and no path; log the path of each image"],
            6,
            id="lists",
        ),
        pytest.param(
            [b"\xff\xfe", *[b"0"] * 5],
            ["column 'image_path' holds bytes that are no UTF-8 in 1 of 6 rows, and no path", "stands in several rows"],
            1,
            id="bytes",
        ),
        pytest.param([0, 1, 2, 3, 4, 12], ["1 of 6 images is not in images, such as 12; store"], 1, id="numbers"),
        pytest.param([0.0, 1, 2, 3, 4, None], ["1 of 6 rows has no path in column 'image_path'"], 1, id="floats"),
        pytest.param(
            ["9" * 5000] * 2 + ["0", "1", "2", "3"],
            [f"2 of 6 images are not in images, such as {'9' * 199}…; store", "1 image stands in several rows"],
            2,
            id="a long path that is missing twice",
        ),
    ],
)
def test_what_is_no_path_is_named_and_the_rest_is_measured(
    project: Project, rows: pd.DataFrame, paths: list[Any], said: list[str], missing: int
) -> None:
    found, findings = images_of(project, rows.assign(image_path=paths))
    assert len(findings) == len(said)
    for finding, words in zip(findings, said, strict=True):
        assert words in finding.message
        assert len(finding.message) < 400
    assert found["images_missing"].value == missing
    assert found["image_brightness"].n == ROWS - missing


@pytest.mark.parametrize(
    ("columns", "said", "mean"),
    [
        pytest.param(
            {"image_brightness": 120},
            "outside 0 to 1 in 6 of 6 rows, from 120 to 120, which count as not measured; divide by 255 what is",
            None,
            id="0 to 255",
        ),
        pytest.param(
            {"image_brightness": [0.5, 0.5, 0.5, -1.0, 400.0, 0.5]},
            "in 2 of 6 rows, from -1 to 400, which count as not measured; log what its table says",
            0.5,
            id="some",
        ),
        pytest.param(
            {"image_brightness": "bright"},
            "column 'image_brightness' holds text, not numbers; restore",
            None,
            id="text",
        ),
        pytest.param(
            {"image_brightness": np.nan},
            "column 'image_brightness' is logged and has no number in any of 6 rows",
            None,
            id="never",
        ),
        pytest.param({"image_brightness": "0.25"}, "", 0.25, id="numbers as text"),
    ],
)
def test_what_a_service_logs_of_images_has_a_range(
    project: Project, rows: pd.DataFrame, columns: dict[str, Any], said: str, mean: float | None
) -> None:
    frame = rows.assign(image_path=["0.jpg", "0", "1", "2", "3", "4"], **columns)
    found, findings = images_of(project, frame)
    assert found["image_brightness"].value == mean
    assert found["image_brightness"].reason == ("" if mean else "no image has a value of it")
    assert found["image_contrast"].n == ROWS, "the others are measured"
    assert [it.message for it in findings if said not in it.message or not said] == []
    assert len(findings) == bool(said)


def test_rows_of_a_reference_need_no_time_that_can_be_read(project: Project, rows: pd.DataFrame) -> None:
    frame = rows.assign(image_path=["0.jpg", "0", "1", "2", "3", "4"], at="never")
    found, findings = images_of(project, frame, time=None)
    assert (found["image_brightness"].n, findings) == (ROWS, [])


def test_a_covered_view_is_counted_within_its_range(project: Project, rows: pd.DataFrame) -> None:
    frame = rows.assign(image_path="0.jpg", image_opaque_ratio=7, image_transparent_ratio=0.0)
    assert images_of(project, frame)[0]["image_occluded_ratio"].value is None


def lists(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(image_path=[["0"]] * len(frame), image_brightness="bright")


@pytest.mark.parametrize(
    ("monitor", "change", "said"),
    [
        pytest.param(MONITOR, lists, "column 'image_path' holds list<element: string> in 6 of 6 rows", id="lists"),
        pytest.param(
            MONITOR, lambda frame: frame.assign(image_path=None), "has no path in any of 6 rows", id="no paths"
        ),
        pytest.param(BARE, lambda frame: frame, "nothing is known of the images: no column image_* is", id="nothing"),
        pytest.param(
            BARE,
            lambda frame: frame.assign(image_contrast=0.1),
            "segment 'image_light' is made of column 'image_brightness', which is not logged; log it",
            id="light without brightness",
        ),
        pytest.param(
            BARE,
            lambda frame: frame.assign(image_brightness=120),
            "column 'image_brightness' lies outside 0 to 1 in 6 of 6 rows",
            id="0 to 255",
        ),
        pytest.param(
            MONITOR.replace("images: {path: image_path, folder: images}\n", ""),
            lambda frame: frame,
            "no column 'image_hour' in the predictions; a run makes it of images; add the section images",
            id="segments without images",
        ),
    ],
)
def test_validate_says_it_before_a_run(
    project: Project, rows: pd.DataFrame, monitor: str, change: Callable[[pd.DataFrame], pd.DataFrame], said: str
) -> None:
    place = project.root / "monitors" / "m.yaml"
    before = place.read_text()
    log(project, 0, change(rows))
    place.write_text(monitor)
    try:
        result = call("-C", str(project.root), "validate", "m")
    finally:
        place.write_text(before)
    assert said in result.output
    assert result.exit_code == 2, result.output


def test_a_run_goes_on_with_odd_columns(tmp_path: Path) -> None:
    project = world(tmp_path, DETECTOR + "images: {path: image_path, folder: images, crops: true}\n")
    rows = street(10)
    deliver(project, rows)
    outcome = run(project, 0, lists(rows.drop(columns=["true", "names"])))
    found = measured(project, outcome)
    assert found["map50", ""] == pytest.approx(0.75, abs=0.01)
    assert found["images_missing", ""] == 10
    said = {it.code.value: it.message for it in outcome.findings}
    assert said["images-unmeasured"].startswith("column 'image_path' holds list<element: string> in 10 of 10 rows")
    assert said["type-changed"] == "column 'image_brightness' holds text, not numbers; restore its type"
