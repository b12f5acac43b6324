"""Rows of a window: which ones, of which type, and how little is read of the rest."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamplighter.core.monitor import Duplicates
from lamplighter.core.window import Grain, Window
from lamplighter.errors import SourceError
from storage import rows as rows_module
from storage.files import find
from storage.predictions import predictions_of
from storage.rows import Rows, Slice

ZONE = "America/New_York"
HOUR = pd.Timedelta(hours=1)


def utc(*moments: str) -> pa.Array:
    return pa.array(pd.to_datetime(list(moments), utc=True, format="ISO8601").as_unit("us"))


def slice_of(*paths: str, day: str = "2013-06-01", grain: Grain = Grain.DAY, zone: str = "UTC", **given) -> Slice:
    window = Window.of("m", grain, zone, dt.date.fromisoformat(day))
    return Slice(window, tuple(find(paths)), **{"time": "at"} | given)


def values(rows: Rows, name: str = "x") -> list:
    return rows.table([name]).column(0).to_pylist()


# Which rows belong to a window


def test_rows_are_chosen_by_timestamp_and_not_by_partition(tmp_path: Path, project, monitor_of, write) -> None:
    """A service flushes late: the row of 23:59 lies in the next day's folder, and one of the day before in this."""
    times = {
        "2013-05-31": ["2013-05-31T12:00:00Z", "2013-06-01T00:00:00Z"],
        "2013-06-01": ["2013-05-31T23:59:59.999999Z", "2013-06-01T12:00:00Z"],
        "2013-06-02": ["2013-06-01T23:59:59.999999Z", "2013-06-02T00:00:00Z"],
        "2013-06-03": ["2013-06-01T01:00:00Z"],
    }
    for day, moments in times.items():
        write(tmp_path / f"log/day={day}/a.parquet", at=utc(*moments), x=moments)
    monitor = monitor_of({"parquet": "log/day={day}/*.parquet", "time": "at"})
    window = monitor.window(dt.datetime(2013, 6, 2, 1, tzinfo=dt.UTC))
    found = Rows(predictions_of(project, monitor, window, tmp_path / "spool"))
    expected = ["2013-06-01T00:00:00Z", "2013-06-01T12:00:00Z", "2013-06-01T23:59:59.999999Z"]
    assert values(found) == expected
    assert found.count == 3


@pytest.mark.parametrize(
    ("grain", "day", "hours"),
    [
        (Grain.DAY, "2013-03-10", 23),
        (Grain.DAY, "2013-11-03", 25),
        (Grain.DAY, "2013-06-01", 24),
        (Grain.HOUR, "2013-06-01", 1),
        (Grain.WEEK, "2013-03-10", 7 * 24 - 1),
        (Grain.MONTH, "2013-11-15", 30 * 24 + 1),
    ],
)
def test_windows_of_every_grain_hold_their_hours(
    tmp_path: Path, project, monitor_of, write, grain: Grain, day: str, hours: int
) -> None:
    """A row a minute for two months, counted by pandas' own zone arithmetic."""
    times = pd.date_range("2013-02-20", "2013-12-20", freq="30min", tz="UTC").as_unit("us")
    frame = pd.DataFrame({"at": times, "local": times.tz_convert(ZONE)})
    for local_day, part in frame.groupby(frame["local"].dt.date):
        write(tmp_path / f"log/{local_day:%Y/%m/%d}.parquet", at=pa.array(part["at"]))
    monitor = monitor_of({"parquet": "log/{day:%Y/%m/%d}.parquet", "time": "at"}, every=grain.value, timezone=ZONE)
    window = Window.of("m", grain, ZONE, dt.date.fromisoformat(day))
    rows = Rows(predictions_of(project, monitor, window, tmp_path / "spool"))
    naive = frame["local"].dt.tz_localize(None)
    period = {"1h": "h", "1d": "D", "1w": "W", "1mo": "M"}[grain.value]
    expected = (naive.dt.to_period(period) == pd.Timestamp(day).to_period(period)).sum()
    assert rows.count == expected == 2 * hours


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("declared", [True, False], ids=["naive", "utc"])
def test_units_and_zones_give_the_same_rows(tmp_path: Path, write, unit: str, declared: bool) -> None:
    local = pd.date_range("2013-05-31 22:00", periods=30, freq="h", tz=ZONE)
    times = local.tz_localize(None) if declared else local.tz_convert("UTC")
    table = pa.table({"at": pa.array(times.as_unit(unit)), "x": range(30)})
    path = write(tmp_path / "a.parquet", table, options={"version": "2.6"})
    rows = Rows(slice_of(path, zone=ZONE, timezone=ZONE if declared else None))
    assert values(rows) == list(range(2, 26))


