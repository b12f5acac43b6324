"""Rows behind SQL: a real PostgreSQL and SQLite, held against the same rows in Parquet."""

from __future__ import annotations

import datetime as dt
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from lamplighter.core.monitor import Sql
from lamplighter.core.time.window import Grain, Window
from lamplighter.core.values.identity import identities
from lamplighter.errors import SourceError
from storage.profiles.build import type_kind
from storage.sources import sql as sql_module
from storage.sources.predictions import predictions_of
from storage.sources.scan import Scan, ScanSpec
from storage.sources.sql import engine_of, spool
from storage.sources.sql_values import arrow_type
from tests.storage.sql_tables import DAY, TYPES, ZONE, fetch, load, log_of, run, values


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/log.db" if request.param == "sqlite" else request.getfixturevalue("postgresql_url")


# The same rows, value for value


@pytest.mark.parametrize("window", [DAY, Window.of("m", Grain.DAY, ZONE, dt.date(2013, 6, 1))], ids=["utc", "new-york"])
@pytest.mark.parametrize("batch", [7, 50_000])
def test_a_table_gives_the_rows_that_parquet_gives(
    database: str, tmp_path: Path, write: Callable, window: Window, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_module, "BATCH_ROWS", batch)
    frame = log_of(300)
    aware = database.startswith("postgres")
    stored = frame if aware else frame.assign(at=frame["at"].dt.tz_localize(None))
    load(database, stored, sa.DateTime(timezone=aware))
    rows = fetch(database, tmp_path, window, table="log", timezone=None if aware else "UTC")
    path = write(tmp_path / "log.parquet", pa.Table.from_pandas(frame, preserve_index=False))
    expected = Scan(ScanSpec(window, (rows.spec.files[0].__class__(path, "1"),), time="at"))
    assert rows.count == expected.count > 80
    assert rows.held.conflicting == {}
    for name in ("id", *TYPES):
        assert values(rows, name) == values(expected, name), name
        assert rows.schema[name] in (expected.schema[name], pa.string()), name
    if batch == 7:
        assert len(rows.spec.files) > 10


