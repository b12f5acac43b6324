"""Values of the user's columns: what the files of different days have in common."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from storage.sources.types import common_type, united

LISTS = [["tea", "milk"], []]


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        pytest.param(
            pa.list_(pa.string()), pa.large_list(pa.large_string()), pa.large_list(pa.large_string()), id="large"
        ),
        pytest.param(pa.list_(pa.null()), pa.list_(pa.string()), pa.large_list(pa.string()), id="empty lists"),
        pytest.param(pa.list_(pa.int64()), pa.list_(pa.float64()), pa.large_list(pa.float64()), id="numbers in lists"),
        pytest.param(pa.list_(pa.string(), 2), pa.list_(pa.string()), pa.large_list(pa.string()), id="fixed size"),
        pytest.param(pa.list_(pa.int64()), pa.list_(pa.string()), None, id="other kinds in lists"),
        pytest.param(pa.list_(pa.string()), pa.string(), None, id="lists and text"),
        pytest.param(pa.uint64(), pa.int64(), pa.float64(), id="more than the largest"),
        pytest.param(pa.uint32(), pa.int8(), pa.int64(), id="whole numbers"),
    ],
)
def test_the_type_of_both(one: pa.DataType, other: pa.DataType, common: pa.DataType | None) -> None:
    assert common_type(one, other) == common
    assert common_type(other, one) == common


@pytest.mark.parametrize(
    ("first", "second", "values"),
    [
        pytest.param(
            pa.array(LISTS, pa.list_(pa.string())),
            pa.array(LISTS, pa.large_list(pa.large_string())),
            [*LISTS, *LISTS],
            id="lists",
        ),
        pytest.param(pa.array([[], []]), pa.array(LISTS), [[], [], *LISTS], id="empty lists"),
        pytest.param(pa.array([Decimal("1.50")]), pa.array([None, Decimal("2.5")]), [1.5, None, 2.5], id="decimals"),
        pytest.param(pa.array([2**64 - 1], pa.uint64()), pa.array([1]), [float(2**64), 1.0], id="large numbers"),
        pytest.param(pa.array(["a"]).dictionary_encode(), pa.array(["b"]), ["a", "b"], id="categories"),
    ],
)
def test_tables_of_days_that_wrote_other_types(first: pa.Array, second: pa.Array, values: list[Any]) -> None:
    joined = united([pa.table({"column": first}), pa.table({"column": second})])
    assert joined["column"].to_pylist() == values


def test_lists_beside_text_are_the_json_that_a_ranking_reads() -> None:
    joined = united([pa.table({"column": LISTS}), pa.table({"column": ['["milk"]']})])
    assert [json.loads(text) for text in joined["column"].to_pylist()] == [*LISTS, ["milk"]]
