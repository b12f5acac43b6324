"""Series of values, a window each, for tests of checks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from lamplighter.core.checks.judging import Judging
from lamplighter.core.checks.series import Point, Series
from lamplighter.core.monitor import Check
from lamplighter.core.records.measurement import Measurement
from lamplighter.core.time.window import Grain, Window

FIRST = datetime(2013, 4, 1, tzinfo=UTC)
"""A Monday."""


def check_of(metric: str = "f1", **keys: Any) -> Check:
    """A check, with `for` and `class` as `for_` and `class_`."""
    return Check.model_validate({"metric": metric} | {key.rstrip("_"): value for key, value in keys.items()})


def series_of(
    values: Sequence[float | Point | None],
    *,
    n: int = 100,
    width: float | None = None,
    grain: Grain = Grain.DAY,
    timezone: str = "UTC",
    first: datetime = FIRST,
    oldest: datetime | None = None,
    **more: Any,
) -> Series:
    """A series of values; None stands for a window without one, and a width gives each an interval."""
    window, points = Window.of("m", grain, timezone, first), []
    for value in values:
        if isinstance(value, Point):
            points.append(Point(window.start, value.measurement, value.inhibited_by, value.is_past))
        else:
            lower, upper = (None, None) if value is None or width is None else (value - width, value + width)
            reason = "" if value is not None else "one class only"
            found = Measurement(metric="f1", value=value, n=n, reason=reason, lower=lower, upper=upper)
            points.append(Point(window.start, found))
        window = window.next()
    return Series("m", grain, timezone, points, first=oldest or points[0].start, **more)


def judged(check: Check, values: Sequence[float | Point | None], **more: Any) -> Judging:
    """A check and its series."""
    return Judging(check, series_of(values, **more))
