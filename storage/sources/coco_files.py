"""Labels as COCO writes them: one JSON file of many images, as rows of an image each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.fs as fs
import pyarrow.parquet as pq

from lamplighter.errors import SourceError

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


def write_as_parquet(filesystem: fs.FileSystem, path: str, sink: Any) -> None:
    """Write the images of a file as rows: one that has no annotation is one without objects.

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
        raw = stream.read()
    try:
        held = json.loads(raw)
        rows = _rows(held["images"], held.get("annotations") or (), held.get("categories") or ())
        table = pa.Table.from_pylist(rows, SCHEMA)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, pa.ArrowException) as error:
        said = f"{error} is missing" if isinstance(error, KeyError) else "not as it should be"
        raise SourceError(f"holds no labels of COCO: {said}", fix=LIKE) from None
    pq.write_table(table, sink)


def _rows(
    images: Iterable[Mapping[str, Any]],
    annotations: Iterable[Mapping[str, Any]],
    categories: Iterable[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    names = {it["id"]: str(it["name"]) for it in categories}
    rows: dict[Any, dict[str, Any]] = {
        it["id"]: {"image_id": str(it["id"]), "file_name": it.get("file_name"), "boxes": [], "classes": []}
        for it in images
    }
    for it in annotations:
        if it.get("iscrowd"):
            continue
        left, top, width, height = map(float, it["bbox"])
        row = rows[it["image_id"]]
        row["boxes"].append([left, top, left + width, top + height])
        # A category that is not listed is named by its number.
        row["classes"].append(names.get(it["category_id"], str(it["category_id"])))
    return [*rows.values()]