@pytest.mark.parametrize(
    "at",
    [
        ["2013-05-31T23:59:59Z", "2013-06-01T00:00:00Z", "2013-06-02 00:00:00+00:00", None],
        pa.array(["2013-05-31 23:59:59", "2013-06-01 00:00:00", "2013-06-02", None]).dictionary_encode(),
        utc("2013-05-31T23:59:59Z", "2013-06-01T00:00:00Z", "2013-06-02T00:00:00Z", "2014-01-01T00:00:00Z"),
    ],
    ids=["text", "dictionary", "instants"],
)
def test_bounds_start_belongs_and_end_does_not(tmp_path: Path, write, at: object) -> None:
    path = write(tmp_path / "a.parquet", at=at, x=list("abcd"))
    assert values(Rows(slice_of(path, timezone="UTC"))) == ["b"]


def test_rows_without_a_time_belong_to_no_window_unless_asked_for(tmp_path: Path, write) -> None:
    path = write(tmp_path / "a.parquet", at=[None, *utc("2013-06-01T05:00:00Z", "2013-07-01T00:00:00Z")], x=[1, 2, 3])
    assert values(Rows(slice_of(path))) == [2]
    assert values(Rows(slice_of(path, undated=True))) == [1, 2]
    far = slice_of(path, day="2015-01-01", undated=True)
    assert values(Rows(far)) == [1]


# How little is read


def row_groups(path: Path, write, **columns: list) -> str:
    """Four row groups, of 1 to 4 June, an hour a row; the columns beside are noise that does not shrink."""
    times = pd.date_range("2013-06-01", periods=96, freq="h", tz="UTC").as_unit("us")
    noise = np.random.default_rng(0).random(96)
    return write(path, at=pa.array(times), x=np.arange(96), noise=noise, **columns, options={"row_group_size": 24})


def spoil(path: str, group: int, column: str) -> None:
    """Overwrite a column chunk with rubbish."""
    metadata = pq.ParquetFile(path).metadata
    chunk = next(
        metadata.row_group(group).column(i)
        for i in range(metadata.num_columns)
        if metadata.row_group(group).column(i).path_in_schema == column
    )
    begin = chunk.dictionary_page_offset or chunk.data_page_offset
    with open(path, "r+b") as file:
        file.seek(begin)
        file.write(b"\xff" * chunk.total_compressed_size)


def test_other_row_groups_and_columns_are_not_read(tmp_path: Path, write) -> None:
    """All that is not needed is rubbish, and nothing notices."""
    path = row_groups(tmp_path / "a.parquet", write)
    for group in range(4):
        for column in ("at", "x", "noise"):
            if (group, column) != (2, "x"):
                spoil(path, group, column)
    assert values(Rows(slice_of(path, day="2013-06-03"))) == list(range(48, 72))


def test_needed_rubbish_is_noticed(tmp_path: Path, write) -> None:
    path = row_groups(tmp_path / "a.parquet", write)
    spoil(path, 2, "x")
    with pytest.raises(SourceError, match=r"a\.parquet: column 'x' cannot be read: "):
        values(Rows(slice_of(path, day="2013-06-03")))


