"""A metric of the user's own, with a bootstrap interval."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lamplighter.core.measurement import Measurement, State
from lamplighter.core.quality.arrays import Floats, Ints
from lamplighter.core.quality.estimates import NO_ROWS, NOT_FINITE, Case, Estimates
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.intervals import NO_SPREAD, TAIL

LONGEST_REASON = 200

Function = Callable[[Any, Any, Any], float]


def custom(
    name: str,
    function: Function,
    y_true: Any,
    y_pred: Any,
    y_score: Any,
    *,
    groupings: Sequence[Grouping],
    state: State,
    resamples: int = 100,
) -> list[Measurement]:
    """Measure with a function of the user's, which may fail but cannot break the night.

    Parameters
    ----------
    name : str
        Of the metric; with the name of the group it seeds the bootstrap, so a repeated night gives the same bounds.
    function : callable
        ``function(y_true, y_pred, y_score) -> float``, called for each group with that group's rows.
    y_true, y_pred, y_score : array, sequence, dict of them by class, or None
        Rows, as the other metrics of the kind take them.
    groupings : sequence of Grouping
        Ways to cut the same rows.
    state : State
        Passed on to the measurements.
    resamples : int, default=100
        Draws of the group's rows with replacement for the percentile interval (Efron 1979, "Bootstrap methods:
        another look at the jackknife"). There is no interval if the function fails on half of them.

    Returns
    -------
    list of Measurement
        One per group. An exception, or a result that is not a finite number, is the reason of a missing value.

    Examples
    --------
    >>> def worst(y_true, y_pred, y_score):
    ...     return max(abs(y_true - y_pred))
    >>> rows = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.5, 5.0]), None
    >>> found = custom("worst_error", worst, *rows, groupings=[Grouping.overall(3)], state=State.FINAL)
    >>> found[0].value, found[0].lower, found[0].upper
    (2.0, 0.0, 2.0)
    """
    found = []
    for grouping in groupings:
        results = [
            _estimate(function, (y_true, y_pred, y_score), rows, [zlib.crc32(name.encode()), zlib.crc32(group.encode())], resamples)
            for group, rows in zip(grouping.names, grouping.members, strict=True)
        ]
        values, lower, upper = (np.array(column, float) for column in zip(*[it[:3] for it in results], strict=True))
        undefined: Case = (~np.isfinite(values), [it[3] for it in results])
        found += Estimates(values, grouping.count, (lower, upper), (undefined,)).measurements(name, grouping, state)
    return found
