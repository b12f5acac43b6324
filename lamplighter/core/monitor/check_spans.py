"""How many windows the past of a check holds, and how many of them need a value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from lamplighter.core.monitor.checks import Check, Phase
from lamplighter.core.time.window import Grain

PERIODS: Mapping[tuple[Phase, Grain], int] = MappingProxyType(
    {("weekday", Grain.DAY): 7, ("weekday", Grain.HOUR): 7, ("hour", Grain.HOUR): 24, ("hour of week", Grain.HOUR): 168}
)
"""Of how many windows one has the same phase, for the phases that windows of a grain have."""


def windows_of(check: Check, grain: Grain) -> int:
    """How many windows the span of a check holds, of its phase where it names one; 0 where it is shorter than a window.

    Examples
    --------
    >>> check = Check.model_validate({"metric": "mae", "above": {"quantile": 0.95, "of": "4w"}, "same": "weekday"})
    >>> windows_of(check, Grain.DAY), windows_of(check, Grain.HOUR)
    (4, 96)
    """
    assert check.span is not None
    windows = int(check.span / LENGTHS[grain])
    return windows // PERIODS.get((check.same, grain), 1) if check.same else windows


LENGTHS = {
    Grain.HOUR: timedelta(hours=1),
    Grain.DAY: timedelta(days=1),
    Grain.WEEK: timedelta(days=7),
    Grain.MONTH: timedelta(days=30),
}
"""How long a window is, to count those of a span."""

LEAST_PAST = 3
"""Values below which a past says nothing, where its span has room for more: of two, one bad one is half."""


def least_past(check: Check, grain: Grain) -> int:
    """How many values of its past a check needs: what it says, or half of what its span holds, and at least three.

    Examples
    --------
    >>> [least_past(Check.model_validate({"metric": "f1", "falls": "5%", "versus": {"mean": span}}), Grain.DAY)
    ...  for span in ("1d", "3d", "28d")]
    [1, 3, 14]
    """
    most = windows_of(check, grain)
    return check.minimum_windows or min(most, max(LEAST_PAST, (most + 1) // 2))
