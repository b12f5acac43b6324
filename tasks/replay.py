"""Replay: what checks would have done, run by run, over the recorded history as each run knew it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from lamplighter.core.checks.decide import Decision, Verdict
from lamplighter.core.checks.incidents import Incident, apply_decisions, decided_by, still_open, undecided_too_long
from lamplighter.core.monitor import Monitor
from lamplighter.core.time.window import Window
from storage.history.check_history import CheckHistory, SeriesKey
from storage.history.database import History
from storage.history.window_runs import runs_made
from tasks.stages.decisions import Judgement, judgements
from tasks.stages.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class ReplayedIncident:
    """An incident that a replay opened.

    Attributes
    ----------
    check_name : str
        As of an incident: with its segment, and with ``:undecided`` where the check could not be decided.
    severity : str
    opened_on : datetime
        The logical date of the run that opened it.
    window_start : datetime or None
        The window that was judged then.
    closed_on : datetime or None
        None while it is open at the end.
    ending : str
        How it ended, where that needs saying.
    decision : Decision or None
        The one that opened it, or left its check undecided.
    """

    check_name: str
    severity: str
    opened_on: datetime
    window_start: datetime | None
    closed_on: datetime | None = None
    ending: str = ""
    decision: Decision | None = None


@dataclass
class Replayed:
    """What a replay found.

    Attributes
    ----------
    monitor : Monitor
    dates : list of datetime
        The logical dates of the runs, in order.
    windows : list of Window
        What each run was about.
    decisions : dict of datetime to list of Decision
        By logical date.
    incidents : list of ReplayedIncident
        In the order in which they were opened.
    never_measured : dict of str to str
        The checks of which the history holds no value at all, and what was never measured.
    """

    monitor: Monitor
    dates: list[datetime] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    decisions: dict[datetime, list[Decision]] = field(default_factory=dict)
    incidents: list[ReplayedIncident] = field(default_factory=list)
    never_measured: dict[str, str] = field(default_factory=dict)


def replay(
    history: History, monitor: Monitor, since: datetime | None = None, until: datetime | None = None
) -> Replayed:
    """Judge a monitor's checks in every recorded run, with what was known at its logical date and nothing later.

    Parameters
    ----------
    history : History
        It is read and never changed.
    monitor : Monitor
        The recorded one, or a draft of it with other checks.
    since, until : datetime, optional
        Only runs whose windows begin in this span; ``until`` is not within.

    Examples
    --------
    >>> replayed = replay(history, monitor)
    >>> [(it.check_name, f"{it.opened_on:%d %B}") for it in replayed.incidents]
    [('drift_share-above', '10 March'), ('data', '12 March')]
    """
    whole = CheckHistory.whole(history, monitor, monitor.checks)
    state = _State(monitor)
    state.replayed.never_measured = _never_measured(whole)
    for window, date in runs_of(history, monitor, since, until):
        state.judge(whole, window, date)
    return state.replayed


def runs_of(
    history: History, monitor: Monitor, since: datetime | None = None, until: datetime | None = None
) -> list[tuple[Window, datetime]]:
    """The recorded runs that judged something: each window with the logical date of its run, in order.

    Examples
    --------
    >>> runs = runs_of(history, monitor)
    >>> len(runs), runs[-1][0].label
    (8, '2026-03-11')
    """
    made = runs_made(history, monitor.model, monitor.every.value, since, until)
    found = ((monitor.window(known_on), start, known_on) for start, known_on in made)
    # A run of an old window judges nothing.
    return [(window, known_on) for window, start, known_on in found if window.start == start]


def _never_measured(history: CheckHistory) -> dict[str, str]:
    """The checks of which the history holds no value at all, and what was never measured."""
    found: dict[str, str] = {}
    for check in history.monitor.checks:
        others = [check.versus.version] if check.versus and check.versus.version else []
        for subject in (SeriesKey.of(check), *(SeriesKey.of(check, version) for version in others)):
            if not history.values[subject]:
                found.setdefault(check.name, f"{subject.text} was never measured, so nothing can be said")
    return found


@dataclass
class _Undecided:
    """Since which window the data have left a check undecided, and the windows of the runs that did not decide it."""

    since: datetime | None
    windows: set[datetime] = field(default_factory=set)


@dataclass
class _State:
    """What is open after the runs so far."""

    monitor: Monitor
    replayed: Replayed = field(init=False)
    open: dict[str, Incident] = field(default_factory=dict)
    undecided: dict[str, _Undecided] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.replayed = Replayed(self.monitor)

    def judge(self, history: CheckHistory, window: Window, date: datetime) -> None:
        """Judge one run, and follow its decisions."""
        snapshot = Snapshot(history, window, None, date, clearing=bool(self.open))
        snapshot = replace(snapshot, judged=snapshot.newest_final())
        found = [it for check in self.monitor.judged for it in judgements(snapshot, check, self.open)]
        self.replayed.dates.append(date)
        self.replayed.windows.append(window)
        self.replayed.decisions[date] = [it.decision for it in found]
        self._follow(found, window, date)

    def _follow(self, found: list[Judgement], window: Window, date: datetime) -> None:
        decisions = [it.decision for it in found]
        changes = apply_decisions(
            self.open,
            decisions,
            [check.name for check in self.monitor.judged],
            date,
            dict(self._undecided(decisions, window.start)),
            not_yet={it.decision.check.name for it in found if not it.clears},
            vanished={it.decision.check.name: it.vanished for it in found if it.vanished},
        )
        self.open = {incident.check_name: incident for incident in still_open(self.open, changes)}
        by_name = {decision.check.name: decision for decision in decisions}
        self._close({incident.check_name: incident.ending for incident in changes.closed}, date)
        self.replayed.incidents += [
            ReplayedIncident(
                it.check_name, it.severity.value, date, it.window_start, decision=by_name.get(decided_by(it.check_name))
            )
            for it in changes.opened
        ]

    def _undecided(self, decisions: Iterable[Decision], start: datetime) -> Iterator[tuple[str, datetime | None]]:
        """The checks that the data have left undecided for too long, and the first window of each."""
        for decision in decisions:
            name = decision.check.name
            if decision.verdict is not Verdict.UNDECIDED:
                self.undecided.pop(name, None)
            elif decision.is_undecided_by_data:
                found = self.undecided.setdefault(name, _Undecided(decision.window_start))
                found.windows.add(start)
                if undecided_too_long(self.monitor, decision.check, found.windows):
                    yield name, found.since

    def _close(self, endings: Mapping[str, str], date: datetime) -> None:
        for i, incident in enumerate(self.replayed.incidents):
            if incident.closed_on is None and incident.check_name in endings:
                ending = endings[incident.check_name]
                self.replayed.incidents[i] = replace(incident, closed_on=date, ending=ending)
