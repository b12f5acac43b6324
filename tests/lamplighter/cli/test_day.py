"""Days and times on the command line: whatever is printed is accepted again, and a mistake is one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import click
import pytest
from click.testing import Result

from lamplighter.cli.day import DAY, MOMENT, end_of, instant_of, refuse_reversed
from lamplighter.core.time.window import Grain, Window
from storage.history import History, tables
from tests.storage.history.recorded import day, measured, write, write_run

Run = Callable[..., Result]
CET = timezone(timedelta(hours=1))
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-03-03", date(2026, 3, 3)),
        (" 2026-03-03 ", date(2026, 3, 3)),
        ("2026-03-03T05:15", datetime(2026, 3, 3, 5, 15)),
        ("2026-03-03 05:15", datetime(2026, 3, 3, 5, 15)),
        ("2026-03-03T05", datetime(2026, 3, 3, 5)),
        ("2026-03-03T05:15:09", datetime(2026, 3, 3, 5, 15, 9)),
        ("2026-03-03T05:15+01:00", datetime(2026, 3, 3, 5, 15, tzinfo=CET)),
        ("2026-03-03 05:15 +01:00", datetime(2026, 3, 3, 5, 15, tzinfo=CET)),
        ("2026-03-03T05:15:09.5+0100", datetime(2026, 3, 3, 5, 15, 9, 500_000, tzinfo=CET)),
        ("2026-03-03T05+0100", datetime(2026, 3, 3, 5, tzinfo=CET)),
        ("2026-03-03T04:15Z", datetime(2026, 3, 3, 4, 15, tzinfo=UTC)),
        ("2026-03-03T00:00", datetime(2026, 3, 3)),
    ],
)
def test_what_can_be_written(written: str, meant: date) -> None:
    read = MOMENT.convert(written, None, None)
    assert (type(read), read) == (type(meant), meant)


@pytest.mark.parametrize(
    "written",
    [
        "yesterday",
        "2026-02-30",
        "03.03.2026",
        "20260303",
        "2026-03-03T25:00",
        "2026-W10-2",
        "2026-03-03T05:15+25:00",
        "",
    ],
)
def test_what_is_no_time(written: str) -> None:
    with pytest.raises(click.BadParameter, match="is no day or time; write 2026-03-03, 2026-03-03T05:15 or"):
        MOMENT.convert(written, None, None)


def test_a_day_where_a_time_means_nothing() -> None:
    assert DAY.convert("2013-05-01", None, None) == datetime(2013, 5, 1)
    with pytest.raises(click.BadParameter, match="has a time of day; give a day, such as 2013-05-01"):
        DAY.convert("2013-05-01T05:15", None, None)


@pytest.mark.parametrize(
    ("moment", "start", "end"),
    [
        (date(2026, 3, 3), datetime(2026, 3, 2, 23, tzinfo=UTC), datetime(2026, 3, 3, 23, tzinfo=UTC)),
        (date(2026, 3, 29), datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC)),
        (datetime(2026, 3, 3, 5, 15), datetime(2026, 3, 3, 4, 15, tzinfo=UTC), None),
        (datetime(2026, 3, 3, 5, 15, tzinfo=UTC), datetime(2026, 3, 3, 5, 15, tzinfo=UTC), None),
    ],
    ids=["a day", "a day of 23 hours", "a time of the model's zone", "a zone of its own wins"],
)
def test_which_instants_are_meant(moment: date, start: datetime, end: datetime | None) -> None:
    assert instant_of(moment, BERLIN) == start
    assert end_of(moment, BERLIN) == (end or start + timedelta(microseconds=1))


def test_which_comes_before_which() -> None:
    first, last = date(2026, 3, 3), datetime(2026, 3, 3, 5, tzinfo=UTC)
    for sound in (first, last, datetime(2026, 3, 2, 23, 0, tzinfo=UTC), None):
        refuse_reversed(first, sound, BERLIN)
    for early in (date(2026, 3, 2), datetime(2026, 3, 2, 22, 59, tzinfo=UTC)):
        with pytest.raises(click.UsageError, match="lies before --from 2026-03-03; swap them"):
            refuse_reversed(first, early, BERLIN)


@pytest.mark.parametrize("grain", ["1h", "1d", "1w", "1mo"])
def test_what_the_history_prints_it_accepts(run: Run, history: History, grain: str) -> None:
    """Windows and logical dates of every grain, in a zone whose hours are not those of UTC, name themselves again."""
    zone = "America/St_Johns"
    windows = [Window.of("m", Grain(grain), zone, datetime(2025, 3, 9, 3, tzinfo=UTC))]
    for _ in range(3):
        windows.append(windows[-1].next())
    write_run(history, grain=grain, timezone=zone, window_start=windows[-1].start, known_on=windows[-1].end)
    rows = [
        measured(metric="rows", grain=grain, window_start=window.start, known_on=window.end, value=float(i))
        for i, window in enumerate(windows)
    ]
    write(history, tables.measurement, rows)

    def asked(*arguments: str) -> list[float]:
        found = run("history", "m", "--metric", "rows", "--json", *arguments)
        assert found.exit_code == 0, found.stderr
        return [row["value"] for row in json.loads(found.stdout)]

    printed = json.loads(run("history", "m", "--metric", "rows", "--json").stdout)
    assert [row["window"] for row in printed] == [window.label for window in windows]
    for i, row in enumerate(printed):
        assert asked("--from", row["window"], "--to", row["window"]) == [i]
        assert asked("--as-of", row["known_on"]) == list(range(i + 1))


def test_a_zone_that_is_written_wins_over_that_of_the_model(run: Run, history: History) -> None:
    write_run(history, 5, timezone="America/New_York", grain="1h")
    starts = [day(1), day(1) + timedelta(hours=5)]  # Midnight in UTC, and midnight in New York.
    rows = [measured(metric="rows", grain="1h", window_start=it, known_on=it + timedelta(hours=1)) for it in starts]
    write(history, tables.measurement, rows)

    def windows(*arguments: str) -> int:
        return len(json.loads(run("history", "m", "--metric", "rows", "--json", *arguments).stdout))

    assert [windows("--from", f"2025-03-02{of}") for of in ("T00:00Z", "T01:00Z", "T00:00", "T01:00", "")] == [
        2,
        1,
        1,
        0,
        1,
    ]
    assert [windows("--to", f"2025-03-02{of}") for of in ("T04:59Z", "T05:00Z", "T00:00", "", "T23:00-23:00")] == [
        1,
        2,
        2,
        2,
        2,
    ]
    assert [windows("--as-of", f"2025-03-02{of}") for of in ("T00:59Z", "T01:00Z", "T01:00", "")] == [0, 1, 2, 2]
