"""What a column is made of depends on the boxes of an image alone."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pyarrow as pa
import pytest

from lamplighter.core.values.boxes import Boxes, packed
from storage.sources.made_of_boxes import numbers_of

BOX = [0.0, 0.0, 5.0, 5.0]

IMAGES = {
    "a tie of the surest": (["car", "person"], [0.8, 0.9], "person"),
    "a tie in every way": (["person", "car"], [0.9, 0.9], "car"),
    "the commonest": (["van", "car", "van"], [0.5, 0.9, 0.4], "van"),
    "below the confidence": (["van", "van", "car"], [0.1, 0.1, 0.3], "car"),
    "nothing": ([], [], None),
    "a class of no name": ([None, "car"], [0.9, 0.3], "car"),
}


def classes(names: list[str]) -> list[str | None]:
    cells = [IMAGES[name] for name in names]
    lists = (
        [[BOX] * len(held) for held, _, _ in cells],
        [held for held, _, _ in cells],
        [score for _, score, _ in cells],
    )
    boxes = Boxes.of(packed(*map(pa.array, lists)))
    return numbers_of(boxes, 0.25)["box_class"].to_pylist()  # type: ignore[no-any-return]


def test_the_class_of_an_image_is_the_same_beside_any_other() -> None:
    expected = {name: klass for name, (_, _, klass) in IMAGES.items()}
    random = np.random.default_rng(0)
    for _ in range(20):
        names = random.permutation([*IMAGES] * 2)[: random.integers(1, 13)].tolist()
        assert classes(names) == [expected[name] for name in names]
        assert [classes([name])[0] for name in names] == [expected[name] for name in names]


def test_the_order_of_boxes_in_an_image_changes_nothing() -> None:
    held, score = ["car", "person", "bus", "car", "person"], [0.9, 0.8, 0.99, 0.5, 0.95]
    for order in ([0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 4, 0, 1, 3]):
        lists = [[BOX] * 5], [[held[at] for at in order]], [[score[at] for at in order]]
        made = numbers_of(Boxes.of(packed(*map(pa.array, lists))), 0.25)
        assert made["box_class"].to_pylist() == ["person"]


def test_many_classes_take_the_memory_of_their_boxes() -> None:
    images = 20_000
    names = [[f"class {number % 2_000}"] for number in range(images)]
    boxes = Boxes.of(packed(pa.array([[BOX]] * images), pa.array(names), pa.array([[0.9]] * images)))
    tracemalloc.start()
    made = numbers_of(boxes, 0.25)["box_class"]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert made.to_pylist() == [name for (name,) in names]
    assert peak < 20_000_000


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("far", [1e300, 1e200, -1e308, 1e39], ids=str)
def test_places_beyond_any_image_are_no_boxes(far: float) -> None:
    for form in ("xyxy", "xywh", "cxcywh"):
        lists = [[[0.0, 0.0, far, abs(far)]], [[far, far, abs(far), abs(far)], BOX]], [["car"], ["car"] * 2]
        boxes = Boxes.of(packed(*map(pa.array, (*lists, [[0.9], [0.8] * 2])), form=form))
        made = numbers_of(boxes, 0.25)
        assert made["box_count"].to_pylist() == [0.0, 1.0]
        assert made["box_area"].to_pylist() == [None, 25.0]
