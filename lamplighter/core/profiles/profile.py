"""What one column of one window looks like, in a form that merges: counts, moments, quantiles, categories."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt

Key = TypeVar("Key")
ColumnKind = Literal["numeric", "categorical"]

ACCURACY = 0.005
"""Relative accuracy of quantiles: half a percent is finer than any fence drawn from them."""

_GAMMA = math.log((1 + ACCURACY) / (1 - ACCURACY))
# Magnitudes below this share the bucket of zero; the offset keeps every other bucket's number above 0.
_SMALLEST = 1e-12
_OFFSET = 1 - math.ceil(math.log(_SMALLEST) / _GAMMA)

LARGEST_EXPONENT = math.log(sys.float_info.max)

MOST_CATEGORIES = 10_000
"""Distinct values that a profile holds; a column with more is an identifier, not a category."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What values are held against: the reference's range, and fences around its quartiles.

    The fences lie three times the distance of the quartiles outside them (Tukey's far-out fences); they are None
    when the quartiles coincide.
    """

    minimum: float
    maximum: float
    lower_fence: float | None
    upper_fence: float | None


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """Mergeable description of a column.

    Attributes
    ----------
    column : str
    kind : {'numeric', 'categorical'}
    rows, nulls, infinite : int
        ``rows`` counts all; NaN counts as null; infinite values are left out of moments, quantiles and bounds.
    minimum, maximum, mean, squares : float
        Of the finite values; ``squares`` is the sum of squared deviations from the mean.
    buckets : dict of int to int
        Log-spaced buckets of relative width 1 %, as in DDSketch (Masson, Rim and Lee 2019): number and count.
    categories : dict of str to int
        Count of each value, as text. Empty when there were more than `MOST_CATEGORIES`, and then ``crowded``.
    bounds : Bounds or None
        What ``outside`` and ``outliers`` were counted against.
    improbable : int
        Values outside of 0 to 1, of a column that holds probabilities.

    Examples
    --------
    >>> halves = [numeric_profile("x", np.array([1.0, 2.0])), numeric_profile("x", np.array([3.0, np.nan]))]
    >>> whole = merge(halves)
    >>> whole.rows, whole.nulls, whole.mean, whole.deviation
    (4, 1, 2.0, 1.0)
    """

    column: str
    kind: ColumnKind
    rows: int = 0
    nulls: int = 0
    infinite: int = 0
    minimum: float = math.inf
    maximum: float = -math.inf
    mean: float = 0.0
    squares: float = 0.0
    buckets: dict[int, int] = field(default_factory=dict)
    categories: dict[str, int] = field(default_factory=dict)
    crowded: bool = False
    bounds: Bounds | None = None
    outside: int = 0
    outliers: int = 0
    improbable: int = 0

    @property
    def present(self) -> int:
        """Rows that hold a finite value."""
        return self.rows - self.nulls - self.infinite

    @property
    def deviation(self) -> float:
        """Standard deviation of the finite values (n - 1 in the denominator); NaN for fewer than two."""
        return math.sqrt(self.squares / (self.present - 1)) if self.present > 1 else math.nan

    def quantile(self, q: float) -> float:
        """A quantile of the finite values, within half a percent of its magnitude; NaN when there are none."""
        if not self.present or not self.buckets:
            return math.nan
        numbers = sorted(self.buckets)
        cumulative = np.cumsum([self.buckets[number] for number in numbers])
        number = numbers[int(np.searchsorted(cumulative, q * (self.present - 1), side="right"))]
        return float(np.clip(representative(number), self.minimum, self.maximum))

    def as_bounds(self) -> Bounds | None:
        """What another window's values are held against when this profile is the reference."""
        if self.kind != "numeric" or not self.present or not self.buckets:
            return None
        low, high = self.quantile(0.25), self.quantile(0.75)
        reach = 3 * (high - low)
        fences = (low - reach, high + reach) if reach > 0 else (None, None)
        return Bounds(self.minimum, self.maximum, *fences)

    def without_values(self) -> ColumnProfile:
        """The profile of a private column: how many, and nothing of what."""
        return ColumnProfile(self.column, self.kind, self.rows, self.nulls, self.infinite, crowded=self.crowded)


def _bucket_numbers(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Number of each value's bucket, in the order of the values; 0 holds zero."""
    magnitude = np.maximum(np.abs(values), _SMALLEST / 2)
    numbers = np.ceil(np.log(magnitude) / _GAMMA) + _OFFSET
    return np.where(magnitude < _SMALLEST, 0, np.sign(values) * numbers).astype(np.int64)


def representative(number: int) -> float:
    """The value that stands for a bucket: the one whose relative distance to both edges is the same.

    Examples
    --------
    >>> bucket = [*numeric_profile("amount", np.array([20.0])).buckets][0]
    >>> representative(bucket), representative(-bucket), representative(0)
    (19.9856, -19.9856, 0.0)
    """
    if number == 0:
        return 0.0
    # The edge of the last bucket lies beyond the largest float.
    upper = math.exp(min((abs(number) - _OFFSET) * _GAMMA, LARGEST_EXPONENT))
    return math.copysign(2 * upper / (math.exp(_GAMMA) + 1), number)


def numeric_profile(
    column: str, values: npt.NDArray[np.float64], bounds: Bounds | None = None, slack: float | None = None
) -> ColumnProfile:
    """Profile a batch of numbers, in which NaN means null.

    Parameters
    ----------
    column : str
    values : array of shape (n_rows,)
    bounds : Bounds, optional
        Count the values outside of them.
    slack : float, optional
        Count the values that lie outside of 0 to 1 by more than this.

    Examples
    --------
    >>> profile = numeric_profile("amount", np.array([2.0, 4.0, np.nan, np.inf]))
    >>> profile.rows, profile.nulls, profile.infinite, profile.mean, profile.maximum
    (4, 1, 1, 3.0, 4.0)
    """
    missing = np.isnan(values)
    finite = values[np.isfinite(values)]
    base = ColumnProfile(
        column,
        "numeric",
        rows=len(values),
        nulls=int(missing.sum()),
        infinite=int(len(values) - missing.sum() - len(finite)),
        bounds=bounds,
    )
    if not len(finite):
        return base
    # Squares of huge numbers are infinite, which the numbers made of them say.
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(finite.mean())
        mean = mean if math.isfinite(mean) else float((finite / len(finite)).sum())
        squares = float(((finite - mean) ** 2).sum())
    numbers, counts = np.unique(_bucket_numbers(finite), return_counts=True)
    return replace(
        base,
        minimum=float(finite.min()),
        maximum=float(finite.max()),
        mean=mean,
        squares=squares,
        buckets=dict(zip(numbers.tolist(), counts.tolist(), strict=True)),
        outside=_count_outside(finite, bounds.minimum, bounds.maximum) if bounds else 0,
        outliers=_count_outside(finite, bounds.lower_fence, bounds.upper_fence) if bounds else 0,
        improbable=0 if slack is None else _count_outside(finite, -slack, 1 + slack),
    )


def _count_outside(values: npt.NDArray[np.float64], low: float | None, high: float | None) -> int:
    if low is None or high is None:
        return 0
    return int(((values < low) | (values > high)).sum())


def categorical_profile(column: str, counts: dict[str, int], nulls: int) -> ColumnProfile:
    """Profile a batch of categories, counted already.

    Examples
    --------
    >>> categorical_profile("carrier", {"UA": 2, "AA": 1}, nulls=1).rows
    4
    """
    crowded = len(counts) > MOST_CATEGORIES
    ordered = {} if crowded else dict(sorted(counts.items()))
    return ColumnProfile(
        column, "categorical", rows=sum(counts.values()) + nulls, nulls=nulls, categories=ordered, crowded=crowded
    )


def merge(profiles: Iterable[ColumnProfile]) -> ColumnProfile:
    """One profile of all rows, in the order given (Chan, Golub and LeVeque 1983 for the moments).

    Windows that were held against different references have no bounds in common: their profile has none, and counts
    nothing outside of any.

    Raises
    ------
    ValueError
        If there are none, or they are of different columns or kinds.

    Examples
    --------
    >>> narrow, wide = Bounds(0.0, 1.0, None, None), Bounds(0.0, 9.0, None, None)
    >>> days = [numeric_profile("x", np.array([5.0]), narrow), numeric_profile("x", np.array([7.0]), wide)]
    >>> whole = merge(days)
    >>> whole.rows, whole.maximum, whole.bounds, whole.outside
    (2, 7.0, None, 0)
    """
    merged: ColumnProfile | None = None
    for profile in profiles:
        merged = profile if merged is None else _merge_two(merged, profile)
    if merged is None:
        raise ValueError("there is no profile to merge")
    return merged


def _merge_two(a: ColumnProfile, b: ColumnProfile) -> ColumnProfile:
    if (a.column, a.kind) != (b.column, b.kind):
        raise ValueError(f"profiles of {a.column!r} and {b.column!r} do not describe the same thing")
    present = a.present + b.present
    share = b.present / present if present else 0.0
    step = b.mean - a.mean
    categories = _added(a.categories, b.categories)
    crowded = a.crowded or b.crowded or len(categories) > MOST_CATEGORIES
    same_bounds = a.bounds == b.bounds
    return ColumnProfile(
        a.column,
        a.kind,
        rows=a.rows + b.rows,
        nulls=a.nulls + b.nulls,
        infinite=a.infinite + b.infinite,
        minimum=min(a.minimum, b.minimum),
        maximum=max(a.maximum, b.maximum),
        mean=a.mean + step * share,
        squares=a.squares + b.squares + step * step * a.present * share,
        buckets=_added(a.buckets, b.buckets),
        categories={} if crowded else dict(sorted(categories.items())),
        crowded=crowded,
        bounds=a.bounds if same_bounds else None,
        outside=a.outside + b.outside if same_bounds else 0,
        outliers=a.outliers + b.outliers if same_bounds else 0,
        improbable=a.improbable + b.improbable,
    )


def _added(a: dict[Key, int], b: dict[Key, int]) -> dict[Key, int]:
    return a | {key: a.get(key, 0) + count for key, count in b.items()}
