"""How far back the windows of a model reach that its runs still read: what is older may go."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from lamplighter.core.monitor import Monitor
from lamplighter.core.profiles.breaks import USUAL_WINDOWS
from lamplighter.core.records.finding import INPUT_BREAKS
from lamplighter.core.time.phases import SAME_PHASE_WINDOWS
from lamplighter.core.time.window import Grain, Window, shifted
from storage.history import History, tables
from storage.history.check_history import horizon
from storage.history.incidents import incidents_open
from storage.history.newest import newest
from storage.history.windows import window_states

PERIODS = {Grain.HOUR: 168, Grain.DAY: 7}
"""Windows until a phase comes again: the hour of a week, the day of a week."""


def needed_since(history: History, monitor: Monitor, now: datetime) -> datetime | None:
    """The instant from which on runs read the windows of a model; None where nothing is recorded of it.

    Runs read the windows whose labels are not final, those of open incidents, the sound ones that columns are held
    against, and before each of these the pasts of the checks and the rows of a retraining.

    Parameters
    ----------
    history : History
    monitor : Monitor
    now : datetime

    Examples
    --------
    >>> needed_since(history, monitor, context.now) < window.start
    True
    """
    table = tables.evaluation
    scope = (table.c.model == monitor.model, table.c.grain == monitor.every.value)
    with history.reading() as connection:
        last = connection.scalar(sa.select(sa.func.max(table.c.window_start)).where(*scope))
    if last is None:
        return None
    window = Window.of(monitor.model, monitor.every, monitor.timezone, last)
    starts = [last, *window_states(history, window, now)]
    incidents = incidents_open(history, monitor.model).values()
    starts += [moment for it in incidents for moment in (it.window_start, it.opened_on) if moment]
    starts += [it for it in (_compared_since(history, window),) if it]
    begin = Window.of(monitor.model, monitor.every, monitor.timezone, min(starts))
    pasts = [horizon(monitor, check, begin, clearing=True) for check in monitor.judged]
    if monitor.retrain:
        accept = monitor.retrain.accept.days if monitor.retrain.accept else None
        for span in filter(None, (monitor.retrain.window, monitor.retrain.cooldown, accept)):
            pasts.append(shifted(min(pasts), -span, window.zone))
    if monitor.reference and monitor.reference.trailing:
        pasts.append(shifted(begin.start, -monitor.reference.trailing, window.zone))
    return min(pasts)


def _compared_since(history: History, window: Window) -> datetime | None:
    """Where the windows begin that columns are held against: so many in which nothing was broken."""
    profile, finding = tables.profile, tables.finding
    codes = finding.c.code.in_([code.value for code in INPUT_BREAKS])
    scope = {"model": window.model, "grain": window.grain.value}
    broken = newest(finding, *(finding.c[name] == value for name, value in scope.items()), codes)
    kept = sa.select(profile.c.window_start).distinct()
    kept = kept.where(*(profile.c[name] == value for name, value in scope.items()))
    with history.reading() as connection:
        faulty = {row["window_start"] for row in connection.execute(broken).mappings() if row["message"]}
        starts = sorted(connection.scalars(kept), reverse=True)
    wanted = USUAL_WINDOWS + (SAME_PHASE_WINDOWS + 1) * PERIODS.get(window.grain, 0)
    sound = [start for start in starts if start not in faulty]
    return sound[wanted] if len(sound) > wanted else (starts[-1] if starts else None)
