"""Which rows a window holds, and how little is read of the rest."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lamplighter.core.time.window import Grain, Window
from lamplighter.errors import SourceError
from storage.sources import parquet as parquet_module
from storage.sources.files import find
from storage.sources.parquet import OpenFiles
from storage.sources.predictions import predictions_of
from storage.sources.row_groups import RowFilter
from storage.sources.scan import Scan, ScanSpec
from tests.storage.scan_specs import ZONE, row_groups, spec_of, spoil, utc, values

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
    found = Scan(predictions_of(project, monitor, window, tmp_path / "spool"))
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
    rows = Scan(predictions_of(project, monitor, window, tmp_path / "spool"))
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
    rows = Scan(spec_of(path, zone=ZONE, timezone=ZONE if declared else None))
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
    assert values(Scan(spec_of(path, timezone="UTC"))) == ["b"]


def test_rows_without_a_time_belong_to_no_window_unless_asked_for(tmp_path: Path, write) -> None:
    path = write(tmp_path / "a.parquet", at=[None, *utc("2013-06-01T05:00:00Z", "2013-07-01T00:00:00Z")], x=[1, 2, 3])
    assert values(Scan(spec_of(path))) == [2]
    assert values(Scan(spec_of(path, undated=True))) == [1, 2]
    far = spec_of(path, day="2015-01-01", undated=True)
    assert values(Scan(far)) == [1]


# How little is read


def test_other_row_groups_and_columns_are_not_read(tmp_path: Path, write) -> None:
    """All that is not needed is rubbish, and nothing notices."""
    path = row_groups(tmp_path / "a.parquet", write)
    for group in range(4):
        for column in ("at", "x", "noise"):
            if (group, column) != (2, "x"):
                spoil(path, group, column)
    assert values(Scan(spec_of(path, day="2013-06-03"))) == list(range(48, 72))


def test_needed_rubbish_is_noticed(tmp_path: Path, write) -> None:
    path = row_groups(tmp_path / "a.parquet", write)
    spoil(path, 2, "x")
    with pytest.raises(SourceError, match=r"a\.parquet: column 'x' cannot be read: "):
        values(Scan(spec_of(path, day="2013-06-03")))


def test_what_is_read_is_counted(tmp_path: Path, write, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    real = pq.ParquetFile.read_row_group
    monkeypatch.setattr(
        pq.ParquetFile,
        "read_row_group",
        lambda self, i, columns, **named: read.append((i, *columns)) or real(self, i, columns, **named),
    )
    path = row_groups(tmp_path / "a.parquet", write)
    rows = Scan(spec_of(path, day="2013-06-02", zone="America/New_York"))
    assert sorted(read) == [(1, "at"), (2, "at")]
    read.clear()
    assert len(values(rows, "noise")) == 24
    assert read == [(1, "noise"), (2, "noise")]


def test_naive_times_prune_row_groups_to_a_day(tmp_path: Path, write) -> None:
    times = pd.date_range("2013-06-01", periods=96, freq="h").as_unit("us")
    path = write(tmp_path / "a.parquet", at=pa.array(times), options={"row_group_size": 24})
    spoil(path, 0, "at")
    rows = Scan(spec_of(path, day="2013-06-04", zone=ZONE, timezone=ZONE))
    assert (rows.count, rows.unreadable) == (24, [])


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_pruning_of_naive_times_leaves_out_no_row(tmp_path: Path, write, zone: str) -> None:
    """What a file says of times without a zone may be 14 hours off."""
    times = pd.date_range("2013-06-01", periods=96, freq="h").as_unit("us")
    path = write(tmp_path / "a.parquet", at=pa.array(times), x=np.arange(96), options={"row_group_size": 3})
    rows = Scan(spec_of(path, day="2013-06-03", zone=zone, timezone=zone))
    assert values(rows) == list(range(48, 72))


def test_more_files_than_may_be_open(tmp_path: Path, write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that logs by the minute writes more files than a process may hold open."""
    import resource

    for i in range(120):
        write(tmp_path / f"{i:03d}.parquet", at=utc("2013-06-01T00:00:00Z"), x=[i])
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = len(list(Path("/proc/self/fd").iterdir()))
    monkeypatch.setattr(parquet_module, "OPEN_FILES", 10)
    resource.setrlimit(resource.RLIMIT_NOFILE, (held + 30, hard))
    try:
        rows = Scan(spec_of(str(tmp_path / "*.parquet")))
        assert (values(rows), rows.unreadable) == (list(range(120)), [])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_no_file_stays_open(tmp_path: Path, write) -> None:
    path = write(tmp_path / "a.parquet", at=utc("2013-06-01T00:00:00Z"), x=[1])
    rows = Scan(spec_of(path))
    for _, batches in rows.columns(["x", "at"]):
        next(batches)
        break
    rows.table(["x"])
    assert path not in {str(link.resolve()) for link in Path("/proc/self/fd").iterdir()}


def test_columns_come_a_row_group_at_a_time(tmp_path: Path, write) -> None:
    rows = Scan(spec_of(row_groups(tmp_path / "a.parquet", write), time=None))
    lengths = {name: [len(batch) for batch in batches] for name, batches in rows.columns(["x", "noise", "absent"])}
    assert lengths == {"x": [24] * 4, "noise": [24] * 4, "absent": [24] * 4}


def test_a_name_that_goes_on_after_a_dot_is_another_column(tmp_path: Path, write) -> None:
    table = pa.table({"wind.speed": [1, 2], "wind": [3, 4], "at": utc("2013-06-01T00:00:00Z", "2013-06-01T01:00:00Z")})
    path = write(tmp_path / "a.parquet", table)
    assert values(Scan(spec_of(path)), "wind") == [3, 4]