def test_the_whole_result_is_never_held(postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each batch is written before the next is fetched, through a cursor on the server."""
    monkeypatch.setattr(sql_module, "BATCH_ROWS", 10)
    load(postgresql_url, log_of(200), sa.DateTime(timezone=True))
    sizes, statements = [], []
    real = sql_module.write_batch
    monkeypatch.setattr(
        sql_module,
        "write_batch",
        lambda path, names, batch, types: sizes.append(len(batch)) or real(path, names, batch, types),
    )
    listen = sa.event.listens_for(engine_of(postgresql_url), "before_cursor_execute")
    listen(lambda connection, cursor, *rest: statements.append(type(cursor).__name__))
    fetch(postgresql_url, tmp_path, table="log")
    assert max(sizes) == 10
    assert len(sizes) > 5
    assert statements[-1] == "ServerCursor"


def test_rows_come_in_the_same_order_whatever_the_server_does(
    postgresql_url: str, tmp_path: Path, project, monitor_of
) -> None:
    frame = log_of(300)
    orders = []
    for name, shuffled in (("one", frame), ("two", frame.sample(frac=1, random_state=1))):
        load(postgresql_url, shuffled, sa.DateTime(timezone=True), name)
        monitor = monitor_of({"sql": {"url": postgresql_url, "table": name}, "time": "at", "id": "id"})
        found = predictions_of(project, monitor, DAY, tmp_path / name)
        orders.append((values(Scan(found), "id"), [file.stamp for file in found.files]))
    assert orders[0] == orders[1]


# Times


NAIVE = ["2013-05-31 23:59:59.999999", "2013-06-01 00:00:00", "2013-06-01 23:59:59.999999", "2013-06-02 00:00:00"]


@pytest.mark.parametrize(
    ("declared", "form"),
    [
        # A query says itself how its text compares.
        ("text", "table"),
        *((declared, form) for declared in ("timestamptz", "timestamp") for form in ("table", "query", "bound")),
    ],
)
def test_postgres_rows_at_the_bounds(postgresql_url: str, tmp_path: Path, declared: str, form: str) -> None:
    zone, zones = ("+00", None) if declared == "timestamptz" else ("", "UTC")
    rows = ", ".join(f"('{moment}{zone}', {i})" for i, moment in enumerate(NAIVE))
    run(postgresql_url, f"CREATE TABLE log (at {declared}, x int)", f"INSERT INTO log VALUES {rows}")
    where = {
        "table": {"table": "log"},
        "query": {"query": "SELECT at, x FROM log -- a comment;"},
        "bound": {"query": "SELECT at, x FROM log WHERE at >= :start AND at < :end AND 'x'::text <> ':y';"},
    }[form]
    assert values(fetch(postgresql_url, tmp_path, timezone=zones, **where)) == [1, 2]


@pytest.mark.parametrize("server_zone", ["Asia/Tokyo", "America/Los_Angeles"])
@pytest.mark.parametrize("declared", ["timestamptz", "timestamp"])
@pytest.mark.parametrize("form", ["table", "query", "bound"])
def test_the_zone_of_the_server_matters_to_nothing(
    postgresql_url: str, tmp_path: Path, server_zone: str, declared: str, form: str
) -> None:
    """A zone is declared beside the column, as for naive timestamps, and the column may carry one all the same."""
    run(
        postgresql_url,
        f"CREATE TABLE log (at {declared}, x int)",
        f"SET TIME ZONE '{ZONE}'",
        "INSERT INTO log SELECT '2013-05-30 00:30'::timestamp + n * interval '1 hour', n FROM generate_series(0, 95) n",
        f"ALTER DATABASE {sa.make_url(postgresql_url).database} SET timezone TO '{server_zone}'",
    )
    where = {
        "table": {"table": "log"},
        "query": {"query": "SELECT * FROM log"},
        "bound": {"query": "SELECT * FROM log WHERE at >= :start AND at < :end"},
    }[form]
    window = Window.of("m", Grain.DAY, ZONE, dt.date(2013, 6, 1))
    assert sorted(values(fetch(postgresql_url, tmp_path, window, timezone=ZONE, **where))) == list(range(48, 72))


@pytest.mark.parametrize(("day", "rows"), [("2013-03-10", 23), ("2013-11-03", 25)])
def test_days_of_23_and_25_hours_in_postgres(postgresql_url: str, tmp_path: Path, day: str, rows: int) -> None:
    begin = pd.Timestamp(day) - pd.Timedelta(days=1)
    run(
        postgresql_url,
        "CREATE TABLE log (at timestamptz, x int)",
        f"INSERT INTO log SELECT '{begin}+00'::timestamptz + n * interval '1 hour', n FROM generate_series(0, 80) n",
    )
    window = Window.of("m", Grain.DAY, ZONE, dt.date.fromisoformat(day))
    assert fetch(postgresql_url, tmp_path, window, table="log").count == rows


def test_naive_rows_of_an_hour_struck_twice_are_all_there(postgresql_url: str, tmp_path: Path) -> None:
    """Naive times say 01:30 for both strikes; both rows belong to the day, and to its first 01 o'clock."""
    run(
        postgresql_url,
        "CREATE TABLE log (at timestamp, x int)",
        "INSERT INTO log VALUES ('2013-11-03 01:30', 1), ('2013-11-03 01:30', 2), ('2013-11-03 02:30', 3)",
    )
    first = Window.of("m", Grain.HOUR, ZONE, dt.datetime(2013, 11, 3, 5, 30, tzinfo=dt.UTC))
    assert sorted(values(fetch(postgresql_url, tmp_path, first, table="log", timezone=ZONE))) == [1, 2]
    assert fetch(postgresql_url, tmp_path, first.next(), table="log", timezone=ZONE).count == 0


def test_naive_rows_of_a_skipped_hour_are_there(postgresql_url: str, tmp_path: Path) -> None:
    """The clock never said 02:30; such a row counts at the moment of the change."""
    run(postgresql_url, "CREATE TABLE log (at timestamp, x int)", "INSERT INTO log VALUES ('2013-03-10 02:30', 1)")
    window = Window.of("m", Grain.HOUR, ZONE, dt.datetime(2013, 3, 10, 7, 30, tzinfo=dt.UTC))
    assert values(fetch(postgresql_url, tmp_path, window, table="log", timezone=ZONE)) == [1]


FORMS: dict[str, Callable[[dt.datetime], str]] = {
    "space": lambda m: f"{m:%Y-%m-%d %H:%M:%S}",
    "T": lambda m: f"{m:%Y-%m-%dT%H:%M:%S}",
    "microseconds": lambda m: f"{m:%Y-%m-%d %H:%M:%S.%f}",
    "Z": lambda m: f"{m:%Y-%m-%dT%H:%M:%SZ}",
    "offset": lambda m: f"{m:%Y-%m-%d %H:%M:%S}+00:00",
    "other offset": lambda m: m.replace(tzinfo=dt.UTC).astimezone(ZoneInfo("Asia/Tokyo")).isoformat(),
    "west": lambda m: m.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(ZONE)).isoformat(" "),
    "minutes": lambda m: f"{m:%Y-%m-%d %H:%M}",
}


