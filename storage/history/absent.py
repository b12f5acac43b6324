"""Why a window has no measurement that a check reads."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from lamplighter.core.monitor import Check
from lamplighter.core.numbers import number_text
from lamplighter.core.records.measurement import Measurement
from lamplighter.core.time.window import Window
from storage.history.database import History
from storage.history.query import Filter, measurements_of

MOST_NAMED = 5
"""Values that a reason lists: enough to see how they are written."""

FLAGS = frozenset({"true", "false"})


def why_absent(history: History, window: Window, check: Check, as_of: datetime) -> str:
    """Say what a window has in place of what a check reads, as known at a logical date.

    Parameters
    ----------
    window : Window
        The one that the check reads.
    check : Check
        Its measurement is not there.

    Examples
    --------
    >>> f1, drift = monitor.checks
    >>> why_absent(history, window, f1, context.known_on)
    'f1 was not measured of 2026-03-11, which has 300 rows'
    >>> why_absent(history, window, f1.model_copy(update={"klass": "lost"}), context.known_on)
    'no row of 2026-03-11 has a class that f1 could be measured of'
    """
    found = measurements_of(history, window, Filter(as_of=as_of))
    if check.segment:
        return _segment(window, check, found)
    same = [entry for entry in found if entry.metric == check.metric]
    if check.feature:
        others = {entry.feature for entry in same} - {""}
        return f"{window.label} has no {check.metric} of column {check.feature!r}{_listed(others, 'it has that of')}"
    if check.klass:
        classes = {entry.klass for entry in same} - {""}
        if not classes:
            return f"no row of {window.label} has a class that {check.metric} could be measured of"
        return f"no row of {window.label} has class {check.klass!r}{_listed(classes, 'there are')}"
    return f"{check.metric} was not measured of {window.label}{_rows(found)}"


def _segment(window: Window, check: Check, found: Collection[Measurement]) -> str:
    column, _, value = check.segment.partition("=")
    segments = {entry.segment for entry in found if entry.segment.startswith(f"{column}=")}
    if check.segment in segments:
        return f"{check.metric} was not measured of {check.segment} in {window.label}"
    if not segments:
        return f"no row of {window.label} was measured by {column!r}{_rows(found)}"
    hint = "; booleans are written 1 and 0" if value.lower() in FLAGS else ""
    return f"no labelled row of {window.label} has {check.segment}{_listed(segments, 'there are')}{hint}"


def _rows(found: Collection[Measurement]) -> str:
    rows = next((entry.value for entry in found if entry.metric == "rows" and not entry.version), None)
    return "" if rows is None else f", which has {number_text(rows)} rows"


def _listed(names: Collection[str], what: str) -> str:
    shown = sorted(names)
    more = f" and {len(shown) - MOST_NAMED} more" if len(shown) > MOST_NAMED else ""
    return f"; {what} {', '.join(shown[:MOST_NAMED])}{more}" if shown else ""
