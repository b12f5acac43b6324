"""Profiles against numpy, and against themselves when they are merged."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lamplighter.core.profiles.profile import (
    ACCURACY,
    MOST_CATEGORIES,
    Bounds,
    ColumnProfile,
    categorical_profile,
    merge,
    numeric_profile,
)

numbers = st.floats(-1e9, 1e9) | st.sampled_from([0.0, 1e-13, -1e-13, math.nan, math.inf, -math.inf])
columns = arrays(np.float64, st.integers(0, 60), elements=numbers)


def of(*values: float, bounds: Bounds | None = None) -> ColumnProfile:
    return numeric_profile("x", np.array(values, dtype=np.float64), bounds)


def test_counts_and_moments_by_hand() -> None:
    profile = of(1, 2, 3, 6, math.nan, math.inf, -math.inf)
    assert (profile.rows, profile.nulls, profile.infinite, profile.present) == (7, 1, 2, 4)
    assert (profile.minimum, profile.maximum, profile.mean, profile.squares) == (1, 6, 3, 14)
    assert profile.deviation == pytest.approx(math.sqrt(14 / 3))


@pytest.mark.parametrize(
    ("values", "n"),
    [
        pytest.param((), 0, id="no rows"),
        pytest.param((math.nan,), 1, id="nulls"),
        pytest.param((math.inf,), 1, id="inf"),
    ],
)
def test_a_column_without_a_finite_value(values: tuple[float, ...], n: int) -> None:
    profile = of(*values)
    assert (profile.rows, profile.present) == (n, 0)
    assert math.isnan(profile.deviation)
    assert math.isnan(profile.quantile(0.5))
    assert profile.as_bounds() is None


def test_one_value_has_no_deviation() -> None:
    assert math.isnan(of(3).deviation)
    assert of(3).quantile(0.99) == 3


@settings(max_examples=200, deadline=None)
@given(columns, st.floats(0, 1))
def test_moments_and_quantiles_against_numpy(values: np.ndarray, q: float) -> None:
    profile = numeric_profile("x", values)
    finite = np.sort(values[np.isfinite(values)])
    assert (profile.rows, profile.present) == (len(values), len(finite))
    if not len(finite):
        return
    assert profile.mean == pytest.approx(finite.mean(), rel=1e-12, abs=1e-12 * np.abs(finite).max())
    assert (profile.minimum, profile.maximum) == (finite[0], finite[-1])
    exact = finite[int(q * (len(finite) - 1))]
    assert abs(profile.quantile(q) - exact) <= abs(exact) * ACCURACY * 1.000001 + 1e-12


@settings(max_examples=150, deadline=None)
@given(st.lists(columns, min_size=1, max_size=4))
def test_merged_parts_are_the_whole(parts: list[np.ndarray]) -> None:
    bounds = Bounds(-1.0, 1.0, -2.0, 2.0)
    whole = numeric_profile("x", np.concatenate(parts), bounds)
    merged = merge(numeric_profile("x", part, bounds) for part in parts)
    counts = ("rows", "nulls", "infinite", "minimum", "maximum", "buckets", "outside", "outliers", "bounds")
    for name in counts:
        assert getattr(merged, name) == getattr(whole, name)
    # Floating point keeps 16 digits of the largest value.
    largest = max(1.0, abs(whole.minimum), abs(whole.maximum)) if whole.present else 1.0
    assert merged.mean == pytest.approx(whole.mean, abs=1e-12 * largest)
    assert merged.squares == pytest.approx(whole.squares, rel=1e-9, abs=1e-12 * largest**2)


@pytest.mark.parametrize(
    ("values", "fences"),
    [
        pytest.param((1, 2, 3, 4, 5), (2 - 6, 4 + 6), id="three times the quartiles' distance, 2"),
        pytest.param((1, 1, 1, 1, 9), (None, None), id="quartiles coincide"),
    ],
)
def test_bounds_of_a_reference(values: tuple[float, ...], fences: tuple[float | None, float | None]) -> None:
    bounds = of(*values).as_bounds()
    assert bounds is not None
    assert (bounds.minimum, bounds.maximum) == (min(values), max(values))
    assert (bounds.lower_fence, bounds.upper_fence) == pytest.approx(fences, abs=0.2)


def test_what_lies_outside_by_hand() -> None:
    profile = of(-3, -1, 0, 1, 2, 9, math.nan, math.inf, bounds=Bounds(-1.0, 1.0, -2.5, 2.5))
    assert (profile.outside, profile.outliers) == (3, 2)  # -3, 2 and 9; -3 and 9
    assert of(5, bounds=Bounds(0.0, 1.0, None, None)).outliers == 0


def test_categories_merge_in_the_same_order_whichever_comes_first() -> None:
    a, b = categorical_profile("c", {"y": 2, "x": 1}, nulls=1), categorical_profile("c", {"z": 1, "x": 3}, nulls=0)
    assert list(merge([a, b]).categories.items()) == [("x", 4), ("y", 2), ("z", 1)]
    assert merge([a, b]) == merge([b, a])
    assert (merge([a, b]).rows, merge([a, b]).present) == (8, 7)


def test_a_column_with_too_many_categories_holds_none() -> None:
    many = {str(i): 1 for i in range(MOST_CATEGORIES)}
    full = categorical_profile("c", many, nulls=0)
    assert not full.crowded
    for crowded in (
        categorical_profile("c", many | {"one more": 1}, nulls=0),
        merge([full, categorical_profile("c", {"a": 1}, 0)]),
    ):
        assert (crowded.crowded, crowded.categories, crowded.rows) == (True, {}, MOST_CATEGORIES + 1)


def test_a_private_column_keeps_counts_alone() -> None:
    profile = of(1, 2, math.nan, math.inf, bounds=Bounds(0.0, 1.0, None, None)).without_values()
    assert (profile.rows, profile.nulls, profile.infinite, profile.present) == (4, 1, 1, 2)
    assert (profile.minimum, profile.mean, profile.buckets, profile.bounds) == (math.inf, 0.0, {}, None)
    assert math.isnan(profile.quantile(0.5))
    assert profile.as_bounds() is None


def test_days_under_two_references_merge_into_a_profile_that_is_held_against_none() -> None:
    narrow, wide = Bounds(0.0, 1.0, -3.0, 4.0), Bounds(0.0, 9.0, -27.0, 36.0)
    days = [of(1, 5, bounds=narrow), of(7, 40, bounds=wide), of(2, bounds=narrow)]
    assert merge(days) == merge([of(1, 5), of(7, 40), of(2)])
    assert merge(days[::2]).outside == 2


@pytest.mark.parametrize(
    "profiles",
    [
        pytest.param([], id="none"),
        pytest.param([of(1), numeric_profile("y", np.array([1.0]))], id="two columns"),
        pytest.param([of(1), categorical_profile("x", {}, 0)], id="two kinds"),
    ],
)
def test_what_cannot_be_merged(profiles: list[ColumnProfile]) -> None:
    with pytest.raises(ValueError, match=r"no profile|do not describe"):
        merge(profiles)


def test_the_largest_numbers_have_quantiles_and_a_mean() -> None:
    largest = np.finfo(float).max
    profile = numeric_profile("x", np.array([largest, largest, -largest]))
    assert profile.quantile(0.5) == pytest.approx(largest, rel=0.01)
    assert profile.mean == pytest.approx(largest / 3)
