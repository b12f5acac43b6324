"""CSV files as Parquet: the types of the columns are those of all their values, and memory is bounded by a block.

The text of cells that are read as numbers or flags is kept in a column beside: 1.10 is the name of a version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.fs as fs
import pyarrow.parquet as pq

from lamplighter.errors import SourceError

AS_WRITTEN = "\x1fas written: "
"""What the name of the column begins with that holds the text of another's cells."""

BLOCK_BYTES = 8 << 20
"""Bytes held as text at a time; a row must fit into it."""

NULLS = pa.array(["NA", "N/A", "NaN", "nan", "NULL", "null", "None"])
"""What stands for a missing number or flag; in a column of text these are texts, as the country NA is."""

WHOLE = r"^-?(?:0|[1-9][0-9]*)$"
PADDED = r"^(?:\+|-?0[0-9])"
"""007 is the name of a store and +49 begins a telephone number."""

TRUE, FALSE = pa.array(["true", "True", "TRUE"]), pa.array(["false", "False", "FALSE"])


def write_as_parquet(filesystem: fs.FileSystem, path: str, sink: Any) -> None:
    r"""Write the rows of a CSV file as Parquet.

    An empty cell is a null, and a quoted empty one an empty text. Columns are whole numbers, numbers, flags or text;
    times stay text, which a time column may be. Numbers that are not whole, and flags, have their text beside them.

    Raises
    ------
    SourceError
        If the file is no table of named columns, in UTF-8.
    OSError, pyarrow.ArrowException
        If it cannot be read.

    Examples
    --------
    >>> from io import BytesIO
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = (log := Path(folder, "log.csv")).write_text("id,plan\n1,basic\n2,\n")
    ...     write_as_parquet(fs.LocalFileSystem(), str(log), sink := BytesIO())
    >>> pq.read_table(sink).to_pylist()
    [{'id': 1, 'plan': 'basic'}, {'id': 2, 'plan': None}]
    """
    with _in_words(), _stream(filesystem, path) as stream:
        delimiter = _delimiter(stream.read(1 << 16))
    kinds: list[pa.DataType] = []
    for batch in _batches(filesystem, path, delimiter):
        kinds = [
            _common(known, _kind(column))
            for known, column in zip(kinds or [pa.null()] * batch.num_columns, batch.columns, strict=True)
        ]
    names = _names(filesystem, path, delimiter)
    held = zip(names, kinds or [pa.null()] * len(names), strict=True)
    fields = [pa.field(name, pa.string() if pa.types.is_null(kind) else kind) for name, kind in held]
    # The digits of whole numbers are their text.
    spelled = [
        i for i, field in enumerate(fields) if pa.types.is_floating(field.type) or pa.types.is_boolean(field.type)
    ]
    schema = pa.schema([*fields, *(pa.field(AS_WRITTEN + fields[i].name, pa.string()) for i in spelled)])
    with pq.ParquetWriter(sink, schema) as writer:
        for batch in _batches(filesystem, path, delimiter):
            columns = [_as(column, field.type) for column, field in zip(batch.columns, fields, strict=True)]
            writer.write_batch(pa.record_batch([*columns, *(batch.column(i) for i in spelled)], schema=schema))


def _delimiter(head: bytes) -> str:
    """The sign between the names in the first line, which must be names.

    Examples
    --------
    >>> _delimiter(b'"a;b",at\\n'), _delimiter(b"a;b;c,d\\n")
    (',', ';')
    """
    if not head.strip():
        raise SourceError("is empty", fix="the first line of a CSV file holds the names of its columns")
    if head.startswith(b"\x1f\x8b"):
        raise SourceError("is compressed by gzip", fix="end its name with .csv.gz")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head:
        raise SourceError("is no CSV file in UTF-8", fix="save it so")
    line = head.decode("utf-8-sig", errors="replace").splitlines()[0]
    bare = re.sub(r'"[^"]*"', "", line)
    delimiter = max(",;\t|", key=bare.count)
    names = [name.strip().strip('"') for name in line.split(delimiter)]
    if all(re.fullmatch(r"[+-]?[\d.]+(?:[eE][+-]?\d+)?", name) for name in names):
        raise SourceError("begins with numbers", fix="the first line of a CSV file holds the names of its columns")
    if any(re.match(r"\d{4}-\d\d-\d\d[ T]\d|\d{1,2}[./]\d{1,2}[./]\d{4} \d", name) for name in names):
        raise SourceError(
            "begins with a row of values", fix="the first line of a CSV file holds the names of its columns"
        )
    return delimiter


