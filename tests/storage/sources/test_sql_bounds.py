"""Times of a database that are numbers or dates: the bounds of a run's read are compared in the column's own type."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from lamplighter.core.monitor import Sql
from lamplighter.core.time.window import Grain, Window
from lamplighter.errors import ColumnError, SourceError
from storage.sources.epochs import PER_SECOND
from storage.sources.predictions import predictions_of
from storage.sources.scan import Scan, ScanSpec
from storage.sources.sql import count_rows, newest_time, spool
from storage.sources.sql_bounds import Bounds
from tests.storage.sql_tables import run

ZONES = ["UTC", "America/New_York", "Asia/Tokyo"]
HOURS = [dt.datetime(2013, 5, 30, tzinfo=dt.UTC) + dt.timedelta(hours=i) for i in range(120)]
READ = {
    "table": {"table": "log"},
    "wrapped": {"query": "SELECT at, x FROM log"},
    "bound": {"query": "SELECT at, x FROM log WHERE at >= :start AND at < :end"},
}


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/log.db" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")


def read(url: str, folder: Path, window: Window, where: dict[str, str], unit: str | None = None) -> Scan:
    sql = Sql(url=SecretStr(url), **where)
    given = {"column": "at", "timezone": None, "start": window.start, "end": window.end}
    files = spool(sql, **given, folder=folder / "spool", unit=unit, day_zone=window.timezone)
    rows = Scan(ScanSpec(window, tuple(files), time="at", unit=unit))
    bounds = Bounds("at", None, unit, window.timezone, window.start, window.end, "log")
    assert rows.count <= count_rows(sql, bounds) <= rows.count + 60
    return rows


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("how", READ)
@pytest.mark.parametrize(("kind", "unit"), [("bigint", "ms"), ("double precision", "s"), ("numeric(24, 6)", "us")])
def test_numbers_are_compared_with_numbers(
    database: str, tmp_path: Path, zone: str, how: str, kind: str, unit: str
) -> None:
    rows = ", ".join(f"({hour.timestamp() * PER_SECOND[unit]:.0f}, {i})" for i, hour in enumerate(HOURS))
    run(database, f"CREATE TABLE log (at {kind}, x int)", f"INSERT INTO log VALUES {rows}")
    window = Window.of("m", Grain.DAY, zone, dt.date(2013, 6, 1))
    found = read(database, tmp_path, window, READ[how], unit)
    expected = [i for i, hour in enumerate(HOURS) if window.start <= hour < window.end]
    assert found.table(["x"]).column(0).to_pylist() == expected
    assert len(expected) == 24
    # A query with parameters of its own came as a file for each row.
    assert len(found.spec.files) == 1


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("how", READ)
@pytest.mark.parametrize("session", ["UTC", "Asia/Tokyo", "America/Los_Angeles"])
def test_dates_are_days_of_the_model_s_zone(
    postgresql_url: str, tmp_path: Path, zone: str, how: str, session: str
) -> None:
    """Whatever zone the server is in: a date that is compared with an instant is one in the server's zone."""
    days = ", ".join(f"('2013-06-{day:02}', {day})" for day in range(1, 8))
    run(
        postgresql_url,
        "CREATE TABLE log (at date, x int)",
        f"INSERT INTO log VALUES {days}",
        f"ALTER DATABASE {sa.make_url(postgresql_url).database} SET timezone = '{session}'",
    )
    window = Window.of("m", Grain.DAY, zone, dt.date(2013, 6, 4))
    assert read(postgresql_url, tmp_path, window, READ[how]).table(["x"]).column(0).to_pylist() == [4]


@pytest.mark.parametrize("how", READ)
def test_numbers_without_a_unit_are_one_line(database: str, tmp_path: Path, how: str) -> None:
    rows = ", ".join(f"({hour.timestamp() * 1000:.0f}, {i})" for i, hour in enumerate(HOURS))
    run(database, "CREATE TABLE log (at bigint, x int)", f"INSERT INTO log VALUES {rows}")
    window = Window.of("m", Grain.DAY, "UTC", dt.date(2013, 6, 1))
    # PostgreSQL refuses the comparison that a query makes itself; SQLite makes it and finds nothing.
    with pytest.raises(SourceError) as raised:
        read(database, tmp_path, window, READ[how])
    output = str(raised.value)
    assert "declare time_unit: ms beside it" in output or output.endswith(
        "that holds numbers; declare time_unit beside it"
    )
    assert " table log: " in output or " query: " in output
    assert "spool" not in output


def test_what_is_wrong_with_a_table_names_the_table(database: str, tmp_path: Path, project, monitor_of) -> None:
    run(database, "CREATE TABLE log (at varchar(30), x int)", "INSERT INTO log VALUES ('2013-06-01 05:00:00', 1)")
    monitor = monitor_of({"sql": {"url": database, "table": "log"}, "time": "at", "prediction": "x"})
    where = predictions_of(project, monitor, Window.of("m", Grain.DAY, "UTC", dt.date(2013, 6, 1)), tmp_path / "spool")
    [(name, output)] = Scan(where).unreadable
    assert name.endswith("table log")
    assert "spool" not in name
    assert output == "column 'at' holds timestamps without a zone; declare timezone beside it"


def test_a_flag_is_no_time(database: str, tmp_path: Path) -> None:
    run(database, "CREATE TABLE log (at boolean, x int)", "INSERT INTO log VALUES (true, 1)")
    window = Window.of("m", Grain.DAY, "UTC", dt.date(2013, 6, 1))
    with pytest.raises(ColumnError, match="table log: column 'at' "):
        read(database, tmp_path, window, READ["table"])


@pytest.mark.parametrize("where", READ.values(), ids=READ)
@pytest.mark.parametrize(
    ("held", "kind", "unit", "message"),
    [
        ("02.06.2013 10:00", "TEXT", None, "column 'at' holds '02.06.2013 10:00', which is no ISO 8601 timestamp"),
        ("June 2", "TEXT", None, "column 'at' holds 'June 2', which is no ISO 8601 timestamp"),
        (20130602, "BIGINT", "s", "a date in digits and no count since 1970; write 2013-06-02"),
        (41427, "BIGINT", "s", "days as a spreadsheet counts them; write 2013-06-02"),
        (1370131200000, "BIGINT", "s", "which are no times in s; declare time_unit: ms"),
    ],
)
def test_a_table_whose_times_are_none_is_not_empty(
    tmp_path: Path, held: object, kind: str, unit: str | None, where: dict[str, str], message: str
) -> None:
    """The database compares them with the bounds all the same, and finds nothing."""
    url = run(
        f"sqlite:///{tmp_path}/log.db", f"CREATE TABLE log (at {kind}, x INT)", f"INSERT INTO log VALUES ({held!r}, 1)"
    )
    with pytest.raises(ColumnError) as raised:
        read(url, tmp_path, Window.of("m", Grain.DAY, "UTC", dt.date(2013, 6, 2)), where, unit)
    assert message in str(raised.value)
    with pytest.raises(ColumnError, match="column 'at'"):
        newest_time(Sql(url=SecretStr(url), **where), Bounds("at", None, unit, "UTC", HOURS[0], HOURS[-1], "log"))
