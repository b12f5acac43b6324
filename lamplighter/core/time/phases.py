"""Phases: the weekday of a day, the hour of an hour. Windows of one phase look alike where a business has a rhythm."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from lamplighter.core.time.window import Grain

FEWEST_BEFORE: dict[Grain, int] = {Grain.HOUR: 24}
"""Sound windows below which nothing is said, where that is not a week of days: each hour must have been there once."""

SAME_PHASE_WINDOWS = 4
"""Earlier windows of one phase that a window is held against: of weekdays a month, since businesses grow."""


def phases_of(start: datetime, zone: ZoneInfo, grain: Grain) -> tuple[int, ...]:
    """The phases of a window that begins at an instant, the shortest period first; none of weeks and months.

    Returns
    -------
    tuple of int
        Of a day the weekday, 0 to 6; of an hour the hour of the day, 0 to 23, and that of the week, 0 to 167.

    Examples
    --------
    >>> from datetime import UTC
    >>> sunday = datetime(2025, 3, 9, 3, tzinfo=UTC)
    >>> phases_of(sunday, ZoneInfo("UTC"), Grain.HOUR), phases_of(sunday, ZoneInfo("UTC"), Grain.DAY)
    ((3, 147), (6,))
    """
    local = start.astimezone(zone)
    if grain is Grain.DAY:
        return (local.weekday(),)
    return (local.hour, 24 * local.weekday() + local.hour) if grain is Grain.HOUR else ()
