"""Times that are written as numbers since 1970, of a declared unit."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.errors import ColumnError

INSTANT = pa.timestamp("us", tz="UTC")

PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
"""How many of each unit a second has."""

SECONDS = (10**8, 10**11)
"""From 1973 to 5138: within it no number of one unit is a time of another."""

YEAR = 366 * 86_400
MOST = 2**63 - 1


def is_number(kind: pa.DataType) -> bool:
    """Whether a column of this type may hold such times.

    Examples
    --------
    >>> is_number(pa.int64()), is_number(pa.float64()), is_number(pa.timestamp("s"))
    (True, True, False)
    """
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def are_digits(values: pa.Array | pa.ChunkedArray) -> bool:
    """Whether text holds such times: CSV and JSON may carry them so.

    Examples
    --------
    >>> are_digits(pa.array(["1772323200", "1772323260.5"])), are_digits(pa.array(["2026-03-01"]))
    (True, False)
    """
    return len(values) > values.null_count and bool(
        pc.all(pc.match_substring_regex(values, r"^\s*\d{9,20}(?:\.\d+)?\s*$")).as_py()
    )


def unit_of(number: float) -> str | None:
    """The unit in which a number is a time of the years that models live in; None where it is none.

    Examples
    --------
    >>> unit_of(1772409600000), unit_of(1772409600), unit_of(12)
    ('ms', 's', None)
    """
    low, high = SECONDS
    return next((unit for unit, each in PER_SECOND.items() if low * each <= abs(number) < high * each), None)


def from_numbers(values: pa.Array | pa.ChunkedArray, column: str, unit: str | None) -> pa.Array | pa.ChunkedArray:
    """Numbers, or text of digits, as UTC instants; null where no instant holds them.

    Parameters
    ----------
    values : array
    column : str
        Its name, for messages.
    unit : {'s', 'ms', 'us', 'ns'} or None

    Raises
    ------
    ColumnError
        If no unit is declared, or another one must be meant.

    Examples
    --------
    >>> from_numbers(pa.array([1772409600.5]), "at", "s")[0].as_py().isoformat()
    '2026-03-02T00:00:00.500000+00:00'
    """
    numbers = _as_numbers(values)
    example = _example(numbers)
    meant = None if example is None else unit_of(example)
    shown = "" if example is None else f" such as {example:.0f}" if abs(example) < 1e18 else f" such as {example:.3g}"
    calendar, right = _calendar(numbers)
    if calendar:
        raise ColumnError(f"column {column!r} holds numbers{shown}, {calendar}", column, fix=right)
    if unit is None:
        right = f"time_unit: {meant}" if meant else f"time_unit, one of {', '.join(PER_SECOND)},"
        raise ColumnError(f"column {column!r} holds numbers{shown}", column, fix=f"declare {right} beside it")
    are_times = _are_times(numbers, unit)
    if example is not None and not pc.any(are_times).as_py():
        what = f"column {column!r} holds numbers{shown}, which are no times in {unit}"
        cure = f"declare time_unit: {meant}" if meant and meant != unit else "log ISO 8601 text, or a count since 1970"
        raise ColumnError(what, column, fix=cure)
    if pa.types.is_float32(numbers.type) or pa.types.is_float16(numbers.type):
        what = f"column {column!r} is {numbers.type}, which holds a time of today to some minutes only"
        raise ColumnError(what, column, fix="log it as int64 or double")
    # Of two units in one column only one is the declared one: the others would be times of 1970, or of the year 58,000.
    return _micros(pc.if_else(are_times, numbers, pa.scalar(None, numbers.type)), unit).cast(INSTANT)


DIGITS = {8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
"""How a date is written in so many digits."""

SPREADSHEET = (25_569, 80_000)
"""The days 1970-01-01 and 2119-01-10 as spreadsheets count them, since 1899-12-30."""

MOST_LOOKED_AT = 20
"""Numbers that are read as dates, before they are taken for such."""


def _calendar(numbers: pa.Array | pa.ChunkedArray) -> tuple[str, str]:
    """What numbers are that count no time, but write a date, and what to write instead; empty of others."""
    distinct = pc.unique(numbers.slice(0, 1000)).drop_null()[:MOST_LOOKED_AT].to_pylist()
    low, high = SPREADSHEET
    if distinct and all(low <= number < high for number in distinct):
        day = date(1899, 12, 30) + timedelta(days=int(distinct[0]))
        return "days as a spreadsheet counts them", f"write {day}, or count from 1970"
    days = [_written(number) for number in distinct]
    if distinct and all(days):
        return "a date in digits and no count since 1970", f"write {days[0]}"
    return "", ""


def _written(number: float) -> str:
    """The moment that the digits of a number write; empty where they write none of 1970 to 2100."""
    digits = str(int(number)) if number == number and abs(number) < 10**15 and number == int(number) else ""
    form = DIGITS.get(len(digits))
    if form is None:
        return ""
    try:
        moment = datetime.strptime(digits, form)
    except ValueError:
        return ""
    shown = moment.isoformat(timespec="seconds") if len(digits) > min(DIGITS) else str(moment.date())
    return shown if 1970 <= moment.year <= 2100 else ""


def _as_numbers(values: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        text = pc.utf8_trim_whitespace(values)
        try:
            return text.cast(pa.int64())
        except pa.ArrowInvalid:
            return text.cast(pa.float64())
    # The time of a decimal fits a float to a quarter of a microsecond.
    return values.cast(pa.float64()) if pa.types.is_decimal(values.type) else values


def _are_times(numbers: pa.Array | pa.ChunkedArray, unit: str) -> pa.Array | pa.ChunkedArray:
    """Which numbers are times of a unit: not of 1970, where those of a smaller one would end up, nor beyond 5138."""
    low, high = (float(bound * PER_SECOND[unit]) for bound in (YEAR, SECONDS[1]))
    floats = pc.abs(numbers.cast(pa.float64(), safe=False))
    return pc.fill_null(pc.and_(pc.greater_equal(floats, low), pc.less(floats, high)), False)


def _example(numbers: pa.Array | pa.ChunkedArray) -> float | None:
    """A number to show: the largest that is one."""
    finite = numbers.filter(pc.is_finite(numbers)) if len(numbers) else numbers
    return pc.max(finite).as_py() if len(finite) else None


def _micros(numbers: pa.Array | pa.ChunkedArray, unit: str) -> pa.Array | pa.ChunkedArray:
    nothing = pa.scalar(None, pa.int64())
    if pa.types.is_floating(numbers.type):
        scaled = pc.round(pc.multiply(numbers, 10**6 / PER_SECOND[unit]))
        sound = pc.and_(pc.is_finite(scaled), pc.less(pc.abs(scaled), float(MOST)))
        return pc.if_else(sound, scaled, pa.scalar(None, numbers.type)).cast(pa.int64(), safe=False)
    if pa.types.is_uint64(numbers.type):
        numbers = pc.if_else(
            pc.less_equal(numbers, pa.scalar(MOST, pa.uint64())), numbers, pa.scalar(None, pa.uint64())
        )
    whole = numbers.cast(pa.int64())
    if unit in ("us", "ns"):
        # Rounded down, as a timestamp in nanoseconds is.
        return whole if unit == "us" else pc.divide(pc.subtract(whole, _rest(whole)), 1000)
    factor = 10**6 // PER_SECOND[unit]
    most = MOST // factor
    sound = pc.and_(pc.less_equal(whole, most), pc.greater_equal(whole, -most))
    return pc.multiply(pc.if_else(sound, whole, nothing), factor)


def _rest(whole: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """The nanoseconds beyond a microsecond, of a time before 1970 too."""
    cut = pc.subtract(whole, pc.multiply(pc.divide(whole, 1000), 1000))
    return pc.if_else(pc.less(cut, 0), pc.add(cut, 1000), cut)
