"""Values of a database as Arrow: a batch of rows at a time, each a Parquet file."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from storage.instants import INSTANT, NAIVE


class TimeAsText(sa.String):
    """A timestamp that is read as the text that it is stored as."""

    cache_ok = True


ARROW_TYPES: list[tuple[type[Any], pa.DataType]] = [
    (TimeAsText, pa.timestamp("us")),
    (sa.Boolean, pa.bool_()),
    (sa.Integer, pa.int64()),
    (sa.Numeric, pa.float64()),
    (sa.String, pa.string()),
]
"""Types that a table declares; for others, and for queries, the values of each batch decide."""


def arrow_type(declared: Any) -> pa.DataType | None:
    """The Arrow type of a declared one; None where the values decide."""
    return next((arrow for kind, arrow in ARROW_TYPES if isinstance(declared, kind)), None)


def write_batch(path: Path, names: list[str], batch: Sequence[Any], types: list[pa.DataType | None]) -> None:
    """One batch as one file, mode 0600."""
    arrays = []
    for i, values in enumerate(zip(*batch, strict=True)):
        arrays.append(_array(names[i], list(values), types[i]))
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        pq.write_table(pa.table(arrays, names=names), file)


def _array(name: str, values: list[Any], declared: pa.DataType | None) -> pa.Array:
    first = next((value for value in values if value is not None), None)
    if isinstance(first, datetime):
        declared = pa.timestamp("us", tz="UTC" if first.tzinfo else None)
    if isinstance(first, Decimal):
        values = [None if value is None else float(value) for value in values]
    if isinstance(first, dict):
        # Parquet has no type for objects whose keys differ from row to row.
        values = [None if value is None else json.dumps(value, sort_keys=True, default=str) for value in values]
    if isinstance(first, str) and declared and pa.types.is_timestamp(declared):
        return _timestamps(values)
    try:
        array = pa.array(values, type=declared)
    except (pa.ArrowException, OverflowError):
        # SQLite stores what it is given, whatever the column declares.
        array = None
    if array is None or isinstance(array.type, pa.BaseExtensionType):
        array = pa.array([None if value is None else str(value) for value in values], pa.string())
    return array


def _timestamps(values: list[Any]) -> pa.Array:
    """Timestamps that are stored as text; text where they are not, or of several forms."""
    text = pa.array([None if value is None else str(value) for value in values], pa.string())
    for kind in (NAIVE, INSTANT):
        try:
            return text.cast(kind)
        except pa.ArrowInvalid:
            continue
    return text
