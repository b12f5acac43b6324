"""How values that are odd are named in a message: a few of them, with their rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lamplighter.core.counts import counted, most_frequent
from lamplighter.core.monitor import Monitor
from lamplighter.core.values.key_name import key_name

FEWEST_TO_COMPARE = 20
"""Labelled rows from which it is no accident that no answer is one of the true classes."""

MOST_SHOWN = 3
"""Values that a message names; classes that are never predicted are no mistakes where there are more of them."""


def named(values: list[str]) -> str:
    return ", ".join(map(key_name, values[:MOST_SHOWN]))


def listed(values: Mapping[str, int]) -> str:
    """The values of the most rows."""
    most = most_frequent(values, MOST_SHOWN)
    shown = ", ".join(name if (name := key_name(value)).startswith('"') else f"'{name}'" for value in most)
    return shown if len(values) == len(most) else f"{shown} and {len(values) - len(most)} others"


def rows_of(count: int) -> str:
    return counted(count, "row")


def never_meet(what: str, answers: Mapping[str, int], true: Mapping[str, int]) -> str:
    """Labels and predictions that are written differently agree nowhere, and no metric says why."""
    apart = [side.keys() - other.keys() for side, other in ((answers, true), (true, answers))]
    few = "no" if len(apart[0]) == len(answers) else "hardly a"
    shown = [named(sorted(names) or sorted(side)) for names, side in zip(apart, (answers, true), strict=True)]
    return f"{few} {what} ({shown[0]}) is one of the true ones ({shown[1]}); write both alike"


def unreadable(
    cells: Sequence[list[Any]], read: Sequence[list[Any]], monitor: Monitor, example: Callable[[Any], str]
) -> str:
    """In which columns how many values could not be read, with one of each; empty where all could."""
    assert monitor.labels is not None
    parts = []
    for column, side, values in zip((monitor.labels.target, monitor.predictions.prediction), cells, read, strict=True):
        broken = [cell for cell, value in zip(side, values, strict=True) if value is None]
        if broken:
            parts.append(f"{len(broken)} of {rows_of(len(side))} of column {column!r}{example(broken[0])}")
    return " and in ".join(parts)
