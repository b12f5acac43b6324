"""The identity of a value: one text, whatever type, file, null beside it or database held the value.

Classes, ranked items, segments, versions, ids and categories are all compared by it, so it is decided here alone. It is
computed on Arrow columns, before the types of several files are united and before pandas sees them: pandas makes floats
of whole numbers beside a null, and beyond 2 ** 53 a float is another number.

====================  ======================================================================================
value                 identity
====================  ======================================================================================
null, None, NaN, NaT  null
boolean               ``1`` or ``0``
whole number          its digits, whatever type holds it; of floats and decimals only below 2 ** 64
other float           the shortest digits that read back as it; up to seven, those of a float of 32 bits
other decimal         its digits without trailing zeros
text                  itself
date, time, instant   ISO 8601 with a blank, without trailing zeros of a second; instants in UTC
bytes                 hexadecimal digits
list, object          JSON of the identities in it, keys sorted
dictionary            that of the value behind the code
====================  ======================================================================================
"""

from __future__ import annotations

import json
import math
from binascii import hexlify
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.core.values.plain import readable

Column: TypeAlias = "pa.Array | pa.ChunkedArray"

MOST_WHOLE = 2**64
"""Whole floats and decimals below it are written with all their digits, as an integer of the same size is."""

INT64 = 2.0**63

PEEK = 10_000
"""Rows that show whether values repeat."""

OWN_IDENTITY = "lamplighter.identity"
"""The field of an object that says what the object is compared by, where that is not all that stands in it."""

OF_A_FLOAT = 7
"""Digits that a float of 32 bits carries. A double that a float of so few digits was widened to, as 8.81 is widened to
8.8100004196167, is the short number: SQLite has doubles alone, and another file may hold the number as a double."""


def identity(value: Any) -> str | None:
    """The identity of one Python value; None of a null.

    Examples
    --------
    >>> [identity(value) for value in (True, 1, 1.0, -0.0, Decimal("1.00"), "1", np.float32(0.1), 0.1)]
    ['1', '1', '1', '0', '1', '1', '0.1', '0.1']
    >>> identity(2**53 + 1), identity([1, None, "a"]), identity({"b": 1, "a": b"x"}), identity(float("nan"))
    ('9007199254740993', '["1", null, "a"]', '{"a": "78", "b": "1"}', None)
    """
    held = _nested(value)
    return held if held is None or isinstance(held, str) else json.dumps(held, ensure_ascii=False)


