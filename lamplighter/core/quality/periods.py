"""Quality of a longer period, from what is recorded of its windows: exact where counts or means of rows add up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lamplighter.core.quality.averages import AVERAGES
from lamplighter.core.quality.classifiers import NO_POSITIVE
from lamplighter.core.quality.confusion import NO_PREDICTION, Cells, Confusion
from lamplighter.core.quality.detections_graded import BACKGROUND
from lamplighter.core.quality.estimates import Estimates, undefined
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.intervals import wilson
from lamplighter.core.quality.precision_recall_f1 import RATIOS, accuracy
from lamplighter.core.records.catalogue import QUALITY_METRICS
from lamplighter.core.records.measurement import Measurement, State
from lamplighter.core.values.plain import BINARY

ROW_MEANS = frozenset(name for name, metric in QUALITY_METRICS.items() if metric.interval == "Student")
"""Means over rows: that of a period is the mean of the windows' means, each weighted by its rows."""

ROW_SHARES = frozenset({"top_k_accuracy"})
"""Shares of rows, which are means too, and have Wilson's interval."""

SUMS = frozenset({"rows", "labels_missing", "labels_corrected", "labels_late", "labels_unknown"})
"""Counts, which add up."""

COUNTED, OF_ROWS, SUMMED = "from summed counts", "mean over rows", "sum"
ALONE = Grouping([""], np.zeros(0, np.int64))
"""One group, of which only the name is of use."""


@dataclass(frozen=True, slots=True)
class OfPeriod:
    """A number of a period.

    Attributes
    ----------
    measurement : Measurement
        Without segment and version, which are those of what it was made of.
    how : str
        How it was made of the windows' numbers.
    windows : int
        How many windows it was made of.
    """

    measurement: Measurement
    how: str
    windows: int


def from_counts(confusion: Iterable[Confusion], positive: str | None = None) -> list[Measurement]:
    """Accuracy, precision, recall, F1 and their averages over classes, from confusion counts that are added up.

    They equal what would be measured on all rows together, interval and all.

    Parameters
    ----------
    confusion : iterable of Confusion
        Of one segment or version, of any number of windows.
    positive : str, optional
        The class that precision, recall and F1 are about; ``"1"`` if there are no classes but ``"0"`` and ``"1"``.

    Examples
    --------
    >>> cells = [("0", "0", 40), ("0", "1", 10), ("1", "1", 30), ("1", "0", 20), ("1", "1", 20)]
    >>> counts = [Confusion(segment="", version="", y_true=t, y_pred=p, n=n) for t, p, n in cells]
    >>> {m.metric: m.value for m in from_counts(counts) if m.metric in ("accuracy", "f1") and not m.klass}
    {'accuracy': 0.75, 'f1': 0.7692}
    """
    summed: dict[tuple[str, str], int] = {}
    for cell in confusion:
        summed[cell.y_true, cell.y_pred] = summed.get((cell.y_true, cell.y_pred), 0) + cell.n
    seen = {true for true, _ in summed} | {pred for _, pred in summed if pred != NO_PREDICTION}
    if positive is None and seen and seen <= BINARY:
        positive = "1"
    classes = sorted(seen if positive is None else seen | {positive})
    if not summed:
        return []
    code = {name: number for number, name in enumerate(classes)} | {NO_PREDICTION: len(classes)}
    true, pred = (np.array([code[pair[side]] for pair in summed], np.int64) for side in (0, 1))
    n = np.array([*summed.values()], np.int64)
    cells = Cells(classes, np.zeros(len(n), np.int64), true, pred, n, np.array([n.sum()]))
    found: dict[str, Estimates] = {"accuracy": accuracy(cells)}
    if positive is not None:
        found |= {name: ratio.of_class(cells, classes.index(positive)) for name, ratio in RATIOS.items()}
    elif len(seen) <= 2:
        found |= {name: undefined(ALONE, NO_POSITIVE) for name in RATIOS}
    found |= {name: average(cells) for name, average in AVERAGES.items()}
    measured = [it for name, estimates in found.items() for it in estimates.measurements(name, ALONE, State.FINAL)]
    for klass, named in enumerate(classes):
        for name, ratio in RATIOS.items():
            measured += ratio.of_class(cells, klass).measurements(name, ALONE, State.FINAL, klass=named)
    return measured


