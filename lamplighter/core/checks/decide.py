"""Decisions: a check, the value that it read, its limit, and what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lamplighter.core.monitor.check_limits import NO_LIMIT, Limit
from lamplighter.core.monitor.checks import Check
from lamplighter.core.records.finding import Finding


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
    value : float or None
        What was judged: the metric, its slope per day, or 1 where it is missing.
    threshold : float or None
        The bound of the limit that is nearest to the value.
    verdict : Verdict
    reason : str
        Why it is undecided, or why it passes although the newest value lies beyond the limit; empty otherwise.
    cause : Cause or None
        The kind of that reason; None where the check is decided.
    limit : Limit
        Both bounds.
    compared : str
        What the limit was computed from, and in how many windows the check fails; empty for a plain number.
    """

    check: Check
    window_start: datetime | None
    value: float | None
    threshold: float | None
    verdict: Verdict
    reason: str = ""
    cause: Cause | None = None
    limit: Limit = NO_LIMIT
    compared: str = ""

    @property
    def is_undecided_by_data(self) -> bool:
        """Whether the data alone are why it is undecided, so that a person has to look."""
        return self.verdict is Verdict.UNDECIDED and self.cause is Cause.DATA


def broken_text(breaks: Sequence[Finding]) -> str:
    """Why a check of broken data is not judged.

    Examples
    --------
    >>> from lamplighter.core.records.finding import Code
    >>> broken_text([Finding(Code.SCALE_CHANGED, "amount", "column 'amount' ...")])
    'not judged while the data are broken: scale-changed amount'
    """
    named = ", ".join(dict.fromkeys(f"{found.code.value} {found.subject}".strip() for found in breaks))
    return f"not judged while the data are broken: {named}"


def undecided(check: Check, window_start: datetime | None, reason: str, cause: Cause) -> Decision:
    """Leave a check undecided, and say why.

    Examples
    --------
    >>> check = Check(name="f1", metric="f1", below=0.4)
    >>> decision = undecided(check, None, "no labels yet", Cause.WAITING)
    >>> decision.verdict.value, decision.threshold, decision.reason
    ('undecided', 0.4, 'no labels yet')
    """
    return Decision(check, window_start, None, check.threshold, Verdict.UNDECIDED, reason, cause, check.plain_limit)
