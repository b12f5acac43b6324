"""What messages say about a database: where it is and what it refused, never the credentials of its URL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from lamplighter.core.secrets import database_secrets, hide
from lamplighter.errors import HistoryError, SourceError, one_line
from storage.project.sql_text import why_refused

if TYPE_CHECKING:
    from lamplighter.core.monitor import Sql

DRIVERS = {
    "postgres": "write postgresql+psycopg://",
    "psycopg2": "write postgresql+psycopg://",
    "MySQLdb": "pip install pymysql, and write mysql+pymysql://",
    "pymysql": "pip install pymysql",
    "mysql": "pip install mysql-connector-python",
    "pyodbc": "pip install pyodbc",
    "pymssql": "pip install pymssql",
    "cx_Oracle": "pip install oracledb, and write oracle+oracledb://",
    "oracledb": "pip install oracledb",
    "snowflake": "pip install snowflake-sqlalchemy",
    "bigquery": "pip install sqlalchemy-bigquery",
    "redshift": "pip install sqlalchemy-redshift",
    "databricks": "pip install databricks-sqlalchemy",
    "duckdb": "pip install duckdb-engine",
    "trino": "pip install trino[sqlalchemy]",
    "clickhouse": "pip install clickhouse-sqlalchemy",
}
"""What to do about a driver that is not installed, by the module or the dialect that SQLAlchemy misses."""


CONNECT_SECONDS = 10
"""How long a server may take for a connection; a driver would wait for minutes, or without limit."""

CONNECT_TIMEOUT = dict.fromkeys(("psycopg", "psycopg2", "pymysql", "mysqldb"), "connect_timeout")
"""By driver the option that limits how long a connection may take."""


def connect_options(url: sa.URL) -> dict[str, int]:
    """What a driver is given beside a URL, so that a server that says nothing ends a command; the URL's own wins.

    Examples
    --------
    >>> connect_options(sa.make_url("postgresql+psycopg://host/db"))
    {'connect_timeout': 10}
    >>> connect_options(sa.make_url("postgresql+psycopg://host/db?connect_timeout=60"))
    {}
    """
    option = CONNECT_TIMEOUT.get(url.drivername.partition("+")[2])
    return {} if option is None or option in url.query else {option: CONNECT_SECONDS}


def _silent_fault(url: sa.URL, error: BaseException) -> tuple[str, str] | None:
    """What to do about a server that did not answer in time, where that is what an error is about; else None."""
    if "timeout expired" not in str(error):
        return None
    seconds = url.query.get("connect_timeout", CONNECT_SECONDS)
    cure = "mend it, or write connect_timeout=60 behind the ? of its URL"
    return f"the server did not answer within {seconds} s", cure


def driver_fault(error: BaseException) -> tuple[str, str] | None:
    """What is wrong with the driver that a URL names, and what to do, where that is what an error is about; else None.

    Examples
    --------
    >>> driver_fault(ModuleNotFoundError("No module named 'psycopg2'", name="psycopg2"))
    ('the driver psycopg2 is not installed', 'write postgresql+psycopg://')
    """
    if isinstance(error, sa.exc.MissingGreenlet):
        return "the driver is an asynchronous one", "write one such as postgresql+psycopg:// or sqlite:///"
    if isinstance(error, ModuleNotFoundError):
        name = error.name or str(error)
    elif isinstance(error, sa.exc.NoSuchModuleError):
        name = str(error).rpartition(":")[2]
    else:
        return None
    cure = DRIVERS.get(name, "install its SQLAlchemy dialect, or mend the URL")
    return f"the driver {name} is not installed", cure


def place_of(sql: Sql) -> str:
    """The source as a message may name it: database and table, never the credentials.

    Examples
    --------
    >>> from lamplighter.core.monitor import Sql
    >>> place_of(Sql(url="postgresql://jo:secret@db.example/shop", table="orders"))
    'postgresql db.example/shop table orders'
    """
    try:
        url = sa.make_url(sql.url.get_secret_value())
        # Of a password with an @ in it, a part is taken for the host.
        host = (url.host or "").rpartition("@")[2]
        place = f"{url.get_backend_name()} {host}/{url.database or ''}"
    except (sa.exc.ArgumentError, ValueError):
        place = "sql.url, which is no SQLAlchemy URL,"
    return without_secrets(f"{place} {'table ' + sql.table if sql.table else 'query'}", sql)


def source_error(sql: Sql, error: BaseException) -> SourceError:
    """What went wrong with a database, where and what to do, without the credentials.

    Examples
    --------
    >>> from lamplighter.core.monitor import Sql
    >>> orders = Sql(url="postgresql://jo:s3cret@db.example/shop", table="orders")
    >>> print(source_error(orders, ValueError("no login as jo with s3cret")))
    postgresql db.example/shop table orders: no login as jo with ***
    """
    what, cure = _refusal(sql, error)
    return SourceError(without_secrets(what, sql), where=place_of(sql), fix=without_secrets(cure, sql))


def _refusal(sql: Sql, error: BaseException) -> tuple[str, str]:
    """What a database refused, and what to do."""
    if isinstance(error, sa.exc.NoSuchTableError):
        return "no such table", "give one that the user of the URL may read, with its schema where it has one"
    if type(error) is sa.exc.ArgumentError and not _is_url(sql):
        return ANY_URL, ""
    silent = _silent_fault(sa.make_url(sql.url.get_secret_value()), error) if _is_url(sql) else None
    if fault := driver_fault(error) or silent:
        return fault
    text = one_line(getattr(error, "orig", None) or error)
    cure = next((cure for said, cure in CURES.items() if said in text), "")
    if sql.query and isinstance(error, sa.exc.SQLAlchemyError):
        cure = why_refused(sql.query, _backend_of(sql), ("start", "end")) or cure
    return text, cure


def _backend_of(sql: Sql) -> str:
    """SQLAlchemy's name of the database."""
    return sa.make_url(sql.url.get_secret_value()).get_backend_name() if _is_url(sql) else ""


