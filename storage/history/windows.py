"""What is known of a model's windows at a logical date: how much truth had arrived, and which window is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from lamplighter.core.monitor import Monitor
from lamplighter.core.records.measurement import State
from lamplighter.core.time.window import Grain, Window
from storage.history import tables
from storage.history.database import History
from storage.history.newest import newest

RECENT_WINDOWS = 100
"""Windows that a run looks at even when they are final: for late predictions, and for gaps before its own window."""


@dataclass(frozen=True, slots=True)
class WindowState:
    """What was last recorded of a window, as known at a logical date.

    Attributes
    ----------
    window : Window
        As it was when it was recorded: a monitor whose zone has changed since does not move it.
    state : State
    rows, labelled : int
    predictions, labels : str
        Hashes that show whether either has changed since.
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


def window_states(history: History, window: Window, known_on: datetime) -> dict[datetime, WindowState]:
    """The state of each window of a model up to ``window``, by its start: recent and open ones.

    Windows of another grain are closed: they are read, and never looked at again.

    Examples
    --------
    >>> states = window_states(history, window, context.known_on)
    >>> states[window.previous().start].state.value, states[window.start].state.value
    ('final', 'provisional')
    """
    known = _known(window, known_on)
    recent = known.c.window_start >= window.start - RECENT_WINDOWS * (window.end - window.start)
    still_open = known.c.state != State.FINAL.value
    with history.reading() as connection:
        found = connection.execute(sa.select(known).where(sa.or_(recent, still_open))).mappings().all()
    return {row["window_start"]: _state(row, window) for row in found}


def _known(window: Window, known_on: datetime) -> sa.Subquery:
    table = tables.evaluation
    return newest(
        table,
        table.c.model == window.model,
        table.c.grain == window.grain.value,
        table.c.window_start <= window.start,
        as_of=known_on,
    ).subquery()


def _state(row: sa.RowMapping, window: Window) -> WindowState:
    names = ("rows", "labelled", "predictions", "labels", "relabelled_until")
    return WindowState(_window(row, window), State(row["state"]), **{name: row[name] for name in names})


def _window(row: sa.RowMapping, window: Window) -> Window:
    # Windows that were recorded without a zone have the zone of the run.
    zone = row["timezone"] or window.timezone
    return Window(window.model, Grain(row["grain"]), row["window_start"], row["window_end"], zone)


def judged_window(history: History, monitor: Monitor, window: Window, known_on: datetime) -> Window | None:
    """The newest window whose labels are final, or reach the coverage that the monitor is content with.

    A window whose labels never came is final too: its quality is unknown, and an older one's is no news.

    Examples
    --------
    >>> judged_window(history, monitor, window, context.known_on).label
    '2026-03-10'
    """
    labels = monitor.labels
    if labels is None:
        return None
    known = _known(window, known_on)
    ready = known.c.state == State.FINAL.value
    if labels.min_coverage:
        coverage = sa.cast(known.c.labelled, sa.Float(53)) / sa.func.nullif(known.c.rows, 0)
        ready = sa.or_(ready, coverage >= labels.min_coverage)
    query = sa.select(known).where(ready).order_by(known.c.window_start.desc()).limit(1)
    with history.reading() as connection:
        row = connection.execute(query).mappings().first()
    return _window(row, window) if row else None


def final_windows(history: History, window: Window, known_on: datetime, since: datetime) -> list[Window]:
    """The windows from a moment on, up to ``window``, that have rows and whose labels are final, in order.

    Examples
    --------
    >>> since = window.start - 3 * monitor.labels.mature_after
    >>> [it.label for it in final_windows(history, window, context.known_on, since)]
    ['2026-03-08', '2026-03-09', '2026-03-10']
    """
    known = _known(window, known_on)
    query = sa.select(known).where(*_final(known), known.c.window_start >= since).order_by(known.c.window_start)
    with history.reading() as connection:
        rows = connection.execute(query).mappings().all()
    return [_window(row, window) for row in rows]


def final_until(history: History, window: Window, known_on: datetime) -> datetime | None:
    """The end of the newest window, up to ``window``, that has rows and whose labels are final.

    Examples
    --------
    >>> final_until(history, window, context.known_on).isoformat()
    '2026-03-11T00:00:00+00:00'
    """
    known = _known(window, known_on)
    with history.reading() as connection:
        end: datetime | None = connection.scalar(sa.select(sa.func.max(known.c.window_end)).where(*_final(known)))
    return end


def labelled_rows(history: History, windows: Sequence[Window], known_on: datetime) -> int:
    """How many rows of some windows, in order, have a label.

    Examples
    --------
    >>> labelled_rows(history, [window.previous(), window], context.known_on)
    300
    """
    if not windows:
        return 0
    known = _known(windows[-1], known_on)
    starts = [window.start for window in windows]
    query = sa.select(sa.func.sum(known.c.labelled)).where(known.c.window_start.in_(starts))
    with history.reading() as connection:
        return int(connection.scalar(query) or 0)


def _final(known: sa.Subquery) -> list[sa.ColumnElement[bool]]:
    return [known.c.state == State.FINAL.value, known.c.rows > 0]


def windows_with_rows(history: History, windows: Sequence[Window]) -> list[Window]:
    """Those of some windows of one model, in order, of which rows are recorded.

    Examples
    --------
    >>> [it.label for it in windows_with_rows(history, [window.previous(), window, window.next()])]
    ['2026-03-10', '2026-03-11']
    """
    if not windows:
        return []
    table, first = tables.measurement, windows[0]
    query = newest(
        table,
        table.c.model == first.model,
        table.c.grain == first.grain.value,
        table.c.metric == "rows",
        table.c.window_start >= first.start,
        table.c.window_start <= windows[-1].start,
    )
    with history.reading() as connection:
        rows = connection.execute(query).mappings().all()
    with_rows = {row["window_start"] for row in rows if row["value"]}
    return [window for window in windows if window.start in with_rows]


def newest_window(history: History, window: Window, known_on: datetime) -> Window | None:
    """The newest window, up to ``window``, that anything is recorded of.

    Examples
    --------
    >>> newest_window(history, window, context.known_on).label
    '2026-03-11'
    """
    known = window_states(history, window, known_on)
    return known[max(known)].window if known else None


def first_window(history: History, model: str) -> datetime | None:
    """The start of the oldest window that is recorded of a model.

    Examples
    --------
    >>> first_window(history, "churn").isoformat()
    '2026-03-04T00:00:00+00:00'
    """
    table = tables.evaluation
    with history.reading() as connection:
        started: datetime | None = connection.scalar(
            sa.select(sa.func.min(table.c.window_start)).where(table.c.model == model)
        )
    return started


def windows_after(history: History, window: Window) -> list[Window]:
    """The recorded windows of the same grain and zone after one, in order, up to the first that is missing.

    Examples
    --------
    >>> [it.label for it in windows_after(history, window.previous())], windows_after(history, window)
    (['2026-03-11'], [])
    """
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
