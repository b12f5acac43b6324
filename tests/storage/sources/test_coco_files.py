"""Files of COCO: what is sound is read, and what is not costs its image and is named."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow.fs as fs
import pyarrow.parquet as pq
import pytest

from lamplighter.errors import SourceError
from storage.sources.coco_files import write_as_parquet
from storage.sources.left_out import lines_in

IMAGES = [{"id": 7, "file_name": "a.jpg"}, {"id": 8, "file_name": "b.jpg"}]
CATEGORIES = [{"id": 1, "name": "car", "supercategory": "vehicle"}, {"id": 2, "name": "person"}]
CAR = {"id": 40, "image_id": 8, "category_id": 1, "bbox": [10, 20, 30, 40]}
SOUND = [[10.0, 20.0, 40.0, 60.0]]


def read(folder: Path, held: bytes | str) -> tuple[dict[str, Any], list[str]]:
    """The boxes of each image, and what is said."""
    (path := folder / "l.json").write_bytes(held.encode() if isinstance(held, str) else held)
    write_as_parquet(fs.LocalFileSystem(), str(path), sink := BytesIO())
    table = pq.read_table(sink)
    return {row["file_name"]: row["boxes"] for row in table.to_pylist()}, lines_in(table.schema.metadata)


def of(annotation: object, images: list[Any] = IMAGES, categories: list[Any] = CATEGORIES) -> str:
    annotations = [CAR, *([annotation] if annotation else [])]
    return json.dumps({"images": images, "annotations": annotations, "categories": categories})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"bbox": None}, "annotations[1] (id 41): has no bbox; write four finite numbers"),
        ({"bbox": [1, 2, 3]}, "annotations[1] (id 41): bbox is [1, 2, 3]; write four"),
        ({"bbox": "[1, 2, 3, 4]"}, 'bbox is "[1, 2, 3, 4]"; write four'),
        ({"bbox": [1, 2, -3, 4]}, "bbox is [1, 2, -3, 4]; write four finite numbers, x, y, width and height, none of"),
        ({"bbox": [1, 2, float("nan"), 4]}, "bbox is [1, 2, NaN, 4]; write four"),
        ({"bbox": [10**400, 2, 3, 4]}, "bbox is [1000"),
        ({"bbox": [True, 2, 3, 4]}, "bbox is [true, 2, 3, 4]"),
        ({"category_id": None}, "annotations[1] (id 41): has no category_id; name a category by its id"),
        ({"iscrowd": "no"}, 'iscrowd is "no"; write 0, or 1 for a crowd'),
    ],
)
def test_an_annotation_that_cannot_be_read_costs_its_image(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    boxes, (line,) = read(tmp_path, of(CAR | {"id": 41, "image_id": 7} | changed))
    assert boxes == {"a.jpg": None, "b.jpg": SOUND}
    assert said in line
    assert line.endswith("; 1 image left out")


@pytest.mark.parametrize(
    ("annotation", "a", "said"),
    [
        (CAR | {"id": 41, "image_id": 9}, [], ["annotations[1] (id 41): image_id 9 is of no image; list the image"]),
        (None, [], []),
        ("car", [], ["annotations[1]: image_id null is of no image"]),
        (CAR | {"image_id": 7, "iscrowd": 1, "bbox": None}, [], []),
        (CAR | {"image_id": 7, "iscrowd": "0"}, SOUND, []),
        (CAR | {"image_id": "7", "bbox": ["10", 20, 30, "40"]}, SOUND, []),
        (
            CAR | {"image_id": 7, "category_id": 9}, SOUND,
            ["category 9 is not listed, so that its class is '9'; list it in categories; known: car, person"],
        ),
    ],
)  # fmt: skip
def test_an_annotation_costs_no_image(tmp_path: Path, annotation: object, a: list[Any], said: list[str]) -> None:
    boxes, lines = read(tmp_path, of(annotation))
    assert boxes == {"a.jpg": a, "b.jpg": SOUND}
    assert [part in line for part, line in zip(said, lines, strict=True)] == [True] * len(said)


def test_images_that_share_an_id_have_no_label_since_it_is_not_known_whose_a_box_is(tmp_path: Path) -> None:
    shared = {"id": 8, "file_name": "c.jpg"}
    boxes, (line,) = read(tmp_path, of(None, [*IMAGES, shared, shared]))
    assert boxes == {"a.jpg": [], "b.jpg": None, "c.jpg": None}
    assert line.startswith('images[2]: has the id 8 of another image, "b.jpg"')
    assert line.endswith("give each image an id of its own; 2 images left out")
    assert read(tmp_path, of(None, [*IMAGES, IMAGES[0]])) == ({"a.jpg": [], "b.jpg": SOUND}, [])
    boxes, (line,) = read(tmp_path, of(None, [*IMAGES, {"file_name": "d.jpg"}]))
    assert boxes == {"a.jpg": [], "b.jpg": SOUND}
    assert line == "images[2]: has no id; give each image an id of its own; 1 image left out"


def test_categories_that_cannot_be_known_are_named(tmp_path: Path) -> None:
    _, lines = read(tmp_path, of(None, categories=[*CATEGORIES, {"id": 1, "name": "bus"}, {"id": 4}]))
    assert lines == [
        'categories[2]: "bus" has the id 1 of "car", and 1 more like it; '
        "give each category an id of its own and a name",
        "annotations[0] (id 40): category 1 is not listed, so that its class is '1'; "
        "list it in categories; known: person",
    ]


def test_many_faults_of_a_kind_are_one_line(tmp_path: Path) -> None:
    held = json.loads(of(None))
    held["annotations"] += [{"id": at, "image_id": 7 + at % 2, "category_id": 1} for at in range(50)]
    boxes, lines = read(tmp_path, json.dumps(held))
    assert boxes == {"a.jpg": None, "b.jpg": None}
    (line,) = lines
    assert line.startswith("annotations[1] (id 0): has no bbox, and 49 more like it; write four")
    assert line.endswith("; 2 images left out")


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ("", "is empty; deliver a JSON object"),
        ("{", "holds no JSON: Expecting property name"),
        (b'{"a": "\xe9"}', "holds no JSON: 'utf-8' codec"),
        ("[" * 100_000, "holds no JSON: "),
        ("[]", "holds no labels of COCO: it is a list, as files of COCO's results are"),
        ("7", "holds no labels of COCO: it is no object"),
        ('{"annotations": []}', "holds no labels of COCO: 'images' is missing"),
        ('{"images": []}', "holds no labels of COCO: 'annotations' is missing"),
        ('{"images": {}, "annotations": []}', "holds no labels of COCO: 'images' is no list"),
    ],
)
def test_a_file_that_is_none_is_refused_in_one_line(tmp_path: Path, held: bytes | str, said: str) -> None:
    with pytest.raises(SourceError) as refused:
        read(tmp_path, held)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf" + of(None).encode())[0]["b.jpg"] == SOUND
