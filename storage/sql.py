"""Rows behind a SQL URL, streamed to Parquet files of a spool folder."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from lamplighter.core.monitor import Sql
from lamplighter.errors import ColumnError, SourceError
from storage.files import File, find, one_line
from storage.instants import INSTANT, NAIVE

BATCH_ROWS = 50_000
"""Rows held as Python objects at a time: some 50 MB at 20 columns."""


class _TimeAsText(sa.String):
    """A timestamp that is read as the text that it is stored as."""

    cache_ok = True


ARROW_TYPES: list[tuple[type[Any], pa.DataType]] = [
    (_TimeAsText, pa.timestamp("us")),
    (sa.Boolean, pa.bool_()),
    (sa.Integer, pa.int64()),
    (sa.Numeric, pa.float64()),
    (sa.String, pa.string()),
]
"""Types that a table declares; for others, and for queries, the values of each batch decide."""


NOT_A_TIME = (sa.Integer, sa.Float, sa.Boolean, sa.Time)
"""Types that a time column must not have; what SQLite does not know it calls numeric. A date alone is refused later."""


@lru_cache(maxsize=8)
def engine_of(url: str) -> sa.Engine:
    """The engine of a URL, one in a process; it holds no connection open from one night to the next."""
    return sa.create_engine(url, poolclass=sa.NullPool)


def spool(
    sql: Sql,
    *,
    column: str | None,
    timezone: str | None,
    start: datetime,
    end: datetime,
    folder: Path,
    order: Sequence[str] = (),
    only: Collection[str] | None = None,
    most: int | None = None,
) -> list[File]:
    """Stream the rows of a table or query to Parquet, at most `BATCH_ROWS` of them in memory.

    Parameters
    ----------
    sql : Sql
        Where the rows are.
    column : str or None
        Time column that bounds the read; None reads all.
    timezone : str or None
        Zone of timestamps that carry none.
    start, end : datetime
        Bounds. Rows outside may come along; they are left out where rows are chosen.
    folder : Path
        New folder for the files, which only their owner may read.
    order : sequence of str
        Columns that rows are sorted by, those that there are, so that a night run twice reads the same.
    only : collection of str, optional
        Columns of a table that are enough.
    most : int, optional
        Rows that are enough.

    Raises
    ------
    SourceError
        If the database does not answer, or refuses the query. The URL is not shown.
    """
    shutil.rmtree(folder, ignore_errors=True)
    asked = _Asked(sql, column, timezone, start, end, tuple(order), only)
    try:
        folder.mkdir(parents=True, mode=0o700)
        _refuse_absent_file(sql)
        with engine_of(sql.url.get_secret_value()).connect() as connection:
            _stream(connection, asked, folder, most)
    except (sa.exc.SQLAlchemyError, pa.ArrowException, ImportError, ValueError, OSError) as error:
        raise SourceError(f"{_shown(sql)}: {_reason(sql, error)}") from None
    # The stamp is the content's, so that a spool of the same rows counts as unchanged on another night.
    return [File(file.uri, _content_hash(file.uri)) for file in find([f"{glob.escape(str(folder))}/*.parquet"])]


@dataclass(frozen=True, slots=True)
class _Asked:
    """The rows that are asked for."""

    sql: Sql
    column: str | None
    timezone: str | None
    start: datetime
    end: datetime
    order: tuple[str, ...]
    only: Collection[str] | None


def _stream(connection: sa.Connection, asked: _Asked, folder: Path, most: int | None) -> None:
    statement = _statement(connection, asked)
    if most is not None and isinstance(statement, sa.Select):
        statement = statement.limit(most)
    with connection.execution_options(yield_per=BATCH_ROWS).execute(statement) as result:
        names = list(result.keys())
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ColumnError(f"{_shown(asked.sql)}: column {twice!r} comes twice; name one of them otherwise with AS")
        types = _types(statement, asked, names)
        for i, batch in enumerate(result.partitions()):
            _write(folder / f"{i:05d}.parquet", names, batch, types)


def _types(statement: Any, asked: _Asked, names: list[str]) -> list[pa.DataType | None]:
    """The declared type of each column of a table; None where the values decide."""
    if asked.sql.query:
        return [None] * len(names)
    return [_arrow_type(entry.type) for entry in statement.selected_columns]


def _content_hash(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _shown(sql: Sql) -> str:
    """The source as a message may name it: database and table, never the credentials."""
    try:
        url = sa.make_url(sql.url.get_secret_value())
        # Of a password with an @ in it, a part is taken for the host.
        host = (url.host or "").rpartition("@")[2]
        place = f"{url.get_backend_name()} {host}/{url.database or ''}"
    except (sa.exc.ArgumentError, ValueError):
        place = "sql.url, which is no SQLAlchemy URL,"
    return _without_secrets(f"{place} {'table ' + sql.table if sql.table else 'query'}", sql)


def _reason(sql: Sql, error: BaseException) -> str:
    """What went wrong, in one line without the credentials."""
    if isinstance(error, sa.exc.NoSuchTableError):
        return "no such table; give one that the user of the URL may read, with its schema where it has one"
    if type(error) is sa.exc.ArgumentError:
        return "write one such as postgresql+psycopg://user:password@host/database"
    return _without_secrets(one_line(getattr(error, "orig", None) or error), sql)


SECRET_OPTION = re.compile(r"[?&;](?:[^=&;]*(?:pass|pwd|secret|token|key|odbc)[^=&;]*)=([^&]+)", re.IGNORECASE)


def _without_secrets(text: str, sql: Sql) -> str:
    """A message without what the URL keeps secret; drivers quote what they could not make sense of."""
    url = sql.url.get_secret_value()
    # Everything after the user's name up to the last @: a password that was not escaped may hold any sign.
    user, _, password = url.partition("://")[2].rpartition("@")[0].partition(":")
    pieces = [piece for piece in re.split("[@:/?#]", password) if len(piece) > 2]
    kept = {form for part in [password, *pieces, *SECRET_OPTION.findall(url)] for form in (part, unquote(part))}
    # Where the password is the user's name, as on many a test machine, it is no secret and stands everywhere.
    for secret in sorted(kept - {"", user}, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _refuse_absent_file(sql: Sql) -> None:
    """SQLite makes a database that is not there, and then has no table."""
    url = sa.make_url(sql.url.get_secret_value())
    path = url.database or ""
    if url.get_backend_name() == "sqlite" and path and not path.startswith((":", "file:")) and not Path(path).exists():
        raise SourceError(f"{_shown(sql)}: no such file; a relative path is looked for from where the command runs")


def _statement(connection: sa.Connection, asked: _Asked) -> Any:
    """The rows whose time lies in the bounds, as bound parameters."""
    if connection.dialect.name == "postgresql" and asked.timezone:
        # In this zone, whatever the server's: a query's column may carry a zone although one is declared beside it.
        connection.execute(sa.select(sa.func.set_config("TimeZone", asked.timezone, True)))
    return _of_table(connection, asked) if asked.sql.table else _of_query(connection, asked)


def _of_table(connection: sa.Connection, asked: _Asked) -> Any:
    assert asked.sql.table is not None
    schema, _, name = asked.sql.table.rpartition(".")
    table = sa.Table(name, sa.MetaData(), schema=schema or None, autoload_with=connection)
    dialect, column = connection.dialect.name, asked.column
    chosen = [entry for entry in table.c if asked.only is None or entry.name in asked.only]
    rows = sa.select(*(_as_stored(entry, dialect) for entry in chosen or table.c))
    if column is None:
        return rows
    if column not in table.c:
        raise ColumnError(f"{_shown(asked.sql)}: no time column {column!r}; it has {', '.join(table.c.keys())}")
    kind = table.c[column].type
    if isinstance(kind, NOT_A_TIME) or (isinstance(kind, sa.Numeric) and dialect != "sqlite"):
        raise ColumnError(f"{_shown(asked.sql)}: column {column!r} is {kind!s}; a time column holds timestamps")
    low, high = _bounds(dialect, kind, asked)
    time: Any = sa.type_coerce(table.c[column], sa.String) if isinstance(low, str) else table.c[column]
    return _sorted(
        rows.where(time >= low, time < high), dialect, [table.c[name] for name in asked.order if name in table.c]
    )


def _as_stored(column: Any, dialect: str) -> Any:
    """SQLite has neither timestamps nor decimals: each row is read as it was written, whatever its column declares."""
    if dialect == "sqlite" and isinstance(column.type, sa.DateTime):
        return sa.type_coerce(column, _TimeAsText).label(column.name)
    if dialect == "sqlite" and isinstance(column.type, sa.Numeric) and not isinstance(column.type, sa.Float):
        return sa.type_coerce(column, sa.types.NullType).label(column.name)
    return column


def _of_query(connection: sa.Connection, asked: _Asked) -> Any:
    low, high = _bounds(connection.dialect.name, None, asked)
    # A colon in a literal is no parameter: only these two are.
    query = re.sub(r"(?<![:\w\\]):(?!(?:start|end)\b)(?=\w)", r"\\:", str(asked.sql.query).strip().rstrip(";"))
    declared = set(re.findall(r"(?<!:):(start|end)\b", query))
    if declared or asked.column is None:
        return sa.text(query).bindparams(**{k: v for k, v in {"start": low, "end": high}.items() if k in declared})
    time: sa.ColumnClause[Any] = sa.column(asked.column)
    # The line may end in a comment.
    rows = sa.select(sa.text("*")).select_from(sa.text(f"({query}\n) AS rows_of_query"))
    return _sorted(rows.where(time >= sa.literal(low), time < sa.literal(high)), connection.dialect.name, [time])


def _sorted(rows: Any, dialect: str, columns: Sequence[Any]) -> Any:
    """SQLite reads a table the same way twice; a server does not promise it."""
    return rows if dialect == "sqlite" else rows.order_by(*columns)


def _bounds(dialect: str, declared: Any, asked: _Asked) -> tuple[Any, Any]:
    """The window's bounds as the time column compares with them."""
    start, end, timezone = asked.start, asked.end, asked.timezone
    if dialect == "sqlite" or isinstance(declared, sa.String):
        # Text of any ISO form sorts by its date; a day more on either side covers every zone and separator.
        zone = ZoneInfo(timezone or "UTC")
        low = (start.astimezone(zone) - timedelta(days=1)).date().isoformat()
        return low, (end.astimezone(zone) + timedelta(days=2)).date().isoformat()
    aware = declared.timezone if isinstance(declared, sa.DateTime) else timezone is None
    if aware:
        return start.astimezone(UTC), end.astimezone(UTC)
    if timezone is None:
        raise ColumnError(
            f"{_shown(asked.sql)}: column {asked.column!r} holds timestamps without a zone; declare timezone beside it"
        )
    # An hour that is struck twice needs both of its strikes, so the bounds reach one hour further.
    zone = ZoneInfo(timezone)
    return (
        (start - timedelta(hours=1)).astimezone(zone).replace(tzinfo=None),
        (end + timedelta(hours=1)).astimezone(zone).replace(tzinfo=None),
    )


def _arrow_type(declared: Any) -> pa.DataType | None:
    return next((arrow for kind, arrow in ARROW_TYPES if isinstance(declared, kind)), None)


def _write(path: Path, names: list[str], batch: Sequence[Any], types: list[pa.DataType | None]) -> None:
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
