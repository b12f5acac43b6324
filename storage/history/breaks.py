"""What was found broken of the data of some windows, and which numbers it silences."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from lamplighter.core.finding import INPUT_BREAKS, LABEL_BREAKS, Code, Finding
from lamplighter.core.labelling import matured
from lamplighter.core.monitor import Monitor
from lamplighter.core.window import Window
from storage.history import tables
from storage.history.database import History
from storage.history.newest import newest

LASTING = frozenset({Code.LABELS_FOREIGN})
"""Label breaks that spoil whatever awaited its labels then; the others are over once labels can be read."""


def breaks_found(
    history: History, window: Window, as_of: datetime, codes: Collection[Code], until: datetime | None = None
) -> list[Finding]:
    """What is known on a night to be broken of a window, or of all windows that begin in it or until a moment."""
    table = tables.finding
    last = until or window.start + timedelta(microseconds=1)
    query = newest(
        table,
        table.c.model == window.model,
        table.c.grain == window.grain.value,
        table.c.window_start >= window.start,
        table.c.window_start < last,
        table.c.code.in_([code.value for code in codes]),
        as_of=as_of,
    )
    with history.reading() as connection:
        rows = connection.execute(query).mappings().all()
    return sorted(Finding(Code(row["code"]), row["subject"], row["message"]) for row in rows if row["message"])


def sound_profiles(history: History, window: Window, as_of: datetime, most: int) -> list[str]:
    """The content hashes of the profiles of the windows right before one, those left out whose inputs were broken."""
    first = window
    for _ in range(most):
        first = first.previous()
    scope = {"model": window.model, "grain": window.grain.value}

    def of(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
        same = [table.c[name] == value for name, value in scope.items()]
        span = [table.c.window_start >= first.start, table.c.window_start < window.start]
        return newest(table, *same, *span, *conditions, as_of=as_of)

    codes = tables.finding.c.code.in_([code.value for code in INPUT_BREAKS])
    with history.reading() as connection:
        found = connection.execute(of(tables.finding, codes)).mappings().all()
        profiles = connection.execute(of(tables.profile)).mappings().all()
    broken = {row["window_start"] for row in found if row["message"]}
    return [row["content_hash"] for row in profiles if row["content_hash"] and row["window_start"] not in broken]


def silencing_drift(history: History, window: Window, as_of: datetime) -> list[Finding]:
    """Why the drift of a window tells nothing; empty where it does."""
    return breaks_found(history, window, as_of, INPUT_BREAKS)


def silencing_quality(
    history: History, monitor: Monitor, window: Window, present: Window, as_of: datetime
) -> list[Finding]:
    """Why the quality of a window tells nothing of the model; empty where it does.

    Parameters
    ----------
    window : Window
        Whose quality is meant.
    present : Window
        The night's own: labels that cannot be read now are broken now.
    """
    found = breaks_found(history, window, as_of, INPUT_BREAKS)
    found += breaks_found(history, window, as_of, LASTING, until=matured(window, monitor))
    return found + breaks_found(history, present, as_of, LABEL_BREAKS - LASTING)


def sound_windows(history: History, monitor: Monitor, windows: Sequence[Window], as_of: datetime) -> list[Window]:
    """Those windows whose quality tells something of the model, by what is known on a night to be broken.

    Parameters
    ----------
    windows : sequence of Window
        In order.
    """
    if not windows:
        return []
    table, until = tables.finding, matured(windows[-1], monitor)
    query = newest(
        table,
        table.c.model == monitor.model,
        table.c.grain == windows[0].grain.value,
        table.c.window_start >= windows[0].start,
        table.c.window_start < until,
        table.c.code.in_([code.value for code in INPUT_BREAKS | LABEL_BREAKS]),
        as_of=as_of,
    )
    with history.reading() as connection:
        rows = connection.execute(query).mappings().all()
    broken = [(row["window_start"], Code(row["code"])) for row in rows if row["message"]]
    of_itself = {start for start, code in broken if code not in LASTING}
    lasting = [start for start, code in broken if code in LASTING]
    return [
        window
        for window in windows
        if window.start not in of_itself
        and not any(window.start <= start < matured(window, monitor) for start in lasting)
    ]
