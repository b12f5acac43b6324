"""How the checks of a monitor stand now, against the history as its newest run knew it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from lamplighter.core.checks.decide import Decision, Verdict
from lamplighter.core.checks.incidents import Incident, undecided_name
from lamplighter.core.checks.judging import Judging
from lamplighter.core.monitor import Check, Monitor
from lamplighter.core.monitor.check_limits import mean_and_deviation
from lamplighter.core.records.catalogue import METRICS
from lamplighter.core.time.window import Window
from storage.history.check_history import CheckHistory
from storage.history.database import History
from storage.history.decisions import decisions_made
from storage.history.incidents import incidents_open
from storage.history.windows import judged_window
from tasks.stages.decisions import Judgement, judgements, with_what_is_there
from tasks.stages.snapshot import Snapshot, target_of

SPREAD_WINDOWS = 28
"""Windows before the judged one whose spread a distance is measured in: four of each weekday."""

LEAST_SPREAD = 5
"""Values below which their spread says little."""


@dataclass(frozen=True, slots=True)
class CheckState:
    """A check, or one segment of it, as it stands.

    Attributes
    ----------
    decision : Decision
        What it comes to now.
    recorded : Decision or None
        What the run decided; None where it did not know the check.
    lower, upper : float or None
        The interval of the value.
    distance : float or None
        From the value to the nearest bound of the limit, in the metric's unit; negative beyond the limit.
    relative : float or None
        The same in units that a person can judge: see ``relative_unit``.
    relative_unit : str
        ``sd``: the standard deviation of the metric in the windows before; ``%``: of the range that the metric can
        have, or of the limit of a slope; empty where neither is known.
    failing, passing : int or None
        In how many windows of ``for`` the value lies beyond its limit, and how many windows in a row pass, up to
        ``clears``.
    opened : Incident or None
        Its open incident, that it fails or that it cannot be decided.
    """

    decision: Decision
    recorded: Decision | None
    lower: float | None
    upper: float | None
    distance: float | None
    relative: float | None
    relative_unit: str
    failing: int | None
    passing: int | None
    opened: Incident | None

    @property
    def differs(self) -> bool:
        """Whether the run decided something else, or by another limit: the check was written or changed since."""
        then = self.recorded
        return then is None or (then.verdict, then.limit) != (self.decision.verdict, self.decision.limit)


def check_states(history: History, monitor: Monitor, window: Window, known_on: datetime) -> list[CheckState]:
    """How each check stands against the history as a run knew it; failed ones first, then undecided ones.

    Nothing is recorded.

    Parameters
    ----------
    history : History
    monitor : Monitor
        As its file is now.
    window : Window
        That of the run.
    known_on : datetime
        Its logical date.

    Examples
    --------
    >>> for it in check_states(history, monitor, window, context.known_on):
    ...     print(it.decision.check.name, it.decision.verdict.value, it.differs, bool(it.opened))
    data failed False True
    drift_share-above undecided False False
    f1-below passed False False
    """
    judged = judged_window(history, monitor, window, known_on)
    targets = {check: target_of(check, window, judged, known_on) for check in monitor.checks}
    read = {check: target for check, target in targets.items() if target}
    loaded = CheckHistory.of_run(history, monitor, read, known_on, clearing=True)
    snapshot = Snapshot(loaded, window, judged, known_on)
    opened = incidents_open(history, monitor.model, known_on)
    made = {it.check.name: it for it in decisions_made(history, monitor.model, known_on, monitor.judged)}
    found = [it for check in monitor.judged for it in _states_of(snapshot, check, opened, made)]
    found = [replace(it, decision=with_what_is_there(history, it.decision, window, known_on)) for it in found]
    order = [Verdict.FAILED, Verdict.UNDECIDED, Verdict.PASSED]
    return sorted(found, key=lambda it: order.index(it.decision.verdict))


def _states_of(
    snapshot: Snapshot, check: Check, opened: Mapping[str, Incident], made: Mapping[str, Decision]
) -> Iterator[CheckState]:
    for it in judgements(snapshot, check, opened):
        name = it.decision.check.name
        yield _state(
            snapshot,
            it,
            opened.get(name) or opened.get(undecided_name(name)) or opened.get(undecided_name(check.name)),
            made.get(name),
        )


def _state(snapshot: Snapshot, found: Judgement, opened: Incident | None, recorded: Decision | None) -> CheckState:
    decision, judging = found.decision, found.judging
    distance = _distance(decision)
    relative, unit = (None, "") if judging is None or distance is None else _relative(judging, decision, distance)
    is_decided = judging is not None and decision.verdict is not Verdict.UNDECIDED
    return CheckState(
        decision,
        recorded,
        judging.newest.lower if judging else None,
        judging.newest.upper if judging else None,
        distance,
        relative,
        unit,
        judging.failing if judging and is_decided else None,
        judging.passing if judging and is_decided else None,
        opened,
    )


def _distance(decision: Decision) -> float | None:
    """How far a value lies from the nearest bound: positive within the limit."""
    value, nearest = decision.value, decision.limit.nearest(decision.value)
    if value is None or nearest is None or decision.check.form.reads == "absence":
        return None
    return -abs(value - nearest) if decision.limit.is_beyond(value) else abs(value - nearest)


def _relative(judging: Judging, decision: Decision, distance: float) -> tuple[float | None, str]:
    if decision.check.form.reads == "slope":
        limit = decision.threshold
        return (100 * distance / abs(limit), "%") if limit else (None, "")
    series = judging.series
    before = series.points[max(len(series.points) - 1 - SPREAD_WINDOWS, 0) : len(series.points) - 1]
    values = [
        point.measurement.value
        for point in islice(reversed(before), SPREAD_WINDOWS)
        if point.is_past and point.measurement is not None and point.measurement.value is not None
    ]
    deviation = mean_and_deviation(values)[1] if len(values) >= LEAST_SPREAD else 0.0
    if deviation:
        return distance / deviation, "sd"
    metric = METRICS.get(decision.check.metric)
    if metric is None or metric.lower is None or metric.upper is None:
        return None, ""
    return 100 * distance / (metric.upper - metric.lower), "%"
