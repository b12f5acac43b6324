"""Rows behind a SQL URL, streamed to Parquet files of a spool folder."""

from __future__ import annotations

import glob
import hashlib
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from lamplighter.core.hints import names_listed
from lamplighter.core.monitor import Sql
from lamplighter.errors import ColumnError
from storage.project.database_urls import connect_options, place_of, refuse_absent_file, source_error
from storage.project.private_files import make_folder
from storage.project.sql_text import bound_query, changes_data, without_end
from storage.sources.files import File, find
from storage.sources.odd_times import tolerate
from storage.sources.sql_bounds import Bounds, refuse_unreadable_times
from storage.sources.sql_values import TimeAsText, arrow_type, write_batch

BATCH_ROWS = 50_000
"""Rows held as Python objects at a time: some 50 MB at 20 columns."""


@lru_cache(maxsize=8)
def engine_of(url: str) -> sa.Engine:
    """The engine of a URL, one in a process; it holds no connection open from one run to the next."""
    options = connect_options(sa.make_url(url))
    return tolerate(sa.create_engine(url, poolclass=sa.NullPool, connect_args=options))


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
    unit: str | None = None,
    day_zone: str = "UTC",
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
        Columns that rows are sorted by, those that there are, so that a repeated run reads the same.
    only : collection of str, optional
        Columns of a table that are enough.
    most : int, optional
        Rows that are enough.
    unit : {'s', 'ms', 'us', 'ns'}, optional
        What times that are numbers count; the bounds are then such numbers too.
    day_zone : str
        Zone whose days dates are.

    Raises
    ------
    SourceError
        If the database does not answer, or refuses the query. The URL is not shown.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import pyarrow.parquet as pq
    >>> orders = Sql(url=project.locate_url("sqlite:///shop.db"), table="orders")
    >>> span = {"column": "at", "timezone": "UTC", "start": window.start, "end": window.end}
    >>> with TemporaryDirectory() as folder:
    ...     files = spool(orders, **span, folder=Path(folder, "spool"), order=["id"])
    ...     print([pq.read_table(file.uri).num_rows for file in files])
    [5]
    """
    shutil.rmtree(folder, ignore_errors=True)
    bounds = Bounds(column, timezone, unit, day_zone, start, end, place_of(sql))
    asked = _Asked(sql, bounds, tuple(order), only)
    with _connected(sql) as connection:
        make_folder(folder)
        _stream(connection, asked, folder, most)
    # The stamp is the content's, so that a spool of the same rows counts as unchanged in another run.
    name = place_of(sql)
    found = find([f"{glob.escape(str(folder))}/*.parquet"])
    return [File(file.uri, _content_hash(file.uri), name=name) for file in found]


def count_rows(sql: Sql, bounds: Bounds) -> int:
    """How many rows a read of the same bounds would stream, some outside of them included.

    Raises
    ------
    SourceError
        As `spool`.

    Examples
    --------
    >>> orders = Sql(url=project.locate_url("sqlite:///shop.db"), table="orders")
    >>> count_rows(orders, Bounds("at", "UTC", None, "UTC", window.start, window.end, "orders"))
    5
    """
    asked = _Asked(sql, bounds, (), None)
    with _connected(sql) as connection:
        statement = _statement(connection, asked)
        rows = statement.columns() if isinstance(statement, sa.TextClause) else statement.order_by(None)
        return connection.scalar(sa.select(sa.func.count()).select_from(rows.subquery())) or 0


def newest_time(sql: Sql, bounds: Bounds) -> Any:
    """The largest value of the time column within bounds, as the database gives it; None where there are no rows.

    Raises
    ------
    SourceError
        As `spool`.

    Examples
    --------
    >>> orders = Sql(url=project.locate_url("sqlite:///shop.db"), table="orders")
    >>> newest_time(orders, Bounds("at", "UTC", None, "UTC", window.start, window.end, "orders"))
    '2026-03-11 14:00:00'
    """
    asked, column = _Asked(sql, bounds, (), None), bounds.column or ""
    with _connected(sql) as connection:
        statement = _statement(connection, asked)
        is_text = isinstance(statement, sa.TextClause)
        rows = (statement.columns(sa.column(column)) if is_text else statement.order_by(None)).subquery()
        time = rows.c[column] if column in rows.c else sa.column(column)
        # SQLite keeps times as text, whatever a column declares.
        time = sa.type_coerce(time, sa.types.NullType) if connection.dialect.name == "sqlite" else time
        newest = connection.scalar(sa.select(sa.func.max(time)).select_from(rows))
        if newest is None:
            found = None if is_text else statement.order_by(None).get_final_froms()[0]
            refuse_unreadable_times(connection, sql.query, found, asked.bounds)
        return newest


def columns_of(sql: Sql) -> list[str]:
    """The columns of a table or query.

    Raises
    ------
    SourceError
        As `spool`.

    Examples
    --------
    >>> columns_of(Sql(url=project.locate_url("sqlite:///shop.db"), table="orders"))
    ['id', 'at', 'amount']
    """
    now = datetime.now(UTC)
    bounds = Bounds(None, None, None, "UTC", now, now + timedelta(days=1), place_of(sql))
    asked = _Asked(sql, bounds, (), None)
    with _connected(sql) as connection:
        statement = _statement(connection, asked)
        rows = statement if isinstance(statement, sa.TextClause) else statement.limit(0)
        with connection.execution_options(yield_per=1).execute(rows) as result:
            return list(result.keys())


def tables_of(sql: Sql) -> list[str]:
    """The tables and views beside a table, named as it is; none where they cannot be listed.

    Raises
    ------
    SourceError
        If the database is a file that is not there.

    Examples
    --------
    >>> tables_of(Sql(url=project.locate_url("sqlite:///shop.db"), table="orders"))
    ['orders']
    """
    refuse_absent_file(sql)
    schema = str(sql.table).rpartition(".")[0] or None
    try:
        inspector = sa.inspect(engine_of(sql.url.get_secret_value()))
        names = sorted({*inspector.get_table_names(schema), *inspector.get_view_names(schema)})
    except (sa.exc.SQLAlchemyError, ImportError, ValueError, OSError):
        return []
    return [f"{schema}.{name}" if schema else name for name in names]


@contextmanager
def _connected(sql: Sql) -> Iterator[sa.Connection]:
    """A connection; whatever reading by it raises is one error, which names the source and not its URL."""
    try:
        refuse_absent_file(sql)
        with engine_of(sql.url.get_secret_value()).connect() as connection:
            yield connection
    except (sa.exc.SQLAlchemyError, pa.ArrowException, ImportError, ValueError, TypeError, OSError) as error:
        raise source_error(sql, error) from None


@dataclass(frozen=True, slots=True)
class _Asked:
    """The rows that are asked for."""

    sql: Sql
    bounds: Bounds
    order: tuple[str, ...]
    only: Collection[str] | None

    @property
    def place(self) -> str:
        return self.bounds.place


def _stream(connection: sa.Connection, asked: _Asked, folder: Path, most: int | None) -> None:
    statement = _statement(connection, asked)
    if most is not None and isinstance(statement, sa.Select):
        statement = statement.limit(most)
    with connection.execution_options(yield_per=BATCH_ROWS).execute(statement) as result:
        names = list(result.keys())
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ColumnError(
                f"column {twice!r} comes twice", where=asked.place, fix="name one of them otherwise with AS"
            )
        types = _types(statement, asked, names, connection.dialect.name)
        any_rows = False
        for i, batch in enumerate(result.partitions(BATCH_ROWS)):
            any_rows = True
            write_batch(folder / f"{i:05d}.parquet", names, batch, types)
    if not any_rows:
        rows = None if asked.sql.query else statement.order_by(None).get_final_froms()[0]
        refuse_unreadable_times(connection, asked.sql.query, rows, asked.bounds)


def _types(statement: Any, asked: _Asked, names: list[str], dialect: str) -> list[pa.DataType | None]:
    """The declared type of each column of a table; None where the values decide."""
    if asked.sql.query:
        return [None] * len(names)
    return [arrow_type(entry.type, dialect) for entry in statement.selected_columns]


def _content_hash(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _statement(connection: sa.Connection, asked: _Asked) -> Any:
    """The rows whose time lies in the bounds, as bound parameters."""
    if connection.dialect.name == "postgresql" and asked.bounds.timezone:
        # In this zone, whatever the server's: a query's column may carry a zone although one is declared beside it.
        connection.execute(sa.select(sa.func.set_config("TimeZone", asked.bounds.timezone, True)))
    return _of_table(connection, asked) if asked.sql.table else _of_query(connection, asked)


def _of_table(connection: sa.Connection, asked: _Asked) -> Any:
    assert asked.sql.table is not None
    schema, name = _schema_and_name(connection, asked.sql.table)
    table = sa.Table(name, sa.MetaData(), schema=schema, autoload_with=connection)
    dialect, column = connection.dialect.name, asked.bounds.column
    chosen = [entry for entry in table.c if asked.only is None or entry.name in asked.only]
    rows = sa.select(*(_as_stored(entry, dialect) for entry in chosen or table.c))
    if column is None:
        return rows
    if column not in table.c:
        raise ColumnError(f"no time column {column!r}", where=asked.place, fix=names_listed(column, table.c.keys()))
    low, high = asked.bounds.of(connection, table.c[column], table)
    time: Any = sa.type_coerce(table.c[column], sa.String) if isinstance(low, str) else table.c[column]
    if isinstance(low, int):
        time = sa.type_coerce(table.c[column], sa.BigInteger)
    return _sorted(
        rows.where(time >= low, time < high), dialect, [table.c[name] for name in asked.order if name in table.c]
    )


def _schema_and_name(connection: sa.Connection, table: str) -> tuple[str | None, str]:
    """What stands before the last dot is a schema where that schema has such a table, else a part of the name."""
    schema, _, name = table.rpartition(".")
    return (schema, name) if schema and sa.inspect(connection).has_table(name, schema=schema) else (None, table)


def _as_stored(column: Any, dialect: str) -> Any:
    """SQLite has neither timestamps nor decimals: each row is read as it was written, whatever its column declares."""
    if dialect == "sqlite" and isinstance(column.type, sa.DateTime):
        return sa.type_coerce(column, TimeAsText).label(column.name)
    if dialect == "sqlite" and isinstance(column.type, sa.Numeric) and not isinstance(column.type, sa.Float):
        return sa.type_coerce(column, sa.types.NullType).label(column.name)
    return column


def _of_query(connection: sa.Connection, asked: _Asked) -> Any:
    dialect, bounds = connection.dialect.name, asked.bounds
    if word := changes_data(str(asked.sql.query), dialect):
        raise ColumnError(f"is a {word}, which changes data, and was not run", where=asked.place, fix="write a SELECT")
    query, bound = bound_query(without_end(str(asked.sql.query), dialect), dialect, ("start", "end"))
    # The line may end in a comment.
    rows_of_query = sa.text(f"({query}\n) AS rows_of_query")
    if bounds.column is None:
        low, high = bounds.of_query(connection, None, None)
    else:
        time: sa.ColumnClause[Any] = sa.column(bounds.column)
        plain = bounds.of_query(connection, None, None)
        given = {name: value for name, value in zip(("start", "end"), plain, strict=True) if name in bound}
        low, high = bounds.of_query(connection, time, rows_of_query.bindparams(**given), is_bound=bool(bound))
    if bound or bounds.column is None:
        values = {name: value for name, value in (("start", low), ("end", high)) if name in bound}
        return sa.text(query).bindparams(**values)
    rows = sa.select(sa.text("*")).select_from(rows_of_query)
    return _sorted(rows.where(time >= sa.literal(low), time < sa.literal(high)), dialect, [time])


def _sorted(rows: Any, dialect: str, columns: Sequence[Any]) -> Any:
    """SQLite reads a table the same way twice; a server does not promise it."""
    return rows if dialect == "sqlite" else rows.order_by(*columns)
