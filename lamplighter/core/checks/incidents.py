"""Incidents: what the decisions of runs open and close."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from lamplighter.core.checks.decide import Cause, Decision, Verdict
from lamplighter.core.monitor import Severity

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


def check_of(incident_name: str) -> str:
    """The check that an incident is about.

    Examples
    --------
    >>> check_of(undecided_name("f1-below")), check_of("f1-below")
    ('f1-below', 'f1-below')
    """
    return incident_name.removesuffix(UNDECIDED)


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
    closed = [
        incident
        for incident in open_incidents.values()
        if check_of(incident.check_name) not in names or _is_over(incident, verdicts.get(check_of(incident.check_name)))
    ]
    return IncidentChanges(tuple(opened), tuple(closed))


def _is_over(incident: Incident, decision: Decision | None) -> bool:
    if decision is None or decision.verdict is Verdict.UNDECIDED:
        return False
    return incident.is_of_undecided or decision.verdict is Verdict.PASSED


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
