"""Lengths of time as Prometheus and Alertmanager read them, and as sentences have them."""

from __future__ import annotations

from datetime import timedelta

MILLISECOND = timedelta(milliseconds=1)
UNITS = {"ms": MILLISECOND, "s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}
UNITS |= {"d": timedelta(days=1)}
WORDS = {"ms": "millisecond", "s": "second", "m": "minute", "h": "hour", "d": "day"}


def promql(span: timedelta) -> str:
    """A length of time in the largest unit that divides it; less than a millisecond is one.

    Examples
    --------
    >>> [promql(timedelta(seconds=seconds)) for seconds in (0, 0.25, 90, 5400, 129600, 172800)]
    ['0s', '250ms', '90s', '90m', '36h', '2d']
    """
    number, unit = _parts(span)
    return f"{number}{unit}"


def in_words(span: timedelta) -> str:
    """A length of time as a sentence has it.

    Examples
    --------
    >>> in_words(timedelta(hours=26)), in_words(timedelta(days=1))
    ('26 hours', '1 day')
    """
    number, unit = _parts(span)
    return f"{number} {WORDS[unit]}{'' if number == 1 else 's'}"


def seconds(span: timedelta) -> str:
    """A length of time as a number in an expression.

    Examples
    --------
    >>> seconds(timedelta(hours=26)), seconds(timedelta(milliseconds=1500))
    ('93600', '1.5')
    """
    return f"{span.total_seconds():.3f}".rstrip("0").rstrip(".")


def _parts(span: timedelta) -> tuple[int, str]:
    whole = max(MILLISECOND, round(span / MILLISECOND) * MILLISECOND) if span else span
    for unit, length in reversed(UNITS.items()):
        if whole and not whole % length:
            return whole // length, unit
    return 0, "s"
