"""Arrow columns as a database takes them: the type of a column that is made, and the values of a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    import sqlalchemy as sa

ZONELESS = frozenset({"sqlite", "mysql", "mariadb"})
"""Databases whose timestamps carry no zone: instants are stored there in UTC."""

_TYPES: tuple[tuple[Callable[[pa.DataType], bool], str, dict[str, Any]], ...] = (
    (pa.types.is_boolean, "Boolean", {}),
    (pa.types.is_uint64, "Numeric", {"precision": 20, "scale": 0}),
    (pa.types.is_integer, "BigInteger", {}),
    (pa.types.is_floating, "Double", {}),
    (pa.types.is_date, "Date", {}),
    (pa.types.is_time, "Time", {}),
    (pa.types.is_decimal, "Numeric", {}),
    (pa.types.is_nested, "JSON", {}),
    (lambda kind: pa.types.is_binary(kind) or pa.types.is_large_binary(kind), "LargeBinary", {}),
)
"""By kind of Arrow type the name of SQLAlchemy's; timestamps know whether they have a zone, all others are text."""


def sql_type(kind: pa.DataType) -> sa.types.TypeEngine[Any]:
    """The type of the column that holds values of an Arrow type.

    Examples
    --------
    >>> sql_type(pa.int8()), sql_type(pa.list_(pa.string())), sql_type(pa.timestamp("us", tz="UTC")).timezone
    (BigInteger(), JSON(), True)
    """
    import sqlalchemy as sa

    if pa.types.is_dictionary(kind):
        return sql_type(kind.value_type)
    if pa.types.is_timestamp(kind):
        return sa.DateTime(timezone=kind.tz is not None)
    found = next(((name, options) for is_kind, name, options in _TYPES if is_kind(kind)), ("Text", {}))
    made: sa.types.TypeEngine[Any] = getattr(sa, found[0])(**found[1])
    return made


def records(table: pa.Table, dialect: str) -> list[dict[str, Any]]:
    """The rows of a batch, in values that a driver takes.

    Examples
    --------
    >>> at = pa.array([0], pa.timestamp("us", tz="UTC"))
    >>> records(pa.table({"at": at, "plan": ["pro"]}), "sqlite")
    [{'at': datetime.datetime(1970, 1, 1, 0, 0), 'plan': 'pro'}]
    """
    columns = [_values(column, dialect) for column in table.columns]
    return [dict(zip(table.column_names, values, strict=True)) for values in zip(*columns, strict=True)]


def _values(column: pa.ChunkedArray, dialect: str) -> list[Any]:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    if pa.types.is_timestamp(kind):
        # What is finer than a microsecond is cut off, as in the column of times.
        zone = None if kind.tz is None or dialect in ZONELESS else "UTC"
        column = pc.cast(column, options=pc.CastOptions(pa.timestamp("us", kind.tz), allow_time_truncate=True))
        column = column.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us", zone)) if kind.tz else column
    values: list[Any] = column.to_pylist()
    # Drivers disagree about what they take for these.
    as_text = pa.types.is_duration(kind) or isinstance(kind, pa.UuidType)
    return [None if value is None else str(value) for value in values] if as_text else values
