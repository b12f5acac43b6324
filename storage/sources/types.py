"""Columns of several files as one column, whatever types hold them, and as a frame."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.core.values.cell import Reading
from lamplighter.core.values.identity import identities, is_text

NUMBER = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
BYTES = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
LIST = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)


def holds_numbers(kind: pa.DataType) -> bool:
    """Whether a type is of numbers or flags.

    Examples
    --------
    >>> holds_numbers(pa.int8()), holds_numbers(pa.bool_()), holds_numbers(pa.string())
    (True, True, False)
    """
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(test(kind) for test in (*NUMBER, pa.types.is_boolean))


def reading_beside(kinds: Collection[pa.DataType]) -> Reading:
    """How cells without a type are read that are compared with values of some types.

    Examples
    --------
    >>> reading_beside([pa.int64(), pa.float64()]), reading_beside([]), reading_beside([pa.int64(), pa.string()])
    (<Reading.NUMBERS: 'numbers'>, <Reading.CELLS: 'cells'>, <Reading.TEXT: 'text'>)
    """
    inside = [_inside(kind) for kind in kinds]
    if any(map(is_text, inside)):
        return Reading.TEXT
    return Reading.NUMBERS if inside and all(map(holds_numbers, inside)) else Reading.CELLS


def _inside(kind: pa.DataType) -> pa.DataType:
    """The type of the values that are compared: of ranked items, those in the lists."""
    while pa.types.is_dictionary(kind) or any(test(kind) for test in LIST):
        kind = kind.value_type
    return kind


def common_type(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """The type that holds the values of both, None where they are of different kinds.

    pandas writes whole numbers beside a null as floats, and polars lists as large ones: a day's files may differ
    without anything being wrong. Where the same value must stay the same, its identity is taken before.

    Examples
    --------
    >>> common_type(pa.int64(), pa.float64()), common_type(pa.int64(), pa.string())
    (DataType(double), None)
    >>> common_type(pa.list_(pa.null()), pa.large_list(pa.string()))
    LargeListType(large_list<item: string>)
    """
    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    if all(pa.types.is_integer(kind) for kind in (one, other)):
        # Half of these are no int64; as floats they are at least of the same size.
        return pa.float64() if pa.types.is_uint64(one) or pa.types.is_uint64(other) else pa.int64()
    if all(any(test(kind) for test in NUMBER) for kind in (one, other)):
        return pa.float64()
    if all(pa.types.is_string(kind) or pa.types.is_large_string(kind) for kind in (one, other)):
        return pa.large_string()
    if all(any(test(kind) for test in LIST) for kind in (one, other)):
        item = common_type(one.value_type, other.value_type)
        return item and pa.large_list(item)
    if all(pa.types.is_timestamp(kind) for kind in (one, other)) and (one.tz is None) == (other.tz is None):
        return pa.timestamp("us", tz=one.tz and "UTC")
    return None


def common_types(fields: Iterable[pa.Field]) -> tuple[dict[str, pa.DataType], dict[str, str]]:
    """The type that holds each column of some tables, and a text about each column of different kinds.

    Returns
    -------
    types : dict of str to DataType
        Of a column of different kinds the first one.
    conflicting : dict of str to str
        Those columns, which are read as text, and the two types.

    Examples
    --------
    >>> common_types([pa.field("version", pa.int64()), pa.field("version", pa.string())])
    ({'version': DataType(int64)}, {'version': 'int64 and string'})
    """
    types: dict[str, pa.DataType] = {}
    conflicting = {}
    for entry in fields:
        kind = entry.type.value_type if pa.types.is_dictionary(entry.type) else entry.type
        known = types.get(entry.name, kind)
        common = common_type(known, kind)
        types[entry.name] = known if common is None else common
        if common is None:
            conflicting[entry.name] = f"{known} and {kind}"
    return types, conflicting


def objects_of(values: pa.ChunkedArray) -> list[Any]:
    """The Python values of a column; of JSON what it stands for.

    Examples
    --------
    >>> objects_of(pa.chunked_array([[["a", "b"], None]]))
    [['a', 'b'], None]
    """
    held: list[Any] = values.to_pylist()
    if isinstance(values.type, pa.BaseExtensionType) and values.type.extension_name == "arrow.json":
        return [None if text is None else json.loads(text) for text in held]
    return held


def bytes_named(values: pa.ChunkedArray) -> pa.ChunkedArray:
    r"""Bytes as a text that is no number, as their digits alone may be; others as they are.

    Examples
    --------
    >>> bytes_named(pa.chunked_array([[b"\x01\x02", None]])).to_pylist()
    ['bytes 0102', None]
    """
    if not holds_bytes(values.type):
        return values
    return pa.chunked_array([pc.binary_join_element_wise("bytes", identities(values), " ")], pa.string())


def holds_bytes(kind: pa.DataType) -> bool:
    """Whether a type is of bytes.

    Examples
    --------
    >>> holds_bytes(pa.binary()), holds_bytes(pa.binary(16)), holds_bytes(pa.string())
    (True, True, False)
    """
    return any(test(kind) for test in BYTES)


def without_bytes(table: pa.Table, name: str) -> pa.Table:
    r"""A table with a column as text where it is of bytes.

    Examples
    --------
    >>> without_bytes(pa.table({"id": [b"\x01"], "amount": [2.5]}), "id").to_pylist()
    [{'id': 'bytes 01', 'amount': 2.5}]
    """
    return table.set_column(table.column_names.index(name), name, bytes_named(table[name]))


def united(tables: Sequence[pa.Table], exact: Collection[str] = ()) -> pa.Table:
    """Tables below each other, although files of different days write a column in different types.

    Parameters
    ----------
    tables : sequence of Table
    exact : collection of str
        Columns whose values must stay the same value; decimals of others become floats.

    Examples
    --------
    >>> united([pa.table({"version": [1]}), pa.table({"version": ["2025-03-23"]})])["version"].to_pylist()
    ['1', '2025-03-23']
    >>> united([pa.table({"id": [2**53 + 1]}), pa.table({"id": [1.0, None]})], ["id"])["id"].to_pylist()
    [9007199254740993, 1, None]
    """
    tables = [_without_decimals(table, but=exact) for table in tables]
    names = dict.fromkeys(name for table in tables for name in table.column_names)
    columns = {}
    for name in names:
        parts = [
            table[name] if name in table.column_names else pa.chunked_array([pa.nulls(len(table))]) for table in tables
        ]
        columns[name] = together(parts, exact=name in exact)
    return pa.table(columns)


def together(parts: Sequence[pa.ChunkedArray], *, exact: bool = False) -> pa.ChunkedArray:
    """One column of several, of a type that holds the values of all: text where there is no other.

    Examples
    --------
    >>> together([pa.chunked_array([[1, 2]]), pa.chunked_array([[2.5]])]).to_pylist()
    [1.0, 2.0, 2.5]
    >>> together([pa.chunked_array([[1]]), pa.chunked_array([["basic"]])]).to_pylist()
    ['1', 'basic']
    """
    types, conflicting = common_types(pa.field("", part.type) for part in parts)
    if "" not in types:
        return pa.chunked_array([], pa.null())
    kind = types[""]
    if conflicting:
        return pa.chunked_array([identities(part) for part in parts], pa.string())
    mixed = any(part.type != kind or pa.types.is_decimal(part.type) for part in parts)
    if exact and mixed and any(test(kind) for test in (*NUMBER, *LIST)):
        return _exactly([_by_digits(part) for part in parts], kind)
    return _cast(parts, kind, safe=False)


def _exactly(parts: Sequence[pa.ChunkedArray], kind: pa.DataType) -> pa.ChunkedArray:
    """Numbers of several types, or lists of them, as a type that holds each of them, or as text."""
    kinds = [kind] if any(test(kind) for test in LIST) else [pa.float64(), pa.int64()]
    if any(pa.types.is_decimal(part.type) for part in parts):
        # What fits into whole numbers need not be compared digit by digit.
        kinds.reverse()
    for wanted in kinds:
        try:
            joined = _cast([_without_nan(part) for part in parts], wanted, safe=True)
        except pa.ArrowInvalid:
            continue
        if _digits_stay(parts, joined):
            return joined
    return pa.chunked_array([identities(part) for part in parts], pa.string())


def _digits_stay(parts: Sequence[pa.ChunkedArray], joined: pa.ChunkedArray) -> bool:
    """Whether decimals are the same values in a column of another type; Arrow rounds them to floats silently."""
    begin, same = 0, True
    for part in parts:
        if _has_decimals(part.type) and part.type != joined.type and not pa.types.is_integer(joined.type):
            same &= bool(identities(part).equals(identities(joined.slice(begin, len(part)))))
        begin += len(part)
    return same


def _has_decimals(kind: pa.DataType) -> bool:
    return bool(pa.types.is_decimal(kind.value_type if any(test(kind) for test in LIST) else kind))


def _by_digits(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Floats of 32 bits as the doubles that have their identity: 8.81 as 8.81, and not as 8.8100004196167.

    Those of 16 bits are what they are: as a float of 32 bits 0.1 is another number, and may be delivered as both.
    """
    if not pa.types.is_float32(values.type):
        return values
    return pa.chunked_array([identities(values).cast(pa.float64())], pa.float64())


def _without_nan(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_floating(values.type):
        return values
    return pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)


def _cast(parts: Sequence[pa.ChunkedArray], kind: pa.DataType, *, safe: bool) -> pa.ChunkedArray:
    return pa.chunked_array([chunk for part in parts for chunk in part.cast(kind, safe=safe).chunks], kind)


def _without_decimals(table: pa.Table, but: Collection[str] = ()) -> pa.Table:
    """A table with decimals as floats: as Python objects they would not be numbers for pandas."""
    for i, entry in enumerate(table.schema):
        if pa.types.is_decimal(entry.type) and entry.name not in but:
            table = table.set_column(i, entry.name, table.column(i).cast(pa.float64()))
    return table


def as_frame(table: pa.Table) -> pd.DataFrame:
    """A table for pandas.

    Examples
    --------
    >>> from decimal import Decimal
    >>> as_frame(pa.table({"amount": [Decimal("2.50")]}))["amount"].dtype
    dtype('float64')
    """
    frame: pd.DataFrame = _without_decimals(table).to_pandas()
    return frame
