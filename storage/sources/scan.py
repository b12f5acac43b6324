"""The rows of one window: where they are, and their columns, one at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.core.monitor import Duplicates
from lamplighter.core.values.cell import Reading
from lamplighter.core.values.identity import identities
from lamplighter.errors import BrokenFileError, SourceError, common_mistake, said_of
from storage.sources.decoded import Decoded
from storage.sources.file_kinds import DELIVER, unreadable
from storage.sources.files import File, fingerprint
from storage.sources.held_columns import HeldColumns
from storage.sources.image_columns import ImageColumns, within_bounds
from storage.sources.left_out import lines_in
from storage.sources.made_of_boxes import MadeOfBoxes
from storage.sources.odd_times import odd_times
from storage.sources.parquet import OpenFiles
from storage.sources.path_columns import tells_time
from storage.sources.readers import Reader, Readers
from storage.sources.repeated_ids import without_repeated
from storage.sources.row_groups import Fragment, RowFilter
from storage.sources.scan_spec import ScanSpec as ScanSpec
from storage.sources.timestamps import to_instants
from storage.sources.types import as_frame, objects_of, together

BROKEN = (pa.ArrowException, OSError, SourceError)
"""What may end the reading of a file."""


class Scan:
    """Reads columns of a scan spec.

    A file that breaks while a column is read raises `BrokenFileError` once. From then on it is one of the
    unreadable files and every count is that of the other files, so that the code that catches the error begins anew.

    Parameters
    ----------
    spec : ScanSpec
    decoded : Decoded, optional
        Where columns that were decoded are kept.

    Attributes
    ----------
    unreadable : list of (str, str)
        Files that could not be read, and why.
    left_out : list of str
        What files say of rows that could not be made of them.
    held : HeldColumns
        What the files hold.
    mistake : ColumnError or None
        What is wrong with the same column in every file: that is no file's fault, but the monitor's or the log's.
    """

    def __init__(self, spec: ScanSpec, decoded: Decoded | None = None) -> None:
        self.spec = spec
        self.unreadable: list[tuple[str, str]] = []
        self.left_out: list[str] = []
        self._files = OpenFiles(spec.files, decoded)
        self.held = HeldColumns(self._files.is_csv)
        self._file_of = {file.uri: file for file in spec.files}
        self._broken: set[str] = set()
        self._undated: dict[str, int] = {}
        self._odd_times: dict[str, Counter[str]] = {}
        self._found: list[Fragment] = []
        # A version is a name, unless it is an id as well.
        names = {spec.version} if spec.version and spec.version not in spec.id else ()
        self._readers = Readers(self._read, self._files.is_csv, names)
        self._makers: list[ImageColumns | MadeOfBoxes] = []
        if spec.images:
            images = ImageColumns(
                spec.images, spec.window.timezone, self._read, self._readers.objects, self.instants, decoded
            )
            self._makers.append(images)
        if spec.boxes:
            self._makers.append(MadeOfBoxes(spec.boxes, self._readers.objects, decoded))
        faults = [fault for file in spec.files if (fault := self._add(file))]
        self.mistake = common_mistake(faults) if len(faults) == len(spec.files) else None
        self._leave_out_incomplete()
        self._files.close()

    def _add(self, file: File) -> Exception | None:
        """Choose the rows of a file, or return what is wrong with it."""
        where = self.spec
        choice = RowFilter(where.window, where.time, where.timezone, where.undated, where.unit, where.at_day_end)
        try:
            parts, undated = choice.parts(self._files, file)
            schema, inside = self._files.schema(file.uri), self._files.names(file.uri)
            inner = self._files.get(file.uri).schema_arrow
            odd = odd_times(inner)
            self.left_out += lines_in(inner.metadata)
        except BROKEN as error:
            self.unreadable.append((file.shown, str(unreadable(error))))
            self._broken.add(file.uri)
            return error
        if undated:
            self._undated[file.uri] = undated
        if parts:
            self.held.add(file, schema, inside)
            self._odd_times[file.uri] = Counter(odd)
            self._found += parts
        return None

    @property
    def fingerprint(self) -> str:
        """Changes when a file that holds rows of the window comes, goes, changes, or can be read again."""
        broken = self._broken
        noted = (replace(file, stamp="unreadable") if file.uri in broken else file for file in self.spec.files)
        return fingerprint(file for file in noted if file.uri in self.held or file.uri in broken)

    def _leave_out_incomplete(self) -> None:
        """Leave out files that lack a column which is required, where others have it: they spell it otherwise."""
        for name, file, what in self.held.lacking(self.spec.required):
            self._leave_out(file.uri, f"no column {name!r}, which other files have; {what}; {DELIVER}")

    @cached_property
    def schema(self) -> dict[str, pa.DataType]:
        """Columns and their types: over all files, the type that holds each of theirs."""
        held = self.held.types
        return held | {name: kind for name, kind in self._makeable.items() if name not in held}

    @cached_property
    def made(self) -> frozenset[str]:
        """Columns that no file holds, and that are made of the images of the rows, or of their boxes."""
        return frozenset(self._makeable.keys() - self.held.types.keys())

    @cached_property
    def _makeable(self) -> dict[str, pa.DataType]:
        return {name: kind for maker in self._makers for name, kind in maker.types(self.held.types).items()}

    def differing(self, names: Iterable[str]) -> Iterator[tuple[str, str, str]]:
        """Columns of which a file holds another value than its path says; those that name a time are hints.

        Yields
        ------
        tuple of str
            The column, the file, and what its path says.
        """
        wanted = set(names)
        for file in self.held.files:
            for name, value in file.constants if not file.declared else ():
                if name in wanted and not tells_time(name, value.as_py()) and self._holds_another(file, name, value):
                    yield name, file.shown, f"{name}={value.as_py()}"

    def _holds_another(self, file: File, name: str, value: pa.Scalar) -> bool:
        if not self.held.stands_in(file, name):
            return False
        expected = identities(pa.repeat(value, 1))
        for part in (part for part in self._found if part.uri == file.uri):
            held = self._readers.named(part, name)
            if not pc.all(pc.is_in(held, expected), min_count=0).as_py():
                return True
        return False

    @property
    def odd_times(self) -> Counter[str]:
        """Times that were read as null since no calendar has them, by column."""
        return sum(self._odd_times.values(), Counter())

    @property
    def undated(self) -> int:
        """Rows without a time, left out, that may have been meant for the window."""
        return sum(self._undated.values())

    @cached_property
    def repeated(self) -> int:
        """Rows left out because they repeat an id and version."""
        return sum(part.size for part in self._found) - self.count

    @property
    def without_id(self) -> int:
        """Rows of the window in which a column of the id is null; they stay, and no label finds them."""
        return self._chosen[1]

    @cached_property
    def count(self) -> int:
        """Rows of the window, after repeated ones were left out."""
        return sum(part.size for part in self._parts)

    @property
    def _parts(self) -> list[Fragment]:
        return self._chosen[0]

    @cached_property
    def _chosen(self) -> tuple[list[Fragment], int]:
        """The rows that stay, and how many of them have no id. Of those that repeat one, time and then place decide."""
        ids = list(self.spec.id)
        if not ids or not self._found or any(name not in self.schema for name in ids):
            return self._found, 0
        keys = [*ids, *([self.spec.version] if self.spec.version in self.schema else [])]
        columns = {name: _texts(self._batches(name, self._found, self._readers.named)) for name in keys}
        frame = pa.table(columns).to_pandas()
        last = self.spec.duplicates is Duplicates.LAST
        return without_repeated(self._found, frame, len(ids), self._all_instants, last=last)

    def _all_instants(self) -> npt.NDArray[np.int64] | None:
        if not self.spec.time:
            return None
        return np.concatenate([self._instants(times) for times in self._batches(self.spec.time, self._found)])

    def _instants(self, times: pa.ChunkedArray) -> npt.NDArray[np.int64]:
        assert self.spec.time is not None
        return np.asarray(self.instants(times, self.spec.time).cast(pa.int64()))

    def instants(self, times: pa.ChunkedArray, column: str) -> pa.ChunkedArray:
        """Times of a column as the spec reads them."""
        where = self.spec
        day_zone = where.window.timezone
        return to_instants(
            times, column, where.timezone, unit=where.unit, day_zone=day_zone, at_day_end=where.at_day_end
        )

    def columns(
        self, names: Iterable[str], named: Collection[str] = ()
    ) -> Iterator[tuple[str, Iterator[pa.ChunkedArray]]]:
        """Each column with its batches, one row group at a time: memory is bounded by a row group of one column.

        Parameters
        ----------
        names : iterable of str
        named : collection of str
            Those of which the identities are wanted.

        Raises
        ------
        BrokenFileError
            If a file breaks while it is read.
        """
        return self._each(names, lambda name: self._readers.named if name in named else self._read)

    def _each(
        self, names: Iterable[str], reader_of: Callable[[str], Reader]
    ) -> Iterator[tuple[str, Iterator[pa.ChunkedArray]]]:
        try:
            for name in names:
                yield name, self._batches(name, self._parts, reader_of(name))
        finally:
            self._files.close()

    def _batches(self, name: str, parts: list[Fragment], read: Reader | None = None) -> Iterator[pa.ChunkedArray]:
        for part in parts:
            yield (read or self._read)(part, name)

    def _read(self, part: Fragment, name: str, *, cells: bool = False) -> pa.ChunkedArray:
        if self._makers and name in self._makeable and not self.held.is_in(part.uri, name):
            made = next(it for it in self._makers if name in it.types(self.held.types)).read(part, name)
            return made.cast(pa.string()) if cells else made
        try:
            read = self._files.read_cells if cells else self._files.read
            values = read(part.uri, part.group, name)
        except BROKEN as error:
            fault, shown = unreadable(error), self._file_of[part.uri].shown
            broken = BrokenFileError(f"column {name!r} cannot be read: {fault.what}", where=shown, fix=fault.fix)
            self._leave_out(part.uri, said_of(shown, broken))
            raise broken from None
        values = values if part.mask is None else values.filter(part.mask)
        return within_bounds(name, values) if self.spec.images and not cells else values

    def _leave_out(self, uri: str, reason: str) -> None:
        """Count a file as one that cannot be read, and forget what was computed with it."""
        if uri not in self.held:
            return
        self.held.drop(uri)
        self._odd_times.pop(uri, None)
        self.unreadable.append((self._file_of[uri].shown, reason))
        self._broken.add(uri)
        self._found = [part for part in self._found if part.uri != uri]
        self._undated.pop(uri, None)
        for name in [name for name, kept in vars(type(self)).items() if isinstance(kept, cached_property)]:
            vars(self).pop(name, None)

    def table(self, names: Sequence[str], exact: Collection[str] = ()) -> pa.Table:
        """A few columns, whole; a column that is not there is all null.

        Numbers of several types become floats, but in ``exact`` columns, whose values stay the same values.
        """
        columns = self._each(names, lambda name: self._reader(name, exact))
        return pa.table({name: self._joined(name, list(it), name in exact) for name, it in columns})

    def _reader_of(self, name: str, texts: Collection[str], objects: Collection[str] = ()) -> Reader:
        if name in objects:
            return self._readers.objects
        if name in texts:
            return self._readers.named
        return self._readers.numbers if name in self.held.conflicting else self._read

    def _reader(self, name: str, exact: Collection[str] = ()) -> Reader:
        if name in self.held.conflicting:
            return self._readers.named
        return self._readers.exact if name in exact else self._read

    def identities(self, names: Sequence[str], reading: Mapping[str, Reading] | None = None) -> pa.Table:
        """The identities of a few columns, whole.

        Parameters
        ----------
        names : sequence of str
        reading : mapping of str to Reading, optional
            What cells of CSV files are read as.
        """
        readings = reading or {}
        columns = self._each(names, lambda name: partial(self._readers.named, reading=readings.get(name)))
        return pa.table({name: _texts(batches) for name, batches in columns})

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
        for name, batches in self._each(names, lambda name: self._reader_of(name, texts, objects)):
            if name in objects:
                # Of each batch by itself: text beside bytes is text.
                plain[name] = pd.Series([value for batch in batches for value in objects_of(batch)], dtype=object)
                read[name] = pa.chunked_array([pa.nulls(len(plain[name]))])
            else:
                read[name] = _texts(batches) if name in texts else self._joined(name, list(batches))
        frame = as_frame(pa.table({name: column for name, column in read.items() if name not in plain}))
        return frame if not plain else pd.DataFrame({name: plain.get(name, frame.get(name)) for name in read})

    def together(self, names: Sequence[str]) -> Iterator[list[pa.ChunkedArray]]:
        """A few columns, side by side, one row group at a time; each in the type that its file has it in."""
        try:
            for part in self._parts:
                yield [self._readers.objects(part, name) for name in names]
        finally:
            self._files.close()

    def _joined(self, name: str, batches: list[pa.ChunkedArray], exact: bool = False) -> pa.ChunkedArray:
        """Batches as one column; those of a column of several types are its identities."""
        if name in self.held.conflicting:
            return _texts(batches)
        if exact and batches:
            return together(batches, exact=True)
        target = self.schema.get(name, pa.null())
        chunks = [chunk for batch in batches for chunk in batch.cast(target, safe=False).chunks]
        return pa.chunked_array(chunks, type=target)

    def sample(self, names: Sequence[str], size: int, seed: int, texts: Collection[str] = ()) -> pd.DataFrame:
        """A seeded sample of rows without replacement, in their order; all rows where there are no more.

        Of the columns in ``texts`` it holds the identities.
        """
        chosen = np.arange(self.count)
        if self.count > size:
            chosen = np.sort(np.random.default_rng(seed).choice(self.count, size, replace=False))
        read = {}
        for name, batches in self._each(names, lambda name: self._reader_of(name, texts)):
            picked, begin = [], 0
            for batch in batches:
                low, high = np.searchsorted(chosen, (begin, begin + len(batch)))
                picked.append(batch.take(pa.array(chosen[low:high] - begin)))
                begin += len(batch)
            read[name] = _texts(picked) if name in texts else self._joined(name, picked)
        return as_frame(pa.table(read))


def _texts(batches: Iterable[pa.ChunkedArray]) -> pa.ChunkedArray:
    return pa.chunked_array([chunk for batch in batches for chunk in batch.chunks], pa.string())
