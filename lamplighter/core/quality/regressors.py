"""Quality of predicted numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from lamplighter.core.quality.arrays import Floats, divide
from lamplighter.core.quality.estimates import NO_ROWS, Estimates, mean
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.intervals import none, normal
from lamplighter.core.quality.quantiles import quantile, sorted_within
from lamplighter.core.records.measurement import Measurement, State

NOT_FINITE = "no labelled row has a finite label and a finite prediction"

BEYOND = float(np.finfo(np.float32).max)
"""No model answers more: a float of 32 bits ends here, and numbers that stand for a missing one begin."""

RESIDUALS = {
    "residual_q05": 0.05,
    "residual_q25": 0.25,
    "residual_q50": 0.50,
    "residual_q75": 0.75,
    "residual_q95": 0.95,
}


def regression(
    y_true: Sequence[Any] | npt.NDArray[Any],
    y_pred: Sequence[Any] | npt.NDArray[Any],
    *,
    groupings: Sequence[Grouping],
    state: State,
) -> list[Measurement]:
    """Measure a regressor on rows whose labels are known.

    Parameters
    ----------
    y_true, y_pred : sequences of shape (n_rows,)
        Numbers. A row in which either is null, NaN or infinite is left out, and ``n`` shows it; so is one with a number
        of `BEYOND` or more, unless most rows have one: beside it the others would not count.
    groupings : sequence of Grouping
        Ways to cut the same rows.
    state : State
        Passed on to the measurements.

    Returns
    -------
    list of Measurement
        For every group the metrics of METRICS; a value that is undefined is None, with a reason.

    Examples
    --------
    >>> found = regression([1.0, 2.0, 4.0], [1.0, 3.0, 6.0], groupings=[Grouping.overall(3)], state=State.FINAL)
    >>> {m.metric: m.value for m in found if m.metric in ("mae", "mse", "bias", "r2", "target_distance")}
    {'mae': 1.0, 'mse': 1.6667, 'r2': -0.0714, 'bias': 1.0, 'target_distance': 1.0}
    """
    true, pred = np.asarray(y_true, float), np.asarray(y_pred, float)
    finite = np.isfinite(true) & np.isfinite(pred)
    usable = finite & (np.abs(true) < BEYOND) & (np.abs(pred) < BEYOND)
    if 2 * usable.sum() > finite.sum():
        finite = usable
    true, pred = true[finite], pred[finite]
    found = []
    for labelled in groupings:
        grouping = labelled.rows(finite)
        cases = ((labelled.count == 0, NO_ROWS), (grouping.count == 0, NOT_FINITE))
        # Squares of huge numbers overflow to infinity, which is then given as the reason.
        with np.errstate(over="ignore", invalid="ignore"):
            measured = _measured(true, pred, grouping)
        for name, it in measured.items():
            estimates = Estimates(it.value, it.n, it.interval, (*cases, *it.undefined))
            found += estimates.measurements(name, grouping, state)
    return found


def _measured(true: Floats, pred: Floats, grouping: Grouping) -> dict[str, Estimates]:
    """Every metric of a regressor, of rows that are finite."""
    residual = pred - true
    off, residuals = sorted_within(np.abs(residual), grouping), sorted_within(residual, grouping)
    mse = mean(residual**2, grouping, lowest=0.0)
    return {
        "mae": mean(np.abs(residual), grouping, lowest=0.0),
        "mse": mse,
        "rmse": Estimates(np.sqrt(mse.value), mse.n, (np.sqrt(mse.interval[0]), np.sqrt(mse.interval[1]))),
        "r2": r2(true, residual, grouping),
        "median_absolute_error": quantile(off, grouping, 0.5),
        "bias": mean(residual, grouping),
        **{name: quantile(residuals, grouping, q) for name, q in RESIDUALS.items()},
        "target_distance": target_distance(true, pred, grouping),
    }


def r2(true: Floats, residual: Floats, grouping: Grouping) -> Estimates:
    """Share of the variance of the labels that the predictions explain, at most 1, best 1.

    1 - sum(residual ** 2) / sum((y - mean(y)) ** 2). The interval is the delta method's, from the influence of each
    row on the two sums.

    Parameters
    ----------
    true, residual : arrays of shape (n_rows,)
        Labels, and predictions minus labels.
    grouping : Grouping
        Of the same rows.

    Examples
    --------
    >>> r2(np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 0.0]), Grouping.overall(3)).value
    array([0.5])
    """
    n, codes = grouping.count, grouping.codes
    squared, apart = residual**2, (true - grouping.mean(true)[codes]) ** 2
    unexplained, variance = grouping.mean(squared), grouping.mean(apart)
    value = 1 - divide(unexplained, variance)

    influence = divide((1 - value)[codes] * apart - squared, variance[codes])
    error = np.sqrt(divide(grouping.mean(influence**2), n))
    constant = grouping.total(true != _some(true, grouping)[codes]) == 0
    cases = ((n < 2, "fewer than 2 rows"), (constant, "y_true is constant"))
    return Estimates(value, n, normal(value, error, highest=1.0), cases)


def target_distance(true: Floats, pred: Floats, grouping: Grouping) -> Estimates:
    """Distance between the distributions of labels and of predictions, in the target's unit, >= 0, best 0.

    Wasserstein's first: the mean distance of the sorted labels from the sorted predictions. It has no interval: at
    best it is 0 from one side only, where no normal limit holds.

    Examples
    --------
    >>> target_distance(np.array([1.0, 2.0, 3.0]), np.array([3.0, 2.0, 2.0]), Grouping.overall(3)).value
    array([0.3333])
    """
    ordered = Grouping(grouping.names, np.sort(grouping.codes[grouping.codes >= 0]))
    distance = np.abs(sorted_within(true, grouping) - sorted_within(pred, grouping))
    return Estimates(ordered.mean(distance), grouping.count, none(len(grouping.names)))


def _some(values: Floats, grouping: Grouping) -> Floats:
    """One value of each group, whichever; 0 for an empty one."""
    some = np.zeros(len(grouping.names))
    inside = grouping.codes >= 0
    some[grouping.codes[inside]] = values[inside]
    return some
