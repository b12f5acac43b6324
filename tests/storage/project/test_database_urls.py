"""The message about a database that refuses: what, where, and never the password."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from lamplighter.core.monitor import Sql
from lamplighter.errors import ColumnError, SourceError
from storage.project.database_urls import without_secrets
from tests.storage.sql_tables import fetch, load, log_of, run, values


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/log.db" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")


SECRET = "hunter2"
WRITE_PSYCOPG = "the driver psycopg2 is not installed; write postgresql+psycopg://"


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fault_of(url: str, tmp_path: Path, **where: str) -> str:
    with pytest.raises(SourceError) as raised:
        fetch(url, tmp_path, **(where or {"table": "log"}))
    message = str(raised.value)
    assert "\n" not in message
    assert raised.value.__cause__ is None
    return message


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql+psycopg://me:hunter2@127.0.0.1:{port}/db", "postgresql 127.0.0.1/db table log: connection failed"),
        (
            "postgresql+psycopg://me@127.0.0.1:{port}/db?password=hunter2",
            "postgresql 127.0.0.1/db table log: conn",
        ),
        ("postgresql+psycopg://me:hunter2%40x@127.0.0.1:{port}/db", "postgresql 127.0.0.1/db table log: conn"),
        ("sqlite:///{folder}/log.db?password=hunter2", "sqlite /"),
        ("nosuch://me:hunter2@host/db", "nosuch host/db table log: the driver nosuch is not installed; install its"),
        (
            "mysql+nosuch://me:hunter2@host/db",
            "mysql host/db table log: the driver mysql.nosuch is not installed; install its",
        ),
        (
            "mysql://me:hunter2@host/db",
            "mysql host/db table log: the driver MySQLdb is not installed; pip install pymysql, and write mysql+",
        ),
        ("postgresql://me:hunter2@host/db", f"postgresql host/db table log: {WRITE_PSYCOPG}"),
        (
            "postgres://me:hunter2@host/db",
            f"postgres host/db table log: {WRITE_PSYCOPG.replace('psycopg2', 'postgres')}",
        ),
        (
            "snowflake://me:hunter2@account/db",
            "snowflake account/db table log: the driver snowflake is not installed; pip install snowflake-sqlalchemy",
        ),
        (
            "postgresql+asyncpg://me:hunter2@127.0.0.1:{port}/db",
            "postgresql 127.0.0.1/db table log: the driver is an asynchronous one; write one such as postgresql",
        ),
        ("me:hunter2@host", "sql.url, which is no SQLAlchemy URL, table log: write one such as postgresql+psycopg://"),
        ("", "sql.url, which is no SQLAlchemy URL, table log: write one such as"),
    ],
)
def test_an_address_that_does_not_serve_is_one_line_without_the_password(
    tmp_path: Path, url: str, expected: str
) -> None:
    (tmp_path / "log.db").touch()
    message = fault_of(url.replace("{port}", str(closed_port())).replace("{folder}", str(tmp_path)), tmp_path / "spool")
    assert message.startswith(expected)
    assert SECRET not in message
    assert len(message) >= len(expected) > 0


def test_what_a_driver_quotes_of_the_url_is_not_reported() -> None:
    def shown(url: str, text: str) -> str:
        return without_secrets(text, Sql(url=SecretStr(url), table="log"))

    assert shown("x://u@h/d?sslpassword=hunter2&a=1", "bad value hunter2 of a=1") == "bad value *** of a=1"
    assert shown("x:///?odbc_connect=PWD%3Dhunter2%3B", "PWD=hunter2; or PWD%3Dhunter2%3B") == "*** or ***"
    assert shown("x://u:hunter%402@h/d", "hunter@2, hunter%402") == "***, ***"
    assert shown("x://me:me@h/d", "user me failed") == "user me failed"


@pytest.fixture
def guarded(postgresql_url: str) -> Iterator[sa.URL]:
    """A database whose user has to give a password."""
    run(postgresql_url, f"CREATE ROLE guarded LOGIN PASSWORD '{SECRET}'", "CREATE TABLE log (at timestamptz, x int)")
    run(postgresql_url, "GRANT SELECT ON log TO guarded")
    with sa.create_engine(postgresql_url, poolclass=sa.NullPool).connect() as connection:
        rules = Path(connection.execute(sa.text("SHOW hba_file")).scalar_one())
    before = rules.read_text()
    rules.write_text(f"local all guarded scram-sha-256\n{before}")
    run(postgresql_url, "SELECT pg_reload_conf()")
    yield sa.make_url(postgresql_url).set(username="guarded")
    rules.write_text(before)
    run(postgresql_url, "SELECT pg_reload_conf()", "DROP OWNED BY guarded", "DROP ROLE guarded")


def test_a_wrong_password_is_refused_and_not_told(guarded: sa.URL, tmp_path: Path) -> None:
    right = guarded.set(password=SECRET).render_as_string(hide_password=False)
    assert fetch(right, tmp_path, table="log").count == 0
    wrong = guarded.set(password=f"{SECRET}-wrong").render_as_string(hide_password=False)
    message = fault_of(wrong, tmp_path)
    assert 'password authentication failed for user "guarded"' in message
    assert SECRET not in message
    assert "wrong" not in message


def test_a_table_that_may_not_be_read_is_reported(guarded: sa.URL, postgresql_url: str, tmp_path: Path) -> None:
    run(postgresql_url, "REVOKE SELECT ON log FROM guarded")
    message = fault_of(guarded.set(password=SECRET).render_as_string(hide_password=False), tmp_path)
    assert "permission denied for table log" in message


def test_a_database_that_is_not_there(postgresql_url: str, tmp_path: Path) -> None:
    url = sa.make_url(postgresql_url).set(database="absent", password=SECRET)
    assert 'database "absent" does not exist' in fault_of(url.render_as_string(hide_password=False), tmp_path)


def test_unknown_tables_and_columns(database: str, tmp_path: Path) -> None:
    run(database, "CREATE TABLE log (at timestamp, x int)")
    assert fault_of(database, tmp_path, table="lgo").endswith(
        "table lgo: no such table; give one that the user of the URL may read, with its schema where it has one"
    )
    assert "no_such" in fault_of(database, tmp_path, query="SELECT at FROM log WHERE no_such = 1")
    with pytest.raises(ColumnError, match=r"table log: no time column 'when'; it has at, x$"):
        fetch(database, tmp_path, table="log", time="when")
    with pytest.raises(
        ColumnError, match=r"table log: column 'x' holds numbers; declare time_unit, one of s, ms, us, ns, beside it$"
    ):
        fetch(database, tmp_path, table="log", time="x")
    with pytest.raises(ColumnError, match="column 'x' comes twice; name one of them otherwise with AS"):
        fetch(database, tmp_path, query="SELECT at, x, x + 1 AS x FROM log WHERE at >= :start", timezone="UTC")


def test_a_naive_column_needs_a_zone(postgresql_url: str, tmp_path: Path) -> None:
    run(postgresql_url, "CREATE TABLE log (at timestamp, x int)")
    with pytest.raises(ColumnError, match="column 'at' holds timestamps without a zone; declare timezone beside it"):
        fetch(postgresql_url, tmp_path, table="log")


def test_dates_alone_are_days(postgresql_url: str, tmp_path: Path) -> None:
    days = ", ".join(f"('2013-{day}', {i})" for i, day in enumerate(("05-31", "06-01", "06-02")))
    run(postgresql_url, "CREATE TABLE log (at date, x int)", f"INSERT INTO log VALUES {days}")
    assert values(fetch(postgresql_url, tmp_path, table="log", timezone="UTC")) == [1]


def test_an_absent_sqlite_file_is_reported_and_not_made(tmp_path: Path) -> None:
    assert "no such file" in fault_of(f"sqlite:///{tmp_path}/absent.db", tmp_path)
    assert not (tmp_path / "absent.db").exists()


def test_a_locked_sqlite_file_is_reported(tmp_path: Path) -> None:
    url = run(f"sqlite:///{tmp_path}/log.db", "CREATE TABLE log (at TEXT, x INTEGER)")
    blocker = sqlite3.connect(tmp_path / "log.db", isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    try:
        assert "database is locked" in fault_of(f"{url}?timeout=0.1", tmp_path)
    finally:
        blocker.close()


def test_a_file_that_is_no_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "log.db").write_text("x" * 5000)
    assert "file is not a database" in fault_of(f"sqlite:///{tmp_path}/log.db", tmp_path)


def test_a_spool_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    url = run(f"sqlite:///{tmp_path}/log.db", "CREATE TABLE log (at TEXT, x INTEGER)")
    (tmp_path / "spool").write_text("in the way")
    assert "File exists" in fault_of(url, tmp_path)


def test_nothing_stays_connected(postgresql_url: str, tmp_path: Path) -> None:
    """The connection of a run must not be found dead by the next run."""
    load(postgresql_url, log_of(10), sa.DateTime(timezone=True))
    fetch(postgresql_url, tmp_path, table="log")
    with sa.create_engine(postgresql_url, poolclass=sa.NullPool).connect() as connection:
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        assert connection.execute(sa.text(count)).scalar() == 0


QUERIES = [
    ("SELECT * FROM log WHERE at >= :begin", "it has :begin, and the bounds are called :start and :end"),
    ("SELECT * FROM log WHERE at >= :start AND at < :ende", "it has :ende, and the bounds are called"),
    ("SELECT * FROM log WHERE at >= :start::timestamptz", "it casts with ::, which this database does not know; write"),
    ("DELETE FROM log", "is a DELETE, which changes data, and was not run; write a SELECT"),
    ("-- nightly\nupdate log SET at = '' WHERE at >= :start", "is a UPDATE, which changes data, and was not run"),
    ("SELECT 1; SELECT 2", "; a query is one SELECT of the database"),
    ("SELEC * FROM log", "; a query is one SELECT of the database's own dialect"),
]


@pytest.mark.parametrize(("query", "expected"), QUERIES)
def test_a_query_that_cannot_be_read_is_answered_with_what_is_right(tmp_path: Path, query: str, expected: str) -> None:
    url = run(
        f"sqlite:///{tmp_path}/log.db", "CREATE TABLE log (at TEXT)", "INSERT INTO log VALUES ('2013-06-01T01:00:00Z')"
    )
    assert expected in fault_of(url, tmp_path, query=query)
    assert values(fetch(url, tmp_path, table="log"), "at") == ["2013-06-01T01:00:00Z"]
