"""The rows of one window: where they are, and their columns, one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

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

Mask = npt.NDArray[np.bool_]


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
    """

    window: Window
    files: tuple[File, ...]
    time: str | None
    timezone: str | None = None
    id: tuple[str, ...] = ()
    version: str | None = None
    duplicates: Duplicates = Duplicates.FIRST


@dataclass(slots=True)
class _Part:
    """A row group, and which of its rows belong to the window (None: all)."""

    uri: str
    group: int
    size: int
    mask: Mask | None


class Rows:
    """Reads columns of a slice.

    Attributes
    ----------
    schema : dict of str to pyarrow.DataType
        Columns and their types; a column that is all null in one file takes the type of the next.
    unreadable : list of (str, str)
        Files that could not be read, and why.
    conflicting : dict of str to str
        Columns whose type differs between files.
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
        self._open.clear()

    @property
    def fingerprint(self) -> str:
        """Changes when a file that holds rows of the window comes, goes or changes."""
        holding = {part.uri for part in self._found} | {uri for uri, _ in self.unreadable}
        return fingerprint(file for file in self.slice.files if file.uri in holding)

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
        except (pa.ArrowInvalid, OSError, ColumnError) as error:
            self.unreadable.append((file.uri, one_line(error)))
            return
        if parts:
            self._found.extend(parts)
            self._note_schema(parquet.schema_arrow)

    def _note_schema(self, schema: pa.Schema) -> None:
        for entry in schema:
            kind = entry.type.value_type if pa.types.is_dictionary(entry.type) else entry.type
            known = self.schema.get(entry.name)
            if known is None or pa.types.is_null(known):
                self.schema[entry.name] = kind
            elif kind != known and not pa.types.is_null(kind):
                self.conflicting[entry.name] = f"{known} and {kind}"

    def _file(self, uri: str) -> pq.ParquetFile:
        if uri not in self._open:
            filesystem, path = open_file(uri)
            self._open[uri] = pq.ParquetFile(filesystem.open_input_file(path))
        return self._open[uri]

    def _part(self, file: File, group: int) -> _Part | None:
        """The rows of a row group that the window holds, judged by statistics first."""
        parquet = self._file(file.uri)
        size = parquet.metadata.row_group(group).num_rows
        if self.slice.time is None:
            return _Part(file.uri, group, size, None) if size else None
        if self.slice.time not in parquet.schema_arrow.names:
            raise ColumnError(
                f"no time column {self.slice.time!r}; it has {', '.join(parquet.schema_arrow.names)}"
            )
        window = self.slice.window
        bounds = self._time_bounds(parquet, group)
        if bounds and (bounds[1] < window.start or bounds[0] >= window.end):
            return None
        if bounds and not bounds[2] and bounds[0] >= window.start and bounds[1] < window.end:
            return _Part(file.uri, group, size, None)
        mask = self._in_window(self._read(file.uri, group, self.slice.time))
        inside = int(mask.sum())
        return _Part(file.uri, group, inside, None if inside == size else mask) if inside else None

    def _time_bounds(self, parquet: pq.ParquetFile, group: int) -> tuple[pd.Timestamp, pd.Timestamp, int] | None:
        """Earliest and latest instant of a row group and its nulls, where the file says so and the type has a zone."""
        names = [parquet.metadata.schema.column(i).path for i in range(parquet.metadata.num_columns)]
        assert self.slice.time is not None
        kind = parquet.schema_arrow.field(self.slice.time).type
        if not (pa.types.is_timestamp(kind) and kind.tz):
            return None
        statistics = parquet.metadata.row_group(group).column(names.index(self.slice.time)).statistics
        if statistics is None or not statistics.has_min_max or not statistics.has_null_count:
            return None
        low, high = (pd.Timestamp(value) for value in (statistics.min, statistics.max))
        if low.tzinfo is None:
            low, high = low.tz_localize("UTC"), high.tz_localize("UTC")
        return low, high, statistics.null_count

    def _in_window(self, times: pa.ChunkedArray) -> Mask:
        assert self.slice.time is not None
        instants = to_instants(times, self.slice.time, self.slice.timezone)
        window = self.slice.window
        start, end = (pa.scalar(moment, type=instants.type) for moment in (window.start, window.end))
        inside = pc.and_(pc.greater_equal(instants, start), pc.less(instants, end))
        return np.asarray(pc.fill_null(inside, False))

    def _read(self, uri: str, group: int, column: str) -> pa.ChunkedArray:
        parquet = self._file(uri)
        if column not in parquet.schema_arrow.names:
            return pa.chunked_array([pa.nulls(parquet.metadata.row_group(group).num_rows)])
        values = parquet.read_row_group(group, columns=[column]).column(0)
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
        frame = self._table(keys, self._found).to_pandas()
        if not frame.duplicated(keys).any():
            return self._found
        if self.slice.time:
            times = self._table([self.slice.time], self._found).column(0)
            frame["time"] = to_instants(times, self.slice.time, self.slice.timezone).to_numpy()
            frame = frame.sort_values("time", kind="stable")
        keep = "last" if self.slice.duplicates is Duplicates.LAST else "first"
        # A row without an id repeats nothing.
        stays = ~frame.duplicated(keys, keep=keep) | frame[ids].isna().any(axis=1)
        return _narrowed(self._found, stays.sort_index().to_numpy())

    def columns(self, names: Iterable[str]) -> Iterator[tuple[str, Iterator[pa.ChunkedArray]]]:
        """Each column with its batches, one row group at a time: memory is bounded by a row group of one column.

        Raises
        ------
        SourceError
            If a file breaks while it is read.
        """
        for name in names:
            yield name, self._batches(name, self._parts)
        self._open.clear()

    def _batches(self, name: str, parts: list[_Part]) -> Iterator[pa.ChunkedArray]:
        for part in parts:
            try:
                yield self._selected(part, name)
            except (pa.ArrowInvalid, OSError) as error:
                raise SourceError(f"{part.uri}: column {name!r} cannot be read: {one_line(error)}") from None

    def table(self, names: Sequence[str]) -> pa.Table:
        """A few columns, whole; a column that is not there is all null."""
        return self._table(names, self._parts)

    def _table(self, names: Sequence[str], parts: list[_Part]) -> pa.Table:
        read = {name: self._joined(name, list(self._batches(name, parts))) for name in names}
        self._open.clear()
        return pa.table(read)

    def _joined(self, name: str, batches: list[pa.ChunkedArray]) -> pa.ChunkedArray:
        target = self.schema.get(name, pa.null())
        if name in self.conflicting:
            target = pa.string()
        chunks = [chunk for batch in batches for chunk in batch.cast(target).chunks]
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
        return pa.table(read).to_pandas()


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
