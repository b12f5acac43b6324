"""Judging a check: a recorded value against a limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lamplighter.core.monitor import Check
from lamplighter.core.records.finding import Finding
from lamplighter.core.records.measurement import Measurement


class Verdict(StrEnum):
    """What a check came to."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"


class Cause(StrEnum):
    """Why a check is undecided."""

    WAITING = "waiting"
    """Its labels or its past have not come yet, which is as it should be."""
    INHIBITED = "inhibited"
    """The data are broken; the incident of the check ``data`` says how."""
    DATA = "data"
    """The data do not allow a decision: a metric that is not defined, a segment, class or column that is not there."""


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
    cause : Cause or None
        The kind of that reason; None where the check is decided.
    """

    check: Check
    window_start: datetime | None
    value: float | None
    threshold: float | None
    verdict: Verdict
    reason: str = ""
    cause: Cause | None = None

    @property
    def is_undecided_by_data(self) -> bool:
        """Whether the data alone are why it is undecided, so that a person has to look."""
        return self.verdict is Verdict.UNDECIDED and self.cause is Cause.DATA


def decide(
    check: Check,
    window_start: datetime | None,
    measurement: Measurement | None,
    absent: str = "the window has no such measurement",
) -> Decision:
    """Judge a check by the measurement of its metric.

    A value on the limit passes.

    Parameters
    ----------
    check : Check
    window_start : datetime or None
        The window that is read; None where there is none yet.
    measurement : Measurement or None
    absent : str
        Why there is no measurement, where there is none.

    Examples
    --------
    >>> check = Check.model_validate({"metric": "f1", "below": 0.4})
    >>> decide(check, None, Measurement(metric="f1", value=0.35, n=100)).verdict.value
    'failed'
    >>> decide(check, None, None).reason
    'no window with enough labels yet'
    """
    if window_start is None and measurement is None:
        return undecided(check, None, "no window with enough labels yet", Cause.WAITING)
    if measurement is None:
        return undecided(check, window_start, absent, Cause.DATA)
    if measurement.value is None:
        return undecided(check, window_start, measurement.reason, Cause.DATA)
    threshold = check.threshold
    verdict = Verdict.FAILED if check.form.fails(measurement.value, threshold) else Verdict.PASSED
    return Decision(check, window_start, measurement.value, threshold, verdict)


def inhibited(check: Check, window_start: datetime, breaks: Sequence[Finding]) -> Decision:
    """Leave a check undecided, because what it reads shows broken data and not the model.

    Examples
    --------
    >>> from datetime import UTC
    >>> from lamplighter.core.records.finding import Code
    >>> broken = Finding(Code.SCALE_CHANGED, "amount", "column 'amount' ...")
    >>> inhibited(Check(name="f1", metric="f1", below=0.4), datetime(2026, 3, 7, tzinfo=UTC), [broken]).reason
    'not judged while the data are broken: scale-changed amount'
    """
    named = ", ".join(dict.fromkeys(f"{found.code.value} {found.subject}".strip() for found in breaks))
    return undecided(check, window_start, f"not judged while the data are broken: {named}", Cause.INHIBITED)


def undecided(check: Check, window_start: datetime | None, reason: str, cause: Cause) -> Decision:
    """Leave a check undecided, and say why.

    Examples
    --------
    >>> check = Check(name="f1", metric="f1", below=0.4)
    >>> decision = undecided(check, None, "no labels yet", Cause.WAITING)
    >>> decision.verdict.value, decision.threshold, decision.reason
    ('undecided', 0.4, 'no labels yet')
    """
    return Decision(check, window_start, None, check.threshold, Verdict.UNDECIDED, reason, cause)
