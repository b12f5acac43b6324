"""The rows of one window: where they are, and their columns, one at a time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from threading import Lock
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.core.identity import identities
from lamplighter.core.monitor import Duplicates
from lamplighter.core.nearest import names_listed
from lamplighter.core.window import Window
from lamplighter.errors import BrokenFileError, ColumnError, one_line
from storage.files import File, fingerprint
from storage.instants import to_instants
from storage.parquet import OpenFiles
from storage.parts import Choice, Part
from storage.path_columns import tells_time
from storage.values import as_frame, common_types, together

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
    unit : str or None
        What times that are numbers count.
    at_day_end : bool
        Whether a date stands for its last instant.
    required : tuple of str
        Columns without which a file is left out, where other files have them: null answers would count as wrong ones.
    """

    window: Window
    files: tuple[File, ...]
    time: str | None
    timezone: str | None = None
    id: tuple[str, ...] = ()
    version: str | None = None
    duplicates: Duplicates = Duplicates.FIRST
    undated: bool = False
    unit: str | None = None
    at_day_end: bool = False
    required: tuple[str, ...] = ()


class Rows:
    """Reads columns of a slice.

    A file that breaks while a column is read raises `BrokenFileError` once. From then on it is among the unreadable
    ones and every count is that of the other files, so that whoever catches the error begins anew.

    Attributes
    ----------
    unreadable : list of (str, str)
        Files that could not be read, and why.
    mistake : ColumnError or None
        What is wrong with the same column in every file: that is no file's fault, but the monitor's or the log's.
    """

    def __init__(self, rows: Slice) -> None:
        self.slice = rows
        self.unreadable: list[tuple[str, str]] = []
        self._files = OpenFiles(rows.files)
        self._shown = {file.uri: file.shown for file in rows.files}
        self._broken: set[str] = set()
        self._schemas: dict[str, pa.Schema] = {}
        self._inside: dict[str, frozenset[str]] = {}
        self._undated: dict[str, int] = {}
        self._found: list[Part] = []
        faults = [fault for file in rows.files if (fault := self._add(file))]
        self.mistake = _common_mistake(faults) if len(faults) == len(rows.files) else None
        self._leave_out_incomplete()
        self._files.close()

    def _add(self, file: File) -> Exception | None:
        """Choose the rows of a file, or return what is wrong with it."""
        where = self.slice
        choice = Choice(where.window, where.time, where.timezone, where.undated, where.unit, where.at_day_end)
        try:
            parts, undated = choice.parts(self._files, file)
            schema, inside = self._files.schema(file.uri), self._files.get(file.uri).schema_arrow.names
        except BROKEN as error:
            self.unreadable.append((file.shown, one_line(error)))
            self._broken.add(file.uri)
            return error
        if undated:
            self._undated[file.uri] = undated
        if parts:
            self._schemas[file.uri] = schema
            self._inside[file.uri] = frozenset(inside)
            self._found += parts
        return None

    @property
    def fingerprint(self) -> str:
        """Changes when a file that holds rows of the window comes, goes, changes, or can be read again."""
        broken = self._broken
        noted = (replace(file, stamp="unreadable") if file.uri in broken else file for file in self.slice.files)
        return fingerprint(file for file in noted if file.uri in self._schemas or file.uri in broken)

    def _leave_out_incomplete(self) -> None:
        """Leave out files that lack a column which is required, where others have it: they spell it otherwise."""
        for name in self.slice.required:
            lacking = [uri for uri, schema in self._schemas.items() if name not in schema.names]
            if len(lacking) < len(self._schemas):
                for uri in lacking:
                    names = names_listed(name, self._own(uri))
                    self._leave_out(uri, f"no column {name!r}, which other files have; {names}")

    def _own(self, uri: str) -> list[str]:
        """The columns of a file that do not stand in its path."""
        return [
            name for name in self._schemas[uri].names if name in self._inside[uri] or name not in self._of_paths(uri)
        ]

    def _of_paths(self, uri: str) -> set[str]:
        return {name for file in self.slice.files if file.uri == uri for name, _ in file.constants if not file.declared}

    def lacking(self, names: Iterable[str]) -> Iterator[tuple[str, str, str]]:
        """Columns that some files lack and others have; they are null there.

        Yields
        ------
        tuple of str
            The column, a file that lacks it, and what the file has in its place.
        """
        for name in names:
            without = [uri for uri, schema in self._schemas.items() if name not in schema.names]
            if len(without) < len(self._schemas):
                for uri in without:
                    yield name, self._shown[uri], names_listed(name, self._own(uri))

    @cached_property
    def schema(self) -> dict[str, pa.DataType]:
        """Columns and their types: over all files, the type that holds each of theirs."""
        return self._types[0]

    @cached_property
    def conflicting(self) -> dict[str, str]:
        """Columns that hold different kinds of values in different files, and which; they are read as text."""
        return self._types[1]

    @cached_property
    def _types(self) -> tuple[dict[str, pa.DataType], dict[str, str]]:
        return common_types(entry for schema in self._schemas.values() for entry in schema)

    @cached_property
    def path_columns(self) -> frozenset[str]:
        """Columns that stand in the paths of the files alone. They are there for whoever names them."""
        named = {name for file in self._held() if not file.declared for name, _ in file.constants}
        inside = {name for file in self._held() for name in self._inside[file.uri]}
        return frozenset(named - inside)

    def _held(self) -> list[File]:
        return [file for file in self.slice.files if file.uri in self._schemas]

    def differing(self, names: Iterable[str]) -> Iterator[tuple[str, str, str]]:
        """Columns of which a file holds another value than its path says; those that tell a time are hints.

        Yields
        ------
        tuple of str
            The column, the file, and what its path says.
        """
        wanted = set(names)
        for file in self._held():
            for name, value in file.constants if not file.declared else ():
                if name in wanted and not tells_time(name, value.as_py()) and self._holds_another(file, name, value):
                    yield name, file.shown, f"{name}={value.as_py()}"

    def _holds_another(self, file: File, name: str, value: pa.Scalar) -> bool:
        if name not in self._inside[file.uri]:
            return False
        expected = identities(pa.repeat(value, 1))
        for part in (part for part in self._found if part.uri == file.uri):
            held = identities(self._read(part, name))
            if not pc.all(pc.is_in(held, expected), min_count=0).as_py():
                return True
        return False

    @property
    def undated(self) -> int:
        """Rows without a time, left out, that may have been meant for the window."""
        return sum(self._undated.values())

    @cached_property
    def repeated(self) -> int:
        """Rows left out because they repeat an id and version."""
        return sum(part.size for part in self._found) - self.count

    @cached_property
    def count(self) -> int:
        """Rows of the window, after repeated ones were left out."""
        return sum(part.size for part in self._parts)

    @cached_property
    def _parts(self) -> list[Part]:
        return self._without_repeated() if self.slice.id and self._found else self._found

    def _without_repeated(self) -> list[Part]:
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
            instants = np.concatenate([self._instants(times) for times in self._batches(self.slice.time, self._found)])
            frame = frame.iloc[np.argsort(instants, kind="stable")]
        keep: Literal["last", "first"] = "last" if self.slice.duplicates is Duplicates.LAST else "first"
        stays = (~frame.duplicated(keys, keep=keep) | nameless).sort_index().to_numpy()
        ends = np.cumsum([part.size for part in self._found])
        return [part.keep(stays[end - part.size : end]) for part, end in zip(self._found, ends, strict=True)]

    def _instants(self, times: pa.ChunkedArray) -> npt.NDArray[np.int64]:
        assert self.slice.time is not None
        return np.asarray(self.instants(times, self.slice.time).cast(pa.int64()))

    def instants(self, times: pa.ChunkedArray, column: str) -> pa.ChunkedArray:
        """Times of a column as the slice reads them."""
        where = self.slice
        return to_instants(
            times,
            column,
            where.timezone,
            unit=where.unit,
            day_zone=where.window.timezone,
            at_day_end=where.at_day_end,
        )

    def columns(self, names: Iterable[str]) -> Iterator[tuple[str, Iterator[pa.ChunkedArray]]]:
        """Each column with its batches, one row group at a time: memory is bounded by a row group of one column.

        Raises
        ------
        BrokenFileError
            If a file breaks while it is read.
        """
        try:
            for name in names:
                yield name, self._batches(name, self._parts)
        finally:
            self._files.close()

    def _batches(self, name: str, parts: list[Part]) -> Iterator[pa.ChunkedArray]:
        for part in parts:
            yield self._read(part, name)

    def _read(self, part: Part, name: str) -> pa.ChunkedArray:
        try:
            values = self._files.read(part.uri, part.group, name)
        except BROKEN as error:
            reason = f"column {name!r} cannot be read: {one_line(error)}"
            self._leave_out(part.uri, reason)
            raise BrokenFileError(f"{self._shown[part.uri]}: {reason}") from None
        return values if part.mask is None else values.filter(part.mask)

    def _leave_out(self, uri: str, reason: str) -> None:
        """Count a file among those that cannot be read, and forget what was computed with it."""
        if self._schemas.pop(uri, None) is None:
            return
        self.unreadable.append((self._shown[uri], reason))
        self._broken.add(uri)
        self._found = [part for part in self._found if part.uri != uri]
        self._undated.pop(uri, None)
        for name in [name for name, kept in vars(type(self)).items() if isinstance(kept, cached_property)]:
            vars(self).pop(name, None)

    def table(self, names: Sequence[str], exact: Collection[str] = ()) -> pa.Table:
        """A few columns, whole; a column that is not there is all null.

        Numbers of several types become floats, but in ``exact`` columns, whose values stay the same values.
        """
        return pa.table({name: self._joined(name, list(it), name in exact) for name, it in self.columns(names)})

    def identities(self, names: Sequence[str]) -> pa.Table:
        """The identities of a few columns, whole."""
        return pa.table({name: _identities(batches) for name, batches in self.columns(names)})

    def frame(self, names: Sequence[str], texts: Collection[str] = (), objects: Collection[str] = ()) -> pd.DataFrame:
        """A few columns, whole, as pandas holds them: decimals as floats.

        Parameters
        ----------
        names : sequence of str
        texts : collection of str
            Those that are compared for what they are, as ids and classes: their identities.
        objects : collection of str
            Those that are wanted as Python values.
        """
        read, plain = {}, {}
        for name, batches in self.columns(names):
            read[name] = _identities(batches) if name in texts else self._joined(name, list(batches))
            if name in objects:
                plain[name] = pd.Series(read[name].to_pylist(), dtype=object)
        frame = as_frame(pa.table({name: column for name, column in read.items() if name not in plain}))
        return frame if not plain else pd.DataFrame({name: plain.get(name, frame.get(name)) for name in read})

    def _text(self, name: str, parts: list[Part]) -> pa.ChunkedArray:
        return _identities(self._batches(name, parts))

    def _joined(self, name: str, batches: list[pa.ChunkedArray], exact: bool = False) -> pa.ChunkedArray:
        if name in self.conflicting:
            return _identities(batches)
        if exact and batches:
            return together(batches, exact=True)
        target = self.schema.get(name, pa.null())
        chunks = [chunk for batch in batches for chunk in batch.cast(target, safe=False).chunks]
        return pa.chunked_array(chunks, type=target)

    def newest(self, now: datetime) -> tuple[datetime | None, int]:
        """The newest time until ``now``, and how many rows are dated after it."""
        newest, later = None, 0
        limit = int(now.timestamp() * 1e6)
        for times in self._batches(self.slice.time or "", self._found):
            instants = self._instants(times)
            past = instants[instants <= limit]
            later += len(instants) - len(past)
            newest = max([newest or past.max(), past.max()]) if len(past) else newest
        return None if newest is None else datetime.fromtimestamp(newest / 1e6, UTC), later

    def sample(self, names: Sequence[str], size: int, seed: int, texts: Collection[str] = ()) -> pd.DataFrame:
        """A seeded sample of rows without replacement, in their order; all rows where there are no more.

        Of the columns in ``texts`` it holds the identities.
        """
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
            read[name] = _identities(picked) if name in texts else self._joined(name, picked)
        return as_frame(pa.table(read))


