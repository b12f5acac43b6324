"""The outcome of a run, for all who report it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lamplighter.core.checks.decide import Decision, Verdict
from lamplighter.core.records.finding import Finding
from lamplighter.core.retraining.policy import Entry
from tasks.stages.compare import Compared
from tasks.stages.evaluate import Evaluated
from tasks.stages.judge import Judged
from tasks.stages.read import Located
from tasks.stages.result import WindowResult
from tasks.stages.run_context import RunContext

MOST_SHOWN = 5
"""Findings that fit one line; the history has them all."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run."""

    context: RunContext
    findings: list[Finding]
    judged: Judged
    own: WindowResult
    report: Path | None
    seconds: dict[str, float]
    entries: tuple[Entry, ...] = ()
    recorded: frozenset[Finding] = frozenset()

    @property
    def drift(self) -> Compared:
        """How far the run's own window has moved away from its reference."""
        assert self.own.drift is not None
        return self.own.drift

    @property
    def decisions(self) -> list[Decision]:
        """What the checks came to."""
        return self.judged.decisions

    @property
    def failed_checks(self) -> list[Decision]:
        """The decisions that failed."""
        return [decision for decision in self.decisions if decision.verdict is Verdict.FAILED]

    @property
    def undecided_checks(self) -> list[Decision]:
        """The decisions that the data did not allow; those that wait for labels or that broken data inhibit are not."""
        return [decision for decision in self.decisions if decision.is_undecided_by_data]

    @property
    def found(self) -> list[str]:
        """What it found, a line each: a check that the data leave undecided is one."""
        undecided = (f"check {it.check.name} is undecided: {it.reason}" for it in self.undecided_checks)
        return [*(finding.message for finding in self.findings), *undecided]

    @property
    def unrecorded(self) -> list[dict[str, str]]:
        """What it found beside the findings of its window, which the history has: of earlier windows, or of the run."""
        return [
            {"code": it.code.value, "subject": it.subject, "message": it.message}
            for it in self.findings
            if it not in self.recorded
        ]

    @property
    def message(self) -> str:
        """One line: completed, or completed with findings."""
        found = self.found
        ended = "".join(f"; {it.check_name}: {it.ending}" for it in self.judged.closed if it.ending)
        if not found:
            return f"completed{ended}"
        shown = found[:MOST_SHOWN]
        rest = len(found) - len(shown)
        return "completed with findings: " + "; ".join([*shown, *([f"and {rest} more"] if rest else [])]) + ended

    def as_dict(self) -> dict[str, Any]:
        """The outcome as small JSON."""
        return {
            "model": self.context.monitor.model,
            "window": self.context.window.label,
            "message": self.message,
            "findings": [finding.message for finding in self.findings],
            "over": [f"{it.check_name}: {it.ending}" for it in self.judged.closed if it.ending],
            "is_newest": self.context.is_newest,
            "checks": {decision.check.name: decision.verdict.value for decision in self.decisions},
            "undecided_checks": {decision.check.name: decision.reason for decision in self.undecided_checks},
            "retrainings": [entry.line for entry in self.entries],
            "report": str(self.report) if self.report else None,
            "seconds": self.seconds,
        }


def findings_of(
    located: Located, results: Sequence[WindowResult], evaluated: Evaluated, *others: Finding | None
) -> list[Finding]:
    """All that a run found broken, its own window first; what is about an earlier window says so.

    Examples
    --------
    >>> from tasks.stages.read import read
    >>> found = findings_of(read(context), [outcome.own], Evaluated([]), None)
    >>> [(it.code.value, it.subject) for it in found]
    [('scale-changed', 'amount')]
    """
    own, *earlier = results
    found = [*own.findings]
    for result in earlier:
        found += [replace(it, message=f"{result.window.label}: {it.message}") for it in result.findings]
    return [*found, *located.findings, *evaluated.findings, *(other for other in others if other)]
