"""What the checks came to, and what is open, in tables of Evidently's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lamplighter.core.checks.decide import Decision, Verdict
from lamplighter.core.checks.words import fails_text, value_text
from lamplighter.core.drift.result import Checks, ReportSection
from lamplighter.evidently.display import plain

ORDER = {Verdict.FAILED: 0, Verdict.UNDECIDED: 1, Verdict.PASSED: 2}
"""Failed checks first."""


def checks_section(checks: Checks) -> ReportSection:
    """The verdict of every check beside its limit, and the incidents that are open."""
    return ReportSection({}, [*_decided(checks), *_open(checks)])


def _decided(checks: Checks) -> Iterator[Any]:
    from evidently.legacy.renderers.html_widgets import header_text, table_data

    decisions = sorted(checks.decisions, key=lambda decision: ORDER[decision.verdict])
    failed = sum(decision.verdict is Verdict.FAILED for decision in decisions)
    yield header_text(label=f"Checks: {failed} of {len(decisions)} failed")
    yield table_data(
        column_names=["check", "verdict", "value", "fails", "of"], data=[_row(it, checks) for it in decisions]
    )


def _row(decision: Decision, checks: Checks) -> list[str]:
    verdict = "FAILED" if decision.verdict is Verdict.FAILED else decision.verdict.value
    texts = [plain(value_text(decision)), plain(fails_text(decision))]
    return [plain(decision.check.name), verdict, *texts, checks.labels.get(decision.window_start, "")]


def _open(checks: Checks) -> Iterator[Any]:
    if not checks.incidents:
        return
    from evidently.legacy.renderers.html_widgets import header_text, table_data

    yield header_text(label="Open incidents")
    yield table_data(
        column_names=["check", "severity", "open since", "of"],
        data=[
            [
                plain(it.check_name),
                it.severity.value,
                checks.labels.get(it.opened_on, ""),
                checks.labels.get(it.window_start, ""),
            ]
            for it in checks.incidents
        ],
    )
