"""Columns of every type that Parquet and SQL bring, made comparable."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamplighter.core.drift.columns import NULL, Undecided, check, check_categories, encode, numeric_values

NUMBERS = {
    "int64": pd.Series([1, 2]),
    "bool": pd.Series([True, False]),
    "nullable int": pd.Series([1, None], dtype="Int64"),
    "nullable float": pd.Series([1.5, None], dtype="Float64"),
    "nullable bool": pd.Series([True, None], dtype="boolean"),
    "arrow int": pd.Series([1, None], dtype="int64[pyarrow]"),
    "arrow float": pd.Series([1.5, None], dtype="double[pyarrow]"),
    "objects": pd.Series([1, 2.5, None], dtype=object),
    "decimals": pd.Series([Decimal("1.5"), None], dtype=object),
    "all null": pd.Series([None, None], dtype=object),
}

NOT_NUMBERS = {
    "text": (pd.Series(["1", "2"]), "text"),
    "arrow text": (pd.Series(["1", None], dtype="string[pyarrow]"), "text"),
    "mixed": (pd.Series(["a", 1.5], dtype=object), "values of several types"),
    "dates": (pd.Series(pd.date_range("2013-01-01", periods=2)), "dates"),
    "categories": (pd.Series(["a", "b"], dtype="category"), "categories"),
    "complex": (pd.Series([1j]), "something else"),
}

VALUES = st.one_of(st.integers(-3, 3), st.sampled_from([0.0, 1.0, 2.5]), st.booleans(), st.sampled_from(["", "1", "a"]))


@pytest.mark.parametrize("series", NUMBERS.values(), ids=NUMBERS)
def test_numbers_keep_value_and_null(series: pd.Series) -> None:
    found = numeric_values(series)

    assert isinstance(found.dtype, np.dtype)
    expected = [np.nan if pd.isna(value) else float(value) for value in series]
    np.testing.assert_array_equal(found.to_numpy(dtype=float), expected)


@pytest.mark.parametrize(("series", "words"), NOT_NUMBERS.values(), ids=NOT_NUMBERS)
def test_other_values_are_refused_in_plain_words(series: pd.Series, words: str) -> None:
    with pytest.raises(Undecided, match=f"^holds {words}, not numbers$"):
        numeric_values(series)


@given(st.lists(VALUES, min_size=1), st.lists(VALUES, min_size=1))
def test_codes_are_equal_where_values_are(left: list[object], right: list[object]) -> None:
    coded = encode(pd.Series(left, dtype=object), pd.Series(right, dtype=object))

    codes = np.concatenate(coded.codes)
    values = [*left, *right]
    assert [[a == b for a in codes] for b in codes] == [[a == b for a in values] for b in values]
    assert [coded.values[code] for code in codes] == values


def test_nulls_and_infinities_have_no_code() -> None:
    coded = encode(
        pd.Series([1.0, None, float("inf")]),
        pd.Series([1, pd.NA], dtype="Int64"),
        pd.Series(["a", None], dtype="category"),
    )

    assert [codes.tolist() for codes in coded.codes] == [[0, NULL, NULL], [0, NULL], [2, NULL]]


def test_lists_cannot_be_counted() -> None:
    with pytest.raises(Undecided, match="lists"):
        encode(pd.Series([[1], [2]]))


CHECKS = {
    "in both": (["a"], ["a"], None),
    "only current": ([], ["a"], "not in the reference"),
    "only reference": (["a"], [], "not in the current window"),
    "twice": (["a"], ["a", "a"], "several columns have this name in the current window"),
}


@pytest.mark.parametrize(("reference", "current", "reason"), CHECKS.values(), ids=CHECKS)
def test_a_column_is_looked_for_on_both_sides(reference: list[str], current: list[str], reason: str | None) -> None:
    frames = [pd.DataFrame([[1] * len(names)], columns=names) for names in (reference, current)]

    if reason is None:
        check(*frames, "a")
        return
    with pytest.raises(Undecided, match=f"^{reason}$"):
        check(*frames, "a")


CATEGORIES = {
    "few values of few rows": (20, 20, False),
    "names of rows": (21, 21, True),
    "names of many rows": (5000, 5000, True),
    "enough rows for each": (1000, 5000, False),
    "not quite enough": (1001, 5000, True),
}


@pytest.mark.parametrize(("values", "rows", "crowded"), CATEGORIES.values(), ids=CATEGORIES)
def test_values_of_hardly_a_row_each_are_no_categories(values: int, rows: int, crowded: bool) -> None:
    codes = pd.Series(np.arange(rows) % values)

    if not crowded:
        check_categories(codes)
        return
    with pytest.raises(Undecided, match=r"^too many values to be categories$"):
        check_categories(codes)