def from_box_counts(confusion: Iterable[Confusion]) -> list[Measurement]:
    """Precision, recall and F1 of boxes, from confusion counts with a background that are added up.

    They equal what would be measured on all images together. They have no interval: it would need the images.

    Parameters
    ----------
    confusion : iterable of Confusion
        Of one segment or version, of any number of windows.

    Examples
    --------
    >>> cells = [("car", "car", 6), ("car", "background", 2), ("background", "car", 1), ("car", "bus", 1)]
    >>> counts = [Confusion(segment="", version="", y_true=t, y_pred=p, n=n) for t, p, n in cells]
    >>> {(m.metric, m.klass): m.value for m in from_box_counts(counts) if m.klass != "bus"}
    {('precision', ''): 0.75, ('recall', ''): 0.6667, ('f1', ''): 0.7059,
     ('precision', 'car'): 0.8571, ('recall', 'car'): 0.6667, ('f1', 'car'): 0.75}
    """
    summed: dict[str, list[int]] = {}
    for cell in confusion:
        for klass in {"", cell.y_true, cell.y_pred} - {BACKGROUND}:
            sides = [side == klass or (not klass and side != BACKGROUND) for side in (cell.y_true, cell.y_pred)]
            met = cell.y_true == cell.y_pred and all(sides)
            counts = summed.setdefault(klass, [0, 0, 0])
            for at, holds in enumerate((met, sides[1], sides[0])):
                counts[at] += cell.n * holds
    found = []
    for klass, (hits, predicted, labelled) in sorted(summed.items()):
        of = {"precision": (hits, predicted), "recall": (hits, labelled), "f1": (2 * hits, predicted + labelled)}
        for metric, (above, below) in of.items():
            value, reason = (above / below, "") if below else (None, "no box to divide by")
            found.append(Measurement(metric=metric, klass=klass, value=value, n=below, reason=reason))
    return found


def of_period(metric: str, windows: Sequence[Measurement], every: str) -> OfPeriod | None:
    """One metric of a period, from its windows' values; None where none of them has one.

    Parameters
    ----------
    metric : str
        Not one that `from_counts` gives, nor ``rmse``, which is the root of the mse of the period.
    windows : sequence of Measurement
        Those of the period.
    every : str
        How long the windows are, in a word such as ``daily``.

    Examples
    --------
    >>> days = [Measurement(metric="mae", value=value, n=n) for value, n in ((1.0, 100), (3.0, 300))]
    >>> mean = of_period("mae", days, "daily")
    >>> mean.measurement.value, mean.measurement.n, mean.how
    (2.5, 400, 'mean over rows')
    >>> days = [Measurement(metric="roc_auc", value=value, n=n) for value, n in ((0.7, 100), (0.8, 300))]
    >>> of_period("roc_auc", days, "daily").how
    'mean of daily values'
    """
    known = [it for it in windows if it.value is not None]
    if not known:
        return None
    value, n = np.array([it.value for it in known], float), np.array([it.n for it in known])
    state = State.FINAL if all(it.state is State.FINAL for it in known) else State.PROVISIONAL
    total = int(n.sum())
    lower = upper = None
    if metric in SUMS:
        number, how = float(value.sum()), SUMMED
    elif metric in ROW_MEANS | ROW_SHARES and total:
        number, how = float((value * n).sum() / total), OF_ROWS
        if metric in ROW_SHARES:
            lower, upper = (float(bound) for bound in wilson(round(number * total), total))
    else:
        number, how = float(value.mean()), f"mean of {every} values"
    measurement = Measurement(metric=metric, value=number, n=total, lower=lower, upper=upper, state=state)
    return OfPeriod(measurement, how, len(known))
