"""A way to cut the rows into groups, and the sums over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from lamplighter.core.counts import LARGEST, most_frequent
from lamplighter.core.quality.arrays import Bools, Floats, Ints, divide
from lamplighter.core.records.measurement import OVERALL
from lamplighter.core.values.identity import identity
from lamplighter.core.values.key_name import OTHER, column_key, key_name


@dataclass(frozen=True, eq=False)
class Grouping:
    """One marginal way to cut the rows: by a column, by version, or not at all.

    Attributes
    ----------
    names : list of str
        One per group: ``origin=JFK``, or the empty text for all rows.
    codes : array of shape (n_rows,)
        Index into ``names`` of the row's group; -1 for a row in none.
    by : {"segment", "version", "draw"}
        The key part of a measurement that the name goes to. A draw is of all rows; its name goes to the segment.

    Examples
    --------
    >>> carriers = Grouping.of("carrier", ["UA", "AA", None, "UA"])
    >>> carriers.names, carriers.count.tolist()
    (['carrier=UA', 'carrier=AA', 'carrier=null'], [2, 1, 1])
    >>> carriers.mean(np.array([1.0, 5.0, 7.0, 2.0]))
    array([1.5, 5. , 7. ])
    """

    names: list[str]
    codes: Ints
    by: Literal["segment", "version", "draw"] = "segment"

    @classmethod
    def overall(cls, n_rows: int) -> Grouping:
        """All rows as one group."""
        return cls([OVERALL], np.zeros(n_rows, np.int64))

    @classmethod
    def of(
        cls,
        column: str,
        values: Sequence[Any] | npt.NDArray[Any],
        by: Literal["segment", "version"] = "segment",
        largest: int = LARGEST,
    ) -> Grouping:
        """One group per value of a column.

        Parameters
        ----------
        column : str
            Its name, which goes before the values of a segment: ``origin=JFK``.
        values : sequence of shape (n_rows,)
            Values of one identity are one value. It is named as `key_name` says; a null (None, NaN) is ``null``.
        by : {"segment", "version"}, default="segment"
            A version is named by its plain value.
        largest : int, default=50
            As many values are kept, the most frequent, ties by name. The rest share the name ``other``.

        Returns
        -------
        Grouping
            From the most frequent value to the least, then ``other``, then ``null``; no group is empty.

        Examples
        --------
        >>> Grouping.of("model", ["b", "a", "c", "a"], by="version", largest=2).names
        ['a', 'b', 'other']
        """
        cells = values.tolist() if isinstance(values, np.ndarray) else list(values)
        texts = [cell if cell is None or isinstance(cell, str) else identity(cell) for cell in cells]
        index = {text: code for code, text in enumerate(dict.fromkeys(texts))}
        codes = np.fromiter(map(index.__getitem__, texts), np.int64, len(texts))

        counts = dict(zip(index, np.bincount(codes, minlength=len(index)).tolist(), strict=True))
        ranked = most_frequent({text: count for text, count in counts.items() if text is not None})
        names = [key_name(text) for text in ranked[:largest]]
        number: dict[str | None, int] = {text: code for code, text in enumerate(ranked[:largest])}
        if len(ranked) > largest:
            number |= dict.fromkeys(ranked[largest:], len(names))
            names.append(OTHER)
        if None in counts:
            number[None] = len(names)
            names.append(key_name(None))
        renumbered = np.array([number[text] for text in index], np.int64)
        prefix = f"{column_key(column)}=" if by == "segment" else ""
        return cls([prefix + name for name in names], renumbered[codes], by)

    @property
    def is_whole(self) -> bool:
        """Whether its groups are the window, draws of it or versions, for which numbers per class are given too."""
        return self.by != "segment" or self.names == [OVERALL]

    def key(self, group: int) -> tuple[str, str]:
        """Segment and version that a measurement of the group carries."""
        name = self.names[group]
        return (OVERALL, name) if self.by == "version" else (name, OVERALL)

    def rows(self, keep: Bools) -> Grouping:
        """The same groups over some of the rows; a group may become empty."""
        return self if keep.all() else Grouping(self.names, self.codes[keep], self.by)

    @cached_property
    def count(self) -> Ints:
        """Rows of each group, of shape (n_groups,)."""
        return np.bincount(self.codes + 1, minlength=len(self.names) + 1)[1:]

    def total(self, values: npt.ArrayLike) -> Floats:
        """Sum of the values, of shape (n_rows,), in each group."""
        # Without a row bincount forgets that its weights are real numbers.
        return np.bincount(self.codes + 1, values, minlength=len(self.names) + 1)[1:].astype(float)

    def mean(self, values: npt.ArrayLike) -> Floats:
        """Mean of the values in each group; NaN in an empty one."""
        return divide(self.total(values), self.count)

    def variance(self, values: Floats) -> Floats:
        """Sample variance (divided by n - 1) of the values in each group; NaN below two rows, inf beyond all floats."""
        with np.errstate(over="ignore", invalid="ignore"):
            squares = (values - self.mean(values)[self.codes]) ** 2
        return divide(self.total(squares), np.maximum(self.count - 1, 0))

    def order(self, by: Ints) -> Ints:
        """Rows sorted by group and, inside a group, in the order ``by``; rows in no group are left out.

        Parameters
        ----------
        by : array of shape (n_rows,)
            A permutation of the rows, such as an argsort of scores.
        """
        codes = self.codes[by]
        # numpy sorts 16-bit integers by radix: linear, and ten times faster than a comparison sort.
        narrow = codes.astype(np.int16) if len(self.names) < np.iinfo(np.int16).max else codes
        ordered: Ints = by[np.argsort(narrow, kind="stable")]
        return ordered[np.count_nonzero(codes < 0) :]

    @property
    def members(self) -> list[Ints]:
        """Row numbers of each group, ascending."""
        ordered = self.order(np.arange(len(self.codes)))
        return np.split(ordered, np.cumsum(self.count))[:-1]
