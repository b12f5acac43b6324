"""Windows against the wall clock: they tile the year, whatever the zone does to its clocks."""

from __future__ import annotations

import calendar
import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lamplighter.core.time.window import Grain, Window, logical_date, midnight
from tests.long_cases import long_but_for

ZONES = (
    "UTC",
    "America/New_York",
    "Europe/London",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "America/Sao_Paulo",
    "America/Havana",
)
YEAR = datetime(2013, 1, 1, tzinfo=UTC), datetime(2014, 1, 1, tzinfo=UTC)


def bucket(moment: datetime, grain: Grain, zone: ZoneInfo) -> tuple[object, ...]:
    """What the wall clock calls the window of a moment: the oracle, without any arithmetic on instants."""
    local = moment.astimezone(zone)
    if grain is Grain.HOUR:
        return local.date(), local.hour, local.utcoffset()
    if grain is Grain.DAY:
        return (local.date(),)
    return local.isocalendar()[:2] if grain is Grain.WEEK else (local.year, local.month)


@pytest.mark.parametrize("zone", long_but_for(ZONES, ("America/New_York", "Australia/Lord_Howe", "America/Havana")))
@pytest.mark.parametrize("grain", list(Grain))
def test_windows_tile_the_year_as_the_wall_clock_does(grain: Grain, zone: str) -> None:
    window = Window.of("m", grain, zone, YEAR[0])
    starts = []
    while window.start < YEAR[1]:
        starts.append(window.start)
        assert window.start < window.end
        later = window.next()
        assert (later.start, later.previous()) == (window.end, window)
        window = later
    # Every quarter of an hour of the year: a window begins where the clock says so, and only there.
    clock, quarter = ZoneInfo(zone), timedelta(minutes=15)
    instants = [starts[0] + i * quarter for i in range((window.start - starts[0]) // quarter)]
    shown = [bucket(instant, grain, clock) for instant in instants]
    changes = [instants[0]] + [
        instant for instant, before, now in zip(instants[1:], shown, shown[1:], strict=False) if before != now
    ]
    assert starts == changes


@settings(max_examples=300, deadline=None)
@given(
    st.datetimes(datetime(1995, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    st.sampled_from([*ZONES, "America/St_Johns", "Pacific/Apia", "Africa/Cairo", "Asia/Tehran", "Asia/Pyongyang"]),
    st.sampled_from(list(Grain)),
)
@example(datetime(2010, 11, 7, 2, 45, tzinfo=UTC), "America/St_Johns", Grain.DAY)
@example(datetime(2013, 4, 6, 15, 0, 0, 300_000, tzinfo=UTC), "Australia/Lord_Howe", Grain.HOUR)
@example(datetime(2013, 10, 5, 15, 30, tzinfo=UTC), "Australia/Lord_Howe", Grain.HOUR)
@example(datetime(2018, 5, 4, 14, 45, tzinfo=UTC), "Asia/Pyongyang", Grain.HOUR)
@example(datetime(2018, 5, 4, 15, 10, tzinfo=UTC), "Asia/Pyongyang", Grain.HOUR)
@example(datetime(2011, 12, 30, 9, 59, tzinfo=UTC), "Pacific/Apia", Grain.DAY)
def test_a_window_holds_its_moment_and_touches_its_neighbours(moment: datetime, zone: str, grain: Grain) -> None:
    window = Window.of("m", grain, zone, moment)
    assert window.start <= moment < window.end
    assert Window.of("m", grain, zone, window.start) == window
    assert Window.of("m", grain, zone, window.end - timedelta(microseconds=1)) == window
    assert window.next().previous() == window.previous().next() == window


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        pytest.param("America/New_York", date(2013, 3, 10), 23, id="spring"),
        pytest.param("America/New_York", date(2013, 11, 3), 25, id="autumn"),
        pytest.param("Australia/Lord_Howe", date(2013, 10, 6), 23.5, id="half an hour"),
        pytest.param("Australia/Lord_Howe", date(2013, 4, 7), 24.5, id="half an hour back"),
        pytest.param("America/Sao_Paulo", date(2013, 10, 20), 23, id="no midnight"),
        pytest.param("America/Sao_Paulo", date(2013, 2, 16), 25, id="the last hour twice"),
        pytest.param("America/Havana", date(2013, 11, 3), 25, id="midnight twice"),
        pytest.param("America/St_Johns", date(2010, 11, 7), 25, id="a minute past midnight, back"),
        pytest.param("Asia/Kolkata", date(2013, 3, 10), 24, id="a zone that leaves its clocks alone"),
    ],
)
def test_how_long_a_day_is(zone: str, day: date, hours: float) -> None:
    window = Window.of("m", Grain.DAY, zone, day)
    assert (window.end - window.start) / timedelta(hours=1) == hours
    assert (window.label, window.day, window.days()) == (day.isoformat(), day, [day])


@pytest.mark.parametrize(
    ("zone", "first", "labels"),
    [
        pytest.param(
            "America/New_York",
            datetime(2013, 11, 3, 5, tzinfo=UTC),
            ["2013-11-03T01:00-04:00", "2013-11-03T01:00-05:00", "2013-11-03T02:00-05:00"],
            id="an hour that comes twice",
        ),
        pytest.param(
            "America/New_York",
            datetime(2013, 3, 10, 6, tzinfo=UTC),
            ["2013-03-10T01:00-05:00", "2013-03-10T03:00-04:00", "2013-03-10T04:00-04:00"],
            id="an hour that is left out",
        ),
        pytest.param(
            "Australia/Lord_Howe",
            datetime(2013, 4, 6, 14, 30, tzinfo=UTC),
            ["2013-04-07T01:00+11:00", "2013-04-07T01:30+10:30", "2013-04-07T02:00+10:30"],
            id="half an hour that comes twice",
        ),
        pytest.param(
            "Australia/Lord_Howe",
            datetime(2013, 10, 5, 15, tzinfo=UTC),
            ["2013-10-06T01:00+10:30", "2013-10-06T02:30+11:00", "2013-10-06T03:00+11:00"],
            id="half an hour that is left out",
        ),
        pytest.param(
            "Asia/Kolkata",
            datetime(2013, 5, 1, 6, 29, tzinfo=UTC),
            ["2013-05-01T11:00+05:30", "2013-05-01T12:00+05:30", "2013-05-01T13:00+05:30"],
            id="half past in UTC",
        ),
    ],
)
def test_hours_by_their_names(zone: str, first: datetime, labels: list[str]) -> None:
    window = Window.of("m", Grain.HOUR, zone, first)
    assert [window.label, window.next().label, window.next().next().label] == labels


def test_a_month_is_as_long_as_the_calendar_says() -> None:
    window = Window.of("m", Grain.MONTH, "UTC", date(2012, 1, 31))
    for month in range(1, 13):
        assert (window.end - window.start).days == calendar.monthrange(2012, month)[1]
        window = window.next()
    assert window.label == "2013-01-01"


def test_the_neighbouring_days_of_a_week() -> None:
    window = Window.of("m", Grain.WEEK, "America/New_York", date(2013, 3, 14))
    assert window.days() == [date(2013, 3, 11) + timedelta(days=i) for i in range(7)]
    assert window.days(margin=1) == [date(2013, 3, 10) + timedelta(days=i) for i in range(9)]


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no zone"):
        Window.of("m", Grain.DAY, "UTC", datetime(2013, 1, 1))


@pytest.mark.parametrize(
    ("grain", "now", "expected"),
    [
        pytest.param(Grain.DAY, "2013-05-02T05:15", "2013-05-02T00:00", id="the morning after"),
        pytest.param(Grain.DAY, "2013-05-02T23:59", "2013-05-02T00:00", id="late on the same day"),
        pytest.param(Grain.DAY, "2013-05-02T00:00", "2013-05-02T00:00", id="at midnight"),
        pytest.param(Grain.WEEK, "2013-05-02T05:15", "2013-05-02T00:00", id="a week is known on a day"),
        pytest.param(Grain.MONTH, "2013-05-02T05:15", "2013-05-02T00:00", id="so is a month"),
        pytest.param(Grain.HOUR, "2013-05-02T05:15", "2013-05-02T05:00", id="an hour on the hour"),
    ],
)
def test_the_logical_date_of_a_moment(grain: Grain, now: str, expected: str) -> None:
    zone = ZoneInfo("America/New_York")
    known_on = logical_date(datetime.fromisoformat(now).replace(tzinfo=zone), grain, zone.key)
    assert known_on == datetime.fromisoformat(expected).replace(tzinfo=zone)
    assert known_on.tzinfo is UTC


@pytest.mark.parametrize(
    ("grain", "span", "back"),
    [
        pytest.param(Grain.DAY, timedelta(days=3), 3, id="three days"),
        pytest.param(Grain.DAY, timedelta(0), 0, id="nothing to wait for"),
        pytest.param(Grain.DAY, timedelta(hours=12), 0, id="half a day: yesterday had ended"),
        pytest.param(Grain.WEEK, timedelta(days=3), 0, id="three days of a week"),
        pytest.param(Grain.WEEK, timedelta(days=8), 1, id="eight days of a week"),
        pytest.param(Grain.HOUR, timedelta(days=1), 24, id="a day of hours"),
    ],
)
def test_windows_whose_labels_are_still_awaited(grain: Grain, span: timedelta, back: int) -> None:
    window = Window.of("m", grain, "UTC", date(2013, 5, 20))
    reached = window.reaching_back(span)
    assert len(reached) == back + 1
    assert reached[0] == window
    assert all(later.start == earlier.end for later, earlier in itertools.pairwise(reached))
    assert all(earlier.end + span >= window.end for earlier in reached)
    assert reached[-1].previous().end + span < window.end


def test_the_logical_date_of_an_hour_cut_short() -> None:
    now = datetime(2013, 4, 6, 15, 15, tzinfo=UTC)
    known_on = logical_date(now, Grain.HOUR, "Australia/Lord_Howe")
    assert (
        known_on == Window.of("m", Grain.HOUR, "Australia/Lord_Howe", now).start == datetime(2013, 4, 6, 15, tzinfo=UTC)
    )


def test_three_days_across_a_day_of_23_hours() -> None:
    window = Window.of("m", Grain.DAY, "America/New_York", date(2013, 3, 11))
    assert [earlier.label for earlier in window.reaching_back(timedelta(days=3))] == [
        "2013-03-11",
        "2013-03-10",
        "2013-03-09",
        "2013-03-08",
    ]


def test_midnight_that_never_strikes() -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    assert midnight(date(2013, 10, 20), zone) == datetime(2013, 10, 20, 3, tzinfo=UTC)
    assert midnight(date(2013, 10, 20), zone).astimezone(zone).hour == 1
