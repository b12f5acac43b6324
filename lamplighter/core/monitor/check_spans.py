"""How many windows the past of a check holds, and how many of them need a value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from lamplighter.core.counts import counted
from lamplighter.core.monitor.check_forms import Sigmas
from lamplighter.core.monitor.checks import Check, Phase
from lamplighter.core.numbers import number_text
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
    windows = months_in(check.span) if grain is Grain.MONTH else int(check.span / LENGTHS[grain])
    return windows // PERIODS.get((check.same, grain), 1) if check.same else windows


LENGTHS = {
    Grain.HOUR: timedelta(hours=1),
    Grain.DAY: timedelta(days=1),
    Grain.WEEK: timedelta(days=7),
    Grain.MONTH: timedelta(days=365.25 / 12),
}
"""How long a window is, to count those of a span."""


def months_in(span: timedelta) -> int:
    """How many months of the calendar a length of time means: months have no length of their own.

    Examples
    --------
    >>> [months_in(timedelta(days=days)) for days in (28, 30, 90, 365)]
    [1, 1, 3, 12]
    """
    return round(span / LENGTHS[Grain.MONTH])


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
    return max(check.minimum_windows or min(most, max(LEAST_PAST, (most + 1) // 2)), fewest_values(check))


def hides_itself(check: Check, grain: Grain) -> str:
    """Why no change, however large, fails often enough: the first windows after it widen the limit of the later ones.

    With one of n values far from the others, the next one of its kind lies (n - 1) / sqrt(n) deviations from the mean,
    and with j of them sqrt((n - j) (n - 1) / (n j)).

    Examples
    --------
    >>> limit = {"metric": "f1", "below": {"sigmas": 4, "of": "7d"}}
    >>> hides_itself(Check.model_validate(limit | {"for": "2 of 3 days"}), Grain.DAY)
    'after 1 window beyond it the limit of 4 deviations of 7 windows is out of reach, so that no change fails in 2 of 3
     days; give a past of 18 windows or more, fewer deviations, or a shorter for'
    >>> hides_itself(Check.model_validate(limit), Grain.DAY)
    ''
    """
    before, limit = check.persists.failing - 1, check.given
    # Windows of another phase are in no past of this one.
    if not isinstance(limit, Sigmas) or not before or check.same:
        return ""
    windows = windows_of(check, grain)
    if not before < windows or _deviations(before, windows) > limit.sigmas:
        return ""
    least = next((n for n in range(windows, MOST_WINDOWS) if _deviations(before, n) > limit.sigmas), None)
    what = f"after {counted(before, 'window')} beyond it the limit of {number_text(limit.sigmas)} deviations"
    what = f"{what} of {counted(windows, 'window')} is out of reach, so that no change fails in {check.persists.text}"
    longer = f"a past of {least} windows or more, " if least else ""
    return f"{what}; give {longer}fewer deviations, or a shorter for"


MOST_WINDOWS = 10_000
"""Beyond which no longer past is proposed."""


def _deviations(beyond: int, windows: int) -> float:
    """How far from the mean of a past values are, of which it holds some that lie far from the others."""
    return math.sqrt((windows - beyond) * (windows - 1) / (windows * beyond))


LEAST_SURE_SLOPE = 5
"""Values of which the interval of a slope holds: of three, all slopes there are lie in it in two of three cases."""


def fewest_values(check: Check) -> int:
    """Below how many values the arithmetic of a check says nothing, whatever the check asks for.

    Examples
    --------
    >>> slope = {"metric": "f1", "slope": "-0.01 per day", "over": "7d"}
    >>> [fewest_values(Check.model_validate(it)) for it in (slope, slope | {"surely": True})]
    [3, 5]
    """
    if check.form.reads == "slope":
        return LEAST_SURE_SLOPE if check.surely else LEAST_PAST
    return LEAST_PAST if check.versus is None and not check.minimum_windows else 1
