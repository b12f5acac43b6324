"""Lists of items, however they were written."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.items import read_items
from lamplighter.core.quality.rankers import ranking
from lamplighter.core.records.measurement import State

TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"])))
NUMBERS = st.lists(st.integers(-(2**62), 2**62), max_size=20)


@given(TEXTS)
def test_texts_read_the_same_from_json_and_python(items: list[str]) -> None:
    assert read_items(json.dumps(items)) == read_items(str(items)) == read_items(items) == items


@given(NUMBERS)
def test_whole_numbers_read_the_same_from_whatever_wrote_them(items: list[int]) -> None:
    wanted = [str(item) for item in items]
    writers = (json.dumps, str, lambda it: str([np.int64(item) for item in it]), lambda it: str(np.array(it, np.int64)))
    assert [read_items(write(items)) for write in writers] == [wanted] * 4
    assert read_items(items) == read_items(np.array(items)) == read_items(tuple(items)) == wanted


@pytest.mark.parametrize(
    ("cell", "items"),
    [
        ("[1. 2.5]", ["1", "2.5"]),
        ("['a' 'b c']", ["a", "b c"]),
        ("[None, 'a', nan, True]", ["a", "1"]),
        ("[a, b]", ["a", "b"]),
        ([b"x", date(2025, 3, 1), 2**60 + 1], ["78", "2025-03-01", str(2**60 + 1)]),
        ("a, b", ["a, b"]),
        ("", [""]),
        (7.0, ["7"]),
    ],
)
def test_read(cell, items) -> None:
    assert read_items(cell) == items


UNREADABLE = [
    "[1, 2",
    "['a'",
    "[1 2 ... 9]",
    "[[1], [2]]",
    "[{'a': 1}]",
    '[{"a": 1}]',
    [{"a": 1}],
    [[1]],
    {"a": 1},
    "[" * 9999,
]


@pytest.mark.parametrize("cell", UNREADABLE, ids=range(len(UNREADABLE)))
def test_unreadable_lists_cost_their_rows_alone(cell) -> None:
    assert read_items(cell) is None
    options = {"groupings": [Grouping.overall(3)], "state": State.FINAL}
    found = {m.metric: m for m in ranking(["a", "b", "a"], [["a"], ["c", "b"], cell], **options) if not m.klass}
    assert (found["mrr"].value, found["mrr"].n) == (0.75, 2)
    none = ranking(["a"] * 3, [cell] * 3, **options)
    assert {(m.value, m.reason) for m in none} == {(None, "no list can be read; log a list of item ids")}


def test_items_and_truth_of_other_types_meet() -> None:
    options = {"groupings": [Grouping.overall(4)], "state": State.FINAL}
    found = ranking(["12", 15.0, [2**53 + 1], True], [[12], "[1 15]", [float(2**53), 2**53 + 1], ["1"]], **options)
    assert next(m.value for m in found if m.metric == "mrr") == (1 + 1 / 2 + 1 / 2 + 1) / 4
