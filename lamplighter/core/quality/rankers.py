"""Quality of ranked lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamplighter.core.counts import LARGEST, most_frequent
from lamplighter.core.quality.arrays import Bools, Floats, Ints, divide
from lamplighter.core.quality.estimates import NO_ROWS, Estimates, mean
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.intervals import wilson
from lamplighter.core.quality.items import Items, read_items
from lamplighter.core.records.measurement import OVERALL, Measurement, State
from lamplighter.core.values.key_name import key_name

NO_RELEVANT = "no labelled row has a relevant item"
UNREADABLE = "no list can be read; log a list of item ids"


def ranking(
    y_true: Sequence[Any], y_pred: Sequence[Any], *, k: int = 10, groupings: Sequence[Grouping], state: State
) -> list[Measurement]:
    """Measure the first k of ranked lists on rows whose relevant items are known.

    Parameters
    ----------
    y_true : sequence of shape (n_rows,)
        The relevant item of each row, or a list, tuple, set or array of them. A row without any has no right answer
        and is left out; ``n`` shows it. Items are compared by their identity, so 12 and ``"12"`` are one.
    y_pred : sequence of shape (n_rows,)
        Lists of items, the best first; `read_items` says how text is read. An item listed twice counts at its first
        place. A null is an empty list: a wrong answer, which counts in ``n``. A list that cannot be read is left out.
    k : int, default=10
        How much of a list is looked at; it becomes the method of the measurements, ``k=10``.
    groupings : sequence of Grouping
        Ways to cut the same rows.
    state : State
        Passed on to the measurements.

    Returns
    -------
    list of Measurement
        ``top_k_accuracy``, ``ndcg`` and ``mrr`` of every group; ``item_share`` (``klass`` is the item, ``n`` the
        places filled) of the 50 items shown most, for all rows together only.

    Examples
    --------
    >>> found = ranking(
    ...     ["tea", ["milk", "salt"]], [["tea", "milk"], ["tea", "salt"]],
    ...     k=2, groupings=[Grouping.overall(2)], state=State.FINAL,
    ... )
    >>> [(m.metric, m.klass, m.value) for m in found]
    [('top_k_accuracy', '', 1.0), ('ndcg', '', 0.6934), ('mrr', '', 0.75),
     ('item_share', 'tea', 0.5), ('item_share', 'milk', 0.25), ('item_share', 'salt', 0.25)]
    """
    true, pred = map(read_items, y_true), [read_items(ranked) for ranked in y_pred]
    found = GradedLists.read(true, pred, k).measured(groupings, state)
    if any(labelled.names == [OVERALL] for labelled in groupings):
        found += _item_shares([_places(ranked, k) for ranked in pred if ranked is not None], f"k={k}", state)
    return found


@dataclass(frozen=True, eq=False)
class GradedLists:
    """How good each list is.

    Attributes
    ----------
    k : int
        How much of a list is looked at.
    relevant : array of shape (n_rows,)
        Which rows have a relevant item and a list that can be read; the grades of the others mean nothing.
    readable : array of shape (n_rows,)
        Which rows have a list that can be read, and relevant items that can.
    first : array of shape (n_rows,)
        Place of the first relevant item, from 1 to k; 0 if there is none.
    gain : array of shape (n_rows,)
        Discounted cumulative gain over the best possible, in [0, 1]: each relevant item at place i adds
        1 / log2(i + 1) (Järvelin and Kekäläinen 2002, "Cumulated gain-based evaluation of IR techniques").
    """

    k: int
    relevant: Bools
    readable: Bools
    first: Floats
    gain: Floats

    @classmethod
    def of(cls, y_true: Sequence[Any], y_pred: Sequence[Any], k: int) -> GradedLists:
        """Grade every list against its relevant items."""
        return cls.read(map(read_items, y_true), map(read_items, y_pred), k)

    @classmethod
    def read(cls, y_true: Iterable[Items | None], y_pred: Iterable[Items | None], k: int) -> GradedLists:
        """Grade lists of identities; None is one that could not be read."""
        discount = 1 / np.log2(np.arange(2, k + 2))
        best = np.concatenate([[0.0], np.cumsum(discount)])
        graded, readable, first, gain = [], [], [], []
        for answer, ranked in zip(y_true, y_pred, strict=True):
            relevant, place = set(answer or ()), _places(ranked or [], k)
            hit = sorted(place[item] for item in relevant if item in place)
            readable.append(answer is not None and ranked is not None)
            graded.append(bool(relevant) and ranked is not None)
            first.append(hit[0] if hit else 0)
            gain.append(sum(discount[at - 1] for at in hit) / best[min(len(relevant), k)] if hit else 0.0)
        return cls(k, np.array(graded, bool), np.array(readable, bool), np.array(first, float), np.array(gain, float))

    def taken(self, rows: Ints) -> GradedLists:
        """Some of the rows, each as often as it is named."""
        return GradedLists(self.k, self.relevant[rows], self.readable[rows], self.first[rows], self.gain[rows])

    def measured(self, groupings: Sequence[Grouping], state: State) -> list[Measurement]:
        """The metrics of every group."""
        first, gain = self.first[self.relevant], self.gain[self.relevant]
        found = []
        for labelled in groupings:
            grouping = labelled.rows(self.relevant)
            cases = (
                (labelled.count == 0, NO_ROWS),
                (labelled.total(self.readable) == 0, UNREADABLE),
                (grouping.count == 0, NO_RELEVANT),
            )
            estimates = {
                "top_k_accuracy": _share(first > 0, grouping),
                "ndcg": mean(gain, grouping, 0.0, 1.0),
                "mrr": mean(divide(first > 0, np.maximum(first, 1)), grouping, 0.0, 1.0),
            }
            for name, it in estimates.items():
                measured = Estimates(it.value, it.n, it.interval, cases)
                found += measured.measurements(name, grouping, state, method=f"k={self.k}")
        return found


def _places(ranked: Items, k: int) -> dict[str, int]:
    """Place of each of the first k items, from 1."""
    places: dict[str, int] = {}
    for place, item in enumerate(ranked[:k], start=1):
        places.setdefault(item, place)
    return places


def _share(hit: Bools, grouping: Grouping) -> Estimates:
    """Share of rows, with Wilson's interval."""
    hits = grouping.total(hit)
    return Estimates(divide(hits, grouping.count), grouping.count, wilson(hits, grouping.count))


def _item_shares(places: Sequence[dict[str, int]], method: str, state: State) -> list[Measurement]:
    """Share of all places that each of the items shown most holds.

    A list shows an item once at most, so the lists that show it are binomial; their Wilson interval is scaled from
    lists to places.
    """
    shown: dict[str, int] = {}
    for place in places:
        for item in place:
            shown[item] = shown.get(item, 0) + 1
    filled, lists = sum(shown.values()), len(places)
    found = []
    for item in most_frequent(shown, LARGEST):
        n = shown[item]
        lower, upper = wilson([n], [lists])
        scale = lists / filled
        it = Estimates(np.array([n / filled]), np.array([filled]), (lower * scale, np.minimum(upper * scale, 1.0)))
        found += it.measurements("item_share", Grouping.overall(lists), state, klass=key_name(item), method=method)
    return found
