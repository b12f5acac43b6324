"""What the decisions of a run open and close."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lamplighter.core.checks.decide import Decision, Verdict
from lamplighter.core.checks.incidents import Incident, apply_decisions, still_open
from lamplighter.core.monitor import Check, Severity

ONE_DAY = timedelta(days=1)


def test_incidents_follow_the_verdicts() -> None:
    logical_date = datetime(2013, 5, 2, tzinfo=UTC)

    def decision(name: str, verdict: Verdict) -> Decision:
        return Decision(Check(name=name, metric="f1", below=0.4), logical_date, 0.3, 0.4, verdict)

    names = ("fails", "fails-still", "passes", "undecided", "passes-anew")
    open_before = {
        name: Incident(name, Severity.WARNING, logical_date - ONE_DAY)
        for name in (*names[1:4], "removed-from-the-monitor")
    }
    made = [
        decision("fails", Verdict.FAILED),
        decision("fails-still", Verdict.FAILED),
        decision("passes", Verdict.PASSED),
        decision("undecided", Verdict.UNDECIDED),
        decision("passes-anew", Verdict.PASSED),
    ]
    changes = apply_decisions(open_before, made, names, logical_date)
    assert [incident.check_name for incident in changes.opened] == ["fails"]
    assert [incident.check_name for incident in changes.closed] == ["passes", "removed-from-the-monitor"]
    left = still_open(open_before, changes)
    assert [incident.check_name for incident in left] == ["fails-still", "undecided", "fails"]
