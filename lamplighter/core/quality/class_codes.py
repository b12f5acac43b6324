"""True and predicted classes as numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from lamplighter.core.quality.arrays import Bools, Ints, is_null
from lamplighter.core.values.plain import BINARY

Column = Sequence[Any] | npt.NDArray[Any]

FEW = 0.05
"""Share of labels, and of predictions, up to which what is neither 0 nor 1 is odd and no class of the model.

One row of twenty, the fewest of which classes are compared at all, is still odd. A real third class that is rarer than
that is measured with its class named in ``predictions.score``.
"""


@dataclass(frozen=True, eq=False)
class ClassCodes:
    """Classes of rows, numbered.

    Attributes
    ----------
    classes : list of str
        Sorted and never empty: the classes seen in labels and predictions, and the positive one.
    true, pred : arrays of shape (n_rows,)
        Index into ``classes``; in ``pred``, ``len(classes)`` stands for a null prediction.
    known : frozenset of str or None
        The classes that the model has, where that is known: those with a score of their own, or 0 and 1 where hardly
        anything else is seen. None where every class that is seen is one of the model's.
    positive : str or None
        The class that precision, recall, F1 and a single score are about.
    seen : int
        How many classes were seen.

    Examples
    --------
    >>> labels = ClassCodes.of(["0", "1", "1"], ["0", "0", None])
    >>> labels.true, labels.pred, labels.positive
    (array([0, 1, 1]), array([0, 0, 2]), '1')
    """

    classes: list[str]
    true: Ints
    pred: Ints
    positive: str | None
    seen: int
    known: frozenset[str] | None = None

    @classmethod
    def of(
        cls, y_true: Column, y_pred: Column, positive: str | None = None, declared: Collection[str] = ()
    ) -> ClassCodes:
        """Number the classes.

        Parameters
        ----------
        y_true, y_pred : sequences of shape (n_rows,)
            Identities of classes. A prediction that is None or NaN is null.
        positive : str or None
            The declared positive class. Without one it is ``"1"`` if no class but ``"0"`` and ``"1"`` is seen, or if
            all others together are a few of the labels and of the predictions.
        declared : collection of str
            The classes of the model, where they are declared.
        """
        columns = [_listed(y_true), _listed(y_pred)]
        distinct = [dict.fromkeys(column) for column in columns]
        nulls = [value for value in distinct[1] if is_null(value)]
        seen = set(distinct[0]) | (set(distinct[1]) - set(nulls))
        known = frozenset(declared) or None
        if positive is None and known is None and not seen <= BINARY and _is_binary(columns, nulls):
            known = BINARY
        if positive is None and (known or seen) <= BINARY:
            positive = "1"

        classes = sorted(seen if positive is None else seen | {positive}) or sorted(known or ())
        number = {name: code for code, name in enumerate(classes)}
        null = dict.fromkeys(nulls, len(classes))
        true, pred = _coded(columns[0], number), _coded(columns[1], number | null)
        return cls(classes, true, pred, positive, len(seen), known)

    @cached_property
    def strange(self) -> Bools:
        """Which of the classes are none of the model's, of shape (n_classes,)."""
        return np.array([self.known is not None and name not in self.known for name in self.classes])

    @cached_property
    def odd(self) -> Bools:
        """Which rows are labelled as a class that is none of the model's, of shape (n_rows,)."""
        return np.asarray(self.strange[self.true], bool)

    def without_strange(self) -> ClassCodes:
        """The rows whose label is a class of the model; a prediction of another class is as wrong as a null."""
        if not self.strange.any():
            return self
        kept = ~self.odd
        wrong = np.append(self.strange, False)[self.pred]
        pred = np.where(wrong, len(self.classes), self.pred)
        return replace(self, true=self.true[kept], pred=pred[kept])


def _is_binary(columns: Sequence[list[Any]], nulls: Sequence[Any]) -> bool:
    """Whether 0 and 1 are all but a few of the labels, and of the predictions."""
    for column in columns:
        counts = Counter(column)
        rows = len(column) - sum(counts[value] for value in nulls)
        if sum(counts[name] for name in BINARY) < (1 - FEW) * rows:
            return False
    return True


def _listed(values: Column) -> list[Any]:
    listed: list[Any] = values.tolist() if isinstance(values, np.ndarray) else list(values)
    return listed


def _coded(values: list[Any], number: dict[Any, int]) -> Ints:
    return np.fromiter(map(number.__getitem__, values), np.int64, len(values))
