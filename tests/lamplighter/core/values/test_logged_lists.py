"""Whatever stands in place of a list costs its own image, is marked there, and ends nothing."""

from __future__ import annotations

import json
import warnings
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from lamplighter.core.evaluation.box_faults import side_faults
from lamplighter.core.values.boxes import Boxes, packed
from lamplighter.core.values.logged_lists import LoggedLists

COLUMNS = ["boxes", "classes", "scores"]
GOOD = ([[1.0, 2.0, 3.0, 4.0]], ["car"], [0.5])

ITEMS: dict[str, Any] = {
    "half a character": "\ud800",
    "half a character as a key": {"\ud800": "\udfff"},
    "a number beyond 64 bits": 2**70,
    "a number beyond floats": 1e999,
    "a negative one": -(2**65),
    "true": True,
    "null": None,
    "an object": {"x": 1, "y": [2]},
    "a list": [1, "a", None],
    "a text": "0.5x",
    "a text of nothing": "",
    "a control character": "\x00",
    "no number": float("nan"),
    "a fraction beyond floats": 1e300,
}


def in_depth(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize("part", range(3), ids=COLUMNS)
@pytest.mark.parametrize("beside", [[], [1], ["a"], [[1, 2, 3, 4]], [True]], ids=repr)
@pytest.mark.parametrize("item", ITEMS.values(), ids=[*ITEMS])
def test_items_of_every_sort_end_nothing(part: int, beside: list[Any], item: Any) -> None:
    cells = [[json.dumps(cell)] * 3 for cell in GOOD]
    cells[part][1] = json.dumps([item, *beside])
    cells[part][2] = json.dumps([[item, *beside], item])
    columns = [pa.array(side) for side in cells]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for form in ("xyxy", "xywh", "cxcywh"):
            boxes = Boxes.of(packed(*columns, form=form))
            assert (boxes.images, boxes.fault[0], boxes.is_box[0]) == (3, "", True)
            assert boxes.image.tolist()[0] == 0
            assert len(boxes.is_finite) == len(boxes.is_scored)
            [*side_faults(boxes, COLUMNS)]


@pytest.mark.parametrize(
    "cell",
    ["", "car", "['car']", '"car"', "1", "true", "{}", '{"a": [1]}', "[1", "[1]]", in_depth(100), in_depth(900),
     in_depth(5000), in_depth(200_000), f"[{'9' * 5000}]", "\x00", "[\x00]", "\ufeff[]"],
    ids=lambda cell: cell[:12].encode("unicode_escape").decode() + f" {len(cell)}",
)  # fmt: skip
@pytest.mark.parametrize("part", range(3), ids=COLUMNS)
def test_a_text_that_is_no_list_costs_its_image_and_is_shown(part: int, cell: str) -> None:
    cells = [[json.dumps(value)] * 2 for value in GOOD]
    cells[part][1] = cell
    boxes = Boxes.of(packed(*map(pa.array, cells)))
    assert [bool(fault) for fault in boxes.fault] == [False, True]
    assert boxes.counts.tolist() == [1, 0]
    [(_, message)] = side_faults(boxes, COLUMNS)
    assert f"1 of 2 images has no list of {COLUMNS[part]} in {COLUMNS[part]!r}" in message
    assert message.isprintable()


@pytest.mark.parametrize(
    "column",
    [
        pa.array([0.5]), pa.array([True]), pa.array([b"\xff"]), pa.array([Decimal("0.1")]), pa.array([{"a": [1]}]),
        pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())), pa.array(["car"]).dictionary_encode(),
        pa.array(["\ufffd"]),
        pa.chunked_array([pa.array([1]), pa.array([], pa.int64())]),
        pa.array([0], pa.timestamp("us")),
    ],
    ids=lambda column: str(column.type),
)  # fmt: skip
def test_a_column_of_another_type_holds_no_lists(column: pa.Array) -> None:
    read = LoggedLists.of(column)
    assert read.broken.all()
    assert len(read.shown(read.broken)) == 1


@pytest.mark.parametrize(
    "kind",
    [pa.int8(), pa.uint64(), pa.float16(), pa.float32(), pa.decimal128(25, 2), pa.string(), pa.large_string()],
    ids=str,
)
def test_numbers_of_every_type_are_numbers(kind: pa.DataType) -> None:
    boxes = pa.array([[[1, 2, 3, 4], [5, 6, 7, 8]], None, []], pa.list_(pa.list_(pa.int64())))
    scores = pa.array([[1, 0], None, []], pa.list_(pa.int64()))
    read = Boxes.of(packed(boxes.cast(pa.list_(pa.list_(kind))), pa.array([["a", "b"], None, []]), scores))
    assert read.corners.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert read.absent.tolist() == [False, True, False]
    fixed = boxes.cast(pa.list_(pa.list_(kind, 4)))
    assert Boxes.of(packed(fixed, pa.array([["a", "b"], None, []]))).corners.tolist() == read.corners.tolist()


def test_text_that_is_not_utf_8_is_read_by_its_bytes() -> None:
    raw = pa.array([b'["c\xff"]', b"\xff"]).view(pa.string())
    read = LoggedLists.of(raw)
    assert read.broken.tolist() == [True, True]
    names = pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), pa.array([b"c\xff"]).view(pa.string()))
    assert Boxes.of(packed(pa.array([[[0, 0, 1, 1]]]), names)).names == ["c\\xff"]
    scores = pa.ListArray.from_arrays(pa.array([0, 1], pa.int32()), pa.array([b"0\xff"]).view(pa.string()))
    assert not Boxes.of(packed(pa.array([[[0, 0, 1, 1]]]), names, scores)).is_scored.any()


def test_null_in_json_is_null() -> None:
    boxes = Boxes.of(packed(pa.array(["null", " null ", "NaN", None, "[]"]), pa.array(["null"] * 4 + ["[]"])))
    assert boxes.absent.tolist() == [True, True, True, True, False]
    assert set(boxes.fault) == {""}


def test_one_spelling_of_a_class_is_one_class_in_lists_of_every_sort() -> None:
    cells = ['[0, "car"]', "[0.0, 1]", '["0", "car"]', "[false, 1]"]
    boxes = Boxes.of(packed(pa.array(["[[0,0,1,1],[0,0,1,1]]"] * 4), pa.array(cells)))
    assert sorted(boxes.names) == ["0", "1", "car"]


@pytest.mark.parametrize("column", [pa.array([[10, 20, 60, 90]]), pa.array(["[10, 20, 60, 90]"])], ids=["list", "JSON"])
@pytest.mark.parametrize("beside", [pa.array([["car"]]), pa.array([["a", "b", "c", "d"]])], ids=["one", "four"])
def test_a_box_in_place_of_a_list_of_boxes_is_named(column: pa.Array, beside: pa.Array) -> None:
    boxes = Boxes.of(packed(column, beside))
    (_, message), *others = side_faults(boxes, COLUMNS[:2])
    assert others == []
    assert message.startswith("1 of 1 images has numbers in place of a list of boxes in 'boxes', such as '[")
    assert message.endswith("left out; log a list of boxes in each image, [[10, 20, 60, 90]]")
    (_, message), *_ = side_faults(boxes, COLUMNS[:2], frozenset({"boxes"}))
    assert "such as" not in message
