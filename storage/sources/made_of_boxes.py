"""Columns that a run makes of the boxes of its rows, one number of an image each, so that their drift is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.core.monitor.of_boxes import BOX_AREA, BOX_CLASS, BOX_COUNT, BOX_SCORE
from lamplighter.core.values.boxes import Boxes, packed
from storage.sources.box_columns import BoxColumns
from storage.sources.decoded import Decoded
from storage.sources.row_groups import Fragment

TYPES: Mapping[str, pa.DataType] = {
    BOX_COUNT: pa.float64(),
    BOX_SCORE: pa.float64(),
    BOX_AREA: pa.float64(),
    BOX_CLASS: pa.string(),
}


class MadeOfBoxes:
    """The columns that are made of boxes, a part of the rows at a time.

    Parameters
    ----------
    spec : BoxColumns
        With scores.
    read : callable
        Reads a column of the rows of a part in the type that its file has it in.
    decoded : Decoded, optional
        Where what was made of parts is kept.
    """

    def __init__(
        self, spec: BoxColumns, read: Callable[[Fragment, str], pa.ChunkedArray], decoded: Decoded | None = None
    ) -> None:
        self.spec = spec
        self._read = read
        self._decoded = decoded or Decoded()

    def types(self, columns: Mapping[str, pa.DataType]) -> dict[str, pa.DataType]:
        """The columns that can be made where rows have these."""
        return {**TYPES} if columns.keys() >= {*self.spec.names} else {}

    def read(self, part: Fragment, name: str) -> pa.ChunkedArray:
        """A column that is made, of the rows of a part."""
        place = (part.uri, f"boxes {self.spec} {part.chosen}", part.group, "")
        return pc.struct_field(self._decoded.column(place, lambda: self._made(part)), name)

    def _made(self, part: Fragment) -> pa.ChunkedArray:
        sides, classes, scores = (self._read(part, name) for name in self.spec.names)
        boxes = Boxes.of(packed(sides, classes, scores, self.spec.form))
        columns = numbers_of(boxes, self.spec.confidence)
        return pa.chunked_array([pa.table(columns).to_struct_array().combine_chunks()])


def numbers_of(boxes: Boxes, confidence: float) -> dict[str, pa.Array]:
    """How many boxes of an image the service acts on, their mean score and median area, and their commonest class.

    Null where the lists of an image cannot be read; all but the count also where there is no such box.

    Examples
    --------
    >>> lists = [[[0, 0, 5, 5], [2, 2, 4, 4]], []], [["car", "bus"], []], [[0.8, 0.1], []]
    >>> made = numbers_of(Boxes.of(packed(*map(pa.array, lists))), 0.25)
    >>> {name: column.to_pylist() for name, column in made.items()}
    {'box_count': [1.0, 0.0], 'box_score': [0.8, None], 'box_area': [25.0, None], 'box_class': ['car', None]}
    """
    acted = boxes.only(boxes.is_box & (boxes.klass >= 0) & (boxes.score >= confidence))
    unreadable, counts = boxes.fault != "", acted.counts
    none = unreadable | (counts == 0)
    mean = np.bincount(acted.image, acted.score, boxes.images) / np.maximum(counts, 1)
    area = acted.size[:, 0] * acted.size[:, 1]
    return {
        BOX_COUNT: pa.array(counts.astype(float), mask=unreadable),
        BOX_SCORE: pa.array(mean, mask=none),
        BOX_AREA: pa.array(_medians(acted.image, area, boxes.images), mask=none),
        BOX_CLASS: _commonest(acted, none),
    }


def _medians(image: npt.NDArray[np.int64], values: npt.NDArray[np.float64], images: int) -> npt.NDArray[np.float64]:
    ordered = np.append(values[np.lexsort((values, image))], np.nan)
    counts = np.bincount(image, minlength=images)
    begin = np.cumsum(counts) - counts
    middle: npt.NDArray[np.float64] = (
        ordered[begin + np.maximum(counts - 1, 0) // 2] + ordered[np.minimum(begin + counts // 2, len(values))]
    ) / 2
    return middle


def _commonest(boxes: Boxes, none: npt.NDArray[np.bool_]) -> pa.Array:
    """The class of the most boxes of an image; of equally many the surest one, then the first in the alphabet.

    It depends on the image alone: not on other images, nor on the order of its boxes.
    """
    if not len(boxes.image):
        return pa.nulls(boxes.images, pa.string())
    order = np.array(sorted(range(len(boxes.names)), key=boxes.names.__getitem__), np.int64)
    place = np.argsort(order)
    # One cell for each image and class that meet: of all that could meet, memory has no room.
    cells, cell, times = np.unique(
        boxes.image * len(order) + place[boxes.klass], return_inverse=True, return_counts=True
    )
    surest = np.full(len(cells), -np.inf)
    np.maximum.at(surest, cell, boxes.score)
    image, named = np.divmod(cells, len(order))
    best = np.lexsort((named, -surest, -times, image))
    best = best[np.flatnonzero(np.diff(image[best], prepend=-1))]
    of_image = np.zeros(boxes.images, np.int64)
    of_image[image[best]] = named[best]
    return pa.array(boxes.names, pa.string()).take(pa.array(order[of_image], mask=none))
