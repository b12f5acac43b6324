"""How often each class was predicted for each true class, for every group at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lamplighter.core.quality.arrays import Ints
from lamplighter.core.quality.class_codes import ClassCodes
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.values.key_name import key_name

NO_PREDICTION = ""
"""What a confusion count calls the prediction of a row that has none."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """Rows of a segment or version with one true and one predicted class.

    Attributes
    ----------
    segment, version : str
        As in a measurement; both empty for all rows.
    y_true, y_pred : str
        Names of the classes; ``y_pred`` is empty for rows without a prediction, and ``""`` for the empty text.
    n : int
        Rows, at least 1.
    """

    segment: str
    version: str
    y_true: str
    y_pred: str
    n: int


@dataclass(frozen=True, eq=False)
class Cells:
    """The nonzero confusion counts of every group of a grouping, and their margins.

    Attributes
    ----------
    classes : list of str
        The classes.
    group, true, pred, n : arrays of shape (n_cells,)
        The group, the true class, the predicted class (``len(classes)`` if null), and the rows of the cell.
    rows : array of shape (n_groups,)
        Rows of each group.

    Examples
    --------
    >>> labels = ClassCodes.of(["0", "1", "1", "1"], ["0", "1", "1", "0"])
    >>> cells = Cells.count(labels, Grouping.overall(4))
    >>> cells.labelled, cells.predicted, cells.hits
    (array([[1, 3]]), array([[2, 2]]), array([[1, 2]]))
    """

    classes: list[str]
    group: Ints
    true: Ints
    pred: Ints
    n: Ints
    rows: Ints

    @classmethod
    def count(cls, labels: ClassCodes, grouping: Grouping) -> Cells:
        """Count the rows of every (group, true class, predicted class) in one pass."""
        size, groups = len(labels.classes), len(grouping.names)
        code = (grouping.codes * size + labels.true) * (size + 1) + labels.pred
        if (grouping.codes < 0).any():
            code = code[grouping.codes >= 0]
        # A dense cube is fastest; of a thousand classes in fifty segments it would be 400 MB, so then we sort.
        if groups * size * (size + 1) <= max(4 * len(code), 1 << 16):
            cube = np.bincount(code)
            found = np.flatnonzero(cube)
            n = cube[found]
        else:
            found, n = np.unique(code, return_counts=True)
        group, rest = np.divmod(found, size * (size + 1))
        true, pred = np.divmod(rest, size + 1)
        return cls(labels.classes, group, true, pred, n, grouping.count)

    @cached_property
    def labelled(self) -> Ints:
        """Rows of each group labelled as each class, of shape (n_groups, n_classes)."""
        return self._margin(self.true, self.n)

    @cached_property
    def predicted(self) -> Ints:
        """Rows predicted as each class, of shape (n_groups, n_classes)."""
        return self._margin(self.pred, self.n * (self.pred < len(self.classes)))

    @cached_property
    def hits(self) -> Ints:
        """Rows both labelled and predicted as each class, of shape (n_groups, n_classes)."""
        return self._margin(self.true, self.n * (self.true == self.pred))

    def listed(self, grouping: Grouping) -> list[Confusion]:
        """The counts as records, with the names of the grouping that they were counted for."""
        keys = [grouping.key(group) for group in range(len(grouping.names))]
        names = [*map(key_name, self.classes), NO_PREDICTION]
        columns = (column.tolist() for column in (self.group, self.true, self.pred, self.n))
        cells = zip(*columns, strict=True)
        return [
            Confusion(segment=keys[group][0], version=keys[group][1], y_true=names[true], y_pred=names[pred], n=n)
            for group, true, pred, n in cells
        ]

    def _margin(self, klass: Ints, n: Ints) -> Ints:
        shape = (len(self.rows), len(self.classes))
        # A null prediction comes with n = 0; it is put at class 0 only to have a place.
        place = self.group * shape[1] + np.where(klass < shape[1], klass, 0)
        total: Ints = np.bincount(place, n, shape[0] * shape[1]).astype(np.int64).reshape(shape)
        return total
