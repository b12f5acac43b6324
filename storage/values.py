"""Values of the user's columns, whatever type holds them: as text, as a common type, as a frame."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from lamplighter.core.evaluation import factorized
from lamplighter.core.monitor import class_label

NUMBER = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
LIST = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)


def as_text(values: pa.ChunkedArray) -> pa.Array:
    """Each value as text, so that a number is written the same way whatever type holds it; NaN is null.

    Examples
    --------
    >>> as_text(pa.chunked_array([[12.0, 0.5, float("nan")]])).to_pylist()
    ['12', '0.5', None]
    """
    array = values.combine_chunks()
    if pa.types.is_string(array.type):
        return array
    if pa.types.is_integer(array.type) or pa.types.is_large_string(array.type) or pa.types.is_null(array.type):
        return array.cast(pa.string())
    try:
        distinct = array.dictionary_encode()
    except pa.ArrowNotImplementedError:
        return pa.array([_written(value) for value in array.to_pylist()], pa.string())
    written = [_written(value) for value in distinct.dictionary.to_pylist()]
    return pa.array(written, pa.string()).take(distinct.indices)


def _written(value: Any) -> str | None:
    """One value as text; 1, 1.0, Decimal('1.00') and True are all 1, as for `class_label`. A list is JSON."""
    if value is None or value != value:
        return None
    if isinstance(value, bool | float):
        return class_label(value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, list):
        return json.dumps(value, default=str)
    return value.hex() if isinstance(value, bytes) else str(value)


def common_type(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """The type that holds the values of both, None where they are of different kinds.

    pandas writes whole numbers beside a null as floats, and polars lists as large ones: a day's files may differ
    without anything being wrong.

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
    """The type that holds each column of some tables, and what is told of columns of different kinds.

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


def united(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables below each other, although files of different days write a column in different types.

    Decimals become floats.

    Examples
    --------
    >>> united([pa.table({"version": [1]}), pa.table({"version": ["2025-03-23"]})])["version"].to_pylist()
    ['1', '2025-03-23']
    """
    tables = [without_decimals(table) for table in tables]
    types, conflicting = common_types(field for table in tables for field in table.schema)
    alike = [
        pa.table(
            {
                name: as_text(column) if name in conflicting else column.cast(types[name], safe=False)
                for name, column in zip(table.column_names, table.columns, strict=True)
            }
        )
        for table in tables
    ]
    return pa.concat_tables(alike, promote_options="default")


def without_decimals(table: pa.Table) -> pa.Table:
    """A table with decimals as floats: as Python objects they would not be numbers for pandas."""
    for i, entry in enumerate(table.schema):
        if pa.types.is_decimal(entry.type):
            table = table.set_column(i, entry.name, table.column(i).cast(pa.float64()))
    return table


def as_frame(table: pa.Table) -> pd.DataFrame:
    """A table for pandas."""
    frame: pd.DataFrame = without_decimals(table).to_pandas()
    return frame


def comparable_values(values: pd.Series[Any]) -> pd.Series[Any]:
    """Numbers or text, such that equal values are equal whatever type pandas happened to give the column.

    Examples
    --------
    >>> comparable_values(pd.Series([1.0, 0.0])).equals(comparable_values(pd.Series([True, False])))
    True
    """
    values = values.infer_objects()
    if isinstance(values.dtype, pd.StringDtype):
        return values
    if not pd.api.types.is_numeric_dtype(values):
        codes, distinct = factorized(values)
        written = np.array([*(_written(value) for value in distinct), None], dtype=object)
        return pd.Series(written[codes], index=values.index)
    if pd.api.types.is_float_dtype(values) and ((values % 1 != 0) | (values.abs() > MOST_EXACT)).any():
        return values
    return values.astype("int64")


MOST_EXACT = 2**53
"""Whole numbers up to here are floats without loss."""
