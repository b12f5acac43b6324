"""The rows of one window: where they are, and their columns, one at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lamplighter.core.monitor import Duplicates
from lamplighter.core.window import Window
from lamplighter.errors import ColumnError, SourceError
from storage.files import File, fingerprint, one_line, open_file
from storage.instants import to_instants
from storage.values import as_frame, as_text, common_type

Mask = npt.NDArray[np.bool_]

OPEN_FILES = 64
"""Local files held open at a time: a service that logs by the minute writes more than a process may open."""

BROKEN = (pa.ArrowException, OSError, ColumnError)
"""What reading a file may die of."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The rows of a window, as places and names: small enough to travel where rows must not.

    Attributes
    ----------
    window : Window
    files : tuple of File
        Parquet files that may hold rows of the window.
    time : str or None
        Column that rows are chosen by; None takes all rows of the files.
    timezone : str or None
        Zone of timestamps that carry none.
    id : tuple of str
    version : str or None
    duplicates : Duplicates
        Which of several rows with one id and version stays.
    undated : bool
        Whether rows without a time belong to it.
    """

    window: Window
    files: tuple[File, ...]
    time: str | None
    timezone: str | None = None
    id: tuple[str, ...] = ()
    version: str | None = None
    duplicates: Duplicates = Duplicates.FIRST
    undated: bool = False


@dataclass(slots=True)
class _Part:
    """A row group, and which of its rows belong to the window (None: all)."""

    uri: str
    group: int
    size: int
    mask: Mask | None


@dataclass(frozen=True, slots=True)
class _Times:
    """What a file says of the times of a row group; those without a zone are known to a day."""

    low: pd.Timestamp
    high: pd.Timestamp
    nulls: int
    exact: bool

    def miss(self, window: Window) -> bool:
        """Whether none lies in a window."""
        margin = timedelta(0) if self.exact else timedelta(days=1)
        return bool(self.high < window.start - margin or self.low >= window.end + margin)

    def fill(self, window: Window) -> bool:
        """Whether all lie in a window."""
        return bool(self.exact and not self.nulls and self.low >= window.start and self.high < window.end)


class Rows:
    """Reads columns of a slice.

    Attributes
    ----------
    schema : dict of str to pyarrow.DataType
        Columns and their types: over all files, the type that holds each of theirs.
    unreadable : list of (str, str)
        Files that could not be read, and why.
    conflicting : dict of str to str
        Columns that hold different kinds of values in different files; they are read as text.
    """

    def __init__(self, rows: Slice) -> None:
        self.slice = rows
        self.schema: dict[str, pa.DataType] = {}
        self.conflicting: dict[str, str] = {}
        self.unreadable: list[tuple[str, str]] = []
        self._open: dict[str, pq.ParquetFile] = {}
        self._found: list[_Part] = []
        for file in rows.files:
            self._add(file)
        self._close()

    @property
    def fingerprint(self) -> str:
        """Changes when a file that holds rows of the window comes, goes, changes, or can be read again."""
        holding = {part.uri for part in self._found}
        broken = {uri for uri, _ in self.unreadable}
        noted = (replace(file, stamp="unreadable") if file.uri in broken else file for file in self.slice.files)
        return fingerprint(file for file in noted if file.uri in holding | broken)

    @cached_property
    def repeated(self) -> int:
        """Rows left out because they repeat an id and version."""
        return sum(part.size for part in self._found) - self.count

    @cached_property
    def count(self) -> int:
        """Rows of the window, after repeated ones were left out."""
        return sum(part.size for part in self._parts)

    @cached_property
    def _parts(self) -> list[_Part]:
        return self._without_repeated() if self.slice.id and self._found else self._found

    def _add(self, file: File) -> None:
        try:
            parquet = self._file(file.uri)
            parts = [part for group in range(parquet.metadata.num_row_groups) if (part := self._part(file, group))]
        except BROKEN as error:
            self.unreadable.append((file.uri, one_line(error)))
            return
        if parts:
            self._found.extend(parts)
            self._note_schema(parquet.schema_arrow)

    def _note_schema(self, schema: pa.Schema) -> None:
        for entry in schema:
            kind = entry.type.value_type if pa.types.is_dictionary(entry.type) else entry.type
            known = self.schema.get(entry.name, kind)
            common = common_type(known, kind)
            self.schema[entry.name] = known if common is None else common
            if common is None:
                self.conflicting[entry.name] = f"{known} and {kind}"

    def _file(self, uri: str) -> pq.ParquetFile:
        """An open file; the local ones that were not asked for longest are closed."""
        parquet = self._open.pop(uri, None)
        if parquet is None:
            filesystem, path = open_file(uri)
            parquet = pq.ParquetFile(filesystem.open_input_file(path))
            self._close(keep=OPEN_FILES - 1)
        self._open[uri] = parquet
        return parquet

    def _close(self, keep: int = 0) -> None:
        """Close local files. Those of an object store hold no descriptor, and opening them again costs requests."""
        local = [uri for uri in self._open if "://" not in uri]
        for uri in local[: max(0, len(local) - keep)]:
            self._open.pop(uri).close(force=True)

    def _part(self, file: File, group: int) -> _Part | None:
        """The rows of a row group that the window holds, judged by statistics first."""
        parquet = self._file(file.uri)
        size = parquet.metadata.row_group(group).num_rows
        if self.slice.time is None:
            return _Part(file.uri, group, size, None) if size else None
        if self.slice.time not in parquet.schema_arrow.names:
            raise ColumnError(f"no time column {self.slice.time!r}; it has {', '.join(parquet.schema_arrow.names)}")
        window = self.slice.window
        times = self._times(parquet, group)
        if times and times.miss(window) and not (self.slice.undated and times.nulls):
            return None
        if times and times.fill(window):
            return _Part(file.uri, group, size, None)
        mask = self._in_window(self._read(file.uri, group, self.slice.time))
        inside = int(mask.sum())
        return _Part(file.uri, group, inside, None if inside == size else mask) if inside else None

    def _times(self, parquet: pq.ParquetFile, group: int) -> _Times | None:
        """Earliest and latest time of a row group and its nulls, where the file says so."""
        names = [parquet.metadata.schema.column(i).path for i in range(parquet.metadata.num_columns)]
        assert self.slice.time is not None
        kind = parquet.schema_arrow.field(self.slice.time).type
        if not pa.types.is_timestamp(kind):
            return None
        statistics = parquet.metadata.row_group(group).column(names.index(self.slice.time)).statistics
        if statistics is None or not statistics.has_min_max or not statistics.has_null_count:
            return None
        low, high = (pd.Timestamp(value) for value in (statistics.min, statistics.max))
        if low.tzinfo is None:
            low, high = low.tz_localize("UTC"), high.tz_localize("UTC")
        return _Times(low, high, statistics.null_count, exact=kind.tz is not None)

    def _in_window(self, times: pa.ChunkedArray) -> Mask:
        assert self.slice.time is not None
        instants = to_instants(times, self.slice.time, self.slice.timezone)
        window = self.slice.window
        start, end = (pa.scalar(moment, type=instants.type) for moment in (window.start, window.end))
        inside = pc.and_(pc.greater_equal(instants, start), pc.less(instants, end))
        return np.asarray(pc.fill_null(inside, self.slice.undated))

    def _read(self, uri: str, group: int, column: str) -> pa.ChunkedArray:
        parquet = self._file(uri)
        if column not in parquet.schema_arrow.names:
            return pa.chunked_array([pa.nulls(parquet.metadata.row_group(group).num_rows)])
        values = parquet.read_row_group(group, columns=[column]).column(column)
        # Dictionaries of two files need not agree, and plain values are what every stage counts.
        return values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values

    def _selected(self, part: _Part, column: str) -> pa.ChunkedArray:
        values = self._read(part.uri, part.group, column)
        return values if part.mask is None else values.filter(pa.array(part.mask))

    def _without_repeated(self) -> list[_Part]:
        """Leave out rows that repeat an id and version; first and last go by time, then by place."""
        ids = list(self.slice.id)
        if any(name not in self.schema for name in ids):
            return self._found
        keys = [*ids, *([self.slice.version] if self.slice.version in self.schema else [])]
        frame = pa.table({name: self._text(name, self._found) for name in keys}).to_pandas()
        # A row without an id repeats nothing.
        nameless = frame[ids].isna().any(axis=1)
        if not (frame.duplicated(keys) & ~nameless).any():
            return self._found
        if self.slice.time:
            instants = np.concatenate([self._instants(part) for part in self._found])
            frame = frame.iloc[np.argsort(instants, kind="stable")]
        keep: Literal["last", "first"] = "last" if self.slice.duplicates is Duplicates.LAST else "first"
        stays = ~frame.duplicated(keys, keep=keep) | nameless
        return _narrowed(self._found, stays.sort_index().to_numpy())

    def _instants(self, part: _Part) -> npt.NDArray[np.int64]:
        assert self.slice.time is not None
        times = to_instants(self._selected(part, self.slice.time), self.slice.time, self.slice.timezone)
        return np.asarray(times.cast(pa.int64()))

    def columns(self, names: Iterable[str]) -> Iterator[tuple[str, Iterator[pa.ChunkedArray]]]:
        """Each column with its batches, one row group at a time: memory is bounded by a row group of one column.

        Raises
        ------
        SourceError
            If a file breaks while it is read.
        """
        try:
            for name in names:
                yield name, self._batches(name, self._parts)
        finally:
            self._close()

    def _batches(self, name: str, parts: list[_Part]) -> Iterator[pa.ChunkedArray]:
        for part in parts:
            try:
                yield self._selected(part, name)
            except (pa.ArrowException, OSError) as error:
                raise SourceError(f"{part.uri}: column {name!r} cannot be read: {one_line(error)}") from None

    def table(self, names: Sequence[str]) -> pa.Table:
        """A few columns, whole; a column that is not there is all null."""
        return pa.table({name: self._joined(name, list(batches)) for name, batches in self.columns(names)})

    def frame(self, names: Sequence[str], ids: Collection[str] = ()) -> pd.DataFrame:
        """A few columns, whole, as pandas holds them: those that are ids as text, decimals as floats.

        pandas makes floats of whole numbers beside a null, and 12.0 is no longer the id 12.
        """
        joined = {
            name: self._text(name, self._parts) if name in ids else self._joined(name, list(batches))
            for name, batches in self.columns(names)
        }
        return as_frame(pa.table(joined))

    def _text(self, name: str, parts: list[_Part]) -> pa.ChunkedArray:
        return pa.chunked_array([as_text(batch) for batch in self._batches(name, parts)], type=pa.string())

    def _joined(self, name: str, batches: list[pa.ChunkedArray]) -> pa.ChunkedArray:
        if name in self.conflicting:
            return pa.chunked_array([as_text(batch) for batch in batches], type=pa.string())
        target = self.schema.get(name, pa.null())
        chunks = [chunk for batch in batches for chunk in batch.cast(target, safe=False).chunks]
        return pa.chunked_array(chunks, type=target)

    def sample(self, names: Sequence[str], size: int, seed: int) -> pd.DataFrame:
        """A seeded sample of rows without replacement, in their order; all rows where there are no more."""
        chosen = np.arange(self.count)
        if self.count > size:
            chosen = np.sort(np.random.default_rng(seed).choice(self.count, size, replace=False))
        read = {}
        for name, batches in self.columns(names):
            picked, begin = [], 0
            for batch in batches:
                low, high = np.searchsorted(chosen, (begin, begin + len(batch)))
                picked.append(batch.take(pa.array(chosen[low:high] - begin)))
                begin += len(batch)
            read[name] = self._joined(name, picked)
        return as_frame(pa.table(read))


def _narrowed(parts: list[_Part], stays: Mask) -> list[_Part]:
    """The parts without the rows that go."""
    narrowed, begin = [], 0
    for part in parts:
        kept = stays[begin : begin + part.size]
        begin += part.size
        mask = kept
        if part.mask is not None:
            mask = part.mask.copy()
            mask[np.flatnonzero(part.mask)] = kept
        narrowed.append(_Part(part.uri, part.group, int(kept.sum()), mask))
    return narrowed


@lru_cache(maxsize=16)
def rows_of(where: Slice) -> Rows:
    """The rows of a slice; the stages of a night ask for the same few, and a changed file makes another slice."""
    return Rows(where)
