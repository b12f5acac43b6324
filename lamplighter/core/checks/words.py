"""A limit in words, the same in every table and summary."""

from __future__ import annotations

from lamplighter.core.monitor.check_limits import Limit
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


def bounds_text(limit: Limit, digits: int = 4) -> str:
    """Where a value fails, by the bounds alone.

    Examples
    --------
    >>> bounds_text(Limit(high=3.0)), bounds_text(Limit(0.4, 0.6))
    ('above 3', 'outside 0.4 to 0.6')
    """
    low, high = (None if bound is None else number_text(bound, digits) for bound in (limit.low, limit.high))
    if low is not None and high is not None:
        return f"outside {low} to {high}"
    return f"below {low}" if low is not None else f"above {high}" if high is not None else ""
