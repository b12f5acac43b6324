"""The quality of a window as the history has it, to be shown."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from lamplighter.core.drift import Quality
from lamplighter.core.quality.confusion import Confusion
from lamplighter.core.records.measurement import OVERALL
from lamplighter.core.time.window import Window
from storage.history import tables
from storage.history.database import History
from storage.history.newest import newest
from storage.history.query import Filter, measurements_of


def quality_of(history: History, window: Window, metrics: Iterable[str], as_of: datetime) -> Quality:
    """What is known of the quality of a window at a moment.

    Parameters
    ----------
    history : History
    window : Window
    metrics : iterable of str
        Which ones, in the order in which they are wanted.
    as_of : datetime
        What became known later is left out.

    Examples
    --------
    >>> quality = quality_of(history, window.previous(), ["f1", "accuracy"], context.known_on)
    >>> quality.window, [found.metric for found in quality.measurements]
    ('2026-03-10', ['f1', 'f1', 'f1', 'accuracy'])
    """
    order = {metric: place for place, metric in enumerate(metrics)}
    wanted = Filter(version=OVERALL, feature=OVERALL, as_of=as_of)
    recorded = [found for found in measurements_of(history, window, wanted) if found.metric in order]
    recorded.sort(key=lambda found: order[found.metric])
    overall = [found for found in recorded if found.segment == OVERALL]
    segments = [found for found in recorded if found.segment != OVERALL and found.klass == OVERALL]
    return Quality(window.label, overall, _confusion_of(history, window, as_of), segments)


def _confusion_of(history: History, window: Window, as_of: datetime) -> list[Confusion]:
    """The confusion counts of a window, of all its segments and versions together."""
    table = tables.confusion
    query = newest(
        table,
        table.c.model == window.model,
        table.c.window_start == window.start,
        table.c.grain == window.grain.value,
        table.c.segment == OVERALL,
        table.c.version == OVERALL,
        as_of=as_of,
    )
    with history.reading() as connection:
        rows = connection.execute(query).mappings().all()
    cells = [
        Confusion(segment=OVERALL, version=OVERALL, y_true=row["y_true"], y_pred=row["y_pred"], n=row["n"])
        for row in rows
        if row["n"]
    ]
    return sorted(cells, key=lambda cell: (cell.y_true, cell.y_pred))
