"""Which rows of a Parquet file a window holds: judged by statistics, and by the times where that is not enough."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.core.hints import names_listed
from lamplighter.core.time.window import Grain, Window, midnight
from lamplighter.errors import ColumnError
from storage.sources.files import File
from storage.sources.parquet import OpenFiles
from storage.sources.timestamps import INSTANT, to_instants


@dataclass(frozen=True, slots=True)
class Fragment:
    """A row group, and which of its rows belong to the window.

    Attributes
    ----------
    uri : str
    group : int
    size : int
        How many of its rows belong to the window.
    mask : BooleanArray or None
        Which ones, one bit a row; None for all.
    state : str
        Of the file, as `OpenFiles.state` has it.
    """

    uri: str
    group: int
    size: int
    mask: pa.BooleanArray | None
    state: str = ""

    @property
    def chosen(self) -> str:
        """A short text that stands for which rows belong to the window, and for the file as it was then."""
        rows = b"" if self.mask is None else np.packbits(np.array(self.mask)).tobytes()
        return f"{self.state} {sha256(rows).hexdigest()[:16]}"

    def keep(self, stays: npt.NDArray[np.bool_]) -> Fragment:
        """The part with only some of its rows.

        Parameters
        ----------
        stays : array of bool of shape (size,)
        """
        mask = stays
        if self.mask is not None:
            mask = np.array(self.mask)
            mask[np.flatnonzero(mask)] = stays
        return replace(self, size=int(stays.sum()), mask=pa.array(mask))


@dataclass(frozen=True, slots=True)
class _Times:
    """The earliest and latest time of a row group in microseconds since 1970, and its nulls."""

    low: int | None
    high: int | None
    nulls: int


@dataclass(frozen=True, slots=True)
class RowFilter:
    """How the rows of a window are chosen: by a time column, or all of them.

    Attributes
    ----------
    window : Window
    time : str or None
        None takes all rows of the files.
    timezone : str or None
        Zone of timestamps that carry none.
    undated : bool
        Whether rows without a time belong to the window.
    unit : str or None
        What times that are numbers count.
    at_day_end : bool
        Whether a date stands for its last instant.
    """

    window: Window
    time: str | None
    timezone: str | None
    undated: bool
    unit: str | None = None
    at_day_end: bool = False

    def parts(self, files: OpenFiles, file: File) -> tuple[list[Fragment], int]:
        """The parts of a file that belong to the window, and its rows without a time that may have been meant for it.

        Raises
        ------
        ColumnError
            If the time column is not there, holds no times, or holds some without a zone where none is declared.
        """
        metadata, time = files.get(file.uri).metadata, self.time
        sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        if sum(sizes) != metadata.num_rows or min(sizes, default=0) < 0:
            raise OSError(f"says that it has {metadata.num_rows} rows and has {sizes}")
        if time is None:
            parts = [Fragment(file.uri, group, size, None) for group, size in enumerate(sizes) if size]
            return _kept(files, parts), 0
        if time not in files.schema(file.uri).names:
            names = files.names(file.uri)
            raise ColumnError(f"no time column {time!r}; {names_listed(time, names)}", time, missing=True)
        parts, timeless = [], 0
        for group, size in enumerate(sizes):
            part, times = self._part(files, file.uri, group, size, time)
            parts += [part] if part else []
            if times.nulls and not self.undated and self._is_meant_for(file, times):
                timeless += times.nulls
        return _kept(files, parts), timeless

    def _part(self, files: OpenFiles, uri: str, group: int, size: int, time: str) -> tuple[Fragment | None, _Times]:
        start, end = (_microseconds(moment) for moment in (self.window.start, self.window.end))
        times = self._from_statistics(files, uri, group, time)
        if times and times.low is not None and times.high is not None:
            if (times.high < start or times.low >= end) and not (self.undated and times.nulls):
                return None, times
            if not times.nulls and times.low >= start and times.high < end:
                return Fragment(uri, group, size, None), times
        instants = self._instants(files.read(uri, group, time), time).cast(pa.int64())
        mask = pc.fill_null(pc.and_(pc.greater_equal(instants, start), pc.less(instants, end)), self.undated)
        inside = pc.sum(mask).as_py() or 0
        part = Fragment(uri, group, inside, None if inside == size else mask.combine_chunks()) if inside else None
        bounds = pc.min_max(instants).as_py()
        return part, _Times(bounds["min"], bounds["max"], instants.null_count)

    def _from_statistics(self, files: OpenFiles, uri: str, group: int, time: str) -> _Times | None:
        """What the file says of a row group's times, where it does."""
        parquet, inside = files.get(uri), files.name_inside(uri, time)
        if inside is None:
            return None
        kind = parquet.schema_arrow.field(inside).type
        if not (pa.types.is_timestamp(kind) or pa.types.is_date32(kind) or (self.unit and kind in WHOLE_NUMBERS)):
            return None
        paths = [parquet.metadata.schema.column(i).path for i in range(parquet.metadata.num_columns)]
        files.probe(uri, group, inside)
        statistics = parquet.metadata.row_group(group).column(paths.index(inside)).statistics
        if statistics is None or not statistics.has_min_max or not statistics.has_null_count:
            return None
        # As numbers: a time beyond the year 9999 is none that Python could hold. A zone keeps their order.
        bounds = pa.array([statistics.min_raw, statistics.max_raw], pa.int64())
        bounds = bounds.cast(pa.int32()).cast(kind) if pa.types.is_date32(kind) else bounds.cast(kind)
        low, high = self._instants(bounds, time).cast(pa.int64()).to_pylist()
        return _Times(low, high, statistics.null_count)

    def _instants(self, times: pa.Array | pa.ChunkedArray, time: str) -> pa.Array | pa.ChunkedArray:
        if pa.types.is_date(times.type) and self.window.grain is Grain.HOUR and not self.at_day_end:
            what = f"column {time!r} holds dates, and a window of an hour needs a time of day"
            raise ColumnError(what, time, fix="log one, or write every: 1d")
        return to_instants(
            times, time, self.timezone, unit=self.unit, day_zone=self.window.timezone, at_day_end=self.at_day_end
        )

    def _is_meant_for(self, file: File, times: _Times) -> bool:
        """Whether rows without a time count as this window's.

        They do for the window in which the day of the file's path ends. Where no path names a day, the newest time
        beside them does, and where there is none, the windows cannot be distinguished.
        """
        start, end = (_microseconds(moment) for moment in (self.window.start, self.window.end))
        if file.day:
            return start < _microseconds(midnight(file.day + timedelta(days=1), self.window.zone)) <= end
        return times.high is None or start <= times.high < end


WHOLE_NUMBERS = frozenset({pa.int32(), pa.int64()})
"""Types whose statistics are the numbers themselves; those of others are written in other ways."""


def _kept(files: OpenFiles, parts: list[Fragment]) -> list[Fragment]:
    """The parts without the rows that the log of their table has deleted, and with the state of their file."""
    left = []
    for part in parts:
        kept = files.kept(part.uri, part.group)
        if kept is not None:
            rows = np.array(kept) if part.mask is None else np.array(kept)[np.array(part.mask)]
            part = part.keep(rows)
        left += [replace(part, state=files.state(part.uri))] if part.size else []
    return left


def _microseconds(moment: object) -> int:
    return int(pa.scalar(moment, type=INSTANT).cast(pa.int64()).as_py())