@pytest.mark.parametrize("declared", ["DATETIME", "TIMESTAMP", "TEXT", "TIMESTAMPTZ", ""])
@pytest.mark.parametrize("form", [*FORMS, "mixed"])
def test_sqlite_times_of_every_form(tmp_path: Path, declared: str, form: str) -> None:
    """SQLite stores whatever it is given; each row counts by what it says."""
    moments = [dt.datetime(2013, 5, 31, 22) + i * dt.timedelta(minutes=30) for i in range(60)]
    forms = [FORMS[form]] * 60 if form != "mixed" else [*FORMS.values()] * 8
    with sqlite3.connect(tmp_path / "log.db") as connection:
        connection.execute(f"CREATE TABLE log (at {declared}, x INTEGER)")
        rows = [(write(moment), i) for i, (moment, write) in enumerate(zip(moments, forms, strict=False))]
        connection.executemany("INSERT INTO log VALUES (?, ?)", [*rows, (None, 99)])
    connection.close()
    url = f"sqlite:///{tmp_path}/log.db"
    expected = list(range(4, 52))
    assert values(fetch(url, tmp_path, table="log", timezone="UTC")) == expected
    assert values(fetch(url, tmp_path, query="SELECT * FROM log", timezone="UTC")) == expected
    bound = "SELECT * FROM log WHERE at >= :start AND at < :end"
    assert values(fetch(url, tmp_path, query=bound, timezone="UTC")) == expected


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Pacific/Kiritimati", "Pacific/Pago_Pago", ZONE])
def test_sqlite_times_in_any_zone(tmp_path: Path, zone: str) -> None:
    times = pd.date_range("2013-05-29", "2013-06-04", freq="h", tz="UTC")
    frame = pd.DataFrame({"at": times.tz_convert(zone).tz_localize(None), "x": range(len(times))})
    url = load(f"sqlite:///{tmp_path}/log.db", frame, sa.DateTime())
    window = Window.of("m", Grain.DAY, zone, dt.date(2013, 6, 1))
    expected = [i for i, t in enumerate(times.tz_convert(zone)) if t.date() == dt.date(2013, 6, 1)]
    assert values(fetch(url, tmp_path, window, table="log", timezone=zone)) == expected


