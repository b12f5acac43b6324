"""Windows: the hours, days, weeks and months that a run evaluates, as UTC instants computed in the model's zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class Grain(StrEnum):
    """How long a window is."""

    HOUR = "1h"
    DAY = "1d"
    WEEK = "1w"
    MONTH = "1mo"


def _floor(moment: datetime, grain: Grain, zone: ZoneInfo) -> datetime:
    """Start of the window that holds ``moment``, in UTC."""
    local = moment.astimezone(zone)
    if grain is Grain.HOUR:
        # In UTC, so that the hour that the clock strikes twice in autumn is two windows.
        utc = moment.astimezone(UTC)
        start = utc - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return _change(start, utc.replace(microsecond=0), zone) or start
    day = local.date()
    if grain is Grain.WEEK:
        day -= timedelta(days=day.weekday())
    elif grain is Grain.MONTH:
        day = day.replace(day=1)
    return midnight(day, zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a local day begins, in UTC.

    Examples
    --------
    >>> midnight(date(2013, 7, 1), ZoneInfo("America/New_York")).isoformat()
    '2013-07-01T04:00:00+00:00'
    """
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def shifted(moment: datetime, span: timedelta, zone: ZoneInfo) -> datetime:
    """The instant a span after a moment, or before it; whole days are local days, which need not have 24 hours.

    Examples
    --------
    >>> zone = ZoneInfo("Europe/Berlin")
    >>> noon = datetime(2026, 3, 28, 12, tzinfo=zone)
    >>> next_noon = shifted(noon, timedelta(days=1), zone)
    >>> next_noon.astimezone(zone).hour, next_noon - noon
    (12, datetime.timedelta(seconds=82800))
    """
    if span % timedelta(days=1):
        return moment + span
    return (moment.astimezone(zone) + span).astimezone(UTC)


def _change(start: datetime, end: datetime, zone: ZoneInfo) -> datetime | None:
    """The instant after ``start``, and not after ``end``, at which the clock is put forward or back; None without one.

    Where the clock changes by half an hour, as on Lord Howe Island, it cuts an hour short.
    """
    before = start.astimezone(zone).utcoffset()
    if before == end.astimezone(zone).utcoffset():
        return None
    while end - start > timedelta(seconds=1):
        middle = start + timedelta(seconds=(end - start) // timedelta(seconds=2))
        start, end = (middle, end) if middle.astimezone(zone).utcoffset() == before else (start, middle)
    return end


def _following(start: datetime, grain: Grain, zone: ZoneInfo) -> datetime:
    if grain is Grain.HOUR:
        end = start + timedelta(hours=1, minutes=-start.astimezone(zone).minute)
        return _change(start, end, zone) or end
    day = start.astimezone(zone).date()
    if grain is Grain.DAY:
        day += timedelta(days=1)
    elif grain is Grain.WEEK:
        day += timedelta(days=7)
    else:
        day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return midnight(day, zone)


@dataclass(frozen=True, slots=True)
class Window:
    """One window of one model.

    Attributes
    ----------
    model : str
    grain : Grain
    start, end : datetime
        UTC instants; ``start`` belongs to the window, ``end`` to the next.
    timezone : str
        The model's zone: its local midnights bound the window.

    Examples
    --------
    A local day in spring has 23 hours:

    >>> day = Window.of("flights", Grain.DAY, "America/New_York", date(2013, 3, 10))
    >>> (day.end - day.start).total_seconds() / 3600
    23.0
    >>> day.label, day.previous().label, day.next().label
    ('2013-03-10', '2013-03-09', '2013-03-11')
    """

    model: str
    grain: Grain
    start: datetime
    end: datetime
    timezone: str

    @classmethod
    def of(cls, model: str, grain: Grain, timezone: str, moment: date | datetime) -> Window:
        """The window that holds a moment; a plain date means the window that holds its local midnight."""
        zone = ZoneInfo(timezone)
        if not isinstance(moment, datetime):
            moment = midnight(moment, zone)
        if moment.tzinfo is None:
            raise ValueError(f"{moment} has no zone")
        start = _floor(moment, grain, zone)
        end = _following(start, grain, zone)
        if end <= moment:  # The clock was put back across midnight: what is struck twice belongs to the new day.
            start, end = end, _following(end, grain, zone)
        return cls(model, grain, start, end, timezone)

    @property
    def zone(self) -> ZoneInfo:
        """The model's zone."""
        return ZoneInfo(self.timezone)

    @property
    def label(self) -> str:
        """The window as a person names it: the local day it begins on, with the hour and offset for hours."""
        return name_of(self.start, self.zone, self.grain)

    @property
    def day(self) -> date:
        """The local day on which the window begins."""
        return self.start.astimezone(self.zone).date()

    @property
    def last_day(self) -> date:
        """The local day on which the window ends."""
        return (self.end - timedelta(microseconds=1)).astimezone(self.zone).date()

    def previous(self) -> Window:
        """The window before this one."""
        return self.of(self.model, self.grain, self.timezone, self.start - timedelta(microseconds=1))

    def next(self) -> Window:
        """The window after this one."""
        return self.of(self.model, self.grain, self.timezone, self.end)

    def days(self, margin: int = 0) -> list[date]:
        """Local days that the window touches, with ``margin`` neighbours on either side."""
        first = self.day - timedelta(days=margin)
        last = self.last_day + timedelta(days=margin)
        return [first + timedelta(days=i) for i in range((last - first).days + 1)]

    def after_end(self, span: timedelta) -> datetime:
        """The instant a span after the end; whole days are local days, which need not have 24 hours.

        Examples
        --------
        >>> day = Window.of("flights", Grain.DAY, "America/New_York", date(2013, 3, 8))
        >>> day.after_end(timedelta(days=3)) - day.end
        datetime.timedelta(days=2, seconds=82800)
        """
        return shifted(self.end, span, self.zone)

    def before_start(self, span: timedelta) -> datetime:
        """The instant a span before the start; whole days are local days."""
        return shifted(self.start, -span, self.zone)

    def reaching_back(self, span: timedelta) -> list[Window]:
        """Newest first, this window and the earlier ones that had not ended ``span`` before its end."""
        windows = [self]
        while (earlier := windows[-1].previous()).after_end(span) >= self.end:
            windows.append(earlier)
        return windows


def logical_date(now: datetime, grain: Grain, timezone: str) -> datetime:
    """The logical date of a run at a moment: the local midnight before it, or the full hour for hourly windows.

    Two runs of one day have the same logical date, whatever the minute at which they were started.

    Examples
    --------
    >>> logical_date(datetime(2013, 5, 2, 9, 15, tzinfo=UTC), Grain.DAY, "America/New_York").isoformat()
    '2013-05-02T04:00:00+00:00'
    """
    return _floor(now, Grain.HOUR if grain is Grain.HOUR else Grain.DAY, ZoneInfo(timezone))


def name_of(instant: datetime, zone: ZoneInfo, grain: str) -> str:
    """A window or a logical date as a person names it: its local day, or for hourly ones the hour.

    Examples
    --------
    >>> from datetime import UTC
    >>> name_of(datetime(2013, 5, 1, 4, tzinfo=UTC), ZoneInfo("America/New_York"), "1d")
    '2013-05-01'
    """
    local = instant.astimezone(zone)
    return local.isoformat(timespec="minutes") if grain == Grain.HOUR else local.date().isoformat()
