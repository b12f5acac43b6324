"""What a replay comes to: pages of each check, how long its incidents were open, and which faults it noticed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median

from lamplighter.core.checks.decide import Decision, Verdict
from lamplighter.core.checks.incidents import UNDECIDED, check_of, undecided_name
from lamplighter.core.monitor import Check
from lamplighter.core.monitor.check_spans import LENGTHS
from lamplighter.core.time.window import Grain, Window
from tasks.replay import Replayed, ReplayedIncident

MONTH = LENGTHS[Grain.MONTH]


@dataclass(frozen=True, slots=True)
class UndecidedRuns:
    """The runs that left a check undecided for one kind of reason.

    Attributes
    ----------
    cause : str
    runs : int
    first, last : Window
        What the first and the last of these runs were about.
    reason : str
        That of the last.
    """

    cause: str
    runs: int
    first: Window
    last: Window
    reason: str


@dataclass(frozen=True, slots=True)
class CheckSum:
    """What a check would have done.

    Attributes
    ----------
    name : str
        That of the check; with ``:undecided`` for its incidents because it could not be decided.
    pages : int
        Incidents that were opened.
    decided : int
        Windows in which it came to a verdict.
    a_month : float or None
        Pages a month of these windows; None where there is none.
    open_windows : tuple of int
        For how many windows each incident was open.
    first, last : datetime or None
        The logical dates of the first and the last page.
    undecided : tuple of UndecidedRuns
    """

    name: str
    pages: int
    decided: int
    a_month: float | None
    open_windows: tuple[int, ...]
    first: datetime | None
    last: datetime | None
    undecided: tuple[UndecidedRuns, ...]

    @property
    def median_open(self) -> float | None:
        """For how many windows an incident was open, in the middle."""
        return median(self.open_windows) if self.open_windows else None


def sums_of(replayed: Replayed) -> list[CheckSum]:
    """What each check would have done, in the order of the monitor.

    Examples
    --------
    >>> from tasks.replay import replay
    >>> [(it.name, it.pages, it.decided, it.open_windows) for it in sums_of(replay(history, monitor))]
    [('data', 1, 8, (1,)), ('f1-below', 0, 7, ()), ('drift_share-above', 1, 7, (1,))]
    """
    found = []
    for check in replayed.monitor.judged:
        mine = [it for it in replayed.incidents if check_of(it.check_name) == check.name]
        failing = [it for it in mine if not it.check_name.endswith(UNDECIDED)]
        found.append(_sum(replayed, check, check.name, failing))
        if len(failing) < len(mine):
            unsure = [it for it in mine if it.check_name.endswith(UNDECIDED)]
            found.append(_sum(replayed, check, undecided_name(check.name), unsure))
    return found


def _sum(replayed: Replayed, check: Check, name: str, incidents: Sequence[ReplayedIncident]) -> CheckSum:
    decisions = [
        [it for it in replayed.decisions[date] if check_of(it.check.name) == check.name] for date in replayed.dates
    ]
    decided = {
        window.start
        for window, found in zip(replayed.windows, decisions, strict=True)
        if any(it.verdict is not Verdict.UNDECIDED for it in found)
    }
    months = len(decided) * LENGTHS[replayed.monitor.every] / MONTH
    return CheckSum(
        name,
        len(incidents),
        len(decided),
        len(incidents) / months if months else None,
        tuple(_open_windows(replayed, it) for it in incidents),
        incidents[0].opened_on if incidents else None,
        incidents[-1].opened_on if incidents else None,
        tuple(_undecided(replayed, decisions)),
    )


def _open_windows(replayed: Replayed, incident: ReplayedIncident) -> int:
    is_open = (
        incident.opened_on <= date and (incident.closed_on is None or date < incident.closed_on)
        for date in replayed.dates
    )
    return len({window.start for window, it in zip(replayed.windows, is_open, strict=True) if it})


def _undecided(replayed: Replayed, decisions: Sequence[Sequence[Decision]]) -> Iterator[UndecidedRuns]:
    """The runs that came to no verdict, by the kind of reason."""
    by_cause: dict[str, list[tuple[Window, str]]] = {}
    for window, found in zip(replayed.windows, decisions, strict=True):
        if found and all(it.verdict is Verdict.UNDECIDED for it in found):
            cause = found[0].cause.value if found[0].cause else ""
            by_cause.setdefault(cause, []).append((window, found[0].reason))
    for cause, runs in by_cause.items():
        yield UndecidedRuns(cause, len(runs), runs[0][0], runs[-1][0], runs[-1][1])


@dataclass(frozen=True, slots=True)
class MarkedFault:
    """Windows that a person knows to be wrong.

    Attributes
    ----------
    first, last : date
        Local days.
    name : str
    """

    first: date
    last: date
    name: str

    @property
    def text(self) -> str:
        """As it is shown.

        Examples
        --------
        >>> MarkedFault(date(2013, 5, 1), date(2013, 5, 3), "outage").text
        'outage (2013-05-01 to 2013-05-03)'
        """
        days = str(self.first) if self.first == self.last else f"{self.first} to {self.last}"
        return f"{self.name} ({days})" if self.name else days


@dataclass(frozen=True, slots=True)
class Notice:
    """A check that noticed a fault.

    Attributes
    ----------
    check_name : str
        That of the incident.
    opened_on : datetime
        The logical date of the page.
    windows : int
        How many windows had ended when the page was sent, from the first of the fault on.
    """

    check_name: str
    opened_on: datetime
    windows: int


def noticed(replayed: Replayed, fault: MarkedFault) -> list[Notice]:
    """The checks that noticed a fault, the quickest first.

    A check noticed it if an incident opened on one of its windows, or on so many after the last as its ``for`` waits
    for. An incident that was open before says nothing about the fault.

    Examples
    --------
    >>> from tasks.replay import replay
    >>> fault = MarkedFault(date(2026, 3, 11), date(2026, 3, 11), "cents")
    >>> [(it.check_name, it.windows) for it in noticed(replay(history, monitor), fault)]
    [('data', 1)]
    """
    checks = {check.name: check for check in replayed.monitor.judged}
    found: dict[str, Notice] = {}
    for incident in replayed.incidents:
        if incident.window_start is None:
            continue
        window = first = _window(replayed, incident.window_start)
        for _ in range(checks[check_of(incident.check_name)].persists.windows - 1):
            first = first.previous()
        if window.last_day >= fault.first and first.day <= fault.last:
            ended = [it for it, date in _runs_from(replayed, fault) if date <= incident.opened_on]
            notice = Notice(incident.check_name, incident.opened_on, len({it.start for it in ended}))
            found.setdefault(incident.check_name, notice)
    return sorted(found.values(), key=lambda it: (it.windows, it.check_name))


def open_before(replayed: Replayed, fault: MarkedFault) -> list[str]:
    """The incidents that were open on the first window of a fault, and so could send no page about it."""
    dates = [date for _, date in _runs_from(replayed, fault)]
    if not dates:
        return []
    return [
        it.check_name
        for it in replayed.incidents
        if it.opened_on < dates[0] and (it.closed_on is None or it.closed_on > dates[0])
    ]


def _window(replayed: Replayed, start: datetime) -> Window:
    monitor = replayed.monitor
    return Window.of(monitor.model, monitor.every, monitor.timezone, start)


def _runs_from(replayed: Replayed, fault: MarkedFault) -> list[tuple[Window, datetime]]:
    """The runs of windows that end after a fault has begun, each with its logical date."""
    runs = zip(replayed.windows, replayed.dates, strict=True)
    return [(window, date) for window, date in runs if window.last_day >= fault.first]
