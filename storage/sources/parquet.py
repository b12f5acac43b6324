"""Parquet files held open, and their columns, one row group at a time."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

import pyarrow as pa
import pyarrow.fs as fs
import pyarrow.parquet as pq

from lamplighter.core.hints import names_listed
from lamplighter.errors import ColumnError, SourceError, one_line
from storage.sources.csv_files import AS_WRITTEN
from storage.sources.decoded import Decoded
from storage.sources.file_kinds import HEAD, refuse_no_file, seems
from storage.sources.files import File, open_file
from storage.sources.formats import copy_as_parquet

OPEN_FILES = 64
"""Local files held open at a time: a process may not open as many as a table may have."""

SMALL, MOST_SMALL = 256 * 1024, 64 * 1024 * 1024
"""Bytes up to which a local file is read at once and kept, and bytes of all that are: a service that logs by the minute
writes 1,440 files a day, which would be opened again for each column."""

FAULTS = (ValueError, TypeError, RuntimeError, LookupError, ArithmeticError, MemoryError, AssertionError)
"""What reading a damaged file may end in besides Arrow's own errors: a name that is no text, a size below zero."""


class OpenFiles:
    """Parquet files, opened when they are asked for.

    Those of an object store stay open: they hold no descriptor, and opening them again costs requests.

    Parameters
    ----------
    files : iterable of File
        What is known of them besides their content; others are plain files.
    decoded : Decoded, optional
        Where columns that were decoded are kept.
    """

    def __init__(self, files: Iterable[File] = (), decoded: Decoded | None = None) -> None:
        self._files = {file.uri: file for file in files}
        self._decoded = decoded or Decoded(most=0)
        self._open: dict[str, pq.ParquetFile] = {}
        self._states: dict[str, str] = {}
        self._inside: dict[str, frozenset[str]] = {}
        self._small, self._kept = 0, set[str]()
        # Stages of a run that a task runner runs at a time share the files.
        self._lock = RLock()

    def get(self, uri: str) -> pq.ParquetFile:
        """An open file; the local ones that were not asked for longest are closed.

        Raises
        ------
        OSError, pyarrow.ArrowException
            If it cannot be read, or is no Parquet file.
        ColumnError
            If a column comes twice, so that its name is ambiguous.
        """
        with self._lock:
            parquet = self._open.pop(uri, None) or self._checked(uri)
            self._open[uri] = parquet
            return parquet

    def _checked(self, uri: str) -> pq.ParquetFile:
        with _damage():
            parquet = self._opened(uri)
            names = parquet.schema_arrow.names
            for kind in parquet.schema_arrow.types:
                _look_at(kind)
        name, times = max(Counter(names).items(), key=lambda item: item[1], default=("", 0))
        if times > 1:
            parquet.close(force=True)
            raise ColumnError(f"column {name!r} comes twice", name, fix="write it once")
        self.close(keep=OPEN_FILES - 1)
        return parquet

    def _opened(self, uri: str) -> pq.ParquetFile:
        file = self._files.get(uri, File(uri, ""))
        filesystem, path = open_file(uri)
        if "://" not in uri or uri.startswith("file://"):
            refuse_no_file(path)
            self._refuse_replaced(uri, path)
        stream = self._whole(uri, _as_parquet(file, filesystem, path))
        try:
            # Where the writer has added checksums, as Spark does, damage to the values is found.
            return pq.ParquetFile(stream, page_checksum_verification=True)
        except Exception as error:
            size = stream.size()
            head, tail = stream.read_at(min(size, HEAD), 0), stream.read_at(min(size, 4), max(0, size - 4))
            stream.close()
            raise seems(head, tail, size) or OSError(f"cannot be read as Parquet: {one_line(error)}") from None

    def _refuse_replaced(self, uri: str, path: str) -> None:
        """Refuse a file that is another one than when it was opened first: which rows are meant was decided then.

        It is looked at before it is opened: one that is replaced in between is read again, and never mixed. Object
        stores are not asked.
        """
        if self._files.get(uri, File(uri, "")).copy:
            return
        found = os.stat(path)
        state = f"{found.st_size}-{found.st_mtime_ns}"
        if self._states.setdefault(uri, state) != state:
            what = "was replaced while it was read"
            raise SourceError(what, fix="run it again, and replace no file while a run reads it")

    def state(self, uri: str) -> str:
        """What tells a file that was opened from what it is once it has changed."""
        file = self._files.get(uri)
        return f"{file.stamp if file else ''} {self._states.get(uri, '')}"

    def _whole(self, uri: str, stream: pa.NativeFile) -> pa.NativeFile:
        """A small local file, read at once while there is room for it: it holds no descriptor then."""
        size = stream.size()
        if "://" in uri or size > SMALL or self._small + size > MOST_SMALL or isinstance(stream, pa.BufferReader):
            return stream
        with stream:
            self._small += size
            self._kept.add(uri)
            return pa.BufferReader(stream.read())

    def close(self, keep: int = 0) -> None:
        """Close local files but for the ones that were asked for last; small ones stay in memory if any are kept."""
        with self._lock:
            local = [uri for uri in self._open if "://" not in uri and not (keep and uri in self._kept)]
            for uri in local[: max(0, len(local) - keep)]:
                self._open.pop(uri).close(force=True)
            if not keep:
                self._kept, self._small = set(), 0

    def schema(self, uri: str) -> pa.Schema:
        """The columns of a file: its own, under the names of its table, and those that its path or a log adds.

        Raises
        ------
        OSError, pyarrow.ArrowException, ColumnError
            As `get`.
        """
        own, file = self.get(uri).schema_arrow, self._files.get(uri)
        if file is None:
            return own
        if file.is_csv:
            own = pa.schema([field for field in own if not field.name.startswith(AS_WRITTEN)])
        fields = list(own)
        if file.declared is not None:
            # A column that a log declares and an older file does not have is null there.
            fields = [
                own.field(inside).with_name(name) if inside in own.names else pa.field(name, kind)
                for name, inside, kind in file.declared
            ]
        held = {field.name for field in fields}
        return pa.schema([*fields, *(pa.field(name, value.type) for name, value in file.constants if name not in held)])

    def names(self, uri: str) -> list[str]:
        """The columns that a file holds itself, as it calls them."""
        return [name for name in self.get(uri).schema_arrow.names if not name.startswith(AS_WRITTEN)]

    def is_csv(self, uri: str) -> bool:
        """Whether a file has spellings in place of types."""
        file = self._files.get(uri)
        return file is not None and file.is_csv

    def name_inside(self, uri: str, column: str) -> str | None:
        """What a file itself calls a column; None where it does not hold it."""
        file = self._files.get(uri)
        if file and file.declared is not None:
            column = next((inside for name, inside, _ in file.declared if name == column), "")
        if uri not in self._inside:
            # Arrow makes the list of names anew each time: for each column of thousands that is most of the work.
            self._inside[uri] = frozenset(self.get(uri).schema_arrow.names)
        return column if column in self._inside[uri] else None

    def constant(self, uri: str, column: str) -> pa.Scalar | None:
        """The one value of a column that stands in a file's path or in a log; None where the file holds it itself."""
        file = self._files.get(uri)
        if file is None or self.name_inside(uri, column) is not None:
            return None
        return dict(file.constants).get(column)

    def kept(self, uri: str, group: int) -> pa.BooleanArray | None:
        """Which rows of a row group the log of its table leaves; None for all."""
        file = self._files.get(uri)
        if file is None or file.kept is None:
            return None
        metadata = self.get(uri).metadata
        begin = sum(metadata.row_group(i).num_rows for i in range(group))
        rows = metadata.row_group(group).num_rows
        part = file.kept.slice(begin, rows)
        # A deletion vector ends with the last row that it deletes.
        return pa.concat_arrays([part, pa.array([True] * (rows - len(part)), pa.bool_())])

    def probe(self, uri: str, group: int, column: str) -> None:
        """Have Arrow look at a column of a local file before its statistics are asked for.

        Where the footer is damaged, asking for them may end the process: Arrow raises there what Python cannot catch.
        Reading a row finds the same fault as an error. Damage to the values is left to who reads them. A store compares
        checksums itself, and each row would be a request.

        Raises
        ------
        OSError, pyarrow.ArrowException
            If the column cannot be read.
        """
        if "://" in uri and not uri.startswith("file://"):
            return
        rows = self.get(uri).iter_batches(batch_size=1, row_groups=[group], columns=[column], use_threads=False)
        try:
            next(rows, None)
        except (pa.ArrowException, OSError) as error:
            if "histogram" in str(error):
                raise

    def read_cells(self, uri: str, group: int, column: str) -> pa.ChunkedArray:
        """The text of the cells of a column of a CSV file.

        Raises
        ------
        OSError, pyarrow.ArrowException
            As `read`.
        """
        spelled = AS_WRITTEN + column
        values = self.read(uri, group, spelled if spelled in self.get(uri).schema_arrow.names else column)
        return values if pa.types.is_string(values.type) else values.cast(pa.string())

    def read(self, uri: str, group: int, column: str) -> pa.ChunkedArray:
        """A column of a row group, all null where the file does not have it.

        Raises
        ------
        OSError, pyarrow.ArrowException
            If it cannot be read, or holds what no column of its type holds.
        """
        with self._lock, _damage():
            inside = self.name_inside(uri, column)
            if inside is None:
                rows, constant = self.get(uri).metadata.row_group(group).num_rows, self.constant(uri, column)
                return pa.chunked_array([pa.nulls(rows) if constant is None else pa.repeat(constant, rows)])
            place = (uri, self.state(uri), group, inside)
            return self._decoded.column(place, lambda: self._decode(uri, group, inside))

    def _decode(self, uri: str, group: int, inside: str) -> pa.ChunkedArray:
        with _damage():
            parquet = self.get(uri)
            rows = parquet.metadata.row_group(group).num_rows
            values = parquet.read_row_group(group, columns=[inside], use_threads=False).column(inside)
            if len(values) != rows:
                raise OSError(f"holds {len(values)} of {rows} rows")
            # Text that is none would end the run where it is first looked at.
            values.validate(full=True)
            # Dictionaries of two files need not agree, and plain values are what every stage counts.
            return values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values


