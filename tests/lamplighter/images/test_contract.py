"""What other parts rely on: every name is there, each number within its declared range, files come in their order."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from lamplighter.core.records.image_statistics import IMAGE_STATISTICS, PRESETS
from lamplighter.images import ImageFault, measure, measure_bytes, measure_files


def seeded(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


IMAGES = {
    "noise": seeded(480, 640, 3),
    "tall": seeded(701, 90, 3),
    "wide": seeded(1, 5000, 3),
    "grey": seeded(100, 120),
    "black": np.zeros((64, 64, 3), np.uint8),
    "white": np.full((64, 64, 3), 255, np.uint8),
    "a pixel": seeded(1, 1, 3),
    "3 x 3": seeded(3, 3, 3),
    "checks": np.indices((64, 64)).sum(0).astype(np.uint8) % 2 * np.uint8(255),
    "halves": np.repeat(np.uint8([0, 255]), 50 * 100).reshape(100, 100),
}


@pytest.mark.parametrize("name", IMAGES)
def test_each_number_is_within_its_declared_range(name: str) -> None:
    boxes = [(0, 0, 9, 9), (-5, -5, 1e9, 1e9), (3, 3, 2, 2), (math.nan, 0, 1, 1)]
    found = measure(IMAGES[name], boxes, cleanvision=[*PRESETS])
    assert list(found) == list(IMAGE_STATISTICS)
    for row in IMAGE_STATISTICS.values():
        value = found[row.name]
        if value is None or not row.is_number:
            continue
        assert type(value) in (int, float), row.name
        assert math.isfinite(value), row.name
        assert row.lower is None or value >= row.lower, row.name
        assert row.upper is None or value <= row.upper, row.name


def test_files_come_in_the_order_of_their_paths_with_faults_between(tmp_path: Path) -> None:
    sides = range(40, 72)
    for side in sides:
        cv2.imwrite(str(tmp_path / f"{side}.png"), seeded(side, side, 3))
    paths = [tmp_path / f"{side}.png" for side in sides]
    paths.insert(7, tmp_path / "gone.png")
    found = list(measure_files(paths, workers=2))
    fault = found.pop(7)
    assert isinstance(fault, ImageFault)
    assert (fault.path, fault.code) == (str(paths[7]), "missing")
    assert [one["image_width"] for one in found if isinstance(one, dict)] == list(sides)
    assert found[0] == measure_bytes(paths[0].read_bytes()) == measure(cv2.imread(str(paths[0])))
