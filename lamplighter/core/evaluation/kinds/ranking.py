"""Ranking: an answer is a list of items, the best first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from lamplighter.core.evaluation.evaluator import Measured, MeasuredOn, Oddities
from lamplighter.core.evaluation.labelled import Labelled, class_labels
from lamplighter.core.evaluation.odd_values import FEWEST_TO_COMPARE, never_meet, unreadable
from lamplighter.core.monitor import Monitor
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.items import Items, read_lists
from lamplighter.core.quality.rankers import GradedLists, ranking
from lamplighter.core.records.finding import Code
from lamplighter.core.records.measurement import State
from lamplighter.core.values.identity import identity
from lamplighter.core.values.meeting import items_hardly_meet

LONGEST_SHOWN = 60
"""Characters of a value that a message shows."""


def measured(labelled: Labelled, monitor: Monitor, groupings: Sequence[Grouping], state: State) -> Measured:
    """The metrics of ranked items."""
    true, pred = _lists(labelled)
    return Measured(ranking(true, pred, k=monitor.top_k, groupings=groupings, state=state), true, pred)


def measured_on(labelled: Labelled, monitor: Monitor, metric: str) -> MeasuredOn:
    """What measures the ranks of any of the rows; each list is graded once."""
    graded = GradedLists.of(*_lists(labelled), monitor.top_k)
    return lambda rows, groupings: graded.taken(rows).measured(groupings, State.FINAL)


def _lists(labelled: Labelled) -> tuple[list[Any], list[Any]]:
    cells = [class_labels(side).tolist() for side in (labelled.y_true, labelled.y_pred)]
    true, pred = ([*map(_listed, *pair)] for pair in zip(cells, read_lists(*cells), strict=True))
    return true, pred


def _listed(cell: str | None, items: Items | None) -> Any:
    """The items of a list; what is none, or cannot be read, as it is."""
    return cell if cell is None or items is None or not cell.lstrip().startswith("[") else items


def oddities(labelled: Labelled, monitor: Monitor) -> Oddities:
    """Lists that cannot be read, and items that are written in two ways."""
    cells = [class_labels(side).tolist() for side in (labelled.y_true, labelled.y_pred)]
    read = read_lists(*cells)
    if what := unreadable(cells, read, monitor, _example):
        yield Code.LISTS_UNREADABLE, f"no list of items in {what} left out; log a list of item ids"
    true, ranked = (Counter(item for items in side if items for item in items) for side in read)
    if len(cells[0]) >= FEWEST_TO_COMPARE and true and ranked and items_hardly_meet(true, ranked):
        yield Code.CLASSES_DIFFER, never_meet("ranked item", ranked, true)


def _example(value: Any) -> str:
    example = identity(value) or ""
    shown = example if len(example) <= LONGEST_SHOWN else f"{example[:LONGEST_SHOWN]}..."
    return f", such as {shown!r},"
