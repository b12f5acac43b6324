"""A table that cannot hold a row as it is: the row is refused with its column, and no other waits for it."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from lamplighter.errors import ColumnError, LamplighterError
from lamplighter.serving import PredictionLog, SqlTable
from tests.storage.sql_tables import run

NOON = dt.datetime(2013, 6, 1, 12, tzinfo=dt.UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/log.db" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")


def stored(url: str, columns: str = "number") -> list[tuple[Any, ...]]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(f"SELECT {columns} FROM predictions ORDER BY number")]


def logged(url: str, caplog: pytest.LogCaptureFixture, *batches: list[dict[str, Any]]) -> tuple[float | None, str]:
    """How many rows were refused, and what was logged; a batch each."""
    registry = CollectorRegistry()
    log = PredictionLog(SqlTable(url, "predictions"), model="churn", registry=registry)
    number = 0
    for rows in batches:
        for row in rows:
            log.append({"predicted_at": NOON, "number": number, **row})
            number += 1
        log.flush()
    log.close()
    labels = {"model": "churn", "cause": "refused"}
    lines = [record.getMessage() for record in caplog.records]
    return registry.get_sample_value("prediction_log_dropped_rows_total", labels), "\n".join(lines)


# Values that would be changed


def test_no_number_is_rounded(database: str, caplog: pytest.LogCaptureFixture) -> None:
    """A first batch of whole numbers makes a column of them."""
    first, then = [{"score": 0, "wind": 10}], [{"score": 0.83, "wind": 10.5}, {"score": 1.0, "wind": 11.0}]
    refused, said = logged(database, caplog, first, then)
    if database.startswith("sqlite"):
        assert (refused, said) == (0, "")
        assert stored(database, "score, wind") == [(0, 10), (0.83, 10.5), (1, 11)]
        return
    assert refused == 1
    assert stored(database, "score, wind") == [(0, 10), (1, 11)]
    assert said.endswith(
        "1 rows refused, the first: column 'score' of the table is BIGINT and would change 0.83, which is double; "
        "make the column DOUBLE PRECISION, or log values that BIGINT holds"
    )


def test_a_column_that_is_mended_takes_the_next_batch(postgresql_url: str, caplog: pytest.LogCaptureFixture) -> None:
    log = PredictionLog(SqlTable(postgresql_url, "predictions"))
    for number, score in enumerate((0, 0.83)):
        log.append({"predicted_at": NOON, "number": number, "score": score})
        log.flush()
    run(postgresql_url, "ALTER TABLE predictions ALTER COLUMN score TYPE DOUBLE PRECISION")
    log.append({"predicted_at": NOON, "number": 2, "score": 0.84})
    log.close()
    assert stored(postgresql_url, "score") == [(0,), (0.84,)]


@pytest.mark.parametrize(
    ("column", "sound", "changed"),
    [
        pytest.param("BIGINT", pa.array([2.0, None]), pa.array([2.5]), id="a fraction"),
        pytest.param("BIGINT", pa.array([1.0]), pa.array([float("nan")]), id="NaN"),
        pytest.param("SMALLINT", pa.array([1.0], pa.float16()), pa.array([1.5], pa.float16()), id="a short fraction"),
        pytest.param("NUMERIC(20, 0)", pa.array([1.0]), pa.array([1.5]), id="a number without digits"),
        pytest.param("BIGINT", pa.array([1]).cast(pa.decimal128(20, 1)), pa.array([1.5]).cast(pa.decimal128(3, 1)),
                     id="a decimal"),
        pytest.param("DOUBLE PRECISION", pa.array([-(2**53)]), pa.array([-(2**53) - 1]), id="a large whole number"),
        pytest.param("REAL", pa.array([1], pa.uint64()), pa.array([2**64 - 1], pa.uint64()), id="one without a sign"),
        pytest.param("DATE", pa.array([NOON.replace(hour=0)]), pa.array([NOON]), id="an hour"),
    ],
)  # fmt: skip
def test_a_column_of_the_users_own_changes_nothing(
    postgresql_url: str, column: str, sound: pa.Array, changed: pa.Array
) -> None:
    run(postgresql_url, f"CREATE TABLE predictions (predicted_at TIMESTAMPTZ, number BIGINT, value {column})")
    log = PredictionLog(SqlTable(postgresql_url, "predictions"))
    times = [NOON] * len(sound)
    log.write({"predicted_at": times, "number": range(len(sound)), "value": sound})
    with pytest.raises(ColumnError, match="1 rows refused, the first: column 'value' of the table is"):
        log.write({"predicted_at": [NOON], "number": [9], "value": changed})
    assert [number for (number,) in stored(postgresql_url)] == list(range(len(sound)))


def test_sqlite_rounds_no_large_number(tmp_path: Path) -> None:
    log = PredictionLog(SqlTable(f"sqlite:///{tmp_path}/log.db", "predictions"))
    with pytest.raises(
        ColumnError, match=r"column 'large' of the table is NUMERIC.* would change 18446744073709551615"
    ):
        log.write({"predicted_at": [NOON], "large": pa.array([2**64 - 1], pa.uint64())})


# One row that stopped all


IDS = [uuid.UUID(int=number) for number in range(2)]


def test_a_uuid_is_its_text(database: str, caplog: pytest.LogCaptureFixture) -> None:
    assert logged(database, caplog, [{"id": each} for each in IDS]) == (0, "")
    assert stored(database, "id") == [(str(each),) for each in IDS]


def test_a_uuid_finds_its_column(postgresql_url: str, caplog: pytest.LogCaptureFixture) -> None:
    run(postgresql_url, "CREATE TABLE predictions (predicted_at TIMESTAMPTZ, number BIGINT, id UUID)")
    assert logged(postgresql_url, caplog, [{"id": each} for each in IDS]) == (0, "")
    assert stored(postgresql_url, "id") == [(each,) for each in IDS]


NAMES = [
    ("sqlite", {"X": 1, "x": 2}, "column 'x' is the same as 'X' to sqlite; rename it"),
    ("sqlite", {"Number": 1}, "column 'Number' is the same as 'number' to sqlite; rename it"),
    ("sqlite", {"": 1}, "column '' has no name; rename it"),
    ("postgresql", {"": 1}, "column '' has no name; rename it"),
    ("postgresql", {"a\0b": 1}, "has a zero byte in its name; rename it"),
    ("postgresql", {"a" * 64: 1}, "has a name of 64 bytes, and postgresql takes 63; rename it"),
    ("postgresql", {"é" * 32: 1}, "has a name of 64 bytes, and postgresql takes 63; rename it"),
    ("postgresql", {"ctid": 1}, "column 'ctid' cannot be added: "),
]


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize(("dialect", "odd", "said"), NAMES)
def test_a_name_that_no_column_can_have_costs_the_rows_that_use_it(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    dialect: str,
    odd: dict[str, Any],
    said: str,
    place: str,
) -> None:
    url = f"sqlite:///{tmp_path}/log.db" if dialect == "sqlite" else request.getfixturevalue("postgresql_url")
    batches = [[{}, odd, dict.fromkeys(odd)], [{}]]
    refused, lines = logged(url, caplog, *(batches if place == "first" else batches[::-1]))
    assert refused == 1
    assert said in lines
    assert len(stored(url)) == 3


def test_more_columns_than_a_table_can_have_cost_the_rows_that_use_them(
    postgresql_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    most = ", ".join(f"c{number} INT" for number in range(1598))
    run(postgresql_url, f"CREATE TABLE predictions (predicted_at TIMESTAMPTZ, number BIGINT, {most})")
    refused, lines = logged(postgresql_url, caplog, [{}, {"one_more": 1}, {}])
    assert refused == 1
    assert "column 'one_more' cannot be added: " in lines
    assert stored(postgresql_url) == [(0,), (2,)]


@pytest.mark.parametrize(
    ("column", "odd"),
    [
        pytest.param("BOOLEAN", 7, id="no truth value"),
        pytest.param("INTERVAL", 7, id="of another type"),
        pytest.param("TEXT UNIQUE", "".join(map(chr, range(0x4E00, 0x9F00))), id="too long for an index"),
        pytest.param("DATE", "soon", id="no date"),
        pytest.param("SMALLINT", 2**40, id="too large"),
    ],
)
def test_a_value_that_a_column_does_not_take_costs_its_row(
    postgresql_url: str, caplog: pytest.LogCaptureFixture, column: str, odd: object
) -> None:
    run(postgresql_url, f"CREATE TABLE predictions (predicted_at TIMESTAMPTZ, number BIGINT, value {column})")
    refused, _ = logged(postgresql_url, caplog, [{}, {"value": odd}, {}])
    assert refused == 1
    assert stored(postgresql_url) == [(0,), (2,)]


def test_a_value_that_the_driver_does_not_take_costs_its_row(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    url = f"sqlite:///{tmp_path}/log.db"
    run(url, "CREATE TABLE predictions (predicted_at DATETIME, number BIGINT, value TEXT, at DATETIME)")
    refused, _ = logged(url, caplog, [{"value": ["a"]}], [{"at": "noon"}], [{}])
    assert refused == 2
    assert stored(url) == [(2,)]


def test_a_right_that_is_missing_is_waited_for(postgresql_url: str) -> None:
    """Once it is granted, no row is lost."""
    run(
        postgresql_url,
        "CREATE TABLE predictions (predicted_at TIMESTAMPTZ, number BIGINT)",
        "DROP ROLE IF EXISTS lamplighter_logs",
        "CREATE ROLE lamplighter_logs LOGIN",
        "GRANT ALL ON predictions TO lamplighter_logs",
        "GRANT ALL ON SCHEMA public TO lamplighter_logs",
    )
    url = sa.make_url(postgresql_url).set(username="lamplighter_logs").render_as_string(hide_password=False)
    log = PredictionLog(SqlTable(url, "predictions"))
    log.append({"predicted_at": NOON, "number": 0, "plan": "pro"})
    with pytest.raises(LamplighterError, match="must be owner of table predictions"):
        log.flush()
    run(postgresql_url, "ALTER TABLE predictions ADD COLUMN plan TEXT")
    log.close()
    assert stored(postgresql_url, "plan") == [("pro",)]


def test_a_time_that_no_column_can_be_named_by_is_refused_at_once(postgresql_url: str) -> None:
    with pytest.raises(LamplighterError, match=r"table predictions: column 'a+' has a name of 64 bytes"):
        SqlTable(postgresql_url, "predictions", time="a" * 64)
