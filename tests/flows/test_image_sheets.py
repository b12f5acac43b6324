"""A report shows a few images of its window, from the darkest to the brightest, with what the model found."""

from __future__ import annotations

import re
from base64 import b64decode
from pathlib import Path

import cv2
import numpy as np
import pytest

from lamplighter.images.working import Pixels
from tests.flows.image_world import MONITOR, darker, log_images, world
from tests.flows.small_world import run

WITH_REFERENCE = MONITOR + "reference: {days: 2025-03-03..2025-03-04}\n"


def reported(tmp_path: Path, monitor: str) -> str:
    project = world(tmp_path, monitor)
    for number in range(3):
        log_images(project, number, {"north": darker(0.2)} if number == 2 else None)
        outcome = run(project, number, with_report=number == 2)
    assert outcome.report is not None
    return outcome.report.read_text()


def sheet(page: str) -> Pixels:
    found = re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", page)
    assert len(found) == 1
    return np.asarray(cv2.imdecode(np.frombuffer(b64decode(found[0]), np.uint8), cv2.IMREAD_COLOR))


def test_images_stand_above_the_report(tmp_path: Path) -> None:
    page = reported(tmp_path, WITH_REFERENCE)
    assert "Images of 2025-03-05, from the darkest to the brightest." in page
    picture = sheet(page)
    rows = picture.shape[0] // 3
    top, bottom = picture[:rows].mean(), picture[-rows:].mean()
    assert top < bottom, "the dark images of one camera come first"


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