def _look_at(kind: pa.DataType) -> None:
    """Have a zone whose name is no text found here: it would end the run where the type is first looked at."""
    if pa.types.is_timestamp(kind):
        _ = kind.tz
    if pa.types.is_dictionary(kind):
        _look_at(kind.value_type)
    for i in range(kind.num_fields):
        _look_at(kind.field(i).type)


def _as_parquet(file: File, filesystem: fs.FileSystem, path: str) -> pa.NativeFile:
    """A file as Parquet; one of another format is copied, to the spool where there is one, else in memory."""
    write = file.format.write
    if write is None:
        return filesystem.open_input_file(path)
    if file.copy:
        copy_as_parquet(filesystem, path, Path(file.copy))
        return pa.OSFile(file.copy)
    sink = pa.BufferOutputStream()
    write(filesystem, path, sink)
    return pa.BufferReader(sink.getvalue())


@contextmanager
def _damage() -> Iterator[None]:
    """Make one error of all that reading a damaged file may end in."""
    try:
        yield
    except (pa.ArrowException, OSError, SourceError) as error:
        if not str(error):
            raise OSError(f"is damaged ({type(error).__name__})") from None
        raise
    except FAULTS as error:
        raise OSError(f"is damaged: {one_line(error)}") from None


def without_column(column: str, names: Iterable[str]) -> str:
    """What is said of a file that has no such column: its columns, and the one that was meant.

    Examples
    --------
    >>> without_column("pred", ["id", "pred "])
    "no column 'pred'; did you mean 'pred '? it has id, 'pred '"
    """
    return f"no column {column!r}; {names_listed(column, names)}"
