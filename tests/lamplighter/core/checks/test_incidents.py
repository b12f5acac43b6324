"""What the decisions of a night open and close."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lamplighter.core.checks.decide import Decision, Verdict
from lamplighter.core.checks.incidents import Incident, still_open, turn
from lamplighter.core.monitor import Check, Severity

ONE_DAY = timedelta(days=1)


def test_incidents_follow_the_verdicts() -> None:
    night = datetime(2013, 5, 2, tzinfo=UTC)

    def decision(name: str, verdict: Verdict) -> Decision:
        return Decision(Check(name=name, metric="f1", below=0.4), night, 0.3, 0.4, verdict)

    names = ("fails", "fails-still", "passes", "undecided", "passes-anew")
    open_before = {
        name: Incident(name, Severity.WARNING, night - ONE_DAY) for name in (*names[1:4], "removed-from-the-monitor")
    }
    made = [
        decision("fails", Verdict.FAILED),
        decision("fails-still", Verdict.FAILED),
        decision("passes", Verdict.PASSED),
        decision("undecided", Verdict.UNDECIDED),
        decision("passes-anew", Verdict.PASSED),
    ]
    turned = turn(open_before, made, names, night)
    assert [incident.check_name for incident in turned.opened] == ["fails"]
    assert [incident.check_name for incident in turned.closed] == ["passes", "removed-from-the-monitor"]
    left = still_open(open_before, turned)
    assert [incident.check_name for incident in left] == ["fails-still", "undecided", "fails"]