def test_other_times_of_sqlite_stay_times(tmp_path: Path) -> None:
    """As text they would become categories, and differ from what Parquet holds."""
    frame = pd.DataFrame({"at": [dt.datetime(2013, 6, 1)], "due": [dt.datetime(2013, 6, 2, 3)], "price": [1.5]})
    url = load(f"sqlite:///{tmp_path}/log.db", frame, sa.DateTime())
    run(url, "ALTER TABLE log ADD COLUMN cost DECIMAL(10, 2)", "UPDATE log SET cost = 2.25")
    rows = fetch(url, tmp_path, table="log", timezone="UTC")
    assert rows.schema["due"] == rows.schema["at"] == pa.timestamp("us")
    assert values(rows, "due") == [dt.datetime(2013, 6, 2, 3)]
    assert values(rows, "cost") == [2.25]


# Odd tables


def test_odd_types_of_postgres_come_as_something(postgresql_url: str, tmp_path: Path) -> None:
    run(
        postgresql_url,
        "CREATE TYPE mood AS ENUM ('ok', 'bad')",
        """CREATE TABLE log (at timestamptz, id uuid, j jsonb, tags text[], n numeric(20, 2), m mood, b bytea, d date,
           i interval, ip inet, empty json, r real)""",
        """INSERT INTO log VALUES ('2013-06-01Z', '00000000-0000-0000-0000-00000000000a', '{"b": 1, "a": [2]}', '{x,y}',
           12.50, 'ok', 'bytes', '2013-06-01', '1 hour', '127.0.0.1', '{}', 0.5)""",
        "INSERT INTO log (at) VALUES ('2013-06-01Z')",
    )
    rows = fetch(postgresql_url, tmp_path, table="log")
    expected = {
        "id": "00000000-0000-0000-0000-00000000000a",
        "j": '{"a": [2], "b": 1}',
        "tags": ["x", "y"],
        "n": 12.5,
        "m": "ok",
        "b": b"bytes",
        "d": dt.date(2013, 6, 1),
        "i": dt.timedelta(hours=1),
        "ip": "127.0.0.1",
        "empty": "{}",
        "r": 0.5,
    }
    for name, value in expected.items():
        assert values(rows, name) == [value, None], name
    # An object is the class that the structure of a file is, and as little a text.
    struct = pa.array([{"b": 1, "a": [2]}, None])
    assert rows.identities(["j"])["j"].to_pylist() == identities(struct).to_pylist()
    assert type_kind(rows.schema["j"]) == type_kind(struct.type) == "other"
    assert rows.frame(["j"], objects=["j"])["j"].tolist() == [{"b": 1, "a": [2]}, None]


def test_schemas_and_names_that_need_quotes(postgresql_url: str, tmp_path: Path) -> None:
    run(
        postgresql_url,
        'CREATE SCHEMA "My Schema"',
        'CREATE TABLE "My Schema"."Log; DROP TABLE x; --" ("Time At" timestamptz, "x y" int)',
        """INSERT INTO "My Schema"."Log; DROP TABLE x; --" VALUES ('2013-06-01Z', 1)""",
        "CREATE TABLE x (at timestamptz)",
    )
    rows = fetch(postgresql_url, tmp_path, table="My Schema.Log; DROP TABLE x; --", time="Time At")
    assert values(rows, "x y") == [1]
    rows = fetch(postgresql_url, tmp_path, query='SELECT * FROM "My Schema"."Log; DROP TABLE x; --"', time="Time At")
    assert values(rows, "x y") == [1]
    with pytest.raises(SourceError, match='table log"; DROP TABLE x; --: no such table'):
        fetch(postgresql_url, tmp_path, table='log"; DROP TABLE x; --')
    assert sa.inspect(sa.create_engine(postgresql_url, poolclass=sa.NullPool)).has_table("x")


def test_a_table_of_nothing_is_no_fault(database: str, tmp_path: Path) -> None:
    run(database, "CREATE TABLE log (at timestamp, x int)")
    assert fetch(database, tmp_path, table="log", timezone="UTC").count == 0


