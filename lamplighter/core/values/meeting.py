"""Whether labels and predictions name the same things."""

from __future__ import annotations

from collections.abc import Mapping

HARDLY = 0.02
"""Share of rows up to which a match is an accident: one of 50, and so many classes have a share of their own."""


def hardly_meet(true: Mapping[str, int], answers: Mapping[str, int]) -> bool:
    """Whether classes are written differently in labels and predictions, but for a few rows at most.

    A model that answers one class alone is a bad model, whatever that class is; so are labels of one class one day. One
    row is an accident however few there are.

    Parameters
    ----------
    true, answers : mapping of str to int
        Rows of each class that is labelled, and of each that is predicted.

    Examples
    --------
    >>> hardly_meet({"yes": 50, "no": 49, "1": 1}, {"1": 60, "0": 40}), hardly_meet({"a": 98, "b": 2}, {"b": 100})
    (True, False)
    """
    shared = true.keys() & answers.keys()
    if not shared:
        return True
    return any(
        len(other) > 1 and len(shared) < len(side) and _few(sum(side[name] for name in shared), sum(side.values()))
        for side, other in ((true, answers), (answers, true))
    )


def items_hardly_meet(true: Mapping[str, int], ranked: Mapping[str, int]) -> bool:
    """Whether relevant items are hardly ever ranked; of those that are ranked, most need not be relevant.

    Examples
    --------
    >>> items_hardly_meet({"SKU-a": 99, "a": 1}, {"a": 100}), items_hardly_meet({"a": 10, "b": 90}, {"a": 100})
    (True, False)
    """
    met = sum(min(true[name], ranked[name]) for name in true.keys() & ranked.keys())
    return met <= HARDLY * sum(true.values())


def _few(rows: int, of: int) -> bool:
    return rows <= max(1, HARDLY * of)
