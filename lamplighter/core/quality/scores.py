"""Scores of classes, next to the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from lamplighter.core.quality.arrays import Bools, Floats, Ints
from lamplighter.core.quality.class_codes import ClassCodes
from lamplighter.core.quality.estimates import NO_ROWS, Case
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.values.key_name import key_name

NO_SCORE = "no labelled row has a score"
NO_CLASS = "no label is a class of the model; declare those that are as predictions.score"

SLACK = 1e-5

YScore = npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]]


def slack(epsilon: float) -> float:
    """How far a probability may lie outside of 0 to 1 by rounding alone, by the machine epsilon of its type.

    Some dozen roundings of a float32, in which most models add up; of a coarser float the last two digits.

    Examples
    --------
    >>> slack(float(np.finfo(np.float64).eps)), slack(float(np.finfo(np.float16).eps))
    (1e-05, 0.001953)
    """
    return max(SLACK, 2 * epsilon)


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of the rows that have all of theirs, one column for each class asked for.

    Attributes
    ----------
    classes : list of str
        The positive class alone, or every class that has a score.
    values : array of shape (n_scored, n_classes)
        Finite numbers.
    answers : array of shape (n_scored, n_classes)
        Whether the row is labelled as the class.
    scored : array of shape (n_rows,)
        Which of the rows given have their scores, and a label that is a class of the model.
    odd : array of shape (n_rows,)
        Which of them have a label that is none.
    smallest : float
        The machine epsilon of the scores as they came: how near to 0 and 1 a logarithm may look.
    """

    classes: list[str]
    values: Floats
    answers: Bools
    scored: Bools
    odd: Bools
    smallest: float

    @classmethod
    def of(cls, y_score: YScore, labels: ClassCodes) -> Scores | None:
        """Pick the columns to measure; None if it is not known which class a single score is of.

        Two columns of which one is the positive class's are read as that one.

        Parameters
        ----------
        y_score : array of shape (n_rows,), or dict of such arrays by class
            Scores; a row with a null, NaN or infinite one is left out.
        labels : ClassCodes
            Of the same rows.

        Examples
        --------
        >>> labels = ClassCodes.of(["no", "yes", "yes"], ["no", "no", "yes"], positive="yes")
        >>> scores = Scores.of(np.array([0.2, 0.4, np.nan]), labels)
        >>> scores.classes, scores.values.tolist(), scores.answers.tolist()
        (['yes'], [[0.2], [0.4]], [[False], [True]])
        """
        if not isinstance(y_score, Mapping):
            y_score = {} if labels.positive is None else {labels.positive: y_score}
        elif len(y_score) == 2 and labels.positive in y_score:
            y_score = {name: column for name, column in y_score.items() if name == labels.positive}
        if not y_score:
            return None

        classes = list(y_score)
        columns = [np.asarray(column) for column in y_score.values()]
        kept = [column.dtype for column in columns if column.dtype.kind == "f"]
        smallest = max((float(np.finfo(dtype).eps) for dtype in kept), default=float(np.finfo(float).eps))
        values = np.column_stack([column.astype(float) for column in columns])
        scored = np.isfinite(values).all(axis=1) & ~labels.odd

        index = {name: code for code, name in enumerate(labels.classes)}
        asked = np.array([index.get(name, -1) for name in classes])
        answers = labels.true[scored, None] == asked
        return cls(classes, values[scored], answers, scored, labels.odd, smallest)

    @property
    def is_binary(self) -> bool:
        """Whether one class is measured against the rest."""
        return len(self.classes) == 1

    @cached_property
    def orders(self) -> list[Ints]:
        """The argsort of each column."""
        return [np.argsort(column) for column in self.values.T]

    @property
    def slack(self) -> float:
        """How far a score may lie outside of 0 to 1 by rounding alone."""
        return slack(self.smallest)

    def proper(self, keep: Bools) -> Scores:
        """Some of the rows, their scores moved to 0 and 1 where rounding left them outside."""
        clipped = np.clip(self.values[keep], 0.0, 1.0)
        return replace(self, values=clipped, answers=self.answers[keep])

    @cached_property
    def kind(self) -> Ints:
        """The column of each row's own class; of a binary score, 1 for the positive class and 0 for the rest."""
        return self.answers[:, 0].astype(np.int64) if self.is_binary else np.argmax(self.answers, axis=1)

    def cases(self, labelled: Grouping, grouping: Grouping) -> tuple[Case, ...]:
        """What no metric of scores can do without: rows, labels that are classes, and scores.

        Parameters
        ----------
        labelled, grouping : Grouping
            The same groups over all rows, and over those with scores.
        """
        return (
            (labelled.count == 0, NO_ROWS),
            (labelled.count == labelled.total(self.odd), NO_CLASS),
            (grouping.count == 0, NO_SCORE),
        )

    def class_cases(self, grouping: Grouping, *, both: bool) -> tuple[Case, ...]:
        """Groups in which no label is of some class; with ``both``, also those in which every label is."""
        cases: list[Case] = []
        for name, answer in zip(self.classes, self.answers.T, strict=True):
            positives = grouping.total(answer)
            cases.append((positives == 0, f"no label is {key_name(name)}"))
            if both:
                cases.append((positives == grouping.count, f"every label is {key_name(name)}"))
        return tuple(cases)
