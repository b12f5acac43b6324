"""A log in a database: each batch whole and once, and read back by a monitor as from files."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from lamplighter.errors import ColumnError, LamplighterError
from lamplighter.serving import PredictionLog, SqlTable
from lamplighter.serving.written import Written
from storage.project.folder import Project
from tests.flows import small_world
from tests.flows.runs import recorded_of_any_source
from tests.storage.sql_tables import fetch, run

NOON = dt.datetime(2013, 6, 1, 12, tzinfo=dt.UTC)


def row(number: int, **others: Any) -> dict[str, Any]:
    return {"predicted_at": NOON, "number": number, **others}


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/log.db" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")


def selected(url: str, columns: str = "number", order: str = "number") -> list[Any]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"SELECT {columns} FROM predictions ORDER BY {order}").all()
    return [entry[0] if len(entry) == 1 else tuple(entry) for entry in rows]


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(0.01)


# What is read back


def test_a_monitor_reads_the_values_that_were_logged(database: str, tmp_path: Path) -> None:
    values = {
        "flag": [True, None],
        "small": pa.array([1, -1], pa.int8()),
        "large": [2**62, None],
        "single": pa.array([0.5, None], pa.float32()),
        "double": [0.1 + 0.2, -1e300],
        "text": ["é'\"%:x", None],
        "plan": pa.array(["pro", "team"]).dictionary_encode(),
        "ranked": [["a", "b"], []],
        "scores": [{"late": 0.25}, {"late": 0.5}],
        "empty": [None, None],
    }
    times = {"predicted_at": [NOON, NOON + dt.timedelta(microseconds=1)]}
    assert PredictionLog(SqlTable(database, "predictions")).write({**times, **values}) == []
    zone = None if database.startswith("postgresql") else "UTC"
    rows = fetch(database, tmp_path, time="predicted_at", timezone=zone, table="predictions")
    read = rows.table(["predicted_at", *(name for name in values if name != "empty")]).to_pydict()
    assert [at.replace(tzinfo=dt.UTC) for at in read["predicted_at"]] == times["predicted_at"]
    assert "empty" not in rows.schema  # no row has said of which type it is
    stored = {name: pa.array(column).to_pylist() for name, column in values.items()}
    for name in ("flag", "small", "large", "single", "double", "text", "plan"):
        assert read[name] == stored[name], name
    assert [str(entry).replace("'", '"') for entry in read["ranked"]] == ['["a", "b"]', "[]"]
    assert [str(entry).replace("'", '"') for entry in read["scores"]] == ['{"late": 0.25}', '{"late": 0.5}']


def test_a_monitor_finds_the_same_in_a_table_as_in_files(database: str, tmp_path: Path) -> None:
    """A run of each; only the places of the rows differ."""
    found = []
    sql = f'sql: {{url: "{database}", table: predictions}}, timezone: UTC'
    for name, place in (("files", 'parquet: "data/day={day}/*.parquet"'), ("table", sql)):
        project = small_world.make(
            tmp_path / name, small_world.MONITOR.replace('parquet: "data/day={day}.parquet"', place)
        )
        frame = small_world.rows(0)
        to: Any = project.root / "data" if name == "files" else SqlTable(database, "predictions", time="at")
        with PredictionLog(to, time="at", max_rows=64) as log:
            for record in frame.to_dict("records"):
                log.append(record)
        small_world.run(project, 0)
        found.append(_without_times(project))
    assert found[0] == found[1]
    assert all(found[0].values())


def _without_times(project: Project) -> dict[str, list[Any]]:
    tables = recorded_of_any_source(project)
    return {name: tables[name] for name in ("measurement", "confusion")}


# Once, whatever is repeated


def test_a_batch_of_the_same_name_is_there_once(database: str) -> None:
    log = PredictionLog(SqlTable(database, "predictions"))
    for _ in range(2):
        log.write({"predicted_at": [NOON], "number": [1]}, name="morning")
    log.write({"predicted_at": [NOON], "number": [2]}, name="evening")
    assert selected(database) == [1, 2]


class LostAnswer:
    """A database whose first commit succeeds, and whose answer to it is lost."""

    def __init__(self, table: SqlTable) -> None:
        self._table, self._tries = table, 0

    def write(self, table: pa.Table, name: str) -> Written:
        written = self._table.write(table, name)
        self._tries += 1
        if self._tries == 1:
            raise ConnectionError("the connection was lost")
        return written


def test_a_commit_whose_answer_was_lost_doubles_nothing(database: str) -> None:
    log = PredictionLog(LostAnswer(SqlTable(database, "predictions")), max_rows=2)
    for number in range(4):
        log.append(row(number))
    until(lambda: selected(database) == [0, 1, 2, 3] if _is_there(database) else False)
    log.close()
    assert selected(database) == [0, 1, 2, 3]


def _is_there(url: str) -> bool:
    return sa.inspect(sa.create_engine(url, poolclass=sa.NullPool)).has_table("predictions")


def test_rows_wait_for_a_database_that_is_gone(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    url = f"sqlite:///{tmp_path}/absent/log.db"
    log = PredictionLog(SqlTable(url, "predictions"), max_rows=1, model="churn", registry=registry)
    log.append(row(0))
    until(lambda: registry.get_sample_value("prediction_log_failures_total", {"model": "churn"}))
    (tmp_path / "absent").mkdir()
    log.append(row(1))
    log.close()
    assert selected(url) == [0, 1]


def test_writers_that_begin_at_once_make_one_table(database: str) -> None:
    def serve(first: int) -> None:
        with PredictionLog(SqlTable(database, "predictions"), max_rows=5, max_seconds=0.01) as log:
            for number in range(first, first + 10):
                log.append(row(number))
            until(lambda: not log._queue._held)

    threads = [threading.Thread(target=serve, args=(first,)) for first in (0, 10, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert selected(database) == list(range(30))


# Rows that are refused, and tables that are another's


def test_a_row_that_the_table_refuses_costs_no_other(database: str, caplog: pytest.LogCaptureFixture) -> None:
    run(
        database,
        "CREATE TABLE predictions (predicted_at TIMESTAMP WITH TIME ZONE, number BIGINT PRIMARY KEY)"
        if database.startswith("postgresql")
        else "CREATE TABLE predictions (predicted_at DATETIME, number BIGINT PRIMARY KEY)",
    )
    registry = CollectorRegistry()
    with PredictionLog(SqlTable(database, "predictions"), model="churn", registry=registry) as log:
        for number in (*range(50), 7, 50, 7):
            log.append(row(number))
    assert selected(database) == list(range(51))
    labels = {"model": "churn", "cause": "refused"}
    assert registry.get_sample_value("prediction_log_dropped_rows_total", labels) == 2
    assert registry.get_sample_value("prediction_log_rows_total", {"model": "churn"}) == 51
    (line,) = [record.getMessage() for record in caplog.records if record.name == "lamplighter.serving"]
    assert "2 rows refused, the first: " in line
    assert "unique" in line.lower()
    with pytest.raises(ColumnError, match="1 rows refused, the first: "):
        PredictionLog(SqlTable(database, "predictions")).write({"predicted_at": [NOON], "number": [7]})


def test_a_column_that_comes_later_is_added(database: str) -> None:
    with PredictionLog(SqlTable(database, "predictions"), max_rows=1) as log:
        log.append(row(0))
        log.append(row(1, plan=None))
        log.append(row(2, plan="pro"))
    assert selected(database, "number, plan") == [(0, None), (1, None), (2, "pro")]


def test_a_table_that_must_not_be_changed_waits_for_its_column(database: str) -> None:
    PredictionLog(SqlTable(database, "predictions")).write({"predicted_at": [NOON], "number": [0]})
    log = PredictionLog(SqlTable(database, "predictions", create=False))
    log.append(row(1, plan="pro"))
    with pytest.raises(LamplighterError, match="no column plan; add it, or log rows without it"):
        log.flush()
    run(database, "ALTER TABLE predictions ADD COLUMN plan TEXT")
    log.close()
    assert selected(database, "number, plan") == [(0, None), (1, "pro")]


def test_a_table_that_must_not_be_made_is_missed(database: str) -> None:
    log = PredictionLog(SqlTable(database, "predictions", create=False))
    with pytest.raises(LamplighterError) as caught:
        log.write({"predicted_at": [NOON], "number": [0]})
    dialect = database.partition(":")[0].partition("+")[0]
    assert str(caught.value) == (
        f"table predictions of {dialect}: no table predictions and no table predictions_batches; "
        "create it (predictions_batches: name text primary key, rows bigint, written_at timestamptz)"
    )


def test_the_time_has_an_index(database: str) -> None:
    PredictionLog(SqlTable(database, "predictions")).write({"predicted_at": [NOON], "number": [0]})
    (index,) = sa.inspect(sa.create_engine(database, poolclass=sa.NullPool)).get_indexes("predictions")
    assert index["column_names"] == ["predicted_at"]


def test_a_schema_of_its_own(postgresql_url: str) -> None:
    run(postgresql_url, "CREATE SCHEMA serving")
    table = SqlTable(postgresql_url, "serving.predictions")
    PredictionLog(table).write({"predicted_at": [NOON], "number": [1], "price": [Decimal("1.25")]})
    engine = sa.create_engine(postgresql_url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT number, price FROM serving.predictions").one() == (1, Decimal("1.25"))


# Messages


def test_no_message_shows_a_password(postgresql_url: str) -> None:
    url = sa.make_url(postgresql_url).set(password="hunter2-secret", port=1)
    log = PredictionLog(SqlTable(url.render_as_string(hide_password=False), "predictions"))
    with pytest.raises(LamplighterError) as caught:
        log.write({"predicted_at": [NOON], "number": [0]})
    assert str(caught.value).startswith("table predictions of postgresql: ")
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("url", ["predictions.db", "nosuch://host/db"])
def test_a_wrong_url_is_one_line(url: str) -> None:
    with pytest.raises(LamplighterError, match=r"table predictions: .*; a URL such as postgresql"):
        SqlTable(url, "predictions")


def test_a_service_without_sqlalchemy_is_not_asked_for_it() -> None:
    code = (
        "import sys; sys.modules['sqlalchemy'] = None\n"
        "from lamplighter.serving import PredictionLog, SqlTable\n"
        "try: SqlTable('sqlite://', 'predictions')\n"
        "except Exception as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.startswith("SqlTable: SQLAlchemy is not installed; pip install sqlalchemy")
