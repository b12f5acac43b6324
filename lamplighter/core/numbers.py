"""Numbers in messages, tables and reports: one format for all that people read."""

from __future__ import annotations

import math

FEWEST, MOST = 1e-4, 1e7
"""Between these a number needs no exponent to be short."""

EXACT = 1e15
"""Below it a float holds whole numbers exactly."""


def number_text(value: float, digits: int = 4, *, sign: bool = False) -> str:
    """A number as a person reads it.

    A whole number is whole, with a comma for each thousand. Of another number so many digits are shown, and no exponent
    as long as it is of a usual size.

    Parameters
    ----------
    value : float
    digits : int, default=4
        Significant ones; what stands before the point is never cut.
    sign : bool
        Whether a plus is written before a positive number.

    Examples
    --------
    >>> [number_text(value) for value in (336776.0, 911.5, 23270.4, 0.123456, -0.5, 0.00012345)]
    ['336,776', '911.5', '23,270', '0.1235', '-0.5', '0.0001234']
    >>> [number_text(value) for value in (0.0, 1.23e-9, 12345678.9, math.inf)]
    ['0', '1.23e-09', '1.235e+07', 'inf']
    >>> number_text(0.59997, 5), number_text(0.0312, sign=True)
    ('0.59997', '+0.0312')
    """
    plus = "+" if sign and value > 0 else ""
    if not math.isfinite(value):
        return f"{value:{plus}}"
    if float(value).is_integer() and abs(value) < EXACT:
        # Minus zero is none that a person knows.
        return f"{int(value):{plus},}"
    if not FEWEST <= abs(value) < MOST:
        return f"{value:{plus}.{digits}g}"
    rounded = float(f"{value:.{digits}g}")
    decimals = max(digits - 1 - math.floor(math.log10(abs(rounded))), 0)
    text = f"{value:{plus},.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def range_text(low: float, high: float, digits: int = 4, *, sign: bool = False) -> str:
    """From where to where.

    Examples
    --------
    >>> range_text(0.25, 23270.0), range_text(-0.01, 0.02, sign=True)
    ('0.25 to 23,270', '-0.01 to +0.02')
    """
    return f"{number_text(low, digits, sign=sign)} to {number_text(high, digits, sign=sign)}"
