"""Which window a run is for, and when the run for a window begins: by the wall clock of the model's zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lamplighter.core.monitor import Monitor
from lamplighter.core.time.window import Grain, Window
from tests.lamplighter.core.monitor.files import monitor_of


def monitor(every: str = "1d", timezone: str = "America/New_York", schedule: str = "") -> Monitor:
    return monitor_of(every=every, timezone=timezone, schedule=schedule)


def logical_date(of: Monitor, day: date | datetime) -> str:
    return of.run_after(Window.of("m", of.every, of.timezone, day)).strftime("%m-%d %H:%M")


@pytest.mark.parametrize(
    ("every", "schedule", "day", "begins"),
    [
        pytest.param("1d", "15 5 * * *", date(2013, 5, 1), "05-02 09:15", id="the next morning, 5:15 EDT"),
        pytest.param("1d", "15 5 * * *", date(2013, 1, 1), "01-02 10:15", id="the next morning, 5:15 EST"),
        pytest.param("1d", "15 5 * * *", date(2013, 3, 9), "03-10 09:15", id="on the day of 23 hours"),
        pytest.param("1d", "15 5 * * *", date(2013, 3, 10), "03-11 09:15", id="after the day of 23 hours"),
        pytest.param("1d", "15 5 * * *", date(2013, 11, 3), "11-04 10:15", id="after the day of 25 hours"),
        pytest.param("1d", "15 2 * * *", date(2013, 3, 9), "03-10 07:00", id="at an hour that is left out: at once"),
        pytest.param("1d", "15 1 * * *", date(2013, 11, 2), "11-03 05:15", id="at an hour that comes twice: once"),
        pytest.param("1d", "0 0 * * *", date(2013, 5, 1), "05-02 04:00", id="at the stroke of midnight"),
        pytest.param("1d", "0 6 * * 1", date(2013, 5, 1), "05-06 10:00", id="on the next Monday"),
        pytest.param("1w", "", date(2013, 5, 1), "05-06 09:15", id="a week, by default on Monday"),
        pytest.param("1mo", "", date(2013, 5, 20), "06-01 09:15", id="a month, by default on the first"),
        pytest.param("1h", "", datetime(2013, 5, 1, 12, 30, tzinfo=UTC), "05-01 13:15", id="an hour, a quarter past"),
    ],
)
def test_when_the_run_for_a_window_begins(every: str, schedule: str, day: date, begins: str) -> None:
    assert logical_date(monitor(every, schedule=schedule), day) == begins


@pytest.mark.parametrize("every", ["1h", "1d", "1w", "1mo"])
@pytest.mark.parametrize("schedule", ["", "15 5 * * *", "0 0 * * *", "30 2 * * *", "*/20 * * * *", "0 1 * * 1-5"])
@pytest.mark.parametrize("timezone", ["America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kolkata"])
def test_a_run_begins_when_its_window_is_complete_and_is_about_it(every: str, schedule: str, timezone: str) -> None:
    of = monitor(every, timezone, schedule)
    window = Window.of("m", of.every, timezone, datetime(2013, 2, 27, tzinfo=UTC))
    begins = datetime.min.replace(tzinfo=UTC)
    for _ in range({"1h": 24 * 14, "1d": 45, "1w": 52, "1mo": 12}[every]):
        later = of.run_after(window)
        assert begins <= later
        assert window.end <= later
        # The run is for the newest complete window: this one, unless it is scheduled more seldom.
        assert of.window(later).start >= window.start
        begins, window = later, window.next()


@pytest.mark.parametrize("timezone", ["America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])
def test_a_daily_run_is_about_yesterday_all_year(timezone: str) -> None:
    of = monitor(timezone=timezone)
    window = Window.of("m", Grain.DAY, timezone, date(2013, 1, 1))
    for _ in range(365):
        later = of.run_after(window)
        assert of.window(later) == window
        assert later.astimezone(ZoneInfo(timezone)).time().isoformat() == "05:15:00"
        assert later - window.end < timedelta(hours=7)
        window = window.next()