def identities(column: Column) -> pa.Array:
    """The identity of each value of a column.

    Parameters
    ----------
    column : Array or ChunkedArray of shape (n_rows,)

    Returns
    -------
    StringArray of shape (n_rows,)

    Examples
    --------
    >>> identities(pa.array([12.0, 0.5, float("nan")])).to_pylist()
    ['12', '0.5', None]
    >>> identities(pa.array([2**53 + 1, None])).to_pylist()
    ['9007199254740993', None]
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # An empty one stays chunked.
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    kind = array.type
    if pa.types.is_dictionary(kind):
        return identities(array.dictionary).take(array.indices)
    written = next((written for is_kind, written in BY_TYPE if is_kind(kind)), _of_others)
    if written in (_of_floats, _of_decimals, _of_moments) and _repeats(array):
        coded = array.dictionary_encode()
        return written(coded.dictionary).take(coded.indices)
    return written(array)


def _repeats(array: pa.Array) -> bool:
    """Whether values come again, so that each is worth to be written once."""
    some = array.slice(0, PEEK)
    return len(array) > PEEK and 2 * pc.count_distinct(some).as_py() < len(some)


def _nested(value: Any) -> Any:
    """The identity of a value; of a list or an object, a list or dict of the identities in it."""
    if isinstance(value, str):
        return readable(value)
    if value is None or isinstance(value, bool | np.bool_):
        return None if value is None else str(int(value))
    if isinstance(value, np.ndarray):
        value = value.tolist() if value.dtype.kind not in "fmM" else list(value)
    if isinstance(value, list | tuple):
        return [_nested(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((_nested(item) for item in value), key=str)
    if isinstance(value, Mapping):
        return {readable(str(key)): _nested(value[key]) for key in sorted(value, key=str)}
    if value != value:
        return None
    written = next((written for kind, written in BY_CLASS if isinstance(value, kind)), None)
    return readable(str(value)) if written is None else written(value)


def _float(value: float) -> str:
    value = float(value)
    if value.is_integer() and abs(value) < MOST_WHOLE:
        return str(int(value))
    if math.isinf(value):
        return repr(value)
    written = repr(value)
    with np.errstate(over="ignore", under="ignore"):
        narrow = np.float32(value)
    if float(narrow) != value:
        return written
    short = _as_python_writes(str(narrow))
    return short if len(short.partition("e")[0].replace(".", "").strip("-0")) <= OF_A_FLOAT else written


def _half(value: np.float16) -> str:
    """A half float by its own digits: widened, 0.1 would be 0.0999755859375."""
    return _float(float(str(value)))


def _as_python_writes(digits: str) -> str:
    return repr(float(digits))


def _decimal(value: Decimal) -> str:
    """A decimal as Python writes the float of the same digits, so that both are one value."""
    if not value.is_finite():
        return str(float(value))
    sign, figures, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    digits = "".join(map(str, figures)).lstrip("0")
    kept = digits.rstrip("0")
    if not kept:
        return "0"
    exponent += len(digits) - len(kept)
    minus = "-" if sign else ""
    point = len(kept) + exponent
    if exponent >= 0 and point <= 20 and int(kept) * 10**exponent < MOST_WHOLE:
        return f"{minus}{kept}{'0' * exponent}"
    if point < -3 or exponent >= 0:
        fraction = f".{kept[1:]}" if len(kept) > 1 else ""
        return f"{minus}{kept[0]}{fraction}e{'-' if point < 1 else '+'}{abs(point - 1):02d}"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{kept}"
    return f"{minus}{kept[:point]}.{kept[point:]}"


def _moment(value: datetime) -> str:
    if value.tzinfo is not None:
        value = value.astimezone(UTC)
    zone = "" if value.tzinfo is None else "+00:00"
    return _without_zeros(value.replace(tzinfo=None).isoformat(" ")) + zone


def _without_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


BY_CLASS: list[tuple[type[Any] | tuple[type[Any], ...], Callable[[Any], str]]] = [
    ((int, np.integer), lambda value: str(int(value))),
    (np.float16, _half),
    ((float, np.floating), _float),
    (Decimal, _decimal),
    (datetime, _moment),
    (time, lambda value: _without_zeros(value.isoformat())),
    (timedelta, lambda value: f"{_decimal(Decimal(value // timedelta(microseconds=1)).scaleb(-6))} s"),
    ((bytes, bytearray, memoryview), lambda value: bytes(value).hex()),
    (np.generic, lambda value: str(value)),
]
"""By class: how a Python value is written. Dates, UUIDs and what else there is are written as their text."""


def _of_texts(array: pa.Array) -> pa.Array:
    text = array if pa.types.is_string(array.type) else array.cast(pa.string())
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        # Parquet promises UTF-8, and nothing holds a writer to it.
        raw = text.cast(pa.binary()).to_pylist()
        held = [None if value is None else value.decode("utf-8", "backslashreplace") for value in raw]
        return pa.array(held, pa.string())
    return text


def _of_floats(array: pa.Array) -> pa.Array:
    """Arrow writes most floats as Python does, and quickly; the few others are written one by one."""
    values = array.cast(pa.float64())
    doubles = values.to_numpy(zero_copy_only=False)
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        size = np.abs(doubles)
        present = ~np.isnan(doubles)
        whole = present & (size < INT64) & (np.floor(doubles) == doubles)
        plain = present & ~whole & (size >= 1e-4) & (size < 1e10)
        narrow = doubles.astype(np.float32)
        widened = plain & (narrow.astype(np.float64) == doubles)
    if whole[present].all():
        return _masked(doubles, whole).cast(pa.int64()).cast(pa.string())
    written = _masked(doubles, plain).cast(pa.string())
    if whole.any():
        written = pc.coalesce(written, _masked(doubles, whole).cast(pa.int64()).cast(pa.string()))
    if widened.any():
        short = _masked(narrow, widened).cast(pa.string())
        # Digits alone: the zeros in front of the first one and the point are none.
        digits = pc.replace_substring(pc.replace_substring_regex(short, r"^-?0?\.?0*", ""), ".", "")
        by_float = pc.fill_null(pc.less_equal(pc.utf8_length(digits), OF_A_FLOAT), False)
        written = pc.if_else(by_float, short, written)
    others = np.flatnonzero(present & ~whole & ~plain)
    if len(others):
        distinct, codes = np.unique(doubles[others], return_inverse=True)
        held = pa.array(_each_float(distinct), pa.string()).take(pa.array(codes))
        written = pc.replace_with_mask(written, pa.array(present & ~whole & ~plain), held)
    return written


def _each_float(doubles: np.ndarray[Any, Any]) -> list[str]:
    """As `_float`, of which most cost is looking whether a float of 32 bits holds the number."""
    with np.errstate(over="ignore", under="ignore"):
        apart = (doubles.astype(np.float32).astype(np.float64) != doubles) & np.isfinite(doubles)
        apart &= np.floor(doubles) != doubles
    return [repr(value) if is_apart else _float(value) for value, is_apart in zip(doubles.tolist(), apart, strict=True)]


def _masked(values: np.ndarray[Any, Any], keep: np.ndarray[Any, Any]) -> pa.Array:
    return pa.array(values, mask=~keep)


def _of_halves(array: pa.Array) -> pa.Array:
    halves = np.array(array.to_numpy(zero_copy_only=False), np.float16)
    distinct, codes = np.unique(halves, return_inverse=True)
    held = pa.array([None if value != value else _half(value) for value in distinct], pa.string())
    return pc.if_else(array.is_null(), pa.scalar(None, pa.string()), held.take(pa.array(codes)))


def _of_decimals(array: pa.Array) -> pa.Array:
    text = array.cast(pa.string())
    if array.type.scale > 0:
        text = pc.replace_substring_regex(text, r"(\.[0-9]*?)0+$", r"\1")
        text = pc.replace_substring_regex(text, r"\.$", "")
    # Python writes smaller and larger ones with an exponent.
    odd = pc.fill_null(pc.match_substring_regex(text, r"E|^-?0\.0000|^-?[0-9]{20}"), False)
    if not pc.any(odd).as_py():
        return text
    held = pa.array([identity(value) for value in array.filter(odd).to_pylist()], pa.string())
    return pc.replace_with_mask(text, odd, held)


def _of_moments(array: pa.Array) -> pa.Array:
    kind = array.type
    zoned = pa.types.is_timestamp(kind) and kind.tz is not None
    local = array.cast(pa.timestamp(kind.unit)) if zoned else array
    text = local.cast(pa.string())
    if pc.fill_null(pc.any(pc.match_substring(text, ".")), False).as_py():
        text = pc.replace_substring_regex(text, r"(\.[0-9]*?)0+$", r"\1")
        text = pc.replace_substring_regex(text, r"\.$", "")
    return pc.binary_join_element_wise(text, "+00:00", "") if zoned else text


def _of_durations(array: pa.Array) -> pa.Array:
    scale = {"s": 0, "ms": 3, "us": 6, "ns": 9}[array.type.unit]
    whole = array.cast(pa.int64()).cast(pa.decimal128(19, 0))
    unit = pa.scalar(Decimal(1).scaleb(-scale), pa.decimal128(scale + 1, scale))
    return pc.binary_join_element_wise(_of_decimals(pc.multiply(whole, unit)), "s", " ")


def _of_bytes(array: pa.Array) -> pa.Array:
    """Two digits a byte; of all bytes at once, as each value begins where twice the bytes before it end."""
    values = array.cast(pa.binary()).cast(pa.large_binary())
    valid, offsets, data = values.buffers()
    count = values.offset + len(values)
    begins = 2 * np.frombuffer(offsets, np.int64, count + 1) if offsets and count else np.zeros(count + 1, np.int64)
    digits = pa.py_buffer(hexlify(data) if data else b"")
    text = pa.Array.from_buffers(pa.large_string(), count, [valid, pa.py_buffer(begins.tobytes()), digits])
    return text.slice(values.offset).cast(pa.string())


def _of_lists(array: pa.Array) -> pa.Array:
    if pa.types.is_nested(array.type.value_type):
        return _of_others(array)
    if pa.types.is_fixed_size_list(array.type):
        array = array.cast(pa.list_(array.type.value_type))
    inside = identities(array.values)
    # Offsets of a slice still point into all values, and so do they here.
    kind = pa.LargeListArray if pa.types.is_large_list(array.type) else pa.ListArray
    lists = kind.from_arrays(array.offsets, inside).to_pylist()
    absent = array.is_null().to_pylist()
    held = [None if null else json.dumps(items, ensure_ascii=False) for items, null in zip(lists, absent, strict=True)]
    return pa.array(held, pa.string())


def _of_others(array: pa.Array) -> pa.Array:
    if isinstance(array.type, pa.BaseExtensionType) and array.type.extension_name == "arrow.json":
        return pa.array([_of_json(text) for text in array.storage.to_pylist()], pa.string())
    if pa.types.is_run_end_encoded(array.type):
        return identities(pc.run_end_decode(array))
    return pa.array([identity(value) for value in array.to_pylist()], pa.string())


def _is_any(*tests: Callable[[pa.DataType], bool]) -> Callable[[pa.DataType], bool]:
    return lambda kind: any(test(kind) for test in tests)


def _of_json(text: str | None) -> str | None:
    """The identity of what a text in JSON stands for; of one that is none, the text."""
    try:
        return identity(None if text is None else json.loads(text, parse_float=Decimal))
    except (ValueError, RecursionError):
        return text


def _has_own(kind: pa.DataType) -> bool:
    return bool(pa.types.is_struct(kind) and kind.get_field_index(OWN_IDENTITY) >= 0)


is_text = _is_any(pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
is_list = _is_any(pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)

BY_TYPE: list[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], pa.Array]]] = [
    (is_text, _of_texts),
    (_is_any(pa.types.is_integer, pa.types.is_null), lambda array: array.cast(pa.string())),
    (pa.types.is_boolean, lambda array: array.cast(pa.int8()).cast(pa.string())),
    (pa.types.is_float16, _of_halves),
    (pa.types.is_floating, _of_floats),
    (pa.types.is_decimal, _of_decimals),
    (_is_any(pa.types.is_timestamp, pa.types.is_time, pa.types.is_date), _of_moments),
    (pa.types.is_duration, _of_durations),
    (_is_any(pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary), _of_bytes),
    (is_list, _of_lists),
    (_has_own, lambda array: pc.struct_field(array, OWN_IDENTITY)),
]
"""By type: how a column is written; the values of other types one by one."""
