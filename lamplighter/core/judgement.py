"""Judging a check: a recorded value against a limit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

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
    limit = check.above if check.above is not None else check.below
    assert isinstance(limit, (int, float)), "the other forms are refused where monitors are read"
    threshold = float(limit)
    if window_start is None and measurement is None:
        return Decision(check, None, None, threshold, Verdict.UNDECIDED, "no window with enough labels yet")
    if measurement is None:
        return Decision(check, window_start, None, threshold, Verdict.UNDECIDED, "the window has no such measurement")
    if measurement.value is None:
        return Decision(check, window_start, None, threshold, Verdict.UNDECIDED, measurement.reason)
    beyond = measurement.value > threshold if check.above is not None else measurement.value < threshold
    verdict = Verdict.FAILED if beyond else Verdict.PASSED
    return Decision(check, window_start, measurement.value, threshold, verdict)
