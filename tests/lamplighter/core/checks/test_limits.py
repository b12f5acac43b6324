"""The arithmetic of every form, against numpy, scipy and plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lamplighter.core.monitor.check_forms import FORMS
from lamplighter.core.monitor.check_limits import (
    Limit,
    interval_of_many,
    mean_and_deviation,
    mean_of,
    median_of,
    quantile,
    sigmas_of_many,
    tail_of_many,
    theil_sen,
)
from tests.lamplighter.core.checks.oracles import ORACLES

numbers = st.floats(-1e6, 1e6).map(lambda value: round(value, 6))
pasts = st.lists(numbers, min_size=1, max_size=40)


@given(pasts, st.floats(0, 1))
def test_quantile(values: list[float], share: float) -> None:
    assert quantile(values, share) == pytest.approx(float(np.quantile(values, share)), rel=1e-9, abs=1e-9)


@given(st.lists(numbers, min_size=2, max_size=40))
def test_mean_deviation_and_median(values: list[float]) -> None:
    mean, deviation = mean_and_deviation(values)
    assert mean == pytest.approx(float(np.mean(values)), rel=1e-9, abs=1e-9)
    assert deviation == pytest.approx(float(np.std(values, ddof=1)), rel=1e-6, abs=1e-6)
    assert median_of(values) == pytest.approx(float(np.median(values)), rel=1e-12, abs=1e-12)


@given(numbers, st.integers(1, 50))
def test_equal_values_have_exactly_their_value_as_mean_and_no_deviation(value: float, count: int) -> None:
    assert mean_and_deviation([value] * count) == (value, 0.0)
    assert mean_of([value] * count) == value


@given(st.lists(numbers, min_size=3, max_size=25))
def test_the_slope_of_theil_and_sen(values: list[float]) -> None:
    days = [float(day) for day in range(len(values))]
    found = theil_sen(days, values)
    slopes = [(values[j] - values[i]) / (j - i) for i in range(len(values)) for j in range(i + 1, len(values))]
    assert found.value == pytest.approx(float(np.median(slopes)), rel=1e-9, abs=1e-9)
    theirs = stats.theilslopes(values, days, alpha=0.95)
    assert (found.lower, found.upper) == pytest.approx((theirs.low_slope, theirs.high_slope), rel=1e-9, abs=1e-9)


def test_one_bad_day_makes_no_slope() -> None:
    flat = [0.8] * 7
    assert theil_sen(range(7), flat).value == 0
    assert abs(theil_sen(range(7), [*flat[:6], 0.2]).value) < 1e-12
    assert np.polyfit(range(7), [*flat[:6], 0.2], 1)[0] < -0.06


def test_many_are_held_to_the_level_of_one() -> None:
    """Each of sixteen normal values is beyond the corrected limit in a sixteenth of the share of one."""
    one, many = (2 * stats.norm.sf(sigmas_of_many(3.0, count)) for count in (1, 16))
    assert many == pytest.approx(one / 16)
    assert tail_of_many(0.05, 16) == pytest.approx(0.05 / 16)
    lower, upper = interval_of_many(0.0, -stats.norm.isf(0.025), stats.norm.isf(0.025), 16)
    assert (lower, upper) == pytest.approx((-stats.norm.isf(0.025 / 16), stats.norm.isf(0.025 / 16)))
    assert sigmas_of_many(60.0, 16) == 60.0


@pytest.mark.parametrize("key", FORMS)
def test_the_limit_of_every_form(key: str) -> None:
    assert ORACLES[key]
    for given_, basis, (low, high) in ORACLES[key]:
        found = FORMS[key].limit(given_, basis)
        for bound, expected in ((found.low, low), (found.high, high)):
            assert bound is None if expected is None else bound == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(numbers, st.none() | numbers, st.none() | numbers)
def test_a_value_is_beyond_what_a_plain_comparison_says(value: float, low: float | None, high: float | None) -> None:
    limit = Limit(low, high)
    assert limit.is_beyond(value) == ((low is not None and value < low) or (high is not None and value > high))
    nearest = limit.nearest(value)
    bounds = [bound for bound in (low, high) if bound is not None]
    assert (nearest is None) == (not bounds)
    assert nearest is None or abs(value - nearest) == min(abs(value - bound) for bound in bounds)


@given(st.tuples(numbers, numbers).map(sorted), st.none() | numbers, st.none() | numbers)
def test_an_interval_is_surely_beyond_where_all_of_it_is(
    bounds: list[float], low: float | None, high: float | None
) -> None:
    limit = Limit(low, high)
    inside = [value for value in np.linspace(*bounds, 11) if not limit.is_beyond(float(value))]
    if limit.is_surely_beyond(*bounds):
        assert not inside
    elif low is None or high is None:
        assert inside
