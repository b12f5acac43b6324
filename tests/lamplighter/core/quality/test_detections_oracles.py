"""Average precisions of boxes equal pycocotools', over random images and over awkward ones."""

from __future__ import annotations

import contextlib
import io
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from lamplighter.core.quality.detections import detection
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.records.measurement import State
from lamplighter.core.values.boxes import Boxes, packed

Box: TypeAlias = "tuple[tuple[int, int, int, int], str, float]"
Images: TypeAlias = "list[list[Box]]"

STATS = {"map50_95": 0, "map50": 1, "map_small": 3, "map_medium": 4, "map_large": 5}
"""Where pycocotools' summary has them."""

CLASSES = ["bus", "car", "person"]


def boxes_of(images: Images) -> Boxes:
    columns = [pa.array([[box[part] for box in image] for image in images]) for part in range(3)]
    return Boxes.of(packed(*columns))


def ours(true: Images, pred: Images) -> dict[tuple[str, str], float | None]:
    found, _ = detection(
        boxes_of(true), boxes_of(pred), confidence=0.5, groupings=[Grouping.overall(len(true))], state=State.FINAL
    )
    return {(it.metric, it.klass): it.value for it in found}


def theirs(true: Images, pred: Images) -> dict[tuple[str, str], float | None]:
    names = sorted({name for side in (true, pred) for image in side for _, name, _ in image})
    number = {name: code for code, name in enumerate(names, start=1)}
    sides: list[list[dict[str, object]]] = []
    for side in (true, pred):
        entries = []
        for at, image in enumerate(side, start=1):
            for (left, top, right, bottom), name, score in image:
                box = [left, top, right - left, bottom - top]
                entries.append({"image_id": at, "category_id": number[name], "bbox": box, "score": score})
                entries[-1] |= {"id": len(entries), "area": box[2] * box[3], "iscrowd": 0}
        sides.append(entries)
    with contextlib.redirect_stdout(io.StringIO()):
        held = COCO()
        held.dataset = {
            "images": [{"id": at} for at in range(1, len(true) + 1)],
            "annotations": sides[0],
            "categories": [{"id": code, "name": name} for name, code in number.items()],
        }
        held.createIndex()
        it = COCOeval(held, held.loadRes(sides[1]) if sides[1] else COCO(), "bbox")
        it.evaluate()
        it.accumulate()
        it.summarize()
    found = {(metric, ""): float(it.stats[at]) for metric, at in STATS.items()}
    for name, code in number.items():
        for metric, thresholds in (("ap50", slice(0, 1)), ("ap", slice(None))):
            found[metric, name] = float(np.mean(it.eval["precision"][thresholds, :, code - 1, 0, 2]))
    return {key: None if value < 0 else value for key, value in found.items()}


def assert_equal(true: Images, pred: Images) -> None:
    own = ours(true, pred)
    for key, value in theirs(true, pred).items():
        # A class that is neither labelled nor detected surely enough is not listed.
        assert own.get(key) == (None if value is None else pytest.approx(value, abs=1e-9)), key


def street(seed: int, images: int) -> tuple[Images, Images]:
    """Objects of all sizes, and detections near them, twice, of another class, or of nothing."""
    random = np.random.default_rng(seed)

    def box() -> tuple[int, int, int, int]:
        (left, top), (width, height) = random.integers(0, 200, 2), random.integers(1, 150, 2)
        return int(left), int(top), int(left + width), int(top + height)

    true: Images = [
        [(box(), str(random.choice(CLASSES)), 1.0) for _ in range(random.integers(0, 9))] for _ in range(images)
    ]
    pred: Images = []
    for image in true:
        found: list[Box] = [(box(), str(random.choice(CLASSES)), 0.0) for _ in range(random.integers(0, 5))]
        for sides, name, _ in image * 2:
            left, top, right, bottom = (int(side) for side in np.array(sides) + random.integers(-8, 9, 4))
            if left < right and top < bottom and random.random() < 0.7:
                found.append(((left, top, right, bottom), name if random.random() < 0.9 else "bus", 0.0))
        pred.append([(sides, name, round(float(random.random()), 1)) for sides, name, _ in found])
    return true, pred


@pytest.mark.parametrize("seed", range(8))
def test_random_images(seed: int) -> None:
    assert_equal(*street(seed, 5 * seed + 1))


corner = st.integers(0, 6).map(lambda side: side * 16)
side = st.sampled_from([0, 1, 16, 32, 48, 96, 128])
box = st.builds(lambda x, y, w, h: (x, y, x + w, y + h), corner, corner, side, side)
image = st.lists(st.tuples(box, st.sampled_from(CLASSES), st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0])), max_size=6)
images = st.lists(st.tuples(image, image), min_size=1, max_size=5)


@given(images)
def test_awkward_images(pairs: list[tuple[list[Box], list[Box]]]) -> None:
    """Equal scores, equal overlaps, overlaps of exactly a half, boxes of no area, images without anything."""
    true, pred = ([pair[at] for pair in pairs] for at in (0, 1))
    if any(pred):
        assert_equal(true, pred)


def test_more_than_a_hundred_boxes_of_a_class_in_an_image() -> None:
    random = np.random.default_rng(0)
    lefts = (10 * random.permutation(150)).tolist()
    true: Images = [[((left, 0, left + 8, 8), "car", 1.0) for left in lefts]]
    pred: Images = [[(sides, name, float(random.random())) for sides, name, _ in true[0]]]
    assert_equal(true, pred)
    assert 0.6 < (ours(true, pred)["map50", ""] or 0) < 0.7