def _stream(filesystem: fs.FileSystem, path: str) -> pa.NativeFile:
    return filesystem.open_input_stream(path, compression="gzip" if path.lower().endswith(".gz") else None)


def _names(filesystem: fs.FileSystem, path: str, delimiter: str) -> list[str]:
    with _in_words(), _stream(filesystem, path) as stream:
        names: list[str] = _reader(stream, delimiter, ()).schema.names
        return names


def _batches(filesystem: fs.FileSystem, path: str, delimiter: str) -> Iterator[pa.RecordBatch]:
    """The rows as text, a block at a time."""
    names = _names(filesystem, path, delimiter)
    with _in_words(), _stream(filesystem, path) as stream:
        yield from _reader(stream, delimiter, names)


def _reader(stream: pa.NativeFile, delimiter: str, names: Iterable[str]) -> csv.CSVStreamingReader:
    return csv.open_csv(
        stream,
        # On one thread the number of a row that is wrong is known.
        read_options=csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
        parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


@contextmanager
def _in_words() -> Iterator[None]:
    """What Arrow finds wrong with a CSV file, without the values that it quotes: a column may be private."""
    try:
        yield
    except OSError as error:
        if re.search(r"zlib|compressed stream", str(error)):
            raise SourceError("is no sound gzip file", fix="deliver the file again") from None
        raise
    except pa.ArrowInvalid as error:
        message = str(error).removeprefix("CSV parse error: ")
        if ragged := re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", message):
            row, wanted, got = ragged.groups()
            raise SourceError(
                f"line {row} has {got} values and the first line {wanted} names", fix="mend the line"
            ) from None
        if "UTF8" in message or "UTF-8" in message:
            raise SourceError("is not UTF-8", fix="save it so") from None
        what = f"cannot be read as CSV: {message.partition(':')[0]}"
        raise SourceError(what, fix="deliver the file again") from None


def _kind(column: pa.Array) -> pa.DataType:
    """The narrowest type that holds the values of a block of text."""
    values = pc.unique(column).drop_null()
    given = values.filter(pc.invert(pc.is_in(values, NULLS)))
    if not len(given):
        # Whether NA is a text or no number is for the other blocks to say.
        return pa.null()
    if pc.all(pc.is_in(given, pa.concat_arrays([TRUE, FALSE]))).as_py():
        return pa.bool_()
    if pc.any(pc.match_substring_regex(given, PADDED)).as_py():
        return pa.string()
    if pc.all(pc.match_substring_regex(given, WHOLE)).as_py():
        return next((kind for kind in (pa.int64(), pa.uint64()) if _casts(given, kind)), pa.string())
    return pa.float64() if _casts(given, pa.float64()) else pa.string()


def _casts(values: pa.Array, kind: pa.DataType) -> bool:
    try:
        values.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


def _common(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """The type that holds the values of two blocks; a number beyond 64 bits and a negative one meet in text only."""
    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    numbers = {one, other}
    if numbers <= {pa.int64(), pa.float64()}:
        return pa.float64()
    return pa.string()


def _as(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind):
        return column
    values = without_nulls(column)
    if pa.types.is_boolean(kind):
        return pc.if_else(pc.is_null(values), pa.scalar(None, pa.bool_()), pc.is_in(values, TRUE))
    return values.cast(kind)


def without_nulls(column: pa.Array) -> pa.Array:
    """Cells of a column of numbers or flags, null where they say that there is none.

    Examples
    --------
    >>> without_nulls(pa.array(["1.5", "NaN", "n/a", ""])).to_pylist()
    ['1.5', None, 'n/a', '']
    """
    return pc.if_else(pc.is_in(column, NULLS), pa.scalar(None, pa.string()), column)
