"""One value is one value, whatever holds it; and two values are two."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.core.values.identity import identities, identity
from lamplighter.core.values.plain import plain_identity

BIG = 2**53
D = decimal.Decimal
NOON = dt.datetime(2025, 3, 1, 12, 0, 0, 1200)
AWARE = dt.datetime(2025, 3, 1, 12, tzinfo=dt.UTC)

SAME = {
    "one": ("1", [pa.array([True]), pa.array([1], pa.int8()), pa.array([1.0]), pa.array([D("1.00")]), pa.array(["1"])]),
    "one of any width": ("1", [pa.array([1], kind) for kind in (pa.uint64(), pa.float32(), pa.float16())]),
    "beyond 2 ** 53": (str(BIG + 1), [pa.array([BIG + 1]), pa.array([D(BIG + 1)]), pa.array([BIG + 1], pa.uint64())]),
    "beyond int64": (str(2**63), [pa.array([2**63], pa.uint64()), pa.array([2.0**63]), pa.array([D(2**63)])]),
    "no sign of zero": ("0", [pa.array([-0.0]), pa.array([0]), pa.array([D("-0.0")]), pa.array([False])]),
    "a tenth": ("0.1", [pa.array([0.1], kind) for kind in (pa.float16(), pa.float32(), pa.float64())]),
    "a widened tenth": ("0.1", [pa.array([float(np.float32(0.1))]), pa.array([D("0.10")]), pa.array(["0.1"])]),
    "small": ("1e-07", [pa.array([1e-7]), pa.array([D("0.0000001")]), pa.array([float(np.float32(1e-7))])]),
    "large": ("1e+20", [pa.array([1e20]), pa.array([D(10**20)])]),
    "binary fraction": ("0.0001220703125", [pa.array([1 / 8192]), pa.array([1 / 8192], pa.float32())]),
    "text": ("a", [pa.array(["a"], kind) for kind in (pa.string(), pa.large_string(), pa.string_view())]),
    "category": ("a", [pa.array(["b", "a"]).dictionary_encode().slice(1)]),
    "category of numbers": ("1.5", [pa.array([2.5, 1.5]).dictionary_encode().slice(1), pa.array([1.5])]),
    "day": ("2025-03-01", [pa.array([NOON.date()]), pa.array([NOON.date()], pa.date64()), pa.array(["2025-03-01"])]),
    "moment": ("2025-03-01 12:00:00.0012", [pa.array([NOON], pa.timestamp(unit)) for unit in ("us", "ns")]),
    "instant": (
        "2025-03-01 12:00:00+00:00",
        [pa.array([AWARE], pa.timestamp("s", "UTC")), pa.array([AWARE], pa.timestamp("ns", "Asia/Kolkata"))],
    ),
    "bytes": ("6101", [pa.array([b"a\x01"]), pa.array([b"a\x01"], pa.binary(2)), pa.array(["6101"])]),
    "empty bytes": ("", [pa.array([b""]), pa.array([b""], pa.large_binary()), pa.array([""])]),
    "duration": ("90.5 s", [pa.array([dt.timedelta(seconds=90.5)], pa.duration(unit)) for unit in ("ms", "us", "ns")]),
    "list": ('["1", null]', [pa.array([[1, None]]), pa.array([[1.0, None]], pa.large_list(pa.float32()))]),
    "fixed list": ('["1", "2"]', [pa.array([[1, 2]], pa.list_(pa.int8(), 2)), pa.array([["1", "2"]])]),
    "object": ('{"a": "1", "b": null}', [pa.array([{"b": None, "a": True}]), pa.array([{"a": 1.0, "b": None}])]),
    "uuid": (str(uuid.UUID(int=7)), [pa.array([uuid.UUID(int=7)]), pa.array([str(uuid.UUID(int=7))])]),
}


@pytest.mark.parametrize(("wanted", "columns"), SAME.values(), ids=SAME)
def test_what_holds_a_value_does_not_matter(wanted: str, columns: list[pa.Array]) -> None:
    for column in columns:
        with_null = pa.chunked_array([pa.nulls(1, column.type), column, column])
        assert identities(column).to_pylist() == [wanted], column.type
        assert identities(with_null).to_pylist() == [None, wanted, wanted], column.type
        assert identity(column.to_pylist()[0]) == wanted or pa.types.is_floating(column.type), column.type


@pytest.mark.parametrize("column", [pa.array([None, float("nan")]), pa.nulls(2), pa.array([D("1"), None]).slice(1)])
def test_nothing_is_null(column: pa.Array) -> None:
    assert identities(column).null_count == len(column)
    assert identity(float("nan")) is identity(None) is identity(np.datetime64("NaT")) is identity(D("NaN")) is None


LONGEST = dt.timedelta(days=10**8)


def test_an_object_of_a_database_is_the_structure_of_a_file() -> None:
    json = pa.array(['{"b": null, "a": 1.0}', None, '[9007199254740993, "x"]', "no JSON"]).cast(pa.json_())
    assert identities(json.slice(0, 2)).equals(identities(pa.array([{"a": 1, "b": None}, None])))
    assert identities(json.slice(2)).to_pylist() == ['["9007199254740993", "x"]', "no JSON"]


@given(
    st.lists(st.none() | st.binary(max_size=5)),
    st.lists(st.none() | st.timedeltas(-LONGEST, LONGEST)),
    st.integers(0, 3),
)
def test_bytes_and_durations_agree_with_values(held: list, spans: list, begin: int) -> None:
    for values, kind in ((held, pa.binary()), (held, pa.large_binary()), (spans, pa.duration("us"))):
        found = identities(pa.array(values, kind).slice(begin)).to_pylist()
        assert found == [identity(value) for value in values[begin:]]


NUMBERS = st.one_of(
    st.floats(allow_nan=False), st.floats(width=32, allow_nan=False), st.integers(-(2**60), 2**60).map(float)
)


@given(st.lists(NUMBERS))
def test_floats_read_back_as_themselves_and_columns_agree_with_values(values: list[float]) -> None:
    found = identities(pa.array(values, pa.float64())).to_pylist()
    assert found == [identity(value) for value in values]
    for value, written in zip(values, found, strict=True):
        # The oracles: Python's shortest digits, and numpy's of a float32.
        assert float(written) == value or float(np.float32(written)) == value
        assert len(written.strip("-")) <= 24
        # A double that no float of 32 bits was widened to keeps its digits, however few they are.
        if len(repr(value)) < 15 and not value.is_integer() and float(np.float32(value)) != value:
            assert written == repr(value)


@given(st.lists(st.floats(width=32, allow_nan=False)))
def test_a_float32_is_the_double_that_it_is_widened_to(values: list[float]) -> None:
    assert identities(pa.array(values, pa.float32())) == identities(pa.array(values, pa.float64()))


@given(st.lists(st.integers(-(2**63), 2**63 - 1)), st.integers(0, 6))
def test_whole_numbers_keep_their_digits(values: list[int], zeros: int) -> None:
    wanted = [str(value) for value in values]
    assert identities(pa.array(values, pa.int64())).to_pylist() == wanted
    decimals = pa.array([D(value).scaleb(0) for value in values], pa.decimal128(38, zeros))
    assert identities(decimals).to_pylist() == wanted


@given(st.lists(st.decimals(-(10**12), 10**12, places=9)))
def test_decimals_are_the_floats_of_the_same_digits(values: list[D]) -> None:
    found = identities(pa.array(values, pa.decimal128(30, 9))).to_pylist()
    assert found == [identity(value) for value in values]
    for value, written in zip(values, found, strict=True):
        assert D(written) == value
        if len(value.normalize().as_tuple().digits) <= 15:
            assert written == identity(float(value))


def test_repeated_values_are_written_once_and_alike() -> None:
    few = pa.array(np.tile([0.1, 2.0, float("nan"), 1e-9], 4000))
    assert identities(few).to_pylist()[:8] == ["0.1", "2", None, "1e-09"] * 2


def test_text_that_is_no_text_can_be_stored() -> None:
    raw = b"ok\xed\xa0\x80"
    offsets = pa.array([0, 2, 5], pa.int32()).buffers()[1]
    broken = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(raw)])
    assert identities(broken).to_pylist() == ["ok", "\\xed\\xa0\\x80"]
    assert identity("\ud800") == "\\ud800"


@pytest.mark.parametrize("digits", range(1, 8))
def test_a_float_of_either_width_is_the_number_that_was_written(digits: int) -> None:
    random = np.random.default_rng(digits)
    numbers = random.integers(10 ** (digits - 1), 10**digits, 2000) / 10.0 ** random.integers(1, digits + 4, 2000)
    doubles = pa.array(numbers.round(digits + 4))
    narrow = doubles.cast(pa.float32(), safe=False)
    wanted = [repr(value) if value % 1 else str(int(value)) for value in doubles.to_pylist()]
    for column in (doubles, narrow, narrow.cast(pa.float64())):
        assert identities(column).to_pylist() == wanted


def test_doubles_that_a_float_holds_and_needs_more_digits_for_stay_apart() -> None:
    assert identities(pa.array([2097151.125, 2097151.1, 0.333251953125])).to_pylist() == [
        "2097151.125", "2097151.1", "0.333251953125",
    ]  # fmt: skip


@pytest.mark.parametrize("value", [True, False, 0, -7, 2**70, "", "late", "1", "größe", "\ud800"])
def test_what_a_monitor_names_is_what_a_table_holds(value: str | int) -> None:
    assert plain_identity(value) == identity(value)
