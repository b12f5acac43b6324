"""A custom metric, with a bootstrap interval."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lamplighter.core.quality.arrays import Ints
from lamplighter.core.quality.estimates import NO_ROWS, NOT_FINITE, Case, Estimates
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.intervals import NO_SPREAD, TAIL
from lamplighter.core.records.measurement import Measurement, State

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
    """Measure with a user's function, which may fail but cannot break the run.

    Parameters
    ----------
    name : str
        Of the metric; with the name of the group it seeds the bootstrap, so a repeated run gives the same bounds.
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
    >>> found[0].value, found[0].upper
    (2.0, 2.0)
    """
    columns = (y_true, y_pred, y_score)
    found: list[Measurement] = []
    for grouping in groupings:
        members = grouping.members
        called = [_call(function, columns, rows) if len(rows) else (math.nan, NO_ROWS) for rows in members]
        value, reasons = np.array([result for result, _ in called], float), [reason for _, reason in called]
        bounds = np.full((len(members), 2), np.nan)
        for group in np.flatnonzero(np.isfinite(value)).tolist():
            random = np.random.default_rng([zlib.crc32(part.encode()) for part in (name, grouping.names[group])])
            bounds[group] = _bootstrap(function, columns, members[group], resamples, random)
        undefined: Case = (~np.isfinite(value), reasons)
        estimates = Estimates(value, grouping.count, (bounds[:, 0], bounds[:, 1]), (undefined,))
        found += estimates.measurements(name, grouping, state)
    return found


def _call(function: Function, columns: tuple[Any, ...], rows: Ints) -> tuple[float, str]:
    """Result of the function on some of the rows, or NaN and the reason."""
    try:
        value = float(function(*(_taken(column, rows) for column in columns)))
    except Exception as error:
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        return math.nan, what[:LONGEST_REASON]
    return (value, "") if math.isfinite(value) else (math.nan, f"{NOT_FINITE}: {value}")


def _bootstrap(
    function: Function, columns: tuple[Any, ...], rows: Ints, resamples: int, random: np.random.Generator
) -> tuple[float, float]:
    """Percentiles of the results on rows drawn with replacement; NaN if they are of no use."""
    drawn = (random.choice(rows, len(rows)) for _ in range(resamples))
    results = [result for result, reason in (_call(function, columns, rows) for rows in drawn) if not reason]
    if 2 * len(results) <= resamples or np.ptp(results) <= NO_SPREAD * np.max(np.abs(results)):
        return math.nan, math.nan
    lower, upper = np.quantile(results, [TAIL, 1 - TAIL])
    return float(lower), float(upper)


def _taken(column: Any, rows: Ints) -> Any:
    """Return these rows of a column, whatever it is kept in."""
    if column is None:
        return None
    if isinstance(column, Mapping):
        return {name: _taken(part, rows) for name, part in column.items()}
    return column[rows] if isinstance(column, np.ndarray) else [column[row] for row in rows.tolist()]
