"""Whether labels of one class are more than an accident."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

FEWEST_LABELS = 20
"""Labels below which one class means nothing."""

FEWEST_PAST = 3
"""Windows with several classes that there must have been."""

ACCIDENT = 1e-4
"""The chance of one class from which on it is an accident: a day in thirty years."""


def is_odd(counts: Mapping[str, int], past: Sequence[Mapping[str, int]]) -> bool:
    """Whether a window has labels of one class where those before it had several, and too many for an accident.

    Of the share that other classes had, half is counted on, since days differ.

    Examples
    --------
    >>> past = [{"0": 80, "1": 20}] * 3
    >>> is_odd({"0": 100}, past), is_odd({"0": 40}, past), is_odd({"0": 99, "1": 1}, past)
    (True, False, False)
    """
    total = sum(counts.values())
    usual = [entry for entry in past if sum(entry.values()) >= FEWEST_LABELS]
    if len(counts) != 1 or total < FEWEST_LABELS or len(usual) < FEWEST_PAST or any(len(it) < 2 for it in usual):
        return False
    (only,) = counts
    labels = sum(sum(entry.values()) for entry in usual)
    others = 1 - sum(entry.get(only, 0) for entry in usual) / labels
    return bool((1 - others / 2) ** total < ACCIDENT)
