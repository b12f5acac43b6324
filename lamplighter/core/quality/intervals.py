"""95 % intervals, vectorised. A bound that cannot be known is NaN, and then both are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lamplighter.core.quality.arrays import Floats, Ints, divide

CONFIDENCE = 0.95
TAIL = (1 - CONFIDENCE) / 2
Z = 1.959963984540054
"""The quantile of the normal distribution at 1 - TAIL, as scipy.special.ndtri gives it.

Importing scipy takes a quarter of a second, so that only the functions that need it do.
"""

Interval = tuple[Floats, Floats]

# Rounding makes the spread of equal values about 1e-16 of them; a spread that small is none.
NO_SPREAD = 1e-12


def none(n_groups: int) -> Interval:
    """No interval, for as many groups.

    Examples
    --------
    >>> none(2)
    (array([nan, nan]), array([nan, nan]))
    """
    return np.full(n_groups, np.nan), np.full(n_groups, np.nan)


def wilson(successes: npt.ArrayLike, trials: npt.ArrayLike) -> Interval:
    """Interval of a share by the score test; NaN without a trial.

    Parameters
    ----------
    successes, trials : array-like of shape (n_groups,)
        Counts.

    Returns
    -------
    lower, upper : arrays of shape (n_groups,)
        In [0, 1].

    References
    ----------
    Wilson 1927, "Probable inference, the law of succession, and statistical inference".

    Examples
    --------
    >>> wilson([9, 0], [10, 0])
    (array([0.5958,   nan]), array([0.9821,   nan]))
    """
    n = np.asarray(trials, float)
    share = divide(successes, n)
    centre = divide(share * n + Z**2 / 2, n + Z**2)
    half = Z * divide(np.sqrt(n * share * (1 - share) + Z**2 / 4), n + Z**2)
    # At none or all of the trials the bound is 0 or 1 exactly; rounding must not move it off the value.
    return np.where(share == 0, 0.0, centre - half), np.where(share == 1, 1.0, centre + half)


def normal(
    value: Floats, error: Floats, lowest: float = -np.inf, highest: float = np.inf, reach: float | Floats = Z
) -> Interval:
    """Interval of so many standard errors to either side, cut at the metric's bounds.

    Parameters
    ----------
    value, error : arrays of shape (n_groups,)
        The value and its standard error; an error of 0 gives no interval.
    lowest, highest : float
        What the metric cannot go beyond.
    reach : float or array of shape (n_groups,)
        How many standard errors; by default the normal distribution's 1.96.

    Examples
    --------
    >>> normal(np.array([1.0]), np.array([0.1]), lowest=0.9)
    (array([0.9]), array([1.196]))
    """
    half = reach * _spread(value, error)
    return np.maximum(value - half, lowest), np.minimum(value + half, highest)


def student(value: Floats, error: Floats, n: Ints, lowest: float = -np.inf, highest: float = np.inf) -> Interval:
    """Interval of a mean of n rows, like ``normal`` but by Student's t distribution.

    References
    ----------
    Student 1908, "The probable error of a mean".

    Examples
    --------
    >>> student(np.array([1.0]), np.array([0.1]), np.array([11]), lowest=0.8)
    (array([0.8]), array([1.2228]))
    """
    from scipy.special import stdtrit

    return normal(value, error, lowest, highest, reach=stdtrit(np.maximum(n - 1, 1), 1 - TAIL))


def on_logit(value: Floats, error: Floats) -> Interval:
    """Normal interval of a value in (0, 1), taken on its log-odds, so that it stays inside.

    Parameters
    ----------
    value, error : arrays of shape (n_groups,)
        The value and its standard error; no interval where the value is 0 or 1, or the error is 0.

    Examples
    --------
    >>> on_logit(np.array([0.9, 1.0]), np.array([0.05, 0.0]))
    (array([0.7518,   nan]), array([0.9639,   nan]))
    """
    half = Z * divide(_spread(value, error), value * (1 - value))
    odds = divide(value, 1 - value)
    # Next to 0 and 1 a small error is a long way on this scale: the bound is then 0 or 1.
    with np.errstate(over="ignore"):
        lower, upper = odds * np.exp(-half), odds * np.exp(half)
    return 1 - 1 / (1 + lower), 1 - 1 / (1 + upper)


def order_statistics(n: Ints, q: float) -> tuple[Ints, Ints]:
    """Ranks whose values enclose the q-quantile of any continuous distribution in at least 95 % of samples.

    Parameters
    ----------
    n : array of shape (n_groups,)
        Sample sizes.
    q : float
        In (0, 1).

    Returns
    -------
    lower, upper : arrays of shape (n_groups,)
        Ranks from 1 to n. A rank outside of that does not exist: the sample is too small for an interval.

    References
    ----------
    David and Nagaraja 2003, "Order Statistics", section 7.1.

    Examples
    --------
    >>> order_statistics(np.array([100, 5]), 0.5)
    (array([40,  0]), array([61,  6]))
    """
    return _binomial_quantile(TAIL, n, q), _binomial_quantile(1 - TAIL, n, q) + 1


def _spread(value: Floats, error: Floats) -> Floats:
    """Return the standard error; NaN where it is 0 but for rounding."""
    return np.where(error > NO_SPREAD * np.abs(value), error, np.nan)


def _binomial_quantile(probability: float, n: Ints, q: float) -> Ints:
    """Smallest k with P(Binomial(n, q) <= k) >= probability."""
    from scipy.special import bdtr, bdtrik

    # The inverse is a real number that rounding may have lifted above the integer it should be.
    above = np.ceil(bdtrik(probability, np.maximum(n, 1), q))
    below = np.maximum(above - 1, 0)
    smallest: Ints = np.where(bdtr(below, np.maximum(n, 1), q) >= probability, below, above).astype(np.int64)
    return smallest