def test_a_time_that_no_calendar_holds_is_of_no_window(tmp_path: Path, write) -> None:
    """Year 20,000, as seconds taken for milliseconds give it, is none that Python could hold."""
    times = pa.array([*utc("2013-06-01T05:00:00Z").cast(pa.int64()).to_pylist(), 569_000_000_000_000_000], pa.int64())
    for kind in (pa.timestamp("us", tz="UTC"), pa.timestamp("us")):
        path = write(tmp_path / "a.parquet", at=times.cast(kind), x=[1, 2])
        rows = Scan(spec_of(path, timezone="UTC"))
        assert (values(rows), rows.unreadable) == ([1], [])


def test_what_is_kept_of_a_row_group_is_a_bit_for_each_row(tmp_path: Path, write) -> None:
    times = pa.array(np.arange(80_000) * 1_000_000, pa.timestamp("us", tz="UTC"))
    where = spec_of(write(tmp_path / "a.parquet", at=times), day="1970-01-01", grain=Grain.HOUR)
    [part], _ = RowFilter(where.window, "at", None, undated=False).parts(OpenFiles(), where.files[0])
    assert part.size == 3600
    assert part.mask.nbytes == 10_000
    assert part.keep(np.arange(3600) % 2 == 0).mask.nbytes == 10_000


# Rows without a time


def days_around(pattern: str, zone: str = "UTC", timezone: str | None = None) -> dict[str, int]:
    """Rows without a time that each day around the first of June counts."""
    counted = {}
    for day in (dt.date(2013, 5, 30) + dt.timedelta(days=i) for i in range(5)):
        window = Window.of("m", Grain.DAY, zone, day)
        files = tuple(find([pattern], window.days(margin=1)))
        if undated := Scan(ScanSpec(window, files, "at", timezone=timezone)).undated:
            counted[day.isoformat()] = undated
    return counted


HOURS = pd.date_range("2013-06-01T00:00:00Z", periods=4, freq="h").as_unit("us")


@pytest.mark.parametrize(
    "times",
    [
        pa.array([*HOURS, None, None]),
        pa.array([*HOURS.tz_localize(None), None, None]),
        pa.array([*HOURS.strftime("%Y-%m-%dT%H:%M:%SZ"), None, None]),
        pa.array([*HOURS.strftime("%Y-%m-%d %H:%M:%S"), None, None]).dictionary_encode(),
        pa.nulls(2),
        pa.nulls(2, pa.timestamp("us", tz="UTC")),
        pa.nulls(2, pa.string()),
    ],
    ids=["instants", "naive", "text", "dictionary", "nulls", "null instants", "null text"],
)
def test_rows_without_a_time_are_counted_for_the_day_of_their_path(tmp_path: Path, write, times: pa.Array) -> None:
    write(tmp_path / "day=2013-06-01/a.parquet", at=times)
    assert days_around(f"{tmp_path}/day={{day}}/*.parquet", timezone="UTC") == {"2013-06-01": 2}


@pytest.mark.parametrize("zone", ["UTC", ZONE, "Pacific/Kiritimati"])
@pytest.mark.parametrize("naive", [True, False])
@pytest.mark.parametrize("group", [3, 1000])
def test_rows_without_a_time_are_counted_once_beside_the_newest_where_no_path_tells(
    tmp_path: Path, write, zone: str, naive: bool, group: int
) -> None:
    local = pd.date_range("2013-05-31T00:00", periods=72, freq="h", tz=zone)
    times = pd.Series((local.tz_localize(None) if naive else local.tz_convert("UTC")).as_unit("us"))
    times.iloc[[1, 30, 31, 70]] = None
    path = write(tmp_path / "a.parquet", at=pa.array(times), options={"row_group_size": group})
    expected = {"2013-06-02": 4} if group == 1000 else {"2013-05-31": 1, "2013-06-01": 2, "2013-06-02": 1}
    assert days_around(path, zone, zone) == expected


def test_rows_without_a_time_are_counted_in_one_hour_of_their_day(tmp_path: Path, write) -> None:
    write(tmp_path / "day=2013-11-03/a.parquet", at=pa.nulls(3, pa.timestamp("us", tz="UTC")))
    window = Window.of("m", Grain.HOUR, ZONE, dt.datetime(2013, 11, 2, 23, tzinfo=dt.UTC))
    counted = {}
    for _ in range(50):
        files = tuple(find([f"{tmp_path}/day={{day}}/*.parquet"], window.days(margin=1)))
        counted[window.label] = Scan(ScanSpec(window, files, "at")).undated
        window = window.next()
    assert {label: count for label, count in counted.items() if count} == {"2013-11-03T23:00-05:00": 3}


def test_a_month_counts_the_rows_without_a_time_of_its_days(tmp_path: Path, write) -> None:
    for day in ("2013-05-31", "2013-06-01", "2013-06-30", "2013-07-01"):
        write(tmp_path / f"day={day}/a.parquet", at=pa.nulls(1, pa.timestamp("us", tz="UTC")))
    window = Window.of("m", Grain.MONTH, ZONE, dt.date(2013, 6, 15))
    files = tuple(find([f"{tmp_path}/day={{day}}/*.parquet"], window.days(margin=1)))
    assert Scan(ScanSpec(window, files, "at")).undated == 2


def test_rows_that_are_taken_are_not_missed(tmp_path: Path, write) -> None:
    path = write(tmp_path / "a.parquet", at=pa.array([*HOURS[:2], None]), x=[1, 2, 3])
    for given in ({"undated": True}, {"time": None}):
        rows = Scan(spec_of(path, **given))
        assert (values(rows), rows.undated) == ([1, 2, 3], 0)
