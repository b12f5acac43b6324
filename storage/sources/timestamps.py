"""Timestamps of the user's columns as UTC instants."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.errors import ColumnError
from storage.sources.epochs import INSTANT as INSTANT
from storage.sources.epochs import are_digits, from_numbers, is_number

NAIVE = pa.timestamp("us")

OFFSET = r":\d\d(?:\.\d+)? ?(?:Z|[+-]\d\d(?::?\d\d)?)$"
"""What text ends with when it carries a zone; the time before it keeps a date's last dash out."""


def to_instants(
    values: pa.Array | pa.ChunkedArray,
    column: str,
    timezone: str | None,
    *,
    unit: str | None = None,
    day_zone: str | None = None,
    at_day_end: bool = False,
) -> pa.Array | pa.ChunkedArray:
    """A column of timestamps in UTC.

    An hour that a clock strikes twice is taken as its first, one that it skips as the moment of the change. What no
    instant holds, such as the year 300,000, is null.

    Parameters
    ----------
    values : array
        Timestamps, dates, ISO 8601 text, or numbers of a declared unit since 1970; text of which some carries a zone
        and some none is read each by its own.
    column : str
        Its name, for messages.
    timezone : str or None
        Zone of timestamps that carry none.
    unit : {'s', 'ms', 'us', 'ns'}, optional
        What numbers count.
    day_zone : str, optional
        Zone whose days dates are, where `timezone` says none.
    at_day_end : bool
        Whether a date stands for its last instant and not for its first.

    Raises
    ------
    ColumnError
        If they are no timestamps, or carry no zone and none is declared. Of text that is a timestamp in some rows, what
        is none in others is null.

    Examples
    --------
    >>> to_instants(pa.array(["2013-07-01 00:00:00"]), "time", "America/New_York")[0].as_py().isoformat()
    '2013-07-01T04:00:00+00:00'
    >>> to_instants(pa.array([1372651200]), "time", None, unit="s")[0].as_py().isoformat()
    '2013-07-01T04:00:00+00:00'
    """
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_null(values.type):
        return values.cast(INSTANT)
    if is_number(values.type):
        return from_numbers(values, column, unit)
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return (
            from_numbers(values, column, unit) if unit and are_digits(values) else _from_text(values, column, timezone)
        )
    if pa.types.is_date(values.type):
        return _from_dates(values, column, timezone or day_zone, at_day_end)
    if not pa.types.is_timestamp(values.type):
        raise ColumnError(
            f"column {column!r} is {values.type}",
            column,
            fix="a time column holds timestamps, dates, ISO 8601 text, or numbers of a declared time_unit",
        )
    return _from_timestamps(_representable(values), column, timezone)


MOST_DAYS = 2**63 // (86_400 * 10**6) - 1
"""Days since 1970 that an instant holds."""


def _from_dates(
    values: pa.Array | pa.ChunkedArray, column: str, zone: str | None, at_day_end: bool
) -> pa.Array | pa.ChunkedArray:
    if zone is None:
        raise ColumnError(f"column {column!r} holds dates without a zone", column, fix="declare timezone beside it")
    days = values.cast(pa.date32(), safe=False).cast(pa.int32()).cast(pa.int64())
    days = pc.if_else(pc.less(pc.abs(days), MOST_DAYS), days, pa.scalar(None, pa.int64()))
    begins = pc.multiply(pc.add(days, int(at_day_end)), 86_400 * 10**6).cast(NAIVE)
    instants = pc.assume_timezone(begins, zone, ambiguous="earliest", nonexistent="latest").cast(INSTANT)
    return pc.subtract(instants, pa.scalar(1, pa.duration("us"))).cast(INSTANT) if at_day_end else instants


COARSE = {"s": 10**6, "ms": 10**3}
"""Microseconds of the units of which an instant does not hold all values."""


def _representable(values: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Timestamps, null where no instant holds them: as microseconds they would become another time."""
    if values.type.unit not in COARSE:
        return values
    most = 2**63 // COARSE[values.type.unit] - 1
    numbers = values.cast(pa.int64())
    sound = pc.and_(pc.less_equal(numbers, most), pc.greater_equal(numbers, -most))
    return pc.if_else(sound, values, pa.scalar(None, values.type))


def _from_timestamps(
    values: pa.Array | pa.ChunkedArray, column: str, timezone: str | None
) -> pa.Array | pa.ChunkedArray:
    if values.type.tz is None:
        if timezone is None:
            raise ColumnError(
                f"column {column!r} holds timestamps without a zone", column, fix="declare timezone beside it"
            )
        naive = values.cast(NAIVE, safe=False)
        # Of a skipped hour, Arrow's 'latest' is the moment of the change and its 'earliest' the instant before.
        values = pc.assume_timezone(naive, timezone, ambiguous="earliest", nonexistent="latest")
    return values.cast(INSTANT, safe=False)


def _from_text(values: pa.Array | pa.ChunkedArray, column: str, timezone: str | None) -> pa.Array | pa.ChunkedArray:
    # Microseconds are what an instant holds; more digits are cut as they are of nanosecond timestamps.
    text = pc.replace_substring_regex(pc.utf8_trim_whitespace(values), r"(\.\d{6})\d+", r"\1")
    text = pc.replace_substring(text, " +", "+")
    has_zone = pc.fill_null(pc.match_substring_regex(text, OFFSET), False)
    nothing = pa.scalar(None, text.type)
    zoned = _parsed(pc.if_else(has_zone, text, nothing), INSTANT)
    naive = _parsed(pc.if_else(has_zone, nothing, text), NAIVE)
    if zoned.null_count == naive.null_count == len(text) > text.null_count:
        if are_digits(text):
            return from_numbers(text, column, None)
        example = next(value for value in text.to_pylist() if value is not None)
        what = f"column {column!r} holds {example[:40]!r}, which is no ISO 8601 timestamp"
        raise ColumnError(what, column, fix="write 2013-07-01T05:00:00+00:00")
    if naive.null_count == len(naive):
        return zoned
    return pc.coalesce(zoned, _from_timestamps(naive, column, timezone))


def _parsed(text: pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    """Text as instants, null where it is none."""
    try:
        return text.cast(kind)
    except pa.ArrowInvalid:
        distinct = pc.unique(text)
        sound = distinct.filter(
            pa.array([value is not None and _parses(value, kind) for value in distinct.to_pylist()])
        )
        return pc.if_else(pc.is_in(text, sound), text, pa.scalar(None, text.type)).cast(kind)


def _parses(value: str, kind: pa.DataType) -> bool:
    try:
        pa.scalar(value).cast(kind)
    except pa.ArrowInvalid:
        return False
    return True
