"""What the values of several columns have to do with each other, whatever the columns are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from lamplighter.core.suggest.columns import FEWEST_ROWS

Floats = npt.NDArray[np.float64]
Classes = npt.NDArray[Any]

FEWEST_OF_A_CLASS = 3
NEARLY_ALL = 0.99
"""Share of rows that must follow a rule: a log has a few odd rows."""


def divides(score: Floats, classes: Classes) -> tuple[str, float] | None:
    """The class of two that has all the higher scores, and the lowest of them; None where scores do not divide them.

    Examples
    --------
    >>> score = np.linspace(0, 1, 40)
    >>> high, lowest = divides(score, np.where(score > 0.5, "late", "on time"))
    >>> high, round(lowest, 2)
    ('late', 0.51)
    """
    known = ~np.isnan(score) & np.array([value is not None for value in classes], dtype=bool)
    score, classes = score[known], classes[known]
    names = sorted(set(classes.tolist()))
    if len(score) < FEWEST_ROWS or len(names) != 2:
        return None
    for high, low in (names[::-1], names):
        above, below = score[classes == high], score[classes == low]
        if min(len(above), len(below)) >= FEWEST_OF_A_CLASS and above.min() >= below.max():
            # All the same score would divide nothing.
            return (high, float(above.min())) if above.max() > below.min() else None
    return None


def follows_largest(scores: Mapping[str, Floats], classes: Classes) -> dict[str, str]:
    """The column of each class, where the class is that of the largest of several columns; else empty.

    Examples
    --------
    >>> a = np.linspace(0, 1, 40)
    >>> follows_largest({"p1": a, "p2": 1 - a}, np.where(a > 0.5, "cat", "dog"))
    {'cat': 'p1', 'dog': 'p2'}
    """
    names = list(scores)
    values = np.stack([scores[name] for name in names])
    known = ~np.isnan(values).any(axis=0) & np.array([value is not None for value in classes], dtype=bool)
    if known.sum() < FEWEST_ROWS:
        return {}
    largest, classes = values[:, known].argmax(axis=0), classes[known]
    found = {}
    for klass in sorted(set(classes.tolist())):
        counts = np.bincount(largest[classes == klass], minlength=len(names))
        if counts.max() < NEARLY_ALL * counts.sum():
            return {}
        found[klass] = names[int(counts.argmax())]
    return found if len(set(found.values())) == len(found) > 1 else {}


def sum_to_one(columns: Sequence[Floats]) -> bool:
    """Whether several columns add up to 1 in nearly every row, as the probabilities of all classes do.

    Examples
    --------
    >>> sum_to_one([np.full(30, 0.25), np.full(30, 0.75)])
    True
    """
    total = np.sum(columns, axis=0)
    total = total[~np.isnan(total)]
    return len(total) >= FEWEST_ROWS and bool((np.abs(total - 1) < 0.01).mean() >= NEARLY_ALL)


def says_the_same(one: Classes, other: Classes) -> bool:
    """Whether either column follows from the other, row by row.

    Examples
    --------
    >>> flags = np.array(["0", "1"] * 20, dtype=object)
    >>> says_the_same(flags, np.where(flags == "1", "late", "on time"))
    True
    """
    known = np.array([a is not None and b is not None for a, b in zip(one, other, strict=True)], dtype=bool)
    if known.sum() < FEWEST_ROWS:
        return False
    pairs = set(zip(one[known].tolist(), other[known].tolist(), strict=True))
    firsts, seconds = {a for a, _ in pairs}, {b for _, b in pairs}
    return len(pairs) == len(firsts) == len(seconds) > 1


def rises_with(one: Floats, other: Floats) -> bool:
    """Whether two columns order the rows alike, or the other way round: either is made from the other.

    Examples
    --------
    >>> p = np.linspace(0.01, 0.99, 50)
    >>> rises_with(p, np.log(p / (1 - p))), rises_with(p, -p), rises_with(p, p * (-1) ** np.arange(50))
    (True, True, False)
    """
    known = ~np.isnan(one) & ~np.isnan(other)
    one, other = one[known], other[known]
    if len(one) < FEWEST_ROWS or len(np.unique(other)) < FEWEST_ROWS:
        return False
    steps = np.diff(other[np.argsort(one, kind="stable")])
    return bool(max((steps >= 0).mean(), (steps <= 0).mean()) >= NEARLY_ALL)


def cuts(score: Floats, values: Classes) -> bool:
    """Whether each of a few values stands for a range of a number, as grades and deciles of a score do.

    Examples
    --------
    >>> score = np.linspace(0, 1, 60)
    >>> cuts(score, np.where(score > 0.6, "A", np.where(score > 0.3, "B", "C"))), cuts(score, np.array(["A", "B"] * 30))
    (True, False)
    """
    known = ~np.isnan(score) & np.array([value is not None and value == value for value in values], dtype=bool)
    score, values = score[known], values[known]
    if len(score) < FEWEST_ROWS:
        return False
    names, rows = np.unique(values.astype(str), return_counts=True)
    if not 2 <= len(names) <= MOST_RANGES or len(names) * FEWEST_OF_A_CLASS > len(score):
        return False
    parts = [score[values.astype(str) == name] for name in names[rows >= FEWEST_OF_A_CLASS]]
    # A log has a few odd rows.
    ranges = sorted(tuple(np.quantile(part, (1 - NEARLY_ALL, NEARLY_ALL), method="nearest")) for part in parts)
    spread = ranges[-1][1] > ranges[0][0] if ranges else False
    return len(ranges) > 1 and spread and all(low >= high for (_, high), (low, _) in pairwise(ranges))


MOST_RANGES = 100
"""Ranges that a score is cut into: percentiles."""


def agreement(one: Classes, other: Classes) -> float:
    """Cohen's kappa of the rows that both know: 1 for equal columns, 0 for what chance does, below for opposite ones.

    Examples
    --------
    >>> flags = np.array(["0", "1"] * 20, dtype=object)
    >>> agreement(flags, flags), agreement(flags, flags[::-1])
    (1.0, -1.0)
    """
    known = np.array([a is not None and b is not None for a, b in zip(one, other, strict=True)], dtype=bool)
    if known.sum() < FEWEST_ROWS:
        return 0.0
    one, other = one[known], other[known]
    names = set(one.tolist()) | set(other.tolist())
    observed = float((one == other).mean())
    by_chance = float(sum((one == name).mean() * (other == name).mean() for name in names))
    return (observed - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0


def correlation(one: Floats, other: Floats) -> float:
    """Pearson's correlation of the rows that both know; 0 where it is not defined.

    Examples
    --------
    >>> correlation(np.arange(30.0), 5 - 2 * np.arange(30.0))
    -1.0
    """
    known = ~np.isnan(one) & ~np.isnan(other)
    if known.sum() < FEWEST_ROWS:
        return 0.0
    one, other = one[known], other[known]
    spread = one.std() * other.std()
    return float(((one - one.mean()) * (other - other.mean())).mean() / spread) if spread else 0.0


def nearly_equal(one: Floats, other: Floats) -> bool:
    """Whether two columns hold nearly the same quantity, as a good forecast and its truth do.

    Examples
    --------
    >>> truth = np.linspace(10, 90, 50)
    >>> nearly_equal(truth, truth + 2 * (-1) ** np.arange(50)), nearly_equal(truth, 2 * truth)
    (True, False)
    """
    known = ~np.isnan(one) & ~np.isnan(other)
    if known.sum() < FEWEST_ROWS:
        return False
    error = one[known] - other[known]
    return bool(np.mean(error**2) < MOST_ERROR * min(one[known].var(), other[known].var()))


MOST_ERROR = 0.1
"""Mean squared difference of two nearly equal columns, as a share of their variance: an R2 of 0.9."""
