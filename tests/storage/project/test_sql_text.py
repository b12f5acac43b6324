"""Colons of queries, run by SQLite and PostgreSQL themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from lamplighter.core.monitor import Sql
from lamplighter.errors import SourceError
from storage.project.sql_text import bound_query, without_end
from storage.sources.sql import count_rows, spool
from storage.sources.sql_bounds import Bounds
from tests.storage.sql_tables import DAY, fetch, run, values

DATABASES = ["sqlite", "postgresql"]


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Rows of three days; the one in the middle is asked for."""
    name = request.param
    url = f"sqlite:///{tmp_path}/log.db" if name == "sqlite" else request.getfixturevalue("postgresql_url")
    rows = ", ".join(f"('2013-{day}T05:00:00Z', '{text}', {i})" for i, (day, text) in enumerate(ROWS))
    return run(url, "CREATE TABLE log (at timestamptz, t text, x int)", f"INSERT INTO log VALUES {rows}")


ROWS = [("05-28", "a"), ("06-01", ":start"), ("06-06", "b")]

QUERIES = {
    "plain": "SELECT * FROM log WHERE at >= :start AND at < :end",
    "no blanks": "SELECT * FROM log WHERE at>=:start AND at<:end",
    "in a list": "SELECT * FROM log WHERE at BETWEEN :start AND :end",
    "line comment": "SELECT * -- from :start, it's all\nFROM log -- :end",
    "block comment": "SELECT * /* :start ' \" -- */ FROM log WHERE at >= :start /* :end */",
    "comment at the end": "SELECT * FROM log WHERE at >= :start AND at < :end; -- done; :end\n /* ; */ ",
    "literal": "SELECT *, ':start' AS y, 'it''s :end' AS z FROM log WHERE at >= :start AND at < :end",
    "literal alone": "SELECT * FROM log WHERE t = ':start'",
    "quoted name": 'SELECT at, x, t AS ":end" FROM log WHERE at >= :start AND at < :end',
    "percent": "SELECT * FROM log WHERE at >= :start AND at < :end AND t NOT LIKE '%:x%' AND x % 5 < 4",
    "backslash": "SELECT *, 'c:\\start' AS y FROM log WHERE at >= :start AND at < :end",
    "semicolon in a literal": "SELECT *, ';' AS y FROM log WHERE at >= :start AND at < :end ;; ",
    "common table": "WITH r AS (SELECT * FROM log) SELECT * FROM r WHERE at >= :start AND at < :end",
    "wrapped common table": "WITH r AS (SELECT * FROM log) SELECT * FROM r",
}
OF_POSTGRESQL = {
    "cast": "SELECT * FROM log WHERE at >= :start::timestamptz AND at < :end::timestamptz",
    "cast of a column": "SELECT *, x::text AS y FROM log WHERE at::date >= :start::date AND at < :end",
    "cast alone": "SELECT *, x::text AS y FROM log",
    "cast with CAST": "SELECT * FROM log WHERE at >= CAST(:start AS timestamptz) AND at < :end",
    "dollars": "SELECT *, $$ :start ' $$ AS y, $a$ $$ :end $a$ AS z FROM log WHERE at >= :start AND at < :end",
    "nested comment": "SELECT * /* a /* :start */ ' */ FROM log WHERE at >= :start AND at < :end",
    "escapes": "SELECT *, E'it\\'s :start' AS y FROM log WHERE at >= :start AND at < :end",
    "array": "SELECT *, (ARRAY[1, 2, 3])[1:2] AS y FROM log WHERE at >= :start AND at < :end",
    "colon in a pattern": "SELECT * FROM log WHERE t ~ '^:(start|end)$' AND at >= :start",
    "named argument": "SELECT *, make_interval(days => 1) AS y FROM log WHERE at >= :start AND at < :end",
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_parameter_is_one_outside_of_literals_and_comments_alone(database: str, tmp_path: Path, name: str) -> None:
    assert values(fetch(database, tmp_path, query=QUERIES[name])) == [1]


@pytest.mark.parametrize("name", OF_POSTGRESQL)
def test_what_postgresql_alone_reads(postgresql_url: str, tmp_path: Path, name: str) -> None:
    rows = ", ".join(f"('2013-{day}T05:00:00Z', '{text}', {i})" for i, (day, text) in enumerate(ROWS))
    run(postgresql_url, "CREATE TABLE log (at timestamptz, t text, x int)", f"INSERT INTO log VALUES {rows}")
    query = OF_POSTGRESQL[name]
    assert values(fetch(postgresql_url, tmp_path, query=query)) == [1]
    sql = Sql(url=SecretStr(postgresql_url), query=query)
    assert count_rows(sql, Bounds("at", None, None, "UTC", DAY.start, DAY.end, "log")) in (1, 2)


@pytest.mark.parametrize(
    ("query", "dialect", "written", "bound"),
    [
        ("a = ':start' AND b = :start", "mysql", "a = '\\:start' AND b = :start", {"start"}),
        (r"a = 'it\'s :start' AND b = :end", "mysql", r"a = 'it\'s \:start' AND b = :end", {"end"}),
        ("`:start` = :start", "mysql", "`\\:start` = :start", {"start"}),
        ("$a :start$a", "sqlite", "$a :start$a", {"start"}),
        ("e':start' :end", "sqlite", "e'\\:start' :end", {"end"}),
        (":start_of :END :other", "sqlite", "\\:start_of \\:END \\:other", set()),
        (r"x\:\:int > :start", "postgresql", r"x\:\:int > :start", {"start"}),
        ("BETWEEN:start AND:end", "sqlite", "BETWEEN :start AND :end", {"start", "end"}),
        ("'unfinished :start", "sqlite", "'unfinished \\:start", set()),
        ("/* unfinished :start", "sqlite", "/* unfinished \\:start", set()),
        ("-- a\r\n:start", "sqlite", "-- a\r\n:start", {"start"}),
    ],
)
def test_colons_of_other_databases(query: str, dialect: str, written: str, bound: set[str]) -> None:
    assert bound_query(query, dialect, ("start", "end")) == (written, bound)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT 1;", "SELECT 1"),
        ("SELECT 1 ;\n-- a; b\n;", "SELECT 1 \n-- a; b"),
        ("SELECT ';'", "SELECT ';'"),
        ("SELECT 1; SELECT 2;", "SELECT 1; SELECT 2"),
        ("SELECT 1 /* ; */", "SELECT 1 /* ; */"),
        (" \n", ""),
    ],
)
def test_what_ends_a_query_is_taken_off(query: str, expected: str) -> None:
    assert without_end(query, "sqlite") == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELEC * FROM log", "syntax error"),
        ("SELECT * FROM lgo WHERE at >= :start", "lgo"),
        ("SELECT * FROM log WHERE at >= :begin", "begin|:"),
        ("SELECT nothing FROM log WHERE at >= :start::nonsense", "nonsense|:"),
        ("SELECT * FROM log WHERE at >= :start AND", "syntax error|incomplete"),
    ],
)
def test_a_mistake_in_a_query_is_the_database_s_word_on_the_query(
    database: str, tmp_path: Path, query: str, expected: str
) -> None:
    sql = Sql(url=SecretStr(database), query=query)
    with pytest.raises(SourceError, match=expected) as raised:
        spool(sql, column="at", timezone=None, start=DAY.start, end=DAY.end, folder=tmp_path / "spool")
    assert " query: " in str(raised.value)
    assert "postgresql+psycopg://user" not in str(raised.value)
    assert "\n" not in str(raised.value)
