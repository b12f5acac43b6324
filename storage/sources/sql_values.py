"""Values of a database as Arrow: a batch of rows at a time, each a Parquet file."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from lamplighter.core.values.identity import identity
from storage.sources.odd_times import noted, without_odd
from storage.sources.timestamps import INSTANT, NAIVE

JSON = pa.json_()
"""Objects whose keys differ from row to row. Where texts are meant they are none, as the structs of a file."""


class TimeAsText(sa.String):
    """A timestamp that is read as the text that it is stored as."""

    cache_ok = True


ARROW_TYPES: list[tuple[type[Any], pa.DataType | None]] = [
    (TimeAsText, pa.timestamp("us")),
    (sa.Boolean, pa.bool_()),
    (sa.Integer, pa.int64()),
    (sa.REAL, pa.float32()),
    (sa.Float, pa.float64()),
    # A decimal holds whole numbers that no float does.
    (sa.Numeric, None),
    (sa.String, pa.string()),
]
"""Types that a table declares; for others, and for queries, the values of each batch decide."""


DOUBLE_REAL = frozenset({"sqlite", "mysql", "mariadb", "oracle"})
"""Databases whose REAL has twice the digits of PostgreSQL's."""


def arrow_type(declared: Any, dialect: str = "") -> pa.DataType | None:
    """The Arrow type of a declared one; None where the values decide.

    Examples
    --------
    >>> arrow_type(sa.BigInteger()), arrow_type(sa.Text()), arrow_type(sa.JSON())
    (DataType(int64), DataType(string), None)
    """
    if dialect in DOUBLE_REAL and isinstance(declared, sa.REAL):
        return pa.float64()
    return next((arrow for kind, arrow in ARROW_TYPES if isinstance(declared, kind)), None)


def write_batch(path: Path, names: list[str], batch: Sequence[Any], types: list[pa.DataType | None]) -> None:
    """One batch as one file, mode 0600.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path, rows = Path(folder, "0.parquet"), [("a", 1), ("b", None)]
    ...     write_batch(path, ["id", "paid"], rows, [pa.string(), pa.int64()])
    ...     print(pq.read_table(path).to_pylist())
    [{'id': 'a', 'paid': 1}, {'id': 'b', 'paid': None}]
    """
    arrays = []
    odd: dict[str, int] = {}
    for i, column in enumerate(zip(*batch, strict=True)):
        values, count = without_odd(list(column))
        odd |= {names[i]: count} if count else {}
        arrays.append(_array(names[i], values, types[i]))
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        pq.write_table(noted(pa.table(arrays, names=names), odd), file)


def _array(name: str, values: list[Any], declared: pa.DataType | None) -> pa.Array:
    first = next((value for value in values if value is not None), None)
    if isinstance(first, datetime):
        declared = pa.timestamp("us", tz="UTC" if first.tzinfo else None)
    if isinstance(first, str) and declared and pa.types.is_timestamp(declared):
        return _timestamps(values)
    if any(isinstance(value, dict) for value in values):
        return pa.array([None if value is None else _json(value) for value in values], pa.string()).cast(JSON)
    try:
        array = pa.array(values, type=declared)
    except (pa.ArrowException, OverflowError, TypeError, UnicodeError):
        # SQLite stores what it is given, whatever the column declares; a server's decimal may be NaN.
        array = _of_several_types(values)
    return _as_text(values) if isinstance(array.type, pa.BaseExtensionType) else array


def _of_several_types(values: list[Any]) -> pa.Array:
    if all(isinstance(value, Decimal | None) for value in values):
        finite = [None if value is None or value.is_nan() else value for value in values]
        with suppress(pa.ArrowException, TypeError):
            return pa.array(finite)
    return _as_text(values)


def _as_text(values: list[Any]) -> pa.Array:
    """Objects and lists as JSON; of other values the identities, from which numbers can be read again."""
    return pa.array(
        [_json(value) if isinstance(value, dict | list) else identity(value) for value in values], pa.string()
    )


def _json(value: Any) -> str:
    # Half a character, such as \ud800, stays an escape, which a text of Arrow's could not hold.
    return json.dumps(value, sort_keys=True, default=identity)


def _timestamps(values: list[Any]) -> pa.Array:
    """Timestamps that are stored as text; text where they are not, or of several forms."""
    text = pa.array([None if value is None else str(value) for value in values], pa.string())
    for kind in (NAIVE, INSTANT):
        try:
            return text.cast(kind)
        except pa.ArrowInvalid:
            continue
    return text
