"""Judging a check: a recorded value against a limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lamplighter.core.finding import Finding
from lamplighter.core.measurement import Measurement
from lamplighter.core.monitor import Check


class Verdict(StrEnum):
    """What a check came to."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Decision:
    """A check, the value it read, and its verdict.

    Attributes
    ----------
    check : Check
    window_start : datetime or None
        The window that was read; None when there is none yet.
    value, threshold : float or None
    verdict : Verdict
    reason : str
        Why it is undecided; empty otherwise.
    """

    check: Check
    window_start: datetime | None
    value: float | None
    threshold: float | None
    verdict: Verdict
    reason: str = ""


def decide(check: Check, window_start: datetime | None, measurement: Measurement | None) -> Decision:
    """Judge a check by the measurement of its metric.

    A value on the limit passes.

    Examples
    --------
    >>> check = Check.model_validate({"metric": "f1", "below": 0.4})
    >>> decide(check, None, Measurement(metric="f1", value=0.35, n=100)).verdict.value
    'failed'
    >>> decide(check, None, None).reason
    'no window with enough labels yet'
    """
    if window_start is None and measurement is None:
        return _undecided(check, None, "no window with enough labels yet")
    if measurement is None:
        absent = f"the window has no rows of {check.segment}; booleans are written 1 and 0" if check.segment else ""
        return _undecided(check, window_start, absent or "the window has no such measurement")
    if measurement.value is None:
        return _undecided(check, window_start, measurement.reason)
    verdict = Verdict.FAILED if check.fails(measurement.value) else Verdict.PASSED
    return Decision(check, window_start, measurement.value, check.limit, verdict)


def silenced(check: Check, window_start: datetime, breaks: Sequence[Finding]) -> Decision:
    """Leave a check undecided, because what it reads tells of broken data and not of the model."""
    named = ", ".join(dict.fromkeys(f"{found.code.value} {found.subject}".strip() for found in breaks))
    return _undecided(check, window_start, f"silent, as the data are broken: {named}")


def _undecided(check: Check, window_start: datetime | None, reason: str) -> Decision:
    return Decision(check, window_start, None, check.limit, Verdict.UNDECIDED, reason)
