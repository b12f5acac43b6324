"""Timestamps of the user's columns as UTC instants."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.errors import ColumnError

INSTANT = pa.timestamp("us", tz="UTC")


def to_instants(values: pa.Array | pa.ChunkedArray, column: str, timezone: str | None) -> pa.Array | pa.ChunkedArray:
    """A column of timestamps in UTC.

    An hour that a clock strikes twice is taken as its first, one that it skips as the moment of the change.

    Parameters
    ----------
    values : array of timestamps, or of ISO 8601 text
    column : str
        Its name, for messages.
    timezone : str or None
        Zone of timestamps that carry none.

    Raises
    ------
    ColumnError
        If they are no timestamps, or carry no zone and none is declared.

    Examples
    --------
    >>> to_instants(pa.array(["2013-07-01 00:00:00"]), "time", "America/New_York")[0].as_py().isoformat()
    '2013-07-01T04:00:00+00:00'
    """
    if pa.types.is_null(values.type):
        return values.cast(INSTANT)
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        values = _from_text(values, column)
    if not pa.types.is_timestamp(values.type):
        raise ColumnError(f"column {column!r} is {values.type}; a time column holds timestamps")
    if values.type.tz is None:
        if timezone is None:
            raise ColumnError(f"column {column!r} holds timestamps without a zone; declare timezone beside it")
        values = pc.assume_timezone(values.cast(pa.timestamp("us")), timezone, ambiguous="earliest", nonexistent="earliest")
    return values.cast(INSTANT, safe=False)


def _from_text(values: pa.Array | pa.ChunkedArray, column: str) -> pa.Array | pa.ChunkedArray:
    for target in (pa.timestamp("us"), INSTANT):
        try:
            return values.cast(target)
        except pa.ArrowInvalid:
            continue
    raise ColumnError(f"column {column!r} holds text that is no ISO 8601 timestamp; write 2013-07-01T05:00:00+00:00")
