"""Cron: schedules as monitors write them, in five fields of a zone's own clock."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError


def checked_cron(schedule: str) -> str:
    """A schedule, when it is one; the empty text is none.

    Raises
    ------
    ValueError
        If it is not cron, or never comes.
    """
    try:
        if schedule:
            next(CronSim(schedule, datetime(2000, 1, 1)))
    except (CronSimError, StopIteration) as error:
        cause = str(error) or "it never comes"
        raise ValueError(f"{schedule!r} is not cron: {cause}; write five fields, such as 15 5 * * *") from None
    return schedule


def next_tick(schedule: str, after: datetime, timezone: str) -> datetime:
    """The first scheduled instant after a moment, in UTC.

    Examples
    --------
    >>> next_tick("15 5 * * *", datetime(2013, 7, 1, 12, tzinfo=UTC), "America/New_York").isoformat()
    '2013-07-02T09:15:00+00:00'
    """
    return next(CronSim(schedule, after.astimezone(ZoneInfo(timezone)))).astimezone(UTC)
