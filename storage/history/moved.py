"""What moved most: the columns that drifted, and the segments whose quality changed."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from lamplighter.core.checks.messages import Moved
from lamplighter.core.monitor import Check
from lamplighter.core.numbers import number_text
from lamplighter.core.time.window import Window
from storage.history.database import History
from storage.history.query import Filter, measurements, measurements_of

BEFORE = timedelta(days=28)
"""What a segment's quality is held against: four weeks, so that every weekday counts alike."""

FEWEST = 30
"""Rows below which a segment's quality says little."""


def moved_columns(history: History, window: Window, as_of: datetime) -> list[Moved]:
    """The features of a window that drifted, the farthest first.

    Examples
    --------
    >>> [it.name for it in moved_columns(history, window, context.known_on)]
    ['amount']
    """
    found = measurements_of(history, window, Filter(version="", as_of=as_of))
    drifted = {entry.feature for entry in found if entry.metric == "drift_detected" and entry.value}
    distances = [entry for entry in found if entry.metric == "drift_statistic" and entry.feature in drifted]
    p_values = [entry for entry in found if entry.metric == "drift_p_value" and entry.feature in drifted]
    ranked = sorted(distances, key=lambda entry: -(entry.value or 0.0)) + sorted(
        p_values, key=lambda entry: entry.value or 0.0
    )
    return [Moved(entry.feature, f"({entry.method} {number_text(entry.value or 0.0, 3)})") for entry in ranked]


def moved_segments(history: History, window: Window, check: Check, as_of: datetime) -> list[Moved]:
    """The segments of a window whose metric is farthest from its mean over the weeks before, the farthest first.

    Examples
    --------
    >>> f1 = monitor.checks[0]
    >>> [it.name for it in moved_segments(history, window.previous(), f1, context.known_on)]
    ['plan=basic', 'plan=pro']
    """
    wanted = Filter(
        metric=check.metric,
        version="",
        klass=check.klass,
        since=window.start - BEFORE,
        until=window.end,
        as_of=as_of,
    )
    present: dict[str, float] = {}
    past: dict[str, list[float]] = {}
    for row in measurements(history, window.model, wanted):
        if not row["segment"] or row["value"] is None or row["n"] < FEWEST or row["grain"] != window.grain.value:
            continue
        if row["window_start"] == window.start:
            present[row["segment"]] = row["value"]
        else:
            past.setdefault(row["segment"], []).append(row["value"])
    changes = {name: value - float(np.mean(past[name])) for name, value in present.items() if name in past}
    ranked = sorted(changes, key=lambda name: (-abs(changes[name]), name))
    texts = {name: f"{number_text(changes[name], 3, sign=True)} to {number_text(present[name], 3)}" for name in ranked}
    return [Moved(name, f"({text})") for name, text in texts.items()]
