"""How often tiles of cameras were covered in the windows before one."""

from __future__ import annotations

from datetime import datetime

from lamplighter.core.evaluation.covered_tiles import METRIC
from lamplighter.core.records.finding import Code
from lamplighter.core.time.window import Window
from storage.history import tables
from storage.history.breaks import Faults
from storage.history.database import History
from storage.history.newest import newest

MOST_WINDOWS = 28
"""Windows that are looked back over: what lasts for four weeks of days is how the view is."""


def covered_before(history: History, window: Window, as_of: datetime) -> dict[tuple[str, str], list[float]]:
    """The share of images in which a tile was covered, by segment and tile; without windows in which that was found.

    Examples
    --------
    >>> covered_before(history, window, context.known_on)
    {}
    """
    table, since = tables.measurement, window.start - MOST_WINDOWS * (window.end - window.start)
    query = newest(
        table,
        table.c.model == window.model,
        table.c.grain == window.grain.value,
        table.c.metric == METRIC,
        table.c.window_start >= since,
        table.c.window_start < window.start,
        as_of=as_of,
    )
    with history.reading() as connection:
        rows = connection.execute(query).mappings().all()
    faults = Faults.of(history, window, as_of).found(since, window.start, [Code.IMAGES_COVERED])
    covered = {(start, finding.subject) for start, finding in faults}
    found: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        subject = f"{row['segment']} {row['class']}".strip()
        if row["value"] is not None and (row["window_start"], subject) not in covered:
            found.setdefault((row["segment"], row["class"]), []).append(row["value"])
    return found
