"""A limit in words, the same in every table and summary."""

from __future__ import annotations

import re

from lamplighter.core.checks.decide import Decision
from lamplighter.core.monitor.check_limits import NO_LIMIT, Limit
from lamplighter.core.monitor.checks import Check
from lamplighter.core.numbers import number_text


def limit_text(check: Check, limit: Limit, digits: int = 4) -> str:
    """Where a check fails: below or above a number, or outside two; empty where no limit could be computed.

    Examples
    --------
    >>> check = Check.model_validate({"metric": "f1", "outside": {"sigmas": 3, "of": "28d"}})
    >>> limit_text(check, Limit(low=0.41, high=0.52)), limit_text(check, Limit(low=0.4)), limit_text(check, Limit())
    ('outside 0.41 to 0.52', 'below 0.4', '')
    >>> limit_text(Check.model_validate({"metric": "f1", "missing": "5d"}), Limit(high=0.0))
    'missing'
    """
    if check.form.reads == "absence":
        return check.form.key
    return bounds_text(limit, digits)


def fails_text(decision: Decision) -> str:
    """Where a decided check fails, and from what that was computed.

    Examples
    --------
    >>> from lamplighter.core.checks.decide import Verdict
    >>> check = Check.model_validate({"metric": "f1", "falls": "5%", "versus": {"mean": "7d"}})
    >>> limit, compared = Limit(low=0.76), "5 % below 0.8, the mean of 7 windows from 2013-05-01 to 2013-05-07"
    >>> fails_text(Decision(check, None, 0.7, 0.76, Verdict.FAILED, limit=limit, compared=compared))
    'below 0.76: 5 % below 0.8, the mean of 7 windows from 2013-05-01 to 2013-05-07'
    """
    limit = decision.check.plain_limit if decision.limit == NO_LIMIT else decision.limit
    text = limit_text(decision.check, limit)
    return ": ".join(part for part in (text, decision.compared) if part)


def value_text(decision: Decision) -> str:
    """What a check read, and why it is undecided or passes although the value lies beyond the limit.

    Examples
    --------
    >>> from lamplighter.core.checks.decide import Verdict
    >>> check = Check.model_validate({"metric": "f1", "below": 0.4})
    >>> value_text(Decision(check, None, 0.75, 0.4, Verdict.PASSED))
    '0.75'
    >>> value_text(Decision(check, None, None, 0.4, Verdict.UNDECIDED, "no label is 1"))
    'no label is 1'
    """
    value = "" if decision.value is None else number_text(decision.value)
    return ": ".join(part for part in (value, decision.reason) if part)


def apart(compared: str) -> tuple[str, str]:
    """What a limit was computed from, and in how many windows the check fails, out of what a decision keeps of both.

    Examples
    --------
    >>> apart("5 % below 0.8, the mean of 7 windows; in 2 of the last 3 days")
    ('5 % below 0.8, the mean of 7 windows', 'in 2 of the last 3 days')
    >>> apart("in 2 of the last 3 days"), apart("5 % below 0.8")
    (('', 'in 2 of the last 3 days'), ('5 % below 0.8', ''))
    """
    before, _, last = compared.rpartition("; ")
    return (before, last) if COUNTED.fullmatch(last) else (compared, "")


COUNTED = re.compile(r"in \d+ of the last \d+ \w+")
"""How `Judging.decision` says in how many windows a check fails."""


def bounds_text(limit: Limit, digits: int = 4) -> str:
    """Where a value fails, by the bounds alone.

    Examples
    --------
    >>> bounds_text(Limit(high=3.0)), bounds_text(Limit(0.4, 0.6)), bounds_text(Limit(200.0, 200.0))
    ('above 3', 'outside 0.4 to 0.6', 'other than 200')
    """
    low, high = (None if bound is None else number_text(bound, digits) for bound in (limit.low, limit.high))
    if low is not None and high is not None:
        return f"other than {low}" if low == high else f"outside {low} to {high}"
    return f"below {low}" if low is not None else f"above {high}" if high is not None else ""
