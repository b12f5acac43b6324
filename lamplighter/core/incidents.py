"""Incidents: what the decisions of the nights open and close."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from lamplighter.core.judgement import Decision, Verdict
from lamplighter.core.monitor import Severity


@dataclass(frozen=True, slots=True)
class Incident:
    """A check that fails, from the night that found it until one finds that it passes.

    Attributes
    ----------
    check_name : str
    severity : Severity
    opened_on : datetime
        The logical night.
    window_start : datetime or None
        The window that was read when it was opened.
    told_on : datetime or None
        The night whose messages told of it; None while nobody has been told, as while it is muted.
    """

    check_name: str
    severity: Severity
    opened_on: datetime
    window_start: datetime | None = None
    told_on: datetime | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """What a night changes: incidents that it opens, and those that it closes."""

    opened: tuple[Incident, ...]
    closed: tuple[Incident, ...]


def turn(
    open_incidents: Mapping[str, Incident], decisions: Iterable[Decision], judged: Iterable[str], known_on: datetime
) -> Turn:
    """Follow a night's decisions: a failed check opens, a passed one closes, an undecided one changes nothing.

    Parameters
    ----------
    open_incidents : mapping of str to Incident
        By name of the check.
    decisions : iterable of Decision
        Those that the night has made.
    judged : iterable of str
        Names of the checks that the monitor has now; an incident of any other is closed, as nothing else would.
    known_on : datetime
        The night.

    Examples
    --------
    >>> from datetime import UTC
    >>> from lamplighter.core.monitor import Check
    >>> night = datetime(2013, 5, 2, tzinfo=UTC)
    >>> failed = Decision(Check(name="f1", metric="f1", below=0.4), night, 0.3, 0.4, Verdict.FAILED)
    >>> [incident.check_name for incident in turn({}, [failed], ["f1"], night).opened]
    ['f1']
    """
    verdicts = {decision.check.name: decision for decision in decisions}
    opened = [
        Incident(name, decision.check.severity, known_on, decision.window_start)
        for name, decision in verdicts.items()
        if decision.verdict is Verdict.FAILED and name not in open_incidents
    ]
    names = set(judged)
    closed = [
        incident
        for name, incident in open_incidents.items()
        if name not in names or (name in verdicts and verdicts[name].verdict is Verdict.PASSED)
    ]
    return Turn(tuple(opened), tuple(closed))


def still_open(before: Mapping[str, Incident], turned: Turn) -> list[Incident]:
    """The incidents that are open after a night has turned some, those that it opened last."""
    gone = {incident.check_name for incident in turned.closed}
    return [*(incident for name, incident in before.items() if name not in gone), *turned.opened]
