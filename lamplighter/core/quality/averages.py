"""Averages over classes of precision, recall and F1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from lamplighter.core.quality.arrays import Floats, Ints, divide
from lamplighter.core.quality.confusion import Cells
from lamplighter.core.quality.estimates import NO_ROWS, Case, Estimates
from lamplighter.core.quality.intervals import Interval, on_logit, wilson
from lamplighter.core.quality.precision_recall_f1 import RATIOS, Ratio
from lamplighter.core.values.key_name import key_name


@dataclass(frozen=True)
class Average:
    """A ratio averaged over the classes of each group, in [0, 1], best 1.

    The value is scikit-learn's with ``zero_division=nan``: a class that has no ratio of its own (precision of a class
    never predicted) is left out, since a single odd label would otherwise leave the average undefined, or move it.
    Where no class that counts has a ratio there is no value.

    Precisions of different classes are independent given the predictions, recalls given the labels: their plain means
    get an interval combined from Wilson's. The others get the delta method's, taken on the log-odds.

    Attributes
    ----------
    ratio : Ratio
        What is averaged.
    over : {"seen", "labelled", "rows"}
        All classes of the group alike; those that occur in its labels alike; or each by its number of labels.
    least : int, default=1
        Fewer classes than that give no average.

    Examples
    --------
    >>> from lamplighter.core.quality.grouping import Grouping
    >>> from lamplighter.core.quality.class_codes import ClassCodes
    >>> cells = Cells.count(ClassCodes.of(list("aabbcc"), list("aabacb")), Grouping.overall(6))
    >>> AVERAGES["f1_macro"](cells).value
    array([0.6556])
    """

    ratio: Ratio
    over: Literal["seen", "labelled", "rows"]
    least: int = 1

    def __call__(self, cells: Cells) -> Estimates:
        """Average of every group of the cells."""
        weights = self._weights(cells)
        below = self.ratio.denominator(cells)
        each = divide(self.ratio.hit * cells.hits, below)
        value = np.where(weights.any(axis=1), np.sum(weights * np.nan_to_num(each), axis=1), np.nan)

        if self.ratio.is_share and self.over != "rows":
            interval = combined(cells.hits, below, weights)
        else:
            interval = on_logit(value, self._error(cells, weights, each, value))
        return Estimates(value, cells.rows, interval, self._cases(cells, weights))

    def _weights(self, cells: Cells) -> Floats:
        """Weight of each class in each group, of shape (n_groups, n_classes), adding up to 1; 0 without a class."""
        counts = self._counts(cells)
        return np.nan_to_num(divide(counts, np.sum(counts, axis=1, keepdims=True)))

    def _counts(self, cells: Cells) -> Floats:
        """What each class that has a ratio counts; where none of them is labelled they count alike."""
        defined = self.ratio.denominator(cells) > 0
        if self.over == "labelled":
            return np.asarray(defined & (cells.labelled > 0), float)
        by_rows = cells.labelled * defined if self.over == "rows" else np.zeros_like(cells.labelled)
        alike = defined & (np.sum(by_rows, axis=1, keepdims=True) == 0)
        return np.asarray(by_rows + alike, float)

    def _error(self, cells: Cells, weights: Floats, each: Floats, value: Floats) -> Floats:
        """Standard error for multinomial counts: the root of the sum over cells of n * slope ** 2.

        ``slope`` is the derivative of the average by the count of the cell (Takahashi et al. 2022, "Confidence
        interval for micro-averaged F1 and macro-averaged F1 scores"). The usual second term vanishes, because a ratio
        of counts does not change when all of them grow alike.
        """
        share = np.where(weights > 0, divide(weights, self.ratio.denominator(cells)), 0)
        loss = share * np.nan_to_num(each)
        by_label = -self.ratio.labelled * loss
        if self.over == "rows":
            labelled = np.sum(self._counts(cells), axis=1, keepdims=True)
            by_label += np.nan_to_num(divide(each - value[:, None], labelled))
        nothing = np.zeros((len(cells.rows), 1))
        by_prediction = np.concatenate([-self.ratio.predicted * loss, nothing], axis=1)

        right = cells.true == cells.pred
        slope = by_label[cells.group, cells.true] + by_prediction[cells.group, cells.pred]
        slope += self.ratio.hit * share[cells.group, cells.true] * right
        return np.sqrt(np.bincount(cells.group, cells.n * slope**2, len(cells.rows)))

    def _cases(self, cells: Cells, weights: Floats) -> tuple[Case, ...]:
        """Why an average is undefined: no rows, too few classes, or none that has a ratio."""
        labelled = cells.labelled > 0
        sole = [key_name(cells.classes[klass]) for klass in np.argmax(labelled, axis=1)]
        return (
            (cells.rows == 0, NO_ROWS),
            (
                np.count_nonzero(labelled, axis=1) < self.least,
                [f"only one class among the labels: {it}" for it in sole],
            ),
            (np.asarray(~weights.any(axis=1)), [self.ratio.undefined.format(it) for it in sole]),
        )


def combined(hits: Ints, trials: Floats, weights: Floats) -> Interval:
    """Interval of a weighted mean of independent shares, from the distances of each to its Wilson bounds.

    Unlike the delta method's it knows that six hits of six are not certain to be followed by a seventh.

    Parameters
    ----------
    hits, trials, weights : arrays of shape (n_groups, n_classes)
        Counts, and weights that add up to 1 in each group; a class of weight 0 needs no trials.

    References
    ----------
    Zou and Donner 2008, "Construction of confidence limits about effect measures: a general approach" (MOVER).

    Examples
    --------
    >>> combined(np.array([[9, 6]]), np.array([[10.0, 6.0]]), np.array([[0.5, 0.5]]))
    (array([0.7026]), array([0.9911]))
    """
    share = np.where(weights > 0, divide(hits, trials), 0.0)
    lower, upper = (np.where(weights > 0, bound, 0.0) for bound in wilson(hits, trials))
    value = np.sum(weights * share, axis=1)
    below = np.sqrt(np.sum((weights * (share - lower)) ** 2, axis=1))
    above = np.sqrt(np.sum((weights * (upper - share)) ** 2, axis=1))
    return value - below, value + above


AVERAGES = {
    "balanced_accuracy": Average(RATIOS["recall"], "labelled", least=2),
    "precision_macro": Average(RATIOS["precision"], "seen"),
    "recall_macro": Average(RATIOS["recall"], "seen"),
    "f1_macro": Average(RATIOS["f1"], "seen"),
    "precision_weighted": Average(RATIOS["precision"], "rows"),
    "recall_weighted": Average(RATIOS["recall"], "rows"),
    "f1_weighted": Average(RATIOS["f1"], "rows"),
}
