"""Deciding the checks of a run: which window each judges, what it comes to, and whether its incident may close."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from lamplighter.core.checks.decide import Cause, Decision, Verdict, broken_text, undecided
from lamplighter.core.checks.incidents import segment_of
from lamplighter.core.checks.judging import Judging, clearing_windows
from lamplighter.core.checks.outcome import NOT_MEASURED
from lamplighter.core.checks.series import Series
from lamplighter.core.monitor import DATA_CHECK, Check
from lamplighter.core.monitor.check_limits import Limit
from lamplighter.core.records.finding import LABEL_BREAKS
from lamplighter.core.time.duration import format_duration
from lamplighter.core.time.window import Window
from storage.history import History
from storage.history.absent import why_absent
from storage.history.check_history import SeriesKey
from tasks.stages.snapshot import Snapshot, is_of_inputs

NO_LABELS_YET = "no window with enough labels yet"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A decision, and what it means for an open incident.

    Attributes
    ----------
    decision : Decision
    clears : bool
        Whether so many windows passed that its open incident closes; not asked where none is open.
    vanished : str
        Why an incident closes although nothing passed: its segment has no rows any more.
    judging : Judging or None
        The windows that were looked at; None where no window was.
    """

    decision: Decision
    clears: bool
    vanished: str = ""
    judging: Judging | None = None


def judgements(snapshot: Snapshot, check: Check, open_names: Collection[str] = ()) -> list[Judgement]:
    """What a check comes to: one decision, or one for each segment.

    Parameters
    ----------
    snapshot : Snapshot
    check : Check
    open_names : collection of str
        Names of the incidents that are open: their segments are looked at although they have no rows.

    Examples
    --------
    >>> from storage.history.check_history import CheckHistory
    >>> whole = CheckHistory.whole(history, monitor, monitor.checks)
    >>> snapshot = Snapshot(whole, window, window.previous(), context.known_on)
    >>> [(it.decision.verdict.value, it.decision.threshold) for it in judgements(snapshot, monitor.checks[0])]
    [('passed', 0.2)]
    """
    if check == DATA_CHECK:
        return [_of_broken_data(snapshot)]
    window = snapshot.target(check)
    if window is None:
        return [Judgement(_without_window(snapshot, check), clears=False)]
    if check.is_of_every_segment:
        return [*_of_segments(snapshot, check, window, open_names)]
    judging = Judging(check, snapshot.series(check, window))
    return [_judgement(snapshot, judging, open_names)]


def _judgement(snapshot: Snapshot, judging: Judging, open_names: Collection[str]) -> Judgement:
    # Many windows are looked at to see whether an incident closes.
    clears = judging.check.name in open_names and judging.clears()
    return Judgement(_explained(snapshot, judging.decision()), clears, judging=judging)


def _of_broken_data(snapshot: Snapshot) -> Judgement:
    count = float(len(snapshot.broken))
    verdict = Verdict.FAILED if count else Verdict.PASSED
    decision = Decision(DATA_CHECK, snapshot.window.start, count, 0.0, verdict, limit=Limit(high=0.0))
    return Judgement(decision, clears=not count)


def _without_window(snapshot: Snapshot, check: Check) -> Decision:
    """The decision of a check of quality while no window has its labels: they are awaited, or cannot be read."""
    broken = [found for found in snapshot.broken if found.code in LABEL_BREAKS]
    if broken:
        return undecided(check, None, broken_text(broken), Cause.INHIBITED)
    reason = NO_LABELS_YET
    if check.form.reads == "absence":
        reason = f"no window has ended {format_duration(check.given)} ago yet"
    return undecided(check, None, reason, Cause.WAITING)


def _of_segments(snapshot: Snapshot, check: Check, window: Window, open_names: Collection[str]) -> Iterator[Judgement]:
    """Each segment that has rows in a window, or whose incident is open."""
    if breaks := snapshot.inhibiting(check, window):
        yield Judgement(undecided(check, window.start, broken_text(breaks), Cause.INHIBITED), clears=False)
        return
    found = snapshot.history.segments(SeriesKey.of(check), window.start, snapshot.known_on)
    if not found:
        yield Judgement(_explained(snapshot, undecided(check, window.start, NOT_MEASURED, Cause.DATA)), clears=False)
        return
    still_open = {segment for name in open_names if (segment := segment_of(name, check.name))}
    judged: list[Judgement] = []
    for segment in sorted({*found, *still_open}):
        own = check.of_segment(segment)
        series = snapshot.series(check, window, segment, many=len(found))
        judged.append(
            _judgement(snapshot, Judging(own, series), open_names)
            if segment in found
            else _vanished(snapshot, own, series, window)
        )
    yield from _quiet(check, judged)


def _quiet(check: Check, judged: Sequence[Judgement]) -> Iterator[Judgement]:
    """The same, so that small segments open no incidents because they cannot be decided: the check does, for all."""
    undecided_ones = [it.decision for it in judged if it.decision.is_undecided_by_data]
    for it in judged:
        is_quiet = it.decision.is_undecided_by_data
        yield replace(it, decision=replace(it.decision, cause=Cause.WAITING)) if is_quiet else it
    if undecided_ones and all(it.decision.verdict is Verdict.UNDECIDED for it in judged):
        first = undecided_ones[0]
        what = f"no segment could be decided, such as {first.check.segment}: {first.reason}"
        yield Judgement(undecided(check, first.window_start, what, Cause.DATA), clears=False)


def _vanished(snapshot: Snapshot, check: Check, series: Series, window: Window) -> Judgement:
    """A segment without rows: its incident stays open for a few windows, and then closes."""
    absent = 0
    for point in reversed(series.points):
        if point.measurement is not None:
            break
        absent += 1
    # No more windows than that are looked at.
    most = min(snapshot.monitor.undecided_windows(check), clearing_windows(check))
    reason = f"{window.label} has no row of {check.segment} that {check.metric} could be measured of"
    closing = f"{check.segment} had no row in the last {absent} windows" if most and absent >= most else ""
    return Judgement(undecided(check, window.start, reason, Cause.WAITING), clears=False, vanished=closing)


def with_what_is_there(history: History, decision: Decision, window: Window, known_on: datetime) -> Decision:
    """The same, with what its window has in place of what was not measured.

    Parameters
    ----------
    window : Window
        Any one of the model.
    known_on : datetime
        The logical date of the run.

    Examples
    --------
    >>> made = undecided(monitor.checks[0], window.start, NOT_MEASURED, Cause.DATA)
    >>> with_what_is_there(history, made, window, context.known_on).reason
    'f1 was not measured of 2026-03-11, which has 300 rows'
    """
    if decision.reason != NOT_MEASURED or decision.window_start is None:
        return decision
    own = Window.of(window.model, window.grain, window.timezone, decision.window_start)
    return replace(decision, reason=why_absent(history, own, decision.check, known_on))


def _explained(snapshot: Snapshot, decision: Decision) -> Decision:
    """The same, where it is undecided for another reason than that the data are what they are."""
    if not decision.is_undecided_by_data:
        return decision
    column = decision.check.feature
    if is_of_inputs(decision.check) and any(found.subject in ("", column) for found in snapshot.broken):
        return replace(decision, cause=Cause.INHIBITED)
    reference = snapshot.monitor.reference
    if reference and reference.trailing and snapshot.first == snapshot.window.start:
        # The first window has none before it to be compared with.
        return replace(decision, cause=Cause.WAITING)
    return decision
