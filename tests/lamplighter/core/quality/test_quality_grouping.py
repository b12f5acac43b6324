"""Cutting rows into groups."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.core.quality.grouping import Grouping


@pytest.mark.parametrize(
    ("values", "options", "names", "codes"),
    [
        pytest.param([], {}, [], [], id="no rows"),
        pytest.param(["b", "a", "b"], {}, ["c=b", "c=a"], [0, 1, 0], id="most frequent first"),
        pytest.param(["b", "a"], {}, ["c=a", "c=b"], [1, 0], id="ties by name"),
        pytest.param([None, "a", np.nan], {}, ["c=a", "c=null"], [1, 0, 1], id="nulls"),
        pytest.param(["null", None], {}, ['c="null"', "c=null"], [0, 1], id="the text null is not null"),
        pytest.param(list("aabbc"), {"largest": 1}, ["c=a", "c=other"], [0, 0, 1, 1, 1], id="the rest"),
        pytest.param(["other", "a"], {"largest": 5}, ["c=a", 'c="other"'], [1, 0], id="a value called other"),
        pytest.param(["a", "b", "other"], {"largest": 1}, ["c=a", "c=other"], [0, 1, 1], id="other among the rest"),
        pytest.param([1, "1", 2], {}, ["c=1", "c=2"], [0, 0, 1], id="read the same, are the same"),
        pytest.param(["", "2", None], {"by": "version"}, ['""', "2", "null"], [0, 1, 2], id="an empty version"),
        pytest.param(["", " a", "a", "a\0"], {}, ['c=""', 'c=" a"', "c=a", 'c="a\\u0000"'], [0, 1, 2, 3], id="unseen"),
        pytest.param(np.array([2.5, np.nan]), {}, ["c=2.5", "c=null"], [0, 1], id="numbers"),
    ],
)
def test_groups_of_a_column(values, options, names, codes):
    found = Grouping.of("c", values, **options)
    assert (found.names, found.codes.tolist()) == (names, codes)


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(-5, 5))))
def test_sums_over_groups_equal_sums_of_their_members(rows):
    codes, values = (np.array([row[part] for row in rows], int) for part in (0, 1))
    grouping = Grouping(list("abcd"), codes)
    parts = [values[codes == code] for code in range(4)]
    assert [part.tolist() for part in (values[rows] for rows in grouping.members)] == [part.tolist() for part in parts]
    assert grouping.count.tolist() == [len(part) for part in parts]
    assert grouping.total(values).tolist() == [part.sum() for part in parts]
    spread = [part.var(ddof=1) if len(part) > 1 else np.nan for part in parts]
    np.testing.assert_allclose(grouping.variance(values.astype(float)), spread, atol=1e-12)


def test_a_group_may_become_empty_but_keeps_its_name():
    some = Grouping.of("c", ["a", "b", "a"]).rows(np.array([True, False, True]))
    assert (some.names, some.count.tolist()) == (["c=a", "c=b"], [2, 0])


@pytest.mark.filterwarnings("error")
def test_squares_beyond_all_floats_are_an_infinite_spread_and_no_warning():
    assert Grouping.overall(3).variance(np.array([1e300, 0.5, -1e308])).tolist() == [np.inf]
