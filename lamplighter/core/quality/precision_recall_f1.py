"""Precision, recall and F1 of one class: ratios of confusion counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamplighter.core.quality.arrays import Floats, divide
from lamplighter.core.quality.confusion import Cells
from lamplighter.core.quality.estimates import NO_ROWS, Estimates
from lamplighter.core.quality.intervals import wilson
from lamplighter.core.values.key_name import key_name


@dataclass(frozen=True)
class Ratio:
    """A number of a class, from its hits, its labels and its predictions.

    The value is ``hit * hits / (labelled * labels + predicted * predictions)``, in [0, 1], best 1.

    Attributes
    ----------
    hit, labelled, predicted : int
        The factors.
    undefined : str
        Why there is no value when the denominator is 0; ``{}`` is the class.
    """

    hit: int
    labelled: int
    predicted: int
    undefined: str

    @property
    def is_share(self) -> bool:
        """Whether the hits are a share of the denominator: of the predictions, or of the labels."""
        return self.hit == 1

    def denominator(self, cells: Cells) -> Floats:
        """Of every group and class, of shape (n_groups, n_classes)."""
        return (self.labelled * cells.labelled + self.predicted * cells.predicted).astype(float)

    def of_class(self, cells: Cells, klass: int) -> Estimates:
        """The ratio of one class in every group, with Wilson's interval.

        ``n`` counts the trials: rows predicted as the class for precision, labelled as it for recall, either for F1.
        Among these the hits are binomial, and F1 = 2J / (1 + J) grows with their share J (the Jaccard index), so the
        bounds of J give those of F1.

        Parameters
        ----------
        cells : Cells
            Confusion counts.
        klass : int
            Index into ``cells.classes``.

        Examples
        --------
        >>> from lamplighter.core.quality.grouping import Grouping
        >>> from lamplighter.core.quality.class_codes import ClassCodes
        >>> cells = Cells.count(ClassCodes.of(["0", "1", "1", "1"], ["0", "1", "1", "0"]), Grouping.overall(4))
        >>> f1 = RATIOS["f1"].of_class(cells, 1)
        >>> f1.value, f1.n, f1.interval
        (array([0.8]), array([3]), (array([0.3439]), array([0.9683])))
        """
        hits, labelled, predicted = (margin[:, klass] for margin in (cells.hits, cells.labelled, cells.predicted))
        either = self.labelled * labelled + self.predicted * predicted
        trials = either - (self.hit - 1) * hits
        lower, upper = wilson(hits, trials)
        if not self.is_share:
            lower, upper = 2 * lower / (1 + lower), 2 * upper / (1 + upper)
        reason = self.undefined.format(key_name(cells.classes[klass]))
        cases = ((trials == 0, reason), (cells.rows == 0, NO_ROWS))
        return Estimates(divide(self.hit * hits, either), trials, (lower, upper), cases[::-1])


RATIOS = {
    "precision": Ratio(1, 0, 1, "no row was predicted as {}"),
    "recall": Ratio(1, 1, 0, "no label is {}"),
    "f1": Ratio(2, 1, 1, "no label and no prediction is {}"),
}


def accuracy(cells: Cells) -> Estimates:
    """Share of rows predicted right, in [0, 1], best 1; a null prediction is wrong. Wilson's interval.

    Examples
    --------
    >>> from lamplighter.core.quality.grouping import Grouping
    >>> from lamplighter.core.quality.class_codes import ClassCodes
    >>> found = accuracy(Cells.count(ClassCodes.of(["0", "1", "1", "1"], ["0", "1", "1", "0"]), Grouping.overall(4)))
    >>> found.value, found.interval
    (array([0.75]), (array([0.3006]), array([0.9544])))
    """
    hits = np.sum(cells.hits, axis=1)
    return Estimates(divide(hits, cells.rows), cells.rows, wilson(hits, cells.rows))
