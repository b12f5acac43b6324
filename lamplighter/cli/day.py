"""Days and instants, as they are written on the command line.

Whatever `history` and `--json` print is accepted again: days, minutes with or without their zone, hourly windows.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click

# Instants in nanoseconds, as pandas has them, reach from 1677 to 2262; a run looks some years around its own day.
EARLIEST, LATEST = date(1700, 1, 1), date(2199, 12, 31)

WRITTEN = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d(?::?\d\d(?::?\d\d(?:\.\d{1,6})?)?)? ?(?:Z|[+-]\d\d(?::?\d\d)?)?)?")
"""What may be written: an ISO 8601 day, or that with an hour, minute or second and, if wanted, an offset."""

Moment = date | datetime
"""A local day; or a minute, of the model's zone unless it has one of its own."""


class MomentType(click.ParamType[Moment]):
    """A day, or a minute of it with or without a zone."""

    name = "day or time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Moment:
        """Read a day or time."""
        if isinstance(value, date):
            return value
        written = value.strip()
        try:
            if not WRITTEN.fullmatch(written):
                raise ValueError
            # fromisoformat reads no blank before the offset.
            moment = datetime.fromisoformat(re.sub(r" (?=[Z+-])", "", written))
        except ValueError:
            text = f"{value!r} is no day or time; write 2026-03-03, 2026-03-03T05:15 or 2026-03-03T05:15+01:00."
            self.fail(text, param, ctx)
        if not EARLIEST <= moment.date() <= LATEST:
            self.fail(f"{value!r} is out of range; give a day of {EARLIEST} to {LATEST}.", param, ctx)
        return moment.date() if len(written) == len("2026-03-03") else moment


class DayType(MomentType):
    """A day, where a time of day means nothing."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Moment:
        """Read a day; as a midnight, of which callers take the date."""
        moment = super().convert(value, param, ctx)
        if isinstance(moment, datetime) and not isinstance(value, datetime):
            self.fail(f"{value!r} has a time of day; give a day, such as {moment:%Y-%m-%d}.", param, ctx)
        return moment if isinstance(moment, datetime) else datetime.combine(moment, time())


DAY = DayType()
MOMENT = MomentType()


def instant_of(moment: Moment, zone: ZoneInfo) -> datetime:
    """The instant that was meant, in UTC: a zone that was written wins over the model's; of a day its midnight.

    Examples
    --------
    >>> berlin = ZoneInfo("Europe/Berlin")
    >>> instant_of(datetime(2026, 3, 3, 5, 15), berlin).isoformat()
    '2026-03-03T04:15:00+00:00'
    >>> instant_of(datetime.fromisoformat("2026-03-03T05:15Z"), berlin).isoformat()
    '2026-03-03T05:15:00+00:00'
    >>> instant_of(date(2026, 3, 3), berlin).isoformat()
    '2026-03-02T23:00:00+00:00'
    """
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def end_of(moment: Moment, zone: ZoneInfo) -> datetime:
    """The first instant after what was meant: of a day the next midnight, of a time right after it.

    Examples
    --------
    >>> end_of(date(2026, 3, 29), ZoneInfo("Europe/Berlin")).isoformat()
    '2026-03-29T22:00:00+00:00'
    """
    if isinstance(moment, datetime):
        return instant_of(moment, zone) + timedelta(microseconds=1)
    return instant_of(moment + timedelta(days=1), zone)


def refuse_reversed(first: Moment | None, last: Moment | None, zone: ZoneInfo) -> None:
    """Refuse a `--to` that lies before `--from`, where both were given.

    Parameters
    ----------
    first, last : date or datetime or None
    zone : ZoneInfo
        Of the model: it decides where one is a day and the other an instant with a zone of its own.

    Raises
    ------
    UsageError
        If it does.

    Examples
    --------
    >>> refuse_reversed(date(2026, 3, 2), date(2026, 3, 2), ZoneInfo("UTC"))
    >>> refuse_reversed(date(2026, 3, 2), date(2026, 3, 1), ZoneInfo("UTC"))
    Traceback (most recent call last):
    ...
    click.exceptions.UsageError: --to 2026-03-01 lies before --from 2026-03-02; swap them.
    """
    if first and last and end_of(last, zone) <= instant_of(first, zone):
        raise click.UsageError(f"--to {last} lies before --from {first}; swap them.")
