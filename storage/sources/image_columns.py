"""Columns that a run makes of the images of its rows: statistics of the files, the local hour, and how light it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.core.evaluation.logged_statistics import is_outside
from lamplighter.core.monitor.images import BRIGHTNESS, CROPS, FAULT, HOUR, LIGHT, NUMERIC, REASON, TILE, light_of
from lamplighter.core.records.image_statistics import measured_names
from lamplighter.core.values.boxes import Boxes, packed
from lamplighter.errors import SourceError
from storage.sources.box_columns import BoxColumns
from storage.sources.decoded import Decoded
from storage.sources.image_files import logged_paths
from storage.sources.row_groups import Fragment
from storage.sources.scan_spec import ImageSpec

if TYPE_CHECKING:
    from storage.sources.measured_images import MeasuredImages, Wanted

UNDATED = "undated"
"""The day of rows without a time."""

TYPES: Mapping[str, pa.DataType] = {
    **dict.fromkeys(NUMERIC, pa.float64()),
    TILE: pa.string(),
    FAULT: pa.string(),
    REASON: pa.string(),
    HOUR: pa.int64(),
    LIGHT: pa.string(),
}


def within_bounds(name: str, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """A logged column, without what a statistic of images cannot be: that counts as not measured wherever it is read.

    Examples
    --------
    >>> within_bounds("image_brightness", pa.chunked_array([[0.5, 120.0]])).to_pylist()
    [0.5, None]
    >>> within_bounds("speed", pa.chunked_array([[0.5, 120.0]])).to_pylist()
    [0.5, 120.0]
    """
    if name not in NUMERIC:
        return values
    floats = floats_of(values)
    if floats is None or not (outside := is_outside(name, floats)).any():
        return values
    plain = values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values
    return pa.chunked_array([pc.if_else(pa.array(outside), pa.scalar(None, plain.type), plain.combine_chunks())])


def floats_of(values: pa.ChunkedArray) -> npt.NDArray[np.float64] | None:
    """The numbers of a column, NaN where it has none; None of a type that holds no numbers.

    Examples
    --------
    >>> floats_of(pa.chunked_array([["0.5", None]])), floats_of(pa.chunked_array([["bright"]])) is None
    (array([0.5, nan]), True)
    """
    try:
        return np.array(values.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    except pa.ArrowException:
        return None


class ReadColumn(Protocol):
    """Reads a column of the rows of a part, all null where it is not there."""

    def __call__(self, part: Fragment, name: str) -> pa.ChunkedArray: ...


class ImageColumns:
    """The columns that are made of images, a part of the rows at a time.

    Parameters
    ----------
    spec : ImageSpec
    timezone : str
        Whose hours are meant.
    read : ReadColumn
        Reads a column as the rows have it, or another one that is made.
    objects : ReadColumn
        Reads a column as the values that a text is made of: 007 in a CSV file is the path 007.
    instants : callable
        Makes instants of the times of the rows.
    decoded : Decoded, optional
        Where statistics of parts are kept.
    """

    def __init__(
        self,
        spec: ImageSpec,
        timezone: str,
        read: ReadColumn,
        objects: ReadColumn,
        instants: Callable[[pa.ChunkedArray, str], pa.ChunkedArray],
        decoded: Decoded | None = None,
    ) -> None:
        self.spec = spec
        self._timezone, self._read, self._read_objects, self._instants = timezone, read, objects, instants
        self._decoded = decoded or Decoded()

    def types(self, columns: Mapping[str, pa.DataType]) -> dict[str, pa.DataType]:
        """The columns that can be made where rows have these."""
        found = {}
        if self.spec.path in columns:
            crops = self.spec.crops
            has_crops = crops is not None and columns.keys() >= {*crops.names}
            asked = measured_names(self.spec.presets)
            statistics = [name for name in NUMERIC if name in asked and (has_crops or not name.startswith(CROPS))]
            # Where the service has measured all of them, no file is read.
            if not columns.keys() >= {*statistics}:
                found = {name: TYPES[name] for name in (*statistics, TILE, FAULT, REASON)}
        if self.spec.time in columns:
            found[HOUR] = TYPES[HOUR]
        if BRIGHTNESS in found or BRIGHTNESS in columns:
            found[LIGHT] = TYPES[LIGHT]
        return found

    def read(self, part: Fragment, name: str) -> pa.ChunkedArray:
        """A column that is made, of the rows of a part."""
        if name == HOUR:
            return self._hours(part)
        if name == LIGHT:
            return pa.chunked_array([pa.array(map(light_of, self._brightness(part)), pa.string())])
        return pc.struct_field(self._statistics(part), name)

    def _brightness(self, part: Fragment) -> list[float | None]:
        values = self._read(part, BRIGHTNESS)
        floats = floats_of(values)
        # Of a column that holds no numbers a finding names the type.
        return [None] * len(values) if floats is None else floats.tolist()

    def _hours(self, part: Fragment) -> pa.ChunkedArray:
        times = self._moments(part)
        return pc.hour(times.cast(pa.timestamp("us", tz=self._timezone)))

    def _statistics(self, part: Fragment) -> pa.ChunkedArray:
        """The statistics of the images of a part, kept while they fit."""
        place = (part.uri, f"images {self.spec} {part.chosen}", part.group, "")
        return self._decoded.column(place, lambda: self._measured(part))

    def _measured(self, part: Fragment) -> pa.ChunkedArray:
        # OpenCV is an extra: what has no images does without it.
        from storage.sources.measured_images import MeasuredImages

        images: MeasuredImages = MeasuredImages(self.spec.folder, self.spec.kept, self.spec.presets)
        return pa.chunked_array([images.table(self._wanted(part)).to_struct_array().combine_chunks()])

    def _wanted(self, part: Fragment) -> list[Wanted | None]:
        from storage.sources.measured_images import Wanted

        assert self.spec.path is not None
        paths = logged_paths(self._read_objects(part, self.spec.path)).paths
        days = self._days(part)
        boxes = self._objects(part, self.spec.crops) if self.spec.crops else [None] * len(paths)
        return [Wanted(path, day, found) if path else None for path, day, found in zip(paths, days, boxes, strict=True)]

    def _objects(self, part: Fragment, crops: BoxColumns) -> list[list[list[float]] | None]:
        """The boxes of each image on which the service acts."""
        scores = self._read(part, crops.scores) if crops.scores else None
        found = Boxes.of(packed(self._read(part, crops.boxes), self._read(part, crops.classes), scores, crops.form))
        kept = found.is_box if crops.scores is None else found.is_box & (found.score >= crops.confidence)
        ends = np.cumsum(np.bincount(found.image[kept], minlength=found.images))[:-1]
        return [corners.tolist() for corners in np.split(found.corners[kept], ends)]

    def _moments(self, part: Fragment) -> pa.ChunkedArray:
        """The times of the rows, null where none can be read: rows of a reference are not chosen by theirs."""
        times = self._read(part, self.spec.time)
        try:
            if not pa.types.is_null(times.type):
                return self._instants(times, self.spec.time)
        except (SourceError, pa.ArrowException):
            pass
        return pa.chunked_array([pa.nulls(len(times), pa.timestamp("us", tz="UTC"))])

    def _days(self, part: Fragment) -> list[str]:
        days = self._moments(part).cast(pa.date32(), safe=False).to_pylist()
        return [str(day) if day else UNDATED for day in days]
