"""Rows behind a SQL URL, streamed to Parquet files of a spool folder."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from lamplighter.core.monitor import Sql
from lamplighter.errors import ColumnError, SourceError
from storage.files import File, find, one_line

BATCH_ROWS = 50_000
"""Rows held as Python objects at a time: some 50 MB at 20 columns."""

ARROW_TYPES: list[tuple[type[Any], pa.DataType]] = [
    (sa.Boolean, pa.bool_()),
    (sa.Integer, pa.int64()),
    (sa.Numeric, pa.float64()),
    (sa.String, pa.string()),
]
"""Types that a table declares; for others, and for queries, the values of each batch decide."""


@lru_cache(maxsize=8)
def engine_of(url: str) -> sa.Engine:
    """The engine of a URL, one in a process."""
    return sa.create_engine(url)


def spool(
    sql: Sql, *, column: str | None, timezone: str | None, start: datetime, end: datetime, folder: Path
) -> list[File]:
    """Stream the rows of a table or query to Parquet, at most `BATCH_ROWS` of them in memory.

    Parameters
    ----------
    sql : Sql
    column : str or None
        Time column that bounds the read; None reads all.
    timezone : str or None
        Zone of timestamps that carry none.
    start, end : datetime
        Bounds. Rows outside may come along; they are left out where rows are chosen.
    folder : Path
        New folder for the files, which only their owner may read.

    Raises
    ------
    SourceError
        If the database does not answer, or refuses the query. The URL is not shown.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        with engine_of(sql.url.get_secret_value()).connect() as connection:
            statement = _statement(connection, sql, column, timezone, start, end)
            result = connection.execution_options(yield_per=BATCH_ROWS).execute(statement)
            types = [_arrow_type(entry.type) for entry in statement.selected_columns] if sql.table else None
            for i, batch in enumerate(result.partitions()):
                _write(folder / f"{i:05d}.parquet", list(result.keys()), batch, types)
    except (sa.exc.SQLAlchemyError, ImportError, ValueError) as error:
        raise SourceError(f"{_shown(sql)}: {one_line(getattr(error, 'orig', None) or error)}") from None
    # The stamp is the content's, so that a spool of the same rows counts as unchanged on another night.
    return [File(file.uri, hashlib.sha256(Path(file.uri).read_bytes()).hexdigest()) for file in find([f"{folder}/*.parquet"])]


def _shown(sql: Sql) -> str:
    """The source as a message may name it: database and table, never the credentials."""
    try:
        url = sa.make_url(sql.url.get_secret_value())
        place = f"{url.get_backend_name()} {url.host or ''}/{url.database or ''}"
    except sa.exc.ArgumentError:
        place = "sql.url, which is no SQLAlchemy URL,"
    return f"{place} {'table ' + sql.table if sql.table else 'query'}"


def _statement(
    connection: sa.Connection, sql: Sql, column: str | None, timezone: str | None, start: datetime, end: datetime
) -> Any:
    """The rows whose time lies in the bounds, as bound parameters."""
    bounds = {"start": start, "end": end}
    if sql.table:
        schema, _, name = sql.table.rpartition(".")
        table = sa.Table(name, sa.MetaData(), schema=schema or None, autoload_with=connection)
        if column is None:
            return sa.select(table)
        if column not in table.c:
            raise ColumnError(f"{_shown(sql)}: no time column {column!r}; it has {', '.join(table.c.keys())}")
        low, high = _bounds(connection.dialect.name, table.c[column].type, timezone, bounds, column)
        time = sa.type_coerce(table.c[column], sa.String) if isinstance(low, str) else table.c[column]
        return sa.select(table).where(time >= low, time < high)
    low, high = _bounds(connection.dialect.name, None, timezone, bounds, column)
    query = str(sql.query).strip().rstrip(";")
    declared = set(re.findall(r"(?<!:):(start|end)\b", query))
    if declared or column is None:
        return sa.text(query).bindparams(**{k: v for k, v in {"start": low, "end": high}.items() if k in declared})
    time = sa.column(column)
    rows = sa.text(f"({query}) AS rows_of_query")
    return sa.select(sa.text("*")).select_from(rows).where(time >= sa.literal(low), time < sa.literal(high))


def _bounds(
    dialect: str, declared: Any, timezone: str | None, bounds: dict[str, datetime], column: str | None
) -> tuple[Any, Any]:
    """The window's bounds as the time column compares with them."""
    if dialect == "sqlite" or isinstance(declared, sa.String):
        # Text of any ISO form sorts by its date; a day more on either side covers every zone and separator.
        zone = ZoneInfo(timezone or "UTC")
        low = (bounds["start"].astimezone(zone) - timedelta(days=1)).date().isoformat()
        return low, (bounds["end"].astimezone(zone) + timedelta(days=2)).date().isoformat()
    aware = declared.timezone if isinstance(declared, sa.DateTime) else timezone is None
    if aware:
        return bounds["start"].astimezone(UTC), bounds["end"].astimezone(UTC)
    if timezone is None:
        raise ColumnError(f"column {column!r} holds timestamps without a zone; declare timezone beside it")
    # An hour that is struck twice needs both of its strikes, so the bounds reach one hour further.
    zone = ZoneInfo(timezone)
    return (
        (bounds["start"] - timedelta(hours=1)).astimezone(zone).replace(tzinfo=None),
        (bounds["end"] + timedelta(hours=1)).astimezone(zone).replace(tzinfo=None),
    )


def _arrow_type(declared: Any) -> pa.DataType | None:
    return next((arrow for kind, arrow in ARROW_TYPES if isinstance(declared, kind)), None)


def _write(path: Path, names: list[str], batch: Sequence[Any], types: list[pa.DataType | None] | None) -> None:
    """One batch as one file, mode 0600."""
    arrays = []
    for i, values in enumerate(zip(*batch, strict=True)):
        arrays.append(_array(names[i], list(values), types[i] if types else None))
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        pq.write_table(pa.table(arrays, names=names), file)


def _array(name: str, values: list[Any], declared: pa.DataType | None) -> pa.Array:
    first = next((value for value in values if value is not None), None)
    if isinstance(first, datetime):
        kind = pa.timestamp("us", tz="UTC" if first.tzinfo else None)
        return pa.array(values, type=kind)
    if isinstance(first, Decimal):
        values = [None if value is None else float(value) for value in values]
    try:
        return pa.array(values, type=declared)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        # SQLite stores what it is given, whatever the column declares.
        return pa.array([None if value is None else str(value) for value in values])
