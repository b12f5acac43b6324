"""The stored images of some rows of a scan, to look at."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lamplighter.core.monitor.images import BRIGHTNESS
from lamplighter.core.values.boxes import SIDES
from storage.sources.box_columns import BoxColumns
from storage.sources.boxes import packed_boxes
from storage.sources.image_columns import floats_of
from storage.sources.image_files import located
from storage.sources.logged_images import paths_of
from storage.sources.scan import Scan


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image that was stored.

    Attributes
    ----------
    row : int
        Its place among the rows.
    path : str
        As the log has it; empty where it has none.
    file : str
        Where it lies; empty where it is no longer there.
    at : datetime
    """

    row: int
    path: str
    file: str
    at: datetime


def stored_images(rows: Scan, places: Sequence[int]) -> list[StoredImage]:
    """The images of some rows, in the order of the places; none where the rows name no files.

    Examples
    --------
    >>> from storage.sources.predictions import predictions_of
    >>> stored_images(Scan(predictions_of(project, monitor, window, context.spool)), [0, 1])
    []
    """
    images, time = rows.spec.images, rows.spec.time
    if images is None or images.path is None or time is None or images.path not in rows.schema:
        return []
    times = rows.table([time])[time].take(pa.array(places, pa.int64()))
    moments = rows.instants(times, time).cast(pa.timestamp("us", tz="UTC")).to_pylist()
    paths, _ = paths_of(images.path, rows)
    found = []
    for row, at in zip(places, moments, strict=True):
        path = paths[row]
        file = located(images.folder, path) if path else None
        is_there = file is not None and os.path.isfile(file)
        found.append(StoredImage(row, path or "", file if file and is_there else "", at))
    return found


def by_brightness(rows: Scan, many: int) -> list[tuple[StoredImage, float]]:
    """Some images of a scan from the darkest to the brightest, evenly spread, with how bright each is.

    Those without a file are left out.

    Parameters
    ----------
    rows : Scan
    many : int

    Examples
    --------
    >>> from storage.sources.predictions import predictions_of
    >>> by_brightness(Scan(predictions_of(project, monitor, window, context.spool)), 12)
    []
    """
    if BRIGHTNESS not in rows.schema:
        return []
    brightness = floats_of(rows.table([BRIGHTNESS])[BRIGHTNESS])
    if brightness is None:
        return []
    order = np.argsort(brightness, kind="stable")[: int(np.isfinite(brightness).sum())]
    images = stored_images(rows, _spread(order, many).tolist())
    return [(it, float(brightness[it.row])) for it in images if it.file]


def _spread(order: npt.NDArray[np.intp], many: int) -> npt.NDArray[np.intp]:
    if len(order) <= many:
        return order
    places = np.linspace(0, len(order) - 1, many).round().astype(int)
    chosen: npt.NDArray[np.intp] = order[places]
    return chosen


def boxes_acted_on(rows: Scan, columns: BoxColumns, images: Sequence[StoredImage]) -> list[list[list[float]]]:
    """The boxes of some images that the service acted on.

    Examples
    --------
    >>> from storage.sources.predictions import predictions_of
    >>> rows = Scan(predictions_of(project, monitor, window, context.spool))
    >>> boxes_acted_on(rows, BoxColumns("plan", "plan", None, "xyxy"), [])
    []
    """
    boxes = packed_boxes(rows, columns)
    return [[*_acted_on(boxes[it.row].as_py(), columns.confidence)] for it in images]


def _acted_on(image: dict[str, Any] | None, confidence: float) -> Iterator[list[float]]:
    for box in (image or {}).get("boxes") or ():
        if box["score"] is None or box["score"] >= confidence:
            yield [box[side] for side in SIDES]
