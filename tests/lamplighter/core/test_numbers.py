"""Numbers for people: as Python's own format, but without exponents and with thousands; read back they are as near."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.core.numbers import EXACT, FEWEST, MOST, number_text

FINITE = st.floats(allow_nan=False, allow_infinity=False)
USUAL = st.floats(FEWEST, MOST, exclude_max=True) | st.floats(-MOST, -FEWEST, exclude_min=True)


def read(text: str) -> float:
    return float(text.replace(",", ""))


@given(FINITE, st.integers(1, 15))
def test_what_is_shown_is_as_near_as_so_many_digits_can_be(value: float, digits: int) -> None:
    rounded = float(f"{value:.{digits}g}")
    assert abs(read(number_text(value, digits)) - value) <= abs(rounded - value) * (1 + 1e-9)


@given(USUAL, st.integers(1, 15))
def test_a_number_of_usual_size_has_no_exponent_and_no_more_digits_than_it_takes(value: float, digits: int) -> None:
    text = number_text(value, digits)
    assert "e" not in text
    whole, _, decimals = text.lstrip("-").partition(".")
    assert not decimals.endswith("0")
    if decimals:
        assert len((whole.replace(",", "") + decimals).lstrip("0")) <= digits


@given(st.integers(-int(EXACT) + 1, int(EXACT) - 1))
def test_a_whole_number_is_exact_and_has_thousands(value: int) -> None:
    assert number_text(float(value)) == number_text(value) == f"{value:,}"


@given(FINITE, st.integers(1, 15))
def test_a_sign_is_all_that_a_sign_adds(value: float, digits: int) -> None:
    text = number_text(value, digits)
    assert number_text(value, digits, sign=True) == (f"+{text}" if value > 0 else text)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (911.5, 4, "911.5"),
        (2.327e4, 4, "23,270"),
        (999.96, 4, "1,000"),
        (999999.5, 4, "1,000,000"),
        (1234.56, 4, "1,235"),
        (123456.7, 4, "123,457"),
        (0.99996, 4, "1"),
        (0.00009999, 4, "9.999e-05"),
        (0.0001, 4, "0.0001"),
        (-0.0, 4, "0"),
        (1e15, 4, "1e+15"),
        (math.nan, 4, "nan"),
        (-math.inf, 4, "-inf"),
        (88.2, 3, "88.2"),
        (1234.5, 3, "1,234"),
    ],
)
def test_by_hand(value: float, digits: int, text: str) -> None:
    assert number_text(value, digits) == text
