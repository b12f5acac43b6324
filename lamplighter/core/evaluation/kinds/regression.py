"""Regression: an answer is a number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lamplighter.core.counts import counted
from lamplighter.core.evaluation.evaluator import Measured, MeasuredOn, Oddities
from lamplighter.core.evaluation.labelled import Labelled, numbers
from lamplighter.core.evaluation.odd_values import listed, rows_of
from lamplighter.core.monitor import Monitor
from lamplighter.core.numbers import number_text
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.regressors import BEYOND, regression
from lamplighter.core.records.finding import Code
from lamplighter.core.records.measurement import State


def measured(labelled: Labelled, monitor: Monitor, groupings: Sequence[Grouping], state: State) -> Measured:
    """The metrics of errors."""
    true, pred = numbers(labelled.y_true), numbers(labelled.y_pred)
    return Measured(regression(true, pred, groupings=groupings, state=state), true, pred)


def measured_on(labelled: Labelled, monitor: Monitor, metric: str) -> MeasuredOn:
    """What measures the errors of any of the rows."""
    true, pred = numbers(labelled.y_true), numbers(labelled.y_pred)
    return lambda rows, groupings: regression(true[rows], pred[rows], groupings=groupings, state=State.FINAL)


def oddities(labelled: Labelled, monitor: Monitor) -> Oddities:
    """Predictions that are no numbers, and numbers beside which no other counts."""
    assert monitor.labels is not None
    columns = monitor.labels.target, monitor.predictions.prediction
    read = [numbers(side) for side in (labelled.y_true, labelled.y_pred)]
    odd = labelled.y_pred[np.isnan(read[1]) & labelled.y_pred.notna().to_numpy() & ~_is_nan(labelled.y_pred)]
    if len(odd):
        first = odd.iloc[0]
        # Beside numbers of other files bytes are a text.
        kind = "bytes" if str(first).startswith("bytes ") else type(first).__name__
        what = f"no number in {len(odd):,} of {rows_of(len(read[1]))} of column {columns[1]!r} ({kind}), left out"
        yield Code.NUMBERS_ODD, f"{what}; log numbers"
    for column, side in zip(columns, read, strict=True):
        huge = side[np.isfinite(side) & (np.abs(side) >= BEYOND)]
        if len(huge):
            rows = f"{counted(len(huge), f'of {rows_of(len(side))} has', f'of {rows_of(len(side))} have')}"
            left_out = "left out" if 2 * len(huge) < len(side) else "so that sums have no value"
            values = listed(Counter(map(number_text, huge.tolist())))
            what = f"{rows} a number in {column!r} that no float of 32 bits holds ({values}), {left_out}"
            yield Code.NUMBERS_ODD, f"{what}; correct it, or log null"


def _is_nan(values: pd.Series[Any]) -> npt.NDArray[np.bool_]:
    """Which values are NaN, or the text of it."""
    return np.array([value != value or str(value).strip().lower() == "nan" for value in values.tolist()], dtype=bool)
