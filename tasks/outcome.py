"""What a night came to, for whoever tells it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lamplighter.core.finding import Finding
from lamplighter.core.judgement import Decision, Verdict
from tasks.compare import Compared
from tasks.night import Night


@dataclass(frozen=True)
class Outcome:
    """What a night came to."""

    night: Night
    findings: list[Finding]
    decisions: list[Decision]
    drift: Compared
    report: Path | None
    seconds: dict[str, float]

    @property
    def failed_checks(self) -> list[Decision]:
        """The decisions that failed."""
        return [decision for decision in self.decisions if decision.verdict is Verdict.FAILED]

    @property
    def message(self) -> str:
        """One line: completed, or completed with findings."""
        if not self.findings:
            return "completed"
        return "completed with findings: " + "; ".join(finding.message for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """The outcome as small JSON."""
        return {
            "model": self.night.monitor.model,
            "window": self.night.window.label,
            "message": self.message,
            "findings": [finding.message for finding in self.findings],
            "checks": {decision.check.name: decision.verdict.value for decision in self.decisions},
            "report": str(self.report) if self.report else None,
            "seconds": self.seconds,
        }
