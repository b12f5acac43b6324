"""Lengths of time as people write them: ``90m``, ``12h``, ``3d``, ``2w``."""

from __future__ import annotations

import re
from datetime import timedelta

UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def parse_duration(text: str) -> timedelta:
    """Read a length of time.

    Raises
    ------
    ValueError
        If it is not a whole number followed by m, h, d or w.

    Examples
    --------
    >>> parse_duration("3d")
    datetime.timedelta(days=3)
    """
    match = re.fullmatch(r"\s*(\d+)\s*([mhdw])\s*", text)
    if not match:
        raise ValueError(f"{text!r} is not a length of time; write 90m, 12h, 3d or 2w")
    return int(match[1]) * UNITS[match[2]]


def format_duration(span: timedelta) -> str:
    """Write a length of time the way it is read, in the largest unit that divides it.

    Examples
    --------
    >>> format_duration(timedelta(hours=36))
    '36h'
    """
    for name, unit in reversed(UNITS.items()):
        if not span % unit:
            return f"{span // unit}{name}"
    return f"{span.total_seconds():g}s"