def _identities(batches: Iterable[pa.ChunkedArray]) -> pa.ChunkedArray:
    """Of each batch by itself: a type that holds the values of all would make others of some."""
    return pa.chunked_array([identities(batch) for batch in batches], type=pa.string())


def _common_mistake(faults: Sequence[Exception]) -> ColumnError | None:
    """The fault of all files, where it is one of the same column in each; else None."""
    errors = [error for error in faults if isinstance(error, ColumnError)]
    alike = {(error.column, error.missing) for error in errors}
    return errors[0] if len(errors) == len(faults) and len(alike) == 1 else None


MOST_KEPT = 256
"""Slices that are kept: with hours for windows, the open ones of ten days. One holds a bit for each of its rows."""


class RowsOfSlices:
    """The rows of slices, kept: the stages of a night ask for the same few. A changed file makes another slice."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._kept: OrderedDict[Slice, Rows] = OrderedDict()
        self._lock = Lock()

    def __call__(self, where: Slice) -> Rows:
        """The rows of a slice; the ones that were not asked for longest go."""
        with self._lock:
            if rows := self._kept.get(where):
                self._kept.move_to_end(where)
                return rows
        rows = Rows(where)
        with self._lock:
            self._kept[where] = rows
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return rows

    def forget_unreadable(self, model: str) -> None:
        """Have files of a model that could not be read tried again: at the start of a night, and never within one."""
        with self._lock:
            for where in [
                where for where, rows in self._kept.items() if where.window.model == model and rows.unreadable
            ]:
                del self._kept[where]

    def cache_clear(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._kept.clear()


rows_of = RowsOfSlices()
