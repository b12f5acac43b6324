"""Timestamps of every make as UTC instants, held against the standard library's zone arithmetic."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.errors import ColumnError
from storage.sources.timestamps import INSTANT, to_instants

ZONE = "America/New_York"
MIDNIGHT = dt.datetime(2013, 6, 1, tzinfo=dt.UTC)


def read(values: list, kind: pa.DataType, timezone: str | None = None) -> list:
    instants = to_instants(pa.chunked_array([pa.array(values, kind)]), "at", timezone)
    assert instants.type == INSTANT
    return instants.to_pylist()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", ZONE, "+05:30"])
def test_timestamps_with_a_zone_of_any_unit(unit: str, zone: str) -> None:
    assert read([MIDNIGHT, None], pa.timestamp(unit, tz=zone)) == [MIDNIGHT, None]


@given(
    st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2037, 1, 1)),
    st.sampled_from([ZONE, "Europe/Berlin", "Asia/Kathmandu", "America/Sao_Paulo", "Australia/Lord_Howe"]),
)
def test_naive_timestamps_in_a_declared_zone_agree_with_the_standard_library(moment: dt.datetime, zone: str) -> None:
    expected = moment.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(dt.UTC)
    back = expected.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if back == moment:  # The clock showed this time; what it skipped is tested by hand.
        assert read([moment], pa.timestamp("us"), zone) == [expected]
        assert read([moment.isoformat()], pa.string(), zone) == [expected]


def test_an_hour_struck_twice_is_its_first_and_a_skipped_one_the_moment_of_the_change() -> None:
    autumn, spring = dt.datetime(2013, 11, 3, 1, 30), dt.datetime(2013, 3, 10, 2, 30)
    expected = [dt.datetime(2013, 11, 3, 5, 30, tzinfo=dt.UTC), dt.datetime(2013, 3, 10, 7, 0, tzinfo=dt.UTC)]
    assert read([autumn, spring], pa.timestamp("us"), ZONE) == expected


def test_a_midnight_that_the_clock_skips_belongs_to_its_own_day() -> None:
    """In São Paulo, summer time began at midnight: 00:30 of that day must not fall into the day before."""
    assert read([dt.datetime(2013, 10, 20, 0, 30)], pa.timestamp("ns"), "America/Sao_Paulo") == [
        dt.datetime(2013, 10, 20, 3, 0, tzinfo=dt.UTC)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "2013-06-01T04:00:00Z",
        "2013-06-01 04:00:00+00:00",
        "2013-06-01 04:00:00 +00:00",
        "2013-06-01 06:00:00+02",
        "2013-06-01T06:00:00+0200",
        "2013-06-01T04:00Z",
        "2013-06-01T04:00:00.000000Z",
        "2013-06-01T04:00:00.000000999Z",
        " 2013-06-01 00:00:00",
        "2013-06-01T00:00",
        "2013-06-01 00:00:00.000",
        "2013-06-01 00:00:00.000000123",
        "2013-06-01",
    ],
)
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())], ids=str)
def test_iso_text_of_every_form(text: str, kind: pa.DataType) -> None:
    assert read([text, None], kind, ZONE) == [dt.datetime(2013, 6, 1, 4, tzinfo=dt.UTC), None]


def test_text_of_mixed_forms_is_read_row_by_row() -> None:
    texts = ["2013-06-01 00:00:00", "2013-06-01T00:00:00Z", None, "2013-06-01T00:00:00.5-04:00"]
    expected = [
        dt.datetime(2013, 6, 1, 4, tzinfo=dt.UTC),
        MIDNIGHT,
        None,
        dt.datetime(2013, 6, 1, 4, 0, 0, 500_000, tzinfo=dt.UTC),
    ]
    assert read(texts, pa.string(), ZONE) == expected


def test_text_with_zones_needs_no_declared_one() -> None:
    assert read(["2013-06-01T00:00:00Z", None], pa.string()) == [MIDNIGHT, None]


def test_nulls_alone_are_instants() -> None:
    assert read([None, None], pa.null()) == [None, None]
    assert read([None], pa.string()) == [None]


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        ([1], pa.int64(), "column 'at' holds numbers such as 1; declare time_unit, one of s, ms, us, ns, beside it"),
        ([True], pa.bool_(), "column 'at' is bool; a time column holds timestamps"),
        ([dt.time(5)], pa.time64("us"), "column 'at' is time64[us]; a time column holds timestamps"),
        (
            [None, "13/06/2013", "14/06/2013"],
            pa.string(),
            "column 'at' holds '13/06/2013', which is no ISO 8601",
        ),
        ([""], pa.string(), "column 'at' holds '', which is no ISO 8601 timestamp"),
        (["x" * 99], pa.string(), f"column 'at' holds '{'x' * 40}', which is no"),
    ],
)
def test_what_is_no_time_is_one_clear_line(values: list, kind: pa.DataType, message: str) -> None:
    with pytest.raises(ColumnError) as raised:
        read(values, kind, ZONE)
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("value", "kind"), [(MIDNIGHT.replace(tzinfo=None), pa.timestamp("ms")), ("2013-06-01", pa.string())]
)
def test_a_missing_zone_must_be_declared(value: object, kind: pa.DataType) -> None:
    with pytest.raises(ColumnError, match="column 'at' holds timestamps without a zone; declare timezone beside it"):
        read([value], kind)


def test_a_value_that_is_no_time_costs_its_own_row_alone() -> None:
    values = ["2013-06-01", "not available", "2013-06-01T05:00:00Z", None, "2013-06-01 99:00"]
    read_back = read(values, pa.string(), ZONE)
    assert [value is None for value in read_back] == [False, True, False, True, True]
