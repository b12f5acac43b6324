"""What is known of a model's windows on a night: how much of their truth had arrived, and which one is judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from lamplighter.core.measurement import State
from lamplighter.core.monitor import Monitor
from lamplighter.core.window import Grain, Window
from storage.history import tables
from storage.history.database import History
from storage.history.newest import newest

RECENT_WINDOWS = 100
"""Windows of which a night knows even when they are final: more than any late label or broken file reaches back."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What was last recorded of a window, as known on a night.

    Attributes
    ----------
    window : Window
        As it was when it was recorded: a monitor whose zone has changed since does not move it.
    state : State
    rows, labelled : int
    predictions, labels : str
        Tell whether either has changed since.
    relabelled_until : datetime or None
        Until when labels counted although the window was final.
    """

    window: Window
    state: State
    rows: int
    labelled: int
    predictions: str
    labels: str
    relabelled_until: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether labels may still change it."""
        return self.state is not State.FINAL

    @property
    def coverage(self) -> float:
        """Share of rows whose label has arrived."""
        return self.labelled / self.rows if self.rows else 0.0


def ledgers(history: History, window: Window, known_on: datetime) -> dict[datetime, Ledger]:
    """What is known on a night of each window of a model up to ``window``, by its start: recent and open ones.

    Windows of another grain are closed: they are read, and never looked at again.
    """
    table = tables.evaluation
    known = newest(
        table,
        table.c.model == window.model,
        table.c.grain == window.grain.value,
        table.c.window_start <= window.start,
        as_of=known_on,
    ).subquery()
    recent = known.c.window_start >= window.start - RECENT_WINDOWS * (window.end - window.start)
    still_open = known.c.state != State.FINAL.value
    with history.reading() as connection:
        found = connection.execute(sa.select(known).where(sa.or_(recent, still_open))).mappings().all()
    return {row["window_start"]: _ledger(row, window) for row in found}


def _ledger(row: sa.RowMapping, window: Window) -> Ledger:
    # Windows that were recorded before their zone was have that of the night.
    zone = row["timezone"] or window.timezone
    recorded = Window(window.model, Grain(row["grain"]), row["window_start"], row["window_end"], zone)
    names = ("rows", "labelled", "predictions", "labels", "relabelled_until")
    return Ledger(recorded, State(row["state"]), **{name: row[name] for name in names})


def judged_window(history: History, monitor: Monitor, window: Window, known_on: datetime) -> Window | None:
    """The newest window whose labels are final, or reach the coverage that the monitor is content with.

    A window whose labels never came is final too: its quality is unknown, and an older one's is no news.
    """
    labels = monitor.labels
    if labels is None:
        return None
    ready = [
        ledger.window
        for ledger in ledgers(history, window, known_on).values()
        if not ledger.is_open or (labels.min_coverage and ledger.coverage >= labels.min_coverage)
    ]
    return max(ready, key=lambda ready_window: ready_window.start, default=None)


def newest_window(history: History, window: Window, known_on: datetime) -> Window | None:
    """The newest window, up to ``window``, that anything is recorded of."""
    known = ledgers(history, window, known_on)
    return known[max(known)].window if known else None


def first_window(history: History, model: str) -> datetime | None:
    """The start of the oldest window that is recorded of a model."""
    table = tables.evaluation
    with history.reading() as connection:
        started: datetime | None = connection.scalar(
            sa.select(sa.func.min(table.c.window_start)).where(table.c.model == model)
        )
    return started


def windows_after(history: History, window: Window) -> list[Window]:
    """The recorded windows of the same grain and zone after one, in order, up to the first that is missing."""
    table = tables.evaluation
    query = (
        sa.select(table.c.window_start)
        .distinct()
        .where(table.c.model == window.model, table.c.grain == window.grain.value, table.c.window_start > window.start)
    )
    with history.reading() as connection:
        recorded = set(connection.scalars(query))
    following: list[Window] = []
    while (later := (following[-1] if following else window).next()).start in recorded:
        following.append(later)
    return following
