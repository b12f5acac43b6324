"""Times that are numbers or dates, held against the standard library."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lamplighter.core.time.window import Grain, Window
from lamplighter.errors import ColumnError
from storage.sources.epochs import PER_SECOND
from storage.sources.scan import Scan, ScanSpec
from storage.sources.timestamps import INSTANT, to_instants
from tests.storage.labelled_world import PREDICTIONS
from tests.storage.scan_specs import spec_of, values

ZERO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MOMENT = dt.datetime(2026, 3, 2, 5, 4, 3, 123_456, tzinfo=dt.UTC)
DATE_IN_DIGITS = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(\d\d){0,3}")
MICROS = (MOMENT - ZERO) // dt.timedelta(microseconds=1)


def read(values: list, kind: pa.DataType, **given) -> list:
    instants = to_instants(pa.chunked_array([pa.array(values, kind)]), "at", None, **given)
    assert instants.type == INSTANT
    return instants.to_pylist()


@given(
    st.one_of(
        st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(1968, 1, 1), timezones=st.just(dt.UTC)),
        st.datetimes(dt.datetime(1971, 1, 2), dt.datetime(2200, 1, 1), timezones=st.just(dt.UTC)),
    )
)
@pytest.mark.parametrize("unit", PER_SECOND)
def test_whole_numbers_of_any_unit_agree_with_the_standard_library(unit: str, moment: dt.datetime) -> None:
    micros = (moment - ZERO) // dt.timedelta(microseconds=1)
    number = micros * PER_SECOND[unit] // 10**6
    # 2043100900 is a second of 2034, and reads as midnight of 9 October 2043 as well: it is refused.
    assume(not DATE_IN_DIGITS.fullmatch(str(number)))
    expected = ZERO + dt.timedelta(microseconds=number * 10**6 // PER_SECOND[unit])
    assert read([number, None], pa.int64(), unit=unit) == [expected, None]


@pytest.mark.parametrize(
    ("value", "kind", "unit"),
    [
        (MICROS / 10**6, pa.float64(), "s"),
        (MICROS / 10**3, pa.float64(), "ms"),
        (Decimal(MICROS) / 10**6, pa.decimal128(18, 6), "s"),
        (Decimal(MICROS) / 10**3, pa.decimal256(40, 3), "ms"),
        (MICROS, pa.uint64(), "us"),
        (MICROS * 1000 + 999, pa.int64(), "ns"),
        (f"{MICROS}", pa.string(), "us"),
        (f" {MICROS / 10**6:.6f}", pa.large_string(), "s"),
    ],
    ids=str,
)
def test_a_fraction_of_a_second_is_kept_to_the_microsecond(value: object, kind: pa.DataType, unit: str) -> None:
    assert read([value, None], kind, unit=unit) == [MOMENT, None]


@pytest.mark.parametrize(
    ("values", "kind", "unit"),
    [
        ([2**62, 5], pa.int64(), "s"),
        ([-(2**62), 5], pa.int64(), "ms"),
        ([float("nan"), 5], pa.float64(), "s"),
        ([float("-inf"), 5], pa.float64(), "us"),
        ([1e300, 5], pa.float64(), "ns"),
        ([2**63, 5], pa.uint64(), "us"),
    ],
    ids=str,
)
def test_what_no_instant_holds_costs_its_own_row(values: list, kind: pa.DataType, unit: str) -> None:
    sound = MICROS * PER_SECOND[unit] // 10**6
    values = [values[0], float(sound) if pa.types.is_floating(kind) else sound]
    assert [value is None for value in read(values, kind, unit=unit)] == [True, False]


@pytest.mark.parametrize("unit", PER_SECOND)
@pytest.mark.parametrize("other", [*PER_SECOND, None])
@pytest.mark.parametrize("statistics", [True, False])
def test_a_time_of_another_unit_than_the_declared_is_counted_and_not_lost(
    tmp_path, write, unit: str, other: str | None, statistics: bool
) -> None:
    """Seconds beside milliseconds would be times of 1970; a zero stands for no time."""
    micros = [
        (dt.datetime(2013, 6, 1, hour, tzinfo=dt.UTC) - ZERO) // dt.timedelta(microseconds=1) for hour in range(6)
    ]
    units = [unit, other, unit, other, unit, unit]
    numbers = [0 if of is None else moment * PER_SECOND[of] // 10**6 for moment, of in zip(micros, units, strict=True)]
    path = write(
        tmp_path / "a.parquet", pa.table({"at": numbers, "x": range(6)}), options={"write_statistics": statistics}
    )
    rows = Scan(spec_of(path, unit=unit))
    wrong = [1, 3] if other != unit else []
    assert (values(rows), rows.undated) == ([x for x in range(6) if x not in wrong], len(wrong))


@pytest.mark.parametrize("kind", [pa.timestamp("s"), pa.timestamp("ms", tz="UTC")], ids=str)
def test_a_timestamp_that_no_instant_holds_is_no_time(kind: pa.DataType) -> None:
    """As microseconds it would become another time, perhaps one of the window."""
    held = pa.array([2**62, 0], pa.int64()).cast(kind)
    assert to_instants(held, "at", "UTC").to_pylist() == [None, ZERO]
    assert to_instants(pa.array([2**31 - 1, 0], pa.int32()).cast(pa.date32()), "at", "UTC").to_pylist() == [None, ZERO]


@pytest.mark.parametrize(
    ("values", "kind", "unit", "expected"),
    [
        ([1772409600000], pa.int64(), None, "numbers such as 1772409600000; declare time_unit: ms beside it"),
        ([1772409600.5], pa.float64(), None, "numbers such as 1772409600; declare time_unit: s beside it"),
        ([1772409600000000000], pa.int64(), None, "declare time_unit: ns beside it"),
        ([Decimal("1772409600000000")], pa.decimal128(20, 0), None, "declare time_unit: us beside it"),
        (["1772409600000"], pa.string(), None, "numbers such as 1772409600000; declare time_unit: ms beside it"),
        ([12], pa.int64(), None, "numbers such as 12; declare time_unit, one of s, ms, us, ns, beside it"),
        *(
            ([first, first + 1, None], kind, unit, expected)
            for kind in (pa.int64(), pa.float64())
            for unit in (None, "s", "ms")
            for first, expected in (
                (20260302, ", a date in digits and no count since 1970; write 2026-03-02"),
                (2034030210, ", a date in digits and no count since 1970; write 2034-03-02T10:00:00"),
                (202603021015, ", a date in digits and no count since 1970; write 2026-03-02T10:15:00"),
                (20260302101500, ", a date in digits and no count since 1970; write 2026-03-02T10:15:00"),
                (46083, "46084, days as a spreadsheet counts them; write 2026-03-02, or count from 1970"),
            )
        ),
        ([46083.25], pa.float64(), "s", "days as a spreadsheet counts them; write 2026-03-02"),
        (["20260302101500"], pa.string(), "ms", "a date in digits"),
        ([5, 0], pa.int64(), "s", "such as 5, which are no times in s; log ISO 8601 text, or a count since 1970"),
        ([1772409600000, 0], pa.int64(), "s", "1772409600000, which are no times in s; declare time_unit: ms"),
        ([1772409600], pa.int64(), "ms", "1772409600, which are no times in ms; declare time_unit: s"),
        ([1772409600.0], pa.float32(), "s", "is float, which holds a time of today to some minutes only; log it as"),
    ],
    ids=str,
)
def test_what_is_to_be_declared_is_one_clear_line(
    values: list, kind: pa.DataType, unit: str | None, expected: str
) -> None:
    with pytest.raises(ColumnError) as raised:
        read(values, kind, unit=unit)
    assert str(raised.value).startswith("column 'at' ")
    assert expected in str(raised.value)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo", "America/Sao_Paulo"])
@pytest.mark.parametrize("day", [dt.date(2013, 3, 10), dt.date(2013, 10, 20), dt.date(1969, 12, 31)])
def test_a_date_is_a_day_of_its_zone(zone: str, day: dt.date) -> None:
    """São Paulo has no midnight on 20 October 2013: the day begins an hour later."""
    window = Window.of("m", Grain.DAY, zone, day)
    assert read([day, None], pa.date32(), day_zone=zone) == [window.start, None]
    last = window.end - dt.timedelta(microseconds=1)
    assert read([day], pa.date64(), day_zone=zone, at_day_end=True) == [last]
    assert read([day], pa.date32(), day_zone=zone)[0].astimezone(ZoneInfo(zone)).date() == day


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@pytest.mark.parametrize("statistics", [True, False])
@pytest.mark.parametrize("kind", [pa.int64(), pa.int32(), pa.float64(), pa.decimal128(20, 0)], ids=str)
def test_rows_are_chosen_by_numbers_as_by_timestamps(
    tmp_path, write, unit: str, statistics: bool, kind: pa.DataType
) -> None:
    if pa.types.is_int32(kind) and unit != "s":
        return
    hours = [dt.datetime(2013, 5, 31, tzinfo=dt.UTC) + dt.timedelta(hours=i) for i in range(96)]
    numbers = pa.array([int(hour.timestamp()) * PER_SECOND[unit] for hour in hours], pa.int64()).cast(kind)
    options = {"row_group_size": 10, "write_statistics": statistics}
    path = write(tmp_path / "a.parquet", pa.table({"at": numbers, "x": range(96)}), options=options)
    for zone, first in (("UTC", 24), ("America/New_York", 28)):
        rows = Scan(spec_of(path, zone=zone, unit=unit))
        assert (values(rows), rows.undated) == (list(range(first, first + 24)), 0)


@pytest.mark.parametrize("statistics", [True, False])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_rows_are_chosen_by_dates(tmp_path, write, statistics: bool, zone: str) -> None:
    days = pa.array([dt.date(2013, 5, 31), dt.date(2013, 6, 1), dt.date(2013, 6, 2), None])
    path = write(tmp_path / "a.parquet", at=days, x=range(4), options={"write_statistics": statistics})
    assert values(Scan(spec_of(path, zone=zone))) == [1]
    hourly = Scan(ScanSpec(Window.of("m", Grain.HOUR, zone, dt.date(2013, 6, 1)), spec_of(path).files, "at"))
    assert str(hourly.mistake) == (
        "column 'at' holds dates, and a window of an hour needs a time of day; log one, or write every: 1d"
    )


@pytest.mark.parametrize(
    ("arrived", "unit"),
    [(pa.array([dt.date(2013, 6, 2)]), None), (pa.array([1370131200000]), "ms")],
    ids=["date", "ms"],
)
def test_labels_arrive_by_date_or_number(world_of, arrived: pa.Array, unit: str | None) -> None:
    """A date says no hour: the label counts from the end of its day, as one does whose path tells the day."""
    labels = {"parquet": "labels/*.parquet", "id": "id", "target": "truth", "time": "arrived"}
    world = world_of(labels | ({"time_unit": unit} if unit else {}), PREDICTIONS)
    world.write(world.project.root / "labels/a.parquet", id=["a"], truth=[1], arrived=arrived)
    [moment] = world.arrived("2013-06-01", "2013-06-04").frame["arrived"]
    assert moment.isoformat() == ("2013-06-02T00:00:00+00:00" if unit else "2013-06-02T23:59:59.999999+00:00")
    assert len(world.arrived("2013-06-01", "2013-06-02").frame) == (unit is not None)
