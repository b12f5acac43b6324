"""Quantiles of every group from one sort."""

from __future__ import annotations

import numpy as np

from lamplighter.core.quality.arrays import Floats
from lamplighter.core.quality.estimates import Estimates
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.intervals import order_statistics


def sorted_within(values: Floats, grouping: Grouping) -> Floats:
    """Values by group and then ascending, of shape (n_sorted,); values in no group are left out.

    Examples
    --------
    >>> sorted_within(np.array([3.0, 2.0, 1.0, 0.0]), Grouping.of("plan", ["pro", "basic", "pro", "basic"]))
    array([0., 2., 1., 3.])
    """
    ordered: Floats = values[grouping.order(np.argsort(values))]
    return ordered


def quantile(ascending: Floats, grouping: Grouping, q: float) -> Estimates:
    """Quantile of every group, interpolated linearly, between the order statistics that enclose it.

    Parameters
    ----------
    ascending : array of shape (n_sorted,)
        As ``sorted_within`` gives them.
    grouping : Grouping
        Of the same values.
    q : float
        In (0, 1).

    Returns
    -------
    Estimates
        Type 7 of Hyndman and Fan 1996 ("Sample quantiles in statistical packages"), as numpy's. The interval holds
        for every continuous distribution; a group too small for it has none (below 6 rows for the median, below 72
        for q = 0.05).

    Examples
    --------
    >>> found = quantile(np.arange(9.0), Grouping.overall(9), 0.25)
    >>> found.value, quantile(np.arange(9.0), Grouping.overall(9), 0.5).interval
    (array([2.]), (array([1.]), array([7.])))
    """
    n = grouping.count
    if len(ascending) == 0:
        nothing = np.full(len(n), np.nan)
        return Estimates(nothing, n, (nothing, nothing))

    start = np.minimum(np.cumsum(n) - n, len(ascending) - 1)
    place = np.maximum(n - 1, 0) * q
    lower = np.floor(place).astype(np.int64)
    upper = np.minimum(lower + 1, np.maximum(n - 1, 0))
    low, high = ascending[start + lower], ascending[start + upper]
    value = np.where(n > 0, low + (high - low) * (place - lower), np.nan)

    first, last = order_statistics(n, q)
    exists = (first >= 1) & (last <= n)
    bounds = tuple(np.where(exists, ascending[start + np.where(exists, rank, 1) - 1], np.nan) for rank in (first, last))
    return Estimates(value, n, (bounds[0], bounds[1]))