def test_columns_that_are_enough_and_rows_that_are_enough(database: str, tmp_path: Path) -> None:
    load(database, log_of(100).assign(at=lambda frame: frame["at"].dt.tz_localize(None)), sa.DateTime())
    sql = Sql(url=SecretStr(database), table="log")
    bounds = {"timezone": "UTC", "start": DAY.start, "end": DAY.end, "folder": tmp_path / "spool"}
    [file] = spool(sql, column="at", only=["id", "at"], **bounds)
    assert set(pq.read_schema(file.uri).names) == {"id", "at"}
    [file] = spool(sql, column=None, most=5, **bounds)
    assert pq.read_metadata(file.uri).num_rows == 5


# What lies on the disk


def test_the_spool_is_its_owner_s_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_module, "BATCH_ROWS", 30)
    frame = log_of(100).assign(at=lambda frame: frame["at"].dt.tz_localize(None))
    url = load(f"sqlite:///{tmp_path}/log.db", frame, sa.DateTime())
    rows = fetch(url, tmp_path, table="log", timezone="UTC")
    folder = tmp_path / "spool"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert len(rows.spec.files) > 1


def test_the_same_rows_have_the_same_stamp_in_another_run(tmp_path: Path) -> None:
    frame = log_of(100).assign(at=lambda frame: frame["at"].dt.tz_localize(None))
    url = load(f"sqlite:///{tmp_path}/log.db", frame, sa.DateTime())
    one, two = (fetch(url, tmp_path, table="log", timezone="UTC").fingerprint for _ in range(2))
    assert one == two
    run(url, "UPDATE log SET number = 7 WHERE at >= '2013-06-01 12'")
    assert fetch(url, tmp_path, table="log", timezone="UTC").fingerprint != one


def test_a_dot_in_the_name_of_a_table(database: str, tmp_path: Path) -> None:
    """What stands before it is a schema only where there is one that has the table."""
    run(
        database,
        'CREATE TABLE "my.table" (at timestamp, x int)',
        """INSERT INTO "my.table" VALUES ('2013-06-01 00:00:00', 1)""",
        'CREATE VIEW "a.b.view" AS SELECT at, x + 1 AS x FROM "my.table"',
    )
    assert values(fetch(database, tmp_path, table="my.table", timezone="UTC")) == [1]
    assert values(fetch(database, tmp_path, table="a.b.view", timezone="UTC")) == [2]
    with pytest.raises(SourceError, match=r"table my\.other: no such table; give one"):
        fetch(database, tmp_path, table="my.other", timezone="UTC")


def test_a_schema_goes_before_a_dot_in_a_name(postgresql_url: str, tmp_path: Path) -> None:
    run(
        postgresql_url,
        "CREATE SCHEMA my",
        'CREATE TABLE "my.log" (at timestamptz, x int)',
        "CREATE TABLE my.log (at timestamptz, x int)",
        "INSERT INTO my.log VALUES ('2013-06-01Z', 1)",
    )
    assert values(fetch(postgresql_url, tmp_path, table="my.log")) == [1]


def test_a_schema_of_sqlite_is_one(tmp_path: Path) -> None:
    url = run(f"sqlite:///{tmp_path}/log.db", "CREATE TABLE log (at TEXT, x INTEGER)")
    run(url, "INSERT INTO log VALUES ('2013-06-01T00:00:00Z', 1)")
    assert values(fetch(url, tmp_path, table="main.log", timezone="UTC")) == [1]


@pytest.mark.parametrize(("dialect", "bits"), [("postgresql", 32), ("mysql", 64), ("mariadb", 64), ("sqlite", 64)])
def test_real_has_the_digits_that_its_database_gives_it(dialect: str, bits: int) -> None:
    kind = arrow_type(sa.REAL(), dialect)
    assert kind is not None
    assert kind.bit_width == bits