def test_what_is_read_is_counted(tmp_path: Path, write, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    real = pq.ParquetFile.read_row_group
    monkeypatch.setattr(
        pq.ParquetFile, "read_row_group", lambda self, i, columns: read.append((i, *columns)) or real(self, i, columns)
    )
    path = row_groups(tmp_path / "a.parquet", write)
    rows = Rows(slice_of(path, day="2013-06-02", zone="America/New_York"))
    assert sorted(read) == [(1, "at"), (2, "at")]
    read.clear()
    assert len(values(rows, "noise")) == 24
    assert read == [(1, "noise"), (2, "noise")]


def test_naive_times_prune_row_groups_to_a_day(tmp_path: Path, write) -> None:
    times = pd.date_range("2013-06-01", periods=96, freq="h").as_unit("us")
    path = write(tmp_path / "a.parquet", at=pa.array(times), options={"row_group_size": 24})
    spoil(path, 0, "at")
    rows = Rows(slice_of(path, day="2013-06-04", zone=ZONE, timezone=ZONE))
    assert (rows.count, rows.unreadable) == (24, [])


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_pruning_of_naive_times_leaves_out_no_row(tmp_path: Path, write, zone: str) -> None:
    """What a file says of times without a zone may be 14 hours off."""
    times = pd.date_range("2013-06-01", periods=96, freq="h").as_unit("us")
    path = write(tmp_path / "a.parquet", at=pa.array(times), x=np.arange(96), options={"row_group_size": 3})
    rows = Rows(slice_of(path, day="2013-06-03", zone=zone, timezone=zone))
    assert values(rows) == list(range(48, 72))


def test_more_files_than_may_be_open(tmp_path: Path, write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that logs by the minute writes more files than a process may hold open."""
    import resource

    for i in range(120):
        write(tmp_path / f"{i:03d}.parquet", at=utc("2013-06-01T00:00:00Z"), x=[i])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = len(list(Path("/proc/self/fd").iterdir()))
    monkeypatch.setattr(rows_module, "OPEN_FILES", 10)
    resource.setrlimit(resource.RLIMIT_NOFILE, (held + 30, hard))
    try:
        rows = Rows(slice_of(str(tmp_path / "*.parquet")))
        assert (values(rows), rows.unreadable) == (list(range(120)), [])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_no_file_stays_open(tmp_path: Path, write) -> None:
    path = write(tmp_path / "a.parquet", at=utc("2013-06-01T00:00:00Z"), x=[1])
    rows = Rows(slice_of(path))
    for _, batches in rows.columns(["x", "at"]):
        next(batches)
        break
    rows.table(["x"])
    assert path not in {str(link.resolve()) for link in Path("/proc/self/fd").iterdir()}


def test_columns_come_a_row_group_at_a_time(tmp_path: Path, write) -> None:
    rows = Rows(slice_of(row_groups(tmp_path / "a.parquet", write), time=None))
    lengths = {name: [len(batch) for batch in batches] for name, batches in rows.columns(["x", "noise", "absent"])}
    assert lengths == {"x": [24] * 4, "noise": [24] * 4, "absent": [24] * 4}


def test_a_name_that_goes_on_after_a_dot_is_another_column(tmp_path: Path, write) -> None:
    table = pa.table({"wind.speed": [1, 2], "wind": [3, 4], "at": utc("2013-06-01T00:00:00Z", "2013-06-01T01:00:00Z")})
    path = write(tmp_path / "a.parquet", table)
    assert values(Rows(slice_of(path)), "wind") == [3, 4]


# Types


EVERY_TYPE = {
    "int": pa.array([1, None, 3], pa.int32()),
    "float": pa.array([0.5, None, float("inf")]),
    "decimal": pa.array([Decimal("1.50"), None, Decimal("2.25")]),
    "bool": pa.array([True, None, False]),
    "text": pa.array(["a", None, "b"]),
    "dictionary": pa.array(["a", None, "b"]).dictionary_encode(),
    "numbers": pa.array([7, None, 7]).dictionary_encode(),
    "null": pa.nulls(3),
    "list": pa.array([[1], None, [2, 3]]),
}


def test_every_type_is_read_as_it_is(tmp_path: Path, write) -> None:
    table = pa.table({"at": utc(*["2013-06-01T00:00:00Z"] * 3), **EVERY_TYPE})
    rows = Rows(slice_of(write(tmp_path / "a.parquet", table)))
    expected = pq.read_table(tmp_path / "a.parquet").to_pydict()
    assert rows.table(list(EVERY_TYPE)).to_pydict() == {name: expected[name] for name in EVERY_TYPE}
    assert rows.schema["dictionary"] == pa.string()
    assert rows.schema["numbers"] == pa.int64()


def test_a_frame_holds_decimals_as_floats(tmp_path: Path, write) -> None:
    table = pa.table({"at": utc(*["2013-06-01T00:00:00Z"] * 3), **EVERY_TYPE})
    rows = Rows(slice_of(write(tmp_path / "a.parquet", table)))
    for frame in (rows.frame(["decimal"]), rows.sample(["decimal"], 10, 0)):
        assert frame["decimal"].dtype == np.float64
        np.testing.assert_array_equal(frame["decimal"], [1.5, np.nan, 2.25])


AT = ["2013-06-01T00:00:00Z", "2013-06-01T01:00:00Z"]


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        (pa.nulls(2), pa.array([1, 2]), [None, None, 1, 2]),
        (pa.array(["a", "b"]), pa.nulls(2), ["a", "b", None, None]),
        (pa.array([1, 2]), pa.array([3.0, None]), [1.0, 2.0, 3.0, None]),
        (pa.array([1, 2], pa.int16()), pa.array([2**40, None]), [1, 2, 2**40, None]),
        (pa.array([2**60 + 1, 2]), pa.array([0.5, None]), [float(2**60), 2.0, 0.5, None]),
        (pa.array([Decimal("1.5"), None]), pa.array([1, 2]), [1.5, None, 1.0, 2.0]),
        (pa.array(["a", "b"]), pa.array(["c", None], pa.large_string()), ["a", "b", "c", None]),
        (pa.array(["a", "b"]).dictionary_encode(), pa.array(["c", None]), ["a", "b", "c", None]),
    ],
    ids=["null-int", "text-null", "int-float", "short-long", "large-float", "decimal-int", "text-large", "dictionary"],
)
def test_files_of_one_day_may_hold_a_column_in_related_types(tmp_path: Path, write, first, second, joined) -> None:
    """Pandas writes whole numbers beside a null as floats; that is no breakage."""
    write(tmp_path / "a.parquet", at=utc(*AT), x=first)
    write(tmp_path / "b.parquet", at=utc(*AT), x=second)
    rows = Rows(slice_of(str(tmp_path / "*.parquet")))
    assert rows.conflicting == {}
    assert values(rows) == joined
    assert [value for value in rows.sample(["x"], 10, 0)["x"].tolist() if value == value and value is not None] == [
        value for value in joined if value is not None
    ]


@pytest.mark.parametrize(
    ("first", "second", "told", "joined"),
    [
        (pa.array([1, 2]), pa.array(["3", "x"]), "int64 and string", ["1", "2", "3", "x"]),
        (pa.array([1.0, 0.5]), pa.array(["3", None]), "double and string", ["1", "0.5", "3", None]),
        (pa.array([True, False]), pa.array([1, 0]), "bool and int64", ["1", "0", "1", "0"]),
        (pa.array([[1], [2]]), pa.array([1, None]), "list<element: int64> and int64", ["[1]", "[2]", "1", None]),
    ],
)
def test_a_type_that_differs_between_files_is_told_and_read_as_text(
    tmp_path: Path, write, first, second, told: str, joined: list
) -> None:
    write(tmp_path / "a.parquet", at=utc(*AT), x=first)
    write(tmp_path / "b.parquet", at=utc(*AT), x=second)
    rows = Rows(slice_of(str(tmp_path / "*.parquet")))
    assert rows.conflicting == {"x": told}
    assert values(rows) == joined
    assert rows.count == 4


def test_times_of_different_types_in_two_files(tmp_path: Path, write) -> None:
    write(tmp_path / "a.parquet", at=pa.array([dt.datetime(2013, 6, 1, 5)], pa.timestamp("us")), x=[1], id=["a"])
    write(tmp_path / "b.parquet", at=["2013-06-01T04:00:00Z"], x=[2], id=["a"])
    write(tmp_path / "c.parquet", at=utc("2013-06-01T06:00:00Z"), x=[3], id=["a"])
    rows = Rows(slice_of(str(tmp_path / "*.parquet"), timezone="UTC", id=("id",)))
    assert values(rows) == [2]
    assert rows.repeated == 2


# Bad files


def cut(path: str) -> str:
    whole = Path(path).read_bytes()
    Path(path).write_bytes(whole[: len(whole) // 2])
    return path


def test_a_file_cut_in_half_is_told_and_the_others_are_read(tmp_path: Path, write) -> None:
    cut(write(tmp_path / "a.parquet", at=utc(*AT), x=[1, 2]))
    write(tmp_path / "b.parquet", at=utc(*AT), x=[3, 4])
    (tmp_path / "c.parquet").write_bytes(b"")
    (tmp_path / "d.parquet").mkdir()
    rows = Rows(slice_of(str(tmp_path / "*.parquet")))
    assert values(rows) == [3, 4]
    assert [Path(uri).name for uri, _ in rows.unreadable] == ["a.parquet", "c.parquet", "d.parquet"]
    assert all(fault and "\n" not in fault for _, fault in rows.unreadable)


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"x": [1], "when": ["2013-06-01"]}, "no time column 'at'; it has x, when"),
        ({"at": pa.array([dt.date(2013, 6, 1)])}, "column 'at' is date32[day]; a time column holds timestamps"),
        ({"at": ["yesterday"]}, "column 'at' holds 'yesterday', which is no ISO 8601 timestamp"),
        ({"at": pa.array([dt.datetime(2013, 6, 1)])}, "column 'at' holds timestamps without a zone; declare timezone"),
    ],
)
def test_a_time_column_that_does_not_serve_is_told_by_file(tmp_path: Path, write, columns: dict, fault: str) -> None:
    write(tmp_path / "a.parquet", **columns)
    write(tmp_path / "b.parquet", at=utc(*AT), x=[3, 4])
    rows = Rows(slice_of(str(tmp_path / "*.parquet")))
    assert values(rows) == [3, 4]
    [(uri, told)] = rows.unreadable
    assert uri.endswith("a.parquet")
    assert told.startswith(fault)


def test_a_file_that_vanishes_between_listing_and_opening_is_told(tmp_path: Path, write) -> None:
    paths = [write(tmp_path / name, at=utc(*AT), x=[1, 2]) for name in ("a.parquet", "b.parquet")]
    where = slice_of(*paths)
    Path(paths[0]).unlink()
    rows = Rows(where)
    assert rows.count == 2
    assert rows.unreadable[0][0] == paths[0]


def test_a_file_that_vanishes_between_opening_and_reading_is_one_line(tmp_path: Path, write) -> None:
    path = write(tmp_path / "a.parquet", at=utc(*AT), x=[1, 2])
    rows = Rows(slice_of(path))
    Path(path).unlink()
    with pytest.raises(SourceError) as raised:
        rows.table(["x"])
    assert str(raised.value).startswith(f"{path}: column 'x' cannot be read: ")
    assert "\n" not in str(raised.value)


def test_an_empty_day_is_no_fault(tmp_path: Path, write) -> None:
    write(tmp_path / "a.parquet", at=utc(*AT)[:0], x=pa.array([], pa.int64()))
    for rows in (Rows(slice_of(str(tmp_path / "*.parquet"))), Rows(slice_of(str(tmp_path / "none")))):
        assert (rows.count, rows.repeated, rows.unreadable, rows.schema) == (0, 0, [], {})
        assert rows.table(["x"]).num_rows == len(rows.frame(["x"], ["x"])) == len(rows.sample(["x"], 5, 0)) == 0


def test_the_fingerprint_tells_of_files_with_rows_of_the_window_alone(tmp_path: Path, write) -> None:
    held = write(tmp_path / "a.parquet", at=utc(*AT), x=[1, 2])
    other = write(tmp_path / "b.parquet", at=utc("2013-06-02T00:00:00Z"), x=[3])
    before = Rows(slice_of(held, other)).fingerprint
    write(Path(other), at=utc("2013-06-02T00:00:00Z", "2013-06-02T01:00:00Z"), x=[3, 4])
    assert Rows(slice_of(held, other)).fingerprint == before
    write(Path(other), at=utc("2013-06-01T00:00:00Z"), x=[3])
    assert Rows(slice_of(held, other)).fingerprint != before


def test_a_file_that_could_not_be_read_once_is_news_when_it_can(tmp_path: Path, write) -> None:
    """Its bytes did not change, only the disk or the store came back."""
    where = slice_of(write(tmp_path / "a.parquet", at=utc(*AT), x=[1, 2]))
    (tmp_path / "a.parquet").rename(tmp_path / "away")
    broken = Rows(where).fingerprint
    (tmp_path / "away").rename(tmp_path / "a.parquet")
    assert Rows(where).fingerprint != broken


# Repeated ids


REPEATED = {
    "at": [f"2013-06-01T0{hour}:00:00Z" for hour in (2, 1, 3, 4, 5, 6, 7)],
    "id": ["a", "a", "a", "b", None, None, "c"],
    "version": ["1", "1", "2", "1", "1", "1", None],
    "x": [0, 1, 2, 3, 4, 5, 6],
}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"id": ("id",)}, [1, 3, 4, 5, 6]),
        ({"id": ("id",), "duplicates": Duplicates.ERROR}, [1, 3, 4, 5, 6]),
        ({"id": ("id",), "duplicates": Duplicates.LAST}, [2, 3, 4, 5, 6]),
        ({"id": ("id",), "version": "version"}, [1, 2, 3, 4, 5, 6]),
        ({"id": ("id",), "version": "version", "duplicates": Duplicates.LAST}, [0, 2, 3, 4, 5, 6]),
        ({"id": ("id", "version")}, [1, 2, 3, 4, 5, 6]),
        ({"id": ("id",), "time": None}, [0, 3, 4, 5, 6]),
        ({"id": ("id",), "time": None, "duplicates": Duplicates.LAST}, [2, 3, 4, 5, 6]),
        ({"id": ("absent",)}, [0, 1, 2, 3, 4, 5, 6]),
        ({}, [0, 1, 2, 3, 4, 5, 6]),
    ],
)
@pytest.mark.parametrize("split", [False, True], ids=["one file", "row groups and files"])
def test_of_repeated_ids_one_stays(tmp_path: Path, write, given: dict, kept: list[int], split: bool) -> None:
    table = pa.table(REPEATED)
    if split:
        write(tmp_path / "a.parquet", table.slice(0, 4), options={"row_group_size": 2})
        write(tmp_path / "b.parquet", table.slice(4), options={"row_group_size": 2})
    else:
        write(tmp_path / "a.parquet", table)
    rows = Rows(slice_of(str(tmp_path / "*.parquet"), **given))
    assert sorted(values(rows)) == kept
    assert (rows.count, rows.repeated) == (len(kept), 7 - len(kept))


@pytest.mark.parametrize(("duplicates", "kept"), [(Duplicates.FIRST, 0), (Duplicates.LAST, 199)])
def test_at_one_instant_first_and_last_go_by_place(tmp_path: Path, write, duplicates: Duplicates, kept: int) -> None:
    path = write(tmp_path / "a.parquet", at=[AT[0]] * 200, id=["a"] * 200, x=range(200))
    assert values(Rows(slice_of(path, id=("id",), duplicates=duplicates))) == [kept]


def test_a_null_version_is_a_version(tmp_path: Path, write) -> None:
    path = write(tmp_path / "a.parquet", at=AT, id=["a", "a"], version=pa.nulls(2, pa.string()), x=[1, 2])
    assert values(Rows(slice_of(path, id=("id",), version="version"))) == [1]


def test_large_ids_beside_a_null_stay_apart(tmp_path: Path, write) -> None:
    """As floats, which pandas makes of them, 2**53 and 2**53 + 1 would be one."""
    path = write(tmp_path / "a.parquet", at=[AT[0]] * 3, id=[2**53, 2**53 + 1, None], x=[1, 2, 3])
    rows = Rows(slice_of(path, id=("id",)))
    assert values(rows) == [1, 2, 3]
    assert rows.frame(["id"], ["id"])["id"].tolist()[:2] == ["9007199254740992", "9007199254740993"]


def test_an_id_is_one_whatever_type_holds_it(tmp_path: Path, write) -> None:
    write(tmp_path / "a.parquet", at=AT, id=pa.array([7, 8]), x=[1, 2])
    write(tmp_path / "b.parquet", at=AT, id=pa.array([7.0, None]), x=[3, 4])
    write(tmp_path / "c.parquet", at=AT, id=pa.array(["8", "9"]), x=[5, 6])
    write(tmp_path / "d.parquet", at=AT, id=pa.array([Decimal("9.00"), Decimal("10")]), x=[7, 8])
    rows = Rows(slice_of(str(tmp_path / "*.parquet"), id=("id",)))
    assert values(rows) == [1, 4, 5, 7, 8]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from([1, 2, 3, None]), st.sampled_from(["u", "v", None]), st.integers(0, 47)),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from([Duplicates.FIRST, Duplicates.LAST]),
    st.integers(1, 5),
)
def test_repeated_ids_against_a_slow_reference(tmp_path: Path, write, drawn: list, duplicates, group: int) -> None:
    hours = [pd.Timestamp("2013-05-31T12:00:00Z") + hour * HOUR for _, _, hour in drawn]
    table = pa.table(
        {
            "at": pa.array(pd.DatetimeIndex(hours).as_unit("us")),
            "a": pa.array([a for a, *_ in drawn], pa.int64()),
            "b": pa.array([b for _, b, *_ in drawn], pa.string()),
            "x": range(len(drawn)),
        }
    )
    path = write(tmp_path / "a.parquet", table, options={"row_group_size": group})
    inside = [i for i, hour in enumerate(hours) if hour.date() == dt.date(2013, 6, 1)]
    by_id: dict[tuple, list[int]] = {}
    for i in inside:
        a, b = drawn[i][:2]
        by_id.setdefault((a, b) if a is not None and b is not None else (i,), []).append(i)
    sign = 1 if duplicates is Duplicates.FIRST else -1
    kept = sorted(min(group, key=lambda i: (sign * hours[i].value, sign * i)) for group in by_id.values())
    assert values(Rows(slice_of(path, id=("a", "b"), duplicates=duplicates))) == kept


# Samples


def test_a_sample_is_seeded_in_order_and_without_replacement(tmp_path: Path, write) -> None:
    rows = Rows(slice_of(row_groups(tmp_path / "a.parquet", write), time=None))
    drawn = rows.sample(["x", "noise", "absent"], 30, seed=1)
    assert drawn.equals(rows.sample(["x", "noise", "absent"], 30, seed=1))
    assert not drawn.equals(rows.sample(["x", "noise", "absent"], 30, seed=2))
    assert drawn["x"].is_monotonic_increasing
    assert drawn["x"].is_unique
    whole = pq.read_table(rows.slice.files[0].uri).to_pandas().set_index("x")
    np.testing.assert_array_equal(drawn["noise"], whole.loc[drawn["x"], "noise"])
    assert drawn["absent"].isna().all()
    assert len(rows.sample(["x"], 1000, seed=1)) == 96


def test_a_sample_draws_every_row_equally_often(tmp_path: Path, write) -> None:
    rows = Rows(slice_of(row_groups(tmp_path / "a.parquet", write), time=None))
    drawn = np.concatenate([rows.sample(["x"], 24, seed=seed)["x"] for seed in range(200)])
    # 200 draws at 1/4: 50 on average, and six standard deviations are 37.
    assert np.abs(np.bincount(drawn, minlength=96) - 50).max() < 37


def test_slices_compare_by_value(tmp_path: Path, write) -> None:
    where = slice_of(write(tmp_path / "a.parquet", at=AT))
    assert where == replace(where)
    assert hash(where) == hash(replace(where))
    assert where != replace(where, id=("id",))
