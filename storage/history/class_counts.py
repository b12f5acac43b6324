"""How many labels of each class the windows before one had, for what is odd about the labels of that one."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import sqlalchemy as sa

from lamplighter.core.records.finding import Code
from lamplighter.core.time.window import Window
from storage.history import tables
from storage.history.breaks import Faults, Found
from storage.history.database import History
from storage.history.newest import newest

LOOKED_BACK = 400
"""Windows that are looked back over: a fault of the labels may last for months."""


def class_counts(
    history: History, window: Window, present: Window, as_of: datetime, most: int, mature_after: timedelta
) -> list[Counter[str]]:
    """The labels of each class of the newest windows before one, without those whose labels had a fault of the classes.

    Parameters
    ----------
    window : Window
        Whose labels are looked at.
    present : Window
        That of the run that looks: a fault of earlier labels was recorded by a run at most as long after their window.
    most : int
        Windows that are returned.
    mature_after : timedelta
        How long labels are awaited.

    Examples
    --------
    >>> mature_after = monitor.labels.mature_after
    >>> before = class_counts(history, window, window, context.known_on, most=2, mature_after=mature_after)
    >>> [dict(sorted(counts.items())) for counts in before]
    [{'0': 221, '1': 79}, {'0': 212, '1': 88}]
    """
    table, length = tables.confusion, window.end - window.start
    since = window.start - LOOKED_BACK * length
    query = newest(
        table,
        table.c.model == window.model,
        table.c.grain == window.grain.value,
        table.c.window_start >= since,
        table.c.window_start < window.start,
        table.c.segment == "",
        table.c.version == "",
        as_of=as_of,
    ).subquery()
    summed = sa.select(query.c.window_start, query.c.y_true, sa.func.sum(query.c.n).label("n"))
    with history.reading() as connection:
        rows = connection.execute(summed.group_by(query.c.window_start, query.c.y_true)).all()
    counts: dict[datetime, Counter[str]] = {}
    for row in rows:
        if row.n:
            counts.setdefault(row.window_start, Counter())[row.y_true] = int(row.n)
    found = Faults.of(history, present, as_of).found(since, present.start, [*OF_CLASSES])
    lag = mature_after // length * length
    sound = [start for start in sorted(counts, reverse=True) if not _is_broken(start, found, lag, length / 2)]
    return [counts[start] for start in sound[:most]]


OF_CLASSES = (Code.LABELS_ONE_CLASS, Code.LABELS_RECODED)


def _is_broken(start: datetime, found: list[Found], lag: timedelta, tolerance: timedelta) -> bool:
    """Whether the labels of a window had a fault; days of the clock's changes are an hour off.

    That all are of one class is looked at when they are complete, that they are coded anew as soon as they come.
    """
    return any(
        abs(at - lag - start) < tolerance
        if finding.code is Code.LABELS_ONE_CLASS
        else at - lag - tolerance < start <= at
        for at, finding in found
    )
