"""Labels as COCO writes them: one JSON file of many images, as rows of an image each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.fs as fs
import pyarrow.parquet as pq

from lamplighter.core.hints import shown_names
from lamplighter.errors import SourceError, one_line
from storage.sources.left_out import LeftOut, quoted

SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("file_name", pa.string()),
        ("boxes", pa.list_(pa.list_(pa.float64()))),
        ("classes", pa.list_(pa.string())),
    ]
)
"""The columns of the rows; boxes are corners in pixels."""

LIKE = "deliver a JSON object with images, annotations and categories, as COCO has them"
OF_IMAGE = "give each image an id of its own"
OF_BOX = "write four finite numbers, x, y, width and height, none of the sizes below 0"
OF_CATEGORY = "give each category an id of its own and a name"

Row: TypeAlias = dict[str, Any]


def write_as_parquet(filesystem: fs.FileSystem, path: str, sink: Any) -> None:
    """Write the images of a file as rows: one that has no annotation is one without objects.

    An image whose annotations cannot all be read has no label, and is counted with the place of the first fault.
    Annotations of crowds are left out: what is in them is not known by the box.

    Raises
    ------
    SourceError
        If it is no such file.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> labels = {
    ...     "images": [{"id": 7, "file_name": "a.jpg"}, {"id": 8, "file_name": "b.jpg"}],
    ...     "annotations": [{"image_id": 7, "category_id": 1, "bbox": [10, 20, 30, 40]}],
    ...     "categories": [{"id": 1, "name": "car"}],
    ... }
    >>> with TemporaryDirectory() as folder:
    ...     _ = (file := Path(folder, "l.json")).write_text(json.dumps(labels))
    ...     write_as_parquet(fs.LocalFileSystem(), str(file), f"{folder}/l.parquet")
    ...     rows = pq.read_table(f"{folder}/l.parquet").to_pylist()
    >>> [(row["image_id"], row["boxes"], row["classes"]) for row in rows]
    [('7', [[10.0, 20.0, 40.0, 60.0]], ['car']), ('8', [], [])]
    """
    with filesystem.open_input_stream(path) as stream:
        held = _parsed(stream.read())
    left_out = LeftOut()
    rows = _images(_list_of(held, "images"), left_out)
    names = _names(_list_of(held, "categories") if held.get("categories") is not None else [], left_out)
    _add_objects(_list_of(held, "annotations"), rows, names, left_out)
    table = pa.Table.from_pylist([row for same in rows.values() for row in same], SCHEMA)
    pq.write_table(left_out.noted(table), sink)


def _parsed(raw: bytes) -> Mapping[str, Any]:
    if not raw.strip():
        raise SourceError("is empty", fix=LIKE)
    try:
        held = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"holds no JSON: {one_line(error)}", fix=LIKE) from None
    if not isinstance(held, dict):
        what = "a list, as files of COCO's results are" if isinstance(held, list) else "no object"
        raise SourceError(f"holds no labels of COCO: it is {what}", fix=LIKE)
    return held


def _list_of(held: Mapping[str, Any], key: str) -> list[Any]:
    found = held.get(key)
    if not isinstance(found, list):
        what = "is missing" if found is None else "is no list"
        raise SourceError(f"holds no labels of COCO: {key!r} {what}", fix=LIKE)
    return found


def _images(images: list[Any], left_out: LeftOut) -> dict[str, list[Row]]:
    """The rows of each id: several where images share it, of which it is not known whose an annotation is."""
    rows: dict[str, list[Row]] = {}
    for at, it in enumerate(images):
        if (key := _key(_value(it, "id"))) is None:
            left_out.add(f"images[{at}]", SourceError("has no id", fix=OF_IMAGE), image=f"at {at}")
            continue
        name = _key(_value(it, "file_name"))
        same = rows.setdefault(key, [])
        if any(row["file_name"] == name for row in same):
            continue
        same.append({"image_id": key, "file_name": name, "boxes": [], "classes": []})
        if len(same) > 1:
            for row in same:
                row.update(boxes=None, classes=None)
            shared = SourceError(f"has the id {key} of another image, {quoted(same[0]['file_name'])}", fix=OF_IMAGE)
            for row in same:
                left_out.add(f"images[{at}]", shared, image=f"{key} {row['file_name']}")
    return rows


def _names(categories: list[Any], left_out: LeftOut) -> dict[str, str]:
    """The name of each category; one of several names has none."""
    names: dict[str, set[str]] = {}
    for at, it in enumerate(categories):
        key, name = _key(_value(it, "id")), _key(_value(it, "name"))
        if key is None or name is None:
            what = "has no id" if key is None else "has no name"
            left_out.add(f"categories[{at}]", SourceError(what, fix=OF_CATEGORY))
            continue
        if name not in names.setdefault(key, set()) and names[key]:
            what = f"{quoted(name)} has the id {key} of {quoted(min(names[key]))}"
            left_out.add(f"categories[{at}]", SourceError(what, fix=OF_CATEGORY))
        names[key].add(name)
    return {key: min(found) for key, found in names.items() if len(found) == 1}


def _add_objects(
    annotations: list[Any], rows: Mapping[str, list[Row]], names: Mapping[str, str], left_out: LeftOut
) -> None:
    """Add each object to its image; one that cannot be read costs the image, since its truth is not known."""
    unlisted = f"list it in categories; known: {shown_names(names.values()) or 'none'}"
    for at, it in enumerate(annotations):
        own = _key(_value(it, "id"))
        where = f"annotations[{at}]" + (f" (id {own})" if own is not None else "")
        key = _key(_value(it, "image_id"))
        same = rows.get(key, []) if key is not None else []
        try:
            if not same:
                what = f"image_id {quoted(_value(it, 'image_id'))} is of no image"
                raise SourceError(what, fix="list the image in images, or leave the annotation out")
            if _is_crowd(it):
                continue
            category = _key(_value(it, "category_id"))
            if category is None:
                raise SourceError("has no category_id", fix="name a category by its id")
            box = _corners(_value(it, "bbox"))
        except SourceError as fault:
            left_out.add(where, fault, image=f"{key} {same[0]['file_name']}" if same else "")
            for row in same:
                row.update(boxes=None, classes=None)
            continue
        if category not in names:
            what = f"category {category} is not listed, so that its class is {category!r}"
            left_out.add(where, SourceError(what, fix=unlisted))
        if same[0]["boxes"] is not None:
            same[0]["boxes"].append(box)
            same[0]["classes"].append(names.get(category, category))


def _is_crowd(annotation: Any) -> bool:
    given = _value(annotation, "iscrowd")
    if str(given or 0).lower() not in ("0", "1", "true", "false"):
        raise SourceError(f"iscrowd is {quoted(given)}", fix="write 0, or 1 for a crowd")
    return str(given or 0).lower() in ("1", "true")


def _corners(bbox: Any) -> list[float]:
    try:
        if not isinstance(bbox, list) or any(isinstance(side, bool) for side in bbox):
            raise TypeError
        left, top, width, height = map(float, bbox)
        if not all(map(isfinite, (left, top, width, height))) or width < 0 or height < 0:
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise SourceError("has no bbox" if bbox is None else f"bbox is {quoted(bbox)}", fix=OF_BOX) from None
    return [left, top, left + width, top + height]


def _value(entry: Any, key: str) -> Any:
    return entry.get(key) if isinstance(entry, dict) else None


def _key(value: Any) -> str | None:
    """An id or a name as text: 7, 7.0 and "7" are one."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) and value != "" else None