ANY_URL = "write one such as postgresql+psycopg://user:password@host/database or sqlite:///path/to/file.db"

CURES = {
    "file is not a database": "name a file of SQLite; Parquet and CSV belong under parquet:",
    "syntax error": "a query is one SELECT of the database's own dialect",
    "one statement at a time": "a query is one SELECT of the database's own dialect",
}
"""What to do about what a database refused, by its words."""


def _is_url(sql: Sql) -> bool:
    try:
        sa.make_url(sql.url.get_secret_value())
    except (sa.exc.ArgumentError, ValueError):
        return False
    return True


def without_secrets(text: str, sql: Sql) -> str:
    """A message without what the URL keeps secret; drivers quote what they could not make sense of.

    Examples
    --------
    >>> from lamplighter.core.monitor import Sql
    >>> without_secrets("login jo:s3cret failed", Sql(url="postgresql://jo:s3cret@db.example/shop", table="orders"))
    'login jo:*** failed'
    """
    return hide(text, database_secrets(sql.url.get_secret_value()))


def history_error(url: sa.URL, error: BaseException, *, asked: str = "", fix: str = "") -> HistoryError:
    """What a history's database refused, and where it is, without what its URL keeps secret.

    Parameters
    ----------
    asked : str
        What it was asked for, where that is not plain.
    fix : str
        What the caller's user can do.

    Examples
    --------
    >>> url = sa.make_url("postgresql://jo:s3cret@db.example/history")
    >>> print(history_error(url, ValueError("disk full")))
    history postgresql://jo:***@db.example/history: disk full
    """
    place = url.set(query={}).render_as_string(hide_password=True)
    known = driver_fault(error) or _silent_fault(url, error)
    reason, cure = known or (one_line(getattr(error, "orig", None) or error), "")
    secrets = database_secrets(url.render_as_string(hide_password=False))
    return HistoryError(
        hide(f"{asked}{reason}", secrets),
        where=hide(f"history {place}", secrets),
        fix="; ".join(filter(None, (cure, fix))),
    )


def refuse_absent_file(sql: Sql) -> None:
    """SQLite makes a database that is not there, and then has no table.

    Raises
    ------
    SourceError
        If the file is not there, or the URL is none.

    Examples
    --------
    >>> from lamplighter.core.monitor import Sql
    >>> refuse_absent_file(Sql(url="sqlite:////no/such/shop.db", table="orders"))
    Traceback (most recent call last):
    ...
    lamplighter.errors.SourceError: sqlite //no/such/shop.db table orders: no such file; mend the path, or make the
     database first
    """
    if not _is_url(sql):
        raise SourceError(ANY_URL, where=place_of(sql))
    url = sa.make_url(sql.url.get_secret_value())
    path = url.database or ""
    if url.get_backend_name() != "sqlite" or path.startswith("file:"):
        return
    if not path or path == ":memory:":
        said = "the URL names no file, and a database in memory has no tables"
        raise SourceError(said, where=place_of(sql), fix="write sqlite:///path/to/file.db")
    if not Path(path).exists():
        raise SourceError("no such file", where=place_of(sql), fix="mend the path, or make the database first")
    if not Path(path).is_file():
        raise SourceError("is no regular file", where=place_of(sql), fix="name the file of the database")
