"""Text files of YOLO: what is sound is read, and what is not costs its image and is named."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from lamplighter.core.monitor import Labels
from lamplighter.core.time.window import Window
from storage.project.folder import Project
from storage.sources.in_yolo import between
from storage.sources.left_out import lines_in
from storage.sources.place import Wanted

SPAN = Window("m", "1d", datetime(2025, 3, 3, tzinfo=UTC), datetime(2025, 3, 4, tzinfo=UTC), "UTC")
CAR, BOX = "0 0.5 0.5 0.2 0.1", [40.0, 45.0, 60.0, 55.0]


def read(root: Path, names: tuple[str, ...] = ("car", "person"), **files: bytes | str) -> tuple[dict[str, Any], Any]:
    """The classes and boxes of each image of a folder, and what is said."""
    folder = root / "labels" / "2025-03-03"
    folder.mkdir(parents=True, exist_ok=True)
    for name, held in files.items():
        (folder / f"{name}.txt").write_bytes(held.encode() if isinstance(held, str) else held)
    yolo = {"labels": "labels/{day}", "size": [100, 100], "names": names}
    labels = Labels.model_validate({"yolo": yolo, "target": "boxes", "classes": "classes"})
    found = between(Project.open(root), labels, SPAN, Wanted(root / "spool", "labels"))
    tables = [pq.read_table(file.uri) for file in found]
    assert all(file.name == "labels/2025-03-03" for file in found)
    rows = [row for table in tables for row in table.to_pylist()]
    boxes = {row["image_id"]: row["boxes"] and [*zip(row["classes"], row["boxes"], strict=True)] for row in rows}
    return boxes, [line for table in tables for line in lines_in(table.schema.metadata)]


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ("0 320 240 40 20", "a.txt:2: 320 is no share of the image; write shares of the image's width and height"),
        ("0 nan 0.5 0.2 0.1", "a.txt:2: nan is no share of the image"),
        ("0 0.5 0.5 -0.2 0.1", "a.txt:2: -0.2 is no share of the image"),
        ("0 0.5 0.5 -0.005 0.1", "a.txt:2: the size -0.005 0.1 is negative"),
        ("0 0.5 0.5 0.2 0.1 0.9", "a.txt:2: holds 6 numbers, as a prediction with its score does"),
        ("0 0.5 0.5 0.2", "a.txt:2: holds 4 numbers, neither a box nor a polygon"),
        ("0", "a.txt:2: holds 1 number, neither a box nor a polygon"),
        ("0 .1 .1 .2 .2 .3 .3 .4", "a.txt:2: holds 8 numbers, neither a box nor a polygon"),
        ("0 .5 .5 .2 .1" + " .5 .5 2" * 4, "a.txt:2: holds 17 numbers, keypoints beside a box"),
        ("car 0.5 0.5 0.2 0.1", 'a.txt:2: "car 0.5 0.5 0.2 0.1" holds what is no number; write a line such as'),
        ("-1 0.5 0.5 0.2 0.1", "a.txt:2: -1 is no class; write the number of the class, from 0 on"),
        ("0.5 0.5 0.5 0.2 0.1", "a.txt:2: 0.5 is no class"),
        ("inf 0.5 0.5 0.2 0.1", "a.txt:2: inf is no class"),
        (b"0 0.5 0.5 0.2 0.1 caf\xe9", "a.txt:2: is no text in UTF-8; save it as UTF-8"),
        (b"x" * (17 << 20), "a.txt: holds 17 MiB, and is of one image"),
    ],
)
def test_a_line_that_is_no_object_costs_its_image(tmp_path: Path, held: bytes | str, said: str) -> None:
    first = b"" if len(held) > 1000 else f"{CAR}\n".encode()
    boxes, (line,) = read(tmp_path, a=first + (held.encode() if isinstance(held, str) else held), b=CAR)
    assert boxes == {"a": None, "b": [("car", pytest.approx(BOX))]}
    assert line.startswith(said)
    assert line.endswith("; 1 image left out")


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ("", []),
        ("\n \n", []),
        (b"\xef\xbb\xbf" + CAR.encode(), [("car", BOX)]),
        (f"{CAR}\r\n1.0 0.5 0.5 0.2 0.1\r\n", [("car", BOX), ("person", BOX)]),
        ("0 0.4 0.45 0.6 0.5 0.5 0.55", [("car", BOX)]),
        ("0 1.005 0.5 0.2 0.1", [("car", [90.5, 45.0, 110.5, 55.0])]),
    ],
    ids=["empty", "blank", "byte-order-mark", "float-class", "polygon", "rounded"],
)
def test_what_an_image_holds(tmp_path: Path, held: bytes | str, expected: list[tuple[str, list[float]]]) -> None:
    boxes, lines = read(tmp_path, a=held)
    assert boxes == {"a": [(name, pytest.approx(box)) for name, box in expected]}
    assert lines == []


def test_a_class_without_a_name_is_said_and_keeps_its_object(tmp_path: Path) -> None:
    boxes, lines = read(tmp_path, a=CAR.replace("0", "7", 1), b=f"{CAR}\n{CAR.replace('0', '2', 1)}")
    assert [name for it in boxes.values() for name, _ in it] == ["7", "car", "2"]
    assert lines == [
        "a.txt:1: class 7 has no name, so that it is '7', and 1 more like it; add it to labels.yolo.names; "
        "known: 0 car, 1 person"
    ]
    # Without any name, classes are numbers, as a service may log them.
    boxes, lines = read(tmp_path, names=())
    assert ([name for it in boxes.values() for name, _ in it], lines) == (["7", "0", "2"], [])


def test_lists_that_tools_write_are_no_labels(tmp_path: Path) -> None:
    boxes, lines = read(tmp_path, classes="car\nperson\n", train="images/a.jpg\n", labels="", a=CAR, test=CAR)
    assert ([*boxes], lines) == (["a", "test"], [])


def test_what_is_no_file_costs_itself(tmp_path: Path) -> None:
    folder = tmp_path / "labels" / "2025-03-03"
    (folder / "b.txt").mkdir(parents=True)
    os.mkfifo(folder / "c.txt")
    (folder / "d.txt").symlink_to("nowhere")
    boxes, lines = read(tmp_path, a=CAR)
    assert boxes == {"a": [("car", pytest.approx(BOX))], "b": None, "c": None, "d": None}
    assert lines[0].startswith("b.txt: is a folder and no regular file, and 1 more like it;")
    assert lines[1].startswith("d.txt: is not there any more; deliver the file again")


def test_a_project_whose_path_looks_like_a_pattern(tmp_path: Path) -> None:
    (root := tmp_path / "a[1]").mkdir()
    assert read(root, a=CAR)[0] == {"a": [("car", pytest.approx(BOX))]}
