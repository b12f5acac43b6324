"""The arithmetic of a check's limit: pure functions of a value's past.

A limit is a band: a value below its low bound or above its high bound fails, and a value on a bound passes. Nothing
here needs numpy, so that a command that only shows checks starts quickly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from statistics import NormalDist

CONFIDENCE = 0.95
"""Of the intervals that are recorded."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A band that values must stay in.

    Attributes
    ----------
    low, high : float or None
        None where the band has no bound on that side.

    Examples
    --------
    >>> limit = Limit(low=0.4)
    >>> limit.is_beyond(0.39), limit.is_beyond(0.4), Limit(low=0.4, high=0.6).is_beyond(0.7)
    (True, False, True)
    """

    low: float | None = None
    high: float | None = None

    def is_beyond(self, value: float) -> bool:
        """Whether a value lies outside the band."""
        return self.lies_below(value) or self.lies_above(value)

    def lies_below(self, value: float) -> bool:
        """Whether a value lies below the low bound."""
        return self.low is not None and value < self.low

    def lies_above(self, value: float) -> bool:
        """Whether a value lies above the high bound."""
        return self.high is not None and value > self.high

    def is_surely_beyond(self, lower: float, upper: float) -> bool:
        """Whether a whole interval lies outside the band, on one side of it.

        Examples
        --------
        >>> Limit(low=0.4).is_surely_beyond(0.31, 0.39), Limit(low=0.4).is_surely_beyond(0.31, 0.41)
        (True, False)
        """
        return self.lies_below(upper) or self.lies_above(lower)

    def nearest(self, value: float | None) -> float | None:
        """The bound that lies nearest to a value, the only one where there is one.

        Examples
        --------
        >>> Limit(0.4, 0.6).nearest(0.58), Limit(0.4, 0.6).nearest(None), Limit(high=3.0).nearest(0.1)
        (0.6, 0.4, 3.0)
        """
        bounds = [bound for bound in (self.low, self.high) if bound is not None]
        if not bounds:
            return None
        return bounds[0] if value is None else min(bounds, key=lambda bound: abs(value - bound))


def _normal() -> NormalDist:
    # A plain limit needs none of it, and importing it takes 6 ms.
    from statistics import NormalDist

    return NormalDist()


NO_LIMIT = Limit()
"""A band without bounds: where nothing could be computed."""


def quantile(values: Sequence[float], share: float) -> float:
    """The quantile of some values, linear between them (Hyndman and Fan 1996, type 7).

    Parameters
    ----------
    values : sequence of float
        At least one, in any order.
    share : float
        From 0, the least of them, to 1, the largest.

    Examples
    --------
    >>> quantile([1.0, 2.0, 3.0, 4.0], 0.5), quantile([7.0], 0.95)
    (2.5, 7.0)
    """
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    before = math.floor(place)
    if before + 1 >= len(ordered):
        return ordered[-1]
    low, high = ordered[before], ordered[before + 1]
    return low if low == high else low + (place - before) * (high - low)


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    """The mean of some values and their standard deviation, with n - 1.

    Of values that are all equal the deviation is 0 exactly, and of one value alone too.

    Examples
    --------
    >>> mean_and_deviation([1.0, 2.0, 3.0]), mean_and_deviation([0.1, 0.1, 0.1])
    ((2.0, 1.0), (0.1, 0.0))
    """
    if min(values) == max(values):
        return values[0], 0.0
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def mean_of(values: Sequence[float]) -> float:
    """The mean of some values; of equal ones their value exactly.

    Examples
    --------
    >>> mean_of([0.1, 0.1, 0.1]), mean_of([1.0, 2.0])
    (0.1, 1.5)
    """
    return mean_and_deviation(values)[0]


def median_of(values: Sequence[float]) -> float:
    """The median of some values.

    Examples
    --------
    >>> median_of([3.0, 1.0, 2.0])
    2.0
    """
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


@dataclass(frozen=True, slots=True)
class Slope:
    """A slope, and the bounds of its interval.

    Attributes
    ----------
    value, lower, upper : float
        In the metric's unit per day.
    """

    value: float
    lower: float
    upper: float


def theil_sen(days: Sequence[float], values: Sequence[float], confidence: float = CONFIDENCE) -> Slope:
    """The slope of some values over time: the median of the slopes of all pairs, which one bad day does not move.

    Parameters
    ----------
    days : sequence of float
        When each value is from, in days, no two the same.
    values : sequence of float
        At least two.
    confidence : float
        Of the interval, by Kendall's statistic (Sen 1968).

    Examples
    --------
    >>> found = theil_sen([0, 1, 2, 3, 4], [0.9, 0.8, 0.7, 0.1, 0.5])
    >>> round(found.value, 3), found.lower <= found.value <= found.upper
    (-0.1, True)
    """
    points = list(zip(days, values, strict=True))
    slopes = sorted((after[1] - before[1]) / (after[0] - before[0]) for before, after in combinations(points, 2))
    variance = _kendall_variance(values)
    half = _normal().inv_cdf(0.5 + confidence / 2) * math.sqrt(variance)
    lower = max(round((len(slopes) - half) / 2) - 1, 0)
    upper = min(round((len(slopes) + half) / 2), len(slopes) - 1)
    return Slope(median_of(slopes), slopes[lower], slopes[upper])


def _kendall_variance(values: Sequence[float]) -> float:
    """Of Kendall's statistic, less what equal values take away."""

    def part(n: int) -> int:
        return n * (n - 1) * (2 * n + 5)

    ties = [values.count(value) for value in set(values)]
    return (part(len(values)) - sum(map(part, ties))) / 18


def sigmas_of_many(sigmas: float, many: int) -> float:
    """How many deviations away a value must be, so that any of many is as rarely as one alone (Bonferroni, normal).

    Examples
    --------
    >>> sigmas_of_many(3.0, 1), round(sigmas_of_many(3.0, 16), 2)
    (3.0, 3.76)
    """
    if many <= 1:
        return sigmas
    tail = _normal().cdf(-sigmas) / many
    # Beyond some 38 deviations a tail is 0 in floats, and there is nothing left to correct.
    return -_normal().inv_cdf(tail) if tail > 0 else sigmas


def tail_of_many(tail: float, many: int) -> float:
    """The share beyond a quantile that each of many is held to, so that all together keep to one share (Bonferroni).

    Examples
    --------
    >>> tail_of_many(0.05, 1), tail_of_many(0.05, 10)
    (0.05, 0.005)
    """
    return tail / max(many, 1)


def interval_of_many(value: float, lower: float, upper: float, many: int) -> tuple[float, float]:
    """The interval that holds for many values at once, from that of one (Bonferroni).

    Each side grows by the ratio of the normal quantiles, which is exact for a normal estimate and near for others.

    Examples
    --------
    >>> [round(bound, 3) for bound in interval_of_many(0.8, 0.7, 0.88, many=16)]
    [0.649, 0.921]
    """
    if many <= 1:
        return lower, upper
    ratio = _normal().inv_cdf(0.5 + (1 - (1 - CONFIDENCE) / many) / 2) / _normal().inv_cdf(0.5 + CONFIDENCE / 2)
    return value - ratio * (value - lower), value + ratio * (upper - value)
