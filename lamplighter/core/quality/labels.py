"""True and predicted classes as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lamplighter.core.quality.arrays import Ints, is_null

Column = Sequence[Any] | npt.NDArray[Any]

BINARY = frozenset({"0", "1"})


@dataclass(frozen=True, eq=False)
class Labels:
    """Classes of rows, numbered.

    Attributes
    ----------
    classes : list of str
        Sorted and never empty: the classes seen among labels and predictions, and the positive one.
    true, pred : arrays of shape (n_rows,)
        Index into ``classes``; in ``pred``, ``len(classes)`` stands for a null prediction.
    positive : str or None
        The class that precision, recall, F1 and a single score are about.
    seen : int
        How many classes were seen.

    Examples
    --------
    >>> labels = Labels.of(["0", "1", "1"], ["0", "0", None])
    >>> labels.true, labels.pred, labels.positive
    (array([0, 1, 1]), array([0, 0, 2]), '1')
    """

    classes: list[str]
    true: Ints
    pred: Ints
    positive: str | None
    seen: int

    @classmethod
    def of(cls, y_true: Column, y_pred: Column, positive: str | None = None) -> Labels:
        """Number the classes.

        Parameters
        ----------
        y_true, y_pred : sequences of shape (n_rows,)
            Class names as text. A prediction that is None, NaN or the empty text is null.
        positive : str or None
            The declared positive class. Without one it is ``"1"`` if no class but ``"0"`` and ``"1"`` is seen.
        """
        columns = [_listed(y_true), _listed(y_pred)]
        distinct = [dict.fromkeys(column) for column in columns]
        nulls = [value for value in distinct[1] if is_null(value) or value == ""]
        seen = set(distinct[0]) | (set(distinct[1]) - set(nulls))
        if positive is None and seen <= BINARY:
            positive = "1"

        classes = sorted(seen if positive is None else seen | {positive})
        number = {name: code for code, name in enumerate(classes)}
        null = dict.fromkeys(nulls, len(classes))
        return cls(classes, _coded(columns[0], number), _coded(columns[1], number | null), positive, len(seen))


def _listed(values: Column) -> list[Any]:
    listed: list[Any] = values.tolist() if isinstance(values, np.ndarray) else list(values)
    return listed


def _coded(values: list[Any], number: dict[Any, int]) -> Ints:
    return np.fromiter(map(number.__getitem__, values), np.int64, len(values))
