"""Lengths of time as people write them: ``90m``, ``12h``, ``3d``, ``2w``."""

from __future__ import annotations

import re
from datetime import timedelta

UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}

LONGEST = timedelta(days=3660)
"""Ten years: nothing that a monitor waits for or looks back on is longer."""


def parse_duration(text: str) -> timedelta:
    """Read a length of time.

    Raises
    ------
    ValueError
        If it is not a whole number followed by m, h, d or w, or is longer than ten years.

    Examples
    --------
    >>> parse_duration("3d")
    datetime.timedelta(days=3)
    """
    match = re.fullmatch(r"\s*(\d{1,9})\s*([mhdw])\s*", text)
    if not match:
        raise ValueError(f"{text!r} is not a length of time; write 90m, 12h, 3d or 2w")
    span = int(match[1]) * UNITS[match[2]]
    if span > LONGEST:
        raise ValueError(f"{text!r} is longer than {LONGEST.days}d; write a shorter time")
    return span


def format_duration(span: timedelta) -> str:
    """Write a length of time the way it is read, in the largest unit that divides it.

    Examples
    --------
    >>> format_duration(timedelta(hours=36))
    '36h'
    >>> format_duration(timedelta())
    '0d'
    """
    for name, unit in reversed(UNITS.items()):
        if span and not span % unit:
            return f"{span // unit}{name}"
    return f"{span.total_seconds():g}s" if span else "0d"
