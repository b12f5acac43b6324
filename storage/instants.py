"""Timestamps of the user's columns as UTC instants."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.errors import ColumnError

INSTANT = pa.timestamp("us", tz="UTC")
NAIVE = pa.timestamp("us")

OFFSET = r":\d\d(?:\.\d+)? ?(?:Z|[+-]\d\d(?::?\d\d)?)$"
"""What text ends with when it carries a zone; the time before it keeps a date's last dash out."""


def to_instants(values: pa.Array | pa.ChunkedArray, column: str, timezone: str | None) -> pa.Array | pa.ChunkedArray:
    """A column of timestamps in UTC.

    An hour that a clock strikes twice is taken as its first, one that it skips as the moment of the change.

    Parameters
    ----------
    values : array
        Timestamps, or ISO 8601 text; text of which some carries a zone and some none is read each by its own.
    column : str
        Its name, for messages.
    timezone : str or None
        Zone of timestamps that carry none.

    Raises
    ------
    ColumnError
        If they are no timestamps, or carry no zone and none is declared. Of text that is a timestamp in some rows, what
        is none in others is null.

    Examples
    --------
    >>> to_instants(pa.array(["2013-07-01 00:00:00"]), "time", "America/New_York")[0].as_py().isoformat()
    '2013-07-01T04:00:00+00:00'
    """
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_null(values.type):
        return values.cast(INSTANT)
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return _from_text(values, column, timezone)
    if not pa.types.is_timestamp(values.type):
        raise ColumnError(
            f"column {column!r} is {values.type}; a time column holds timestamps with a time of day, or ISO 8601 text",
            column,
        )
    return _from_timestamps(values, column, timezone)


def _from_timestamps(
    values: pa.Array | pa.ChunkedArray, column: str, timezone: str | None
) -> pa.Array | pa.ChunkedArray:
    if values.type.tz is None:
        if timezone is None:
            raise ColumnError(f"column {column!r} holds timestamps without a zone; declare timezone beside it", column)
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
        example = next(value for value in text.to_pylist() if value is not None)
        told = f"column {column!r} holds {example[:40]!r}, which is no ISO 8601 timestamp"
        raise ColumnError(f"{told}; write 2013-07-01T05:00:00+00:00", column)
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
