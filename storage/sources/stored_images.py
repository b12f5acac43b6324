"""A few of the stored images of a scan, to look at."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from storage.sources.box_lists import BoxColumns
from storage.sources.boxes import packed_boxes
from storage.sources.image_files import located
from storage.sources.scan import Scan

BRIGHTNESS = "image_brightness"


@dataclass(frozen=True, eq=False)
class StoredImage:
    """An image that can be looked at.

    Attributes
    ----------
    path : str
        As the log has it.
    file : str
        Where it lies.
    at : datetime
    brightness : float
    boxes : list of list of float
        Those that the service acted on; empty where the model answers none.
    """

    path: str
    file: str
    at: datetime
    brightness: float
    boxes: list[list[float]]


def by_brightness(rows: Scan, many: int, columns: BoxColumns | None = None) -> list[StoredImage]:
    """Some images of a scan from the darkest to the brightest, evenly spread; those without a file are left out.

    Parameters
    ----------
    rows : Scan
    many : int
    columns : BoxColumns, optional
        Where boxes stand.

    Examples
    --------
    >>> from storage.sources.predictions import predictions_of
    >>> by_brightness(Scan(predictions_of(project, monitor, window, context.spool)), 12)
    []
    """
    images, time = rows.spec.images, rows.spec.time
    needed = [images.path, BRIGHTNESS] if images and images.path else []
    if images is None or time is None or not needed or any(name not in rows.schema for name in needed):
        return []
    table = rows.table([*needed, time])
    brightness = np.array(table[BRIGHTNESS].cast("float64"), dtype=float)
    order = np.argsort(brightness, kind="stable")[: int(np.isfinite(brightness).sum())]
    chosen = _spread(order, many)
    moments = rows.instants(table[time], time).cast(pa.timestamp("us", tz="UTC"))
    boxes = packed_boxes(rows, columns) if columns else None
    found = []
    for row in chosen.tolist():
        path = table[images.path][row].as_py()
        file = located(images.folder, path) if isinstance(path, str) else None
        if file is not None and os.path.isfile(file):
            acted_on = [*_acted_on(boxes[row].as_py(), columns.confidence)] if boxes is not None and columns else []
            found.append(StoredImage(path, file, moments[row].as_py(), float(brightness[row]), acted_on))
    return found


def _spread(order: npt.NDArray[np.intp], many: int) -> npt.NDArray[np.intp]:
    if len(order) <= many:
        return order
    places = np.linspace(0, len(order) - 1, many).round().astype(int)
    chosen: npt.NDArray[np.intp] = order[places]
    return chosen


def _acted_on(image: dict[str, Any] | None, confidence: float) -> Iterator[list[float]]:
    sides: Sequence[str] = ("x_min", "y_min", "x_max", "y_max")
    for box in (image or {}).get("boxes") or ():
        if box["score"] is None or box["score"] >= confidence:
            yield [box[side] for side in sides]
