"""What is known of the columns of a table before anything is declared of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

MOST_CLASSES = 20
"""Whole numbers with more values are a quantity."""

FEWEST_ROWS = 20
"""Rows from which what values have in common is no accident."""


@dataclass(frozen=True, slots=True)
class Column:
    """What is known of a column.

    Attributes
    ----------
    name : str
    kind : str
        number, boolean, text, time, list, null or other.
    distinct : int
        Different values in the rows that were looked at.
    unique : bool
        Whether no value repeats, and none is null.
    has_zone : bool
        Of a time column.
    minimum, maximum : float or None
        Of a number column.
    whole : bool
        Whether a number column holds whole numbers alone.
    classes : tuple of str
        The values, where there are few.
    rows : int
        How many were looked at; 0 where that is not known.
    nulls : int
    length, gaps : float
        Mean number of characters of a text column, and of those that part words or are beyond ASCII.
    type : str
        As the source calls it.
    unit : str
        What a number counts that may be a time since 1970; empty for others.
    in_path : bool
        Whether it stands in the paths of the files alone, as ``country=de/`` does.
    """

    name: str
    kind: str
    distinct: int = 0
    unique: bool = False
    has_zone: bool = True
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False
    classes: tuple[str, ...] = ()
    rows: int = 0
    nulls: int = 0
    length: float = 0.0
    gaps: float = 0.0
    type: str = ""
    unit: str = ""
    in_path: bool = False

    @property
    def is_date(self) -> bool:
        """Whether it holds days without a time of day."""
        return self.type.startswith("date")

    @property
    def is_empty(self) -> bool:
        """Whether it has no value in any row."""
        return self.kind == "null" or (self.rows > 0 and self.nulls == self.rows)

    @property
    def is_probability(self) -> bool:
        """Whether it holds numbers from 0 to 1, and others than these two."""
        bounded = self.minimum is not None and self.maximum is not None and 0 <= self.minimum <= self.maximum <= 1
        return self.kind == "number" and bounded and not self.whole

    @property
    def is_class(self) -> bool:
        """Whether it may hold classes: flags, short texts that repeat, or a few whole numbers."""
        if self.kind == "text":
            return not self.is_prose and not (self.unique and self.rows >= FEWEST_ROWS)
        return self.kind == "boolean" or (self.kind == "number" and self.whole and self.distinct <= MOST_CLASSES)

    @property
    def is_quantity(self) -> bool:
        """Whether it may be what a regression answers."""
        return self.kind == "number" and (not self.whole or self.distinct > MOST_CLASSES)

    @property
    def is_prose(self) -> bool:
        """Whether it holds sentences: texts of some length that hardly repeat."""
        mostly_different = self.distinct * 2 > self.rows - self.nulls
        return self.kind == "text" and self.length >= LEAST_PROSE and self.gaps >= LEAST_GAPS and mostly_different

    @property
    def is_binary(self) -> bool:
        """Whether it holds two classes, or flags."""
        return self.kind == "boolean" or (self.is_class and self.distinct == 2)


LEAST_PROSE, LEAST_GAPS = 25, 2
"""Characters, and blanks or signs beyond ASCII: more than classes and codes have, less than what people ask."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The same rows of several columns.

    Attributes
    ----------
    numbers : mapping of str to array of float of shape (n_rows,)
        Of number and boolean columns; NaN for null.
    classes : mapping of str to array of object of shape (n_rows,)
        Of columns with few values, as the labels of classes; None for null.
    """

    numbers: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)
    classes: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)


NO_SAMPLE = Sample()
