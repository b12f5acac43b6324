"""Incidents: what the decisions of runs open and close."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from lamplighter.core.checks.decide import Cause, Decision, Verdict
from lamplighter.core.monitor import Check, Monitor, Severity

UNDECIDED = ":undecided"
"""How the name of an incident ends that is about a check which cannot be decided; no name of a check holds a colon."""


def undecided_name(check_name: str) -> str:
    """The name of the incident of a check that cannot be decided.

    Examples
    --------
    >>> undecided_name("f1-below")
    'f1-below:undecided'
    """
    return f"{check_name}{UNDECIDED}"


def decided_by(incident_name: str) -> str:
    """The name of the decision that an incident is about: that of the check, with its segment where it has one.

    Examples
    --------
    >>> decided_by(undecided_name("f1-low[plan=pro]")), decided_by("f1-below")
    ('f1-low[plan=pro]', 'f1-below')
    """
    return incident_name.removesuffix(UNDECIDED)


def check_of(incident_name: str) -> str:
    """The check that an incident is about.

    Examples
    --------
    >>> check_of(undecided_name("f1-below")), check_of("f1-low[plan=pro]")
    ('f1-below', 'f1-low')
    """
    return decided_by(incident_name).partition("[")[0]


def failing_checks(open_names: Iterable[str]) -> set[str]:
    """The checks that fail, of names of open incidents: those with a segment count for their check.

    Whether a check can be decided says nothing about whether it fails.

    Examples
    --------
    >>> sorted(failing_checks(["f1-low[plan=pro]", "mae-above", "rows-below:undecided"]))
    ['f1-low', 'mae-above']
    """
    return {check_of(name) for name in open_names if not name.endswith(UNDECIDED)}


def as_declared(decisions: Iterable[Decision], checks: Iterable[Check]) -> list[Decision]:
    """Decisions in the order of their checks, those of segments by name.

    Examples
    --------
    >>> low, rows = Check(name="low", metric="f1", below=0.4, segment="plan=*"), Check(name="r", metric="rows", below=9)
    >>> made = [Decision(check, None, None, None, Verdict.PASSED) for check in (rows, low.of_segment("plan=pro"))]
    >>> [it.check.name for it in as_declared(made, [low, rows])]
    ['low[plan=pro]', 'r']
    """
    places = {check.name: place for place, check in enumerate(checks)}
    return sorted(decisions, key=lambda it: (places[check_of(it.check.name)], it.check.name))


def is_muted(incident_name: str, muted: Collection[str]) -> bool:
    """Whether an incident is muted: its check, or its segment alone.

    Examples
    --------
    >>> is_muted("f1-low[plan=pro]", {"f1-low"}), is_muted("f1-low[plan=pro]", {"f1-low[plan=basic]"})
    (True, False)
    """
    return check_of(incident_name) in muted or decided_by(incident_name) in muted


def segment_of(incident_name: str, check_name: str) -> str:
    """The segment that an incident of a check of every segment is about; empty for other incidents.

    Examples
    --------
    >>> segment_of("f1-low[plan=pro]", "f1-low"), segment_of("f1-low", "f1-low"), segment_of("mae[plan=pro]", "f1-low")
    ('plan=pro', '', '')
    """
    name = decided_by(incident_name)
    is_of_check = name.startswith(f"{check_name}[") and name.endswith("]")
    return name[len(check_name) + 1 : -1] if is_of_check else ""


def undecided_too_long(monitor: Monitor, check: Check, windows: Collection[datetime]) -> bool:
    """Whether the data left a check undecided in as many windows in a row as the monitor allows.

    Parameters
    ----------
    windows : collection of datetime
        The different windows of the runs that left it undecided, since it was last decided.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}, "
    >>> monitor = parse("m.yaml", text + "undecided_after: 2, checks: [{metric: rows, below: 9}]}", environ={})
    >>> days = [datetime(2013, 5, day) for day in (1, 2)]
    >>> [undecided_too_long(monitor, monitor.checks[0], some) for some in (days[:1], days)]
    [False, True]
    """
    most = monitor.undecided_windows(check)
    return bool(most) and len(windows) >= most


@dataclass(frozen=True, slots=True)
class Incident:
    """A check that fails or cannot be decided, from the run that found it until a run that finds it passed or decided.

    Attributes
    ----------
    check_name : str
        That of the check; with `UNDECIDED` at its end where the incident is about a check that cannot be decided.
    severity : Severity
    opened_on : datetime
        The logical date of the run that opened it.
    window_start : datetime or None
        The window that was read when it was opened.
    notified_on : datetime or None
        The logical date of the run that sent a message about it; None while there was none, as while it is muted.
    ending : str
        How it ended, where that needs saying: data became sound again, or a person accepted them.
    """

    check_name: str
    severity: Severity
    opened_on: datetime
    window_start: datetime | None = None
    notified_on: datetime | None = None
    ending: str = ""

    @property
    def is_of_undecided(self) -> bool:
        """Whether it is about a check that cannot be decided."""
        return self.check_name.endswith(UNDECIDED)


@dataclass(frozen=True, slots=True)
class IncidentChanges:
    """What a run changes: incidents that it opens, and those that it closes."""

    opened: tuple[Incident, ...]
    closed: tuple[Incident, ...]


def apply_decisions(
    open_incidents: Mapping[str, Incident],
    decisions: Iterable[Decision],
    judged: Iterable[str],
    known_on: datetime,
    lasting: Mapping[str, datetime | None] = MappingProxyType({}),
    *,
    not_yet: Collection[str] = (),
    vanished: Mapping[str, str] = MappingProxyType({}),
) -> IncidentChanges:
    """Follow the decisions of a run: a failed check opens, a passed one closes, an undecided one changes nothing.

    A check that the data have left undecided for too long has an incident of its own, which is closed as soon as the
    check is decided.

    Parameters
    ----------
    open_incidents : mapping of str to Incident
        By name of the incident.
    decisions : iterable of Decision
        Those that the run has made.
    judged : iterable of str
        Names of the checks that the monitor has now; incidents of other checks are closed.
    known_on : datetime
        The logical date of the run.
    lasting : mapping of str to datetime
        Names of the checks that have been undecided for as many windows as the monitor allows, and the first of these.
    not_yet : collection of str
        Names of the decisions that pass, but in too few windows to close an incident.
    vanished : mapping of str to str
        Names of the decisions whose segment has no rows any more, and how their incidents end.

    Examples
    --------
    >>> from datetime import UTC
    >>> from lamplighter.core.monitor import Check
    >>> logical_date = datetime(2013, 5, 2, tzinfo=UTC)
    >>> failed = Decision(Check(name="f1", metric="f1", below=0.4), logical_date, 0.3, 0.4, Verdict.FAILED)
    >>> [incident.check_name for incident in apply_decisions({}, [failed], ["f1"], logical_date).opened]
    ['f1']
    """
    verdicts = {decision.check.name: decision for decision in decisions}
    failing = {name: it for name, it in verdicts.items() if it.verdict is Verdict.FAILED}
    opening = {name: (it.check.severity, it.window_start) for name, it in failing.items()}
    opening |= {
        undecided_name(name): (verdicts[name].check.severity, since)
        for name, since in lasting.items()
        if name in verdicts and verdicts[name].cause is Cause.DATA
    }
    opened = [
        Incident(name, severity, known_on, since)
        for name, (severity, since) in opening.items()
        if name not in open_incidents
    ]
    names = set(judged)
    closed = []
    for incident in open_incidents.values():
        about = decided_by(incident.check_name)
        is_over = _is_over(incident, _decision_about(incident, verdicts), about in not_yet)
        if is_over or check_of(incident.check_name) not in names:
            closed.append(incident)
        elif about in vanished:
            closed.append(replace(incident, ending=vanished[about]))
    return IncidentChanges(tuple(opened), tuple(closed))


def _decision_about(incident: Incident, decisions: Mapping[str, Decision]) -> Decision | None:
    """The decision that says whether an incident is over; None where the run has none."""
    about = decided_by(incident.check_name)
    if about in decisions or not incident.is_of_undecided:
        return decisions.get(about)
    # Of a check of every segment that could not be decided: one decided segment is enough.
    of_segments = (it for it in decisions.values() if check_of(it.check.name) == about)
    return next((it for it in of_segments if it.verdict is not Verdict.UNDECIDED), None)


def _is_over(incident: Incident, decision: Decision | None, not_yet: bool) -> bool:
    if decision is None or decision.verdict is Verdict.UNDECIDED:
        return False
    return incident.is_of_undecided or (decision.verdict is Verdict.PASSED and not not_yet)


def still_open(before: Mapping[str, Incident], changes: IncidentChanges) -> list[Incident]:
    """The incidents that are open after these changes, the newly opened ones last.

    Examples
    --------
    >>> from datetime import UTC
    >>> first, second = (Incident(name, Severity.WARNING, datetime(2026, 3, 7, tzinfo=UTC)) for name in ("f1", "rows"))
    >>> [it.check_name for it in still_open({"f1": first}, IncidentChanges(opened=(second,), closed=(first,)))]
    ['rows']
    """
    gone = {incident.check_name for incident in changes.closed}
    return [*(incident for name, incident in before.items() if name not in gone), *changes.opened]
