"""One column of two frames, brought to a form in which its values can be compared.

Frames come from Parquet and SQL, so a column may be a numpy, nullable, Arrow, categorical or object one, and need not
be of the same type on both sides. Numbers become numpy numbers; categories become small integer codes that both
sides share. Equal codes mean equal values as Python's ``==`` sees them (``1``, ``1.0`` and ``True`` are one category),
which is how Evidently counts them too. Codes sum in the same order in every process, where the order of a set of
strings, and with it the last digit of a score, hangs on the hash seed.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Codes = npt.NDArray[np.intp]

FEWEST_ROWS = 5
"""Rows that a category has on average, at least: with fewer a count of them says nothing (Cochran 1954)."""

FEW_CATEGORIES = 20
"""Categories that are never too many; a reference of some dozen rows may hold as many."""

NULL = -1
"""Code of a null, and of an infinite value: Evidently drops both."""

NUMBERS = frozenset({"integer", "floating", "mixed-integer-float", "decimal", "boolean", "empty"})
"""What `pandas.api.types.infer_dtype` calls a column whose values are numbers."""

WORDS = {
    "string": "text",
    "mixed": "values of several types",
    "mixed-integer": "values of several types",
    "categorical": "categories",
    "date": "dates",
    "datetime": "dates",
    "datetime64": "dates",
    "bytes": "bytes",
}
"""Plain words for what `pandas.api.types.infer_dtype` finds instead of numbers."""


class Undecided(Exception):
    """The column cannot be compared; the text says why, and holds no value of the data."""


@dataclass(frozen=True, slots=True)
class Coded:
    """Columns of categories as codes over the values that they share.

    Attributes
    ----------
    codes : tuple of arrays of int
        One array a column, `NULL` where there is no value.
    values : list
        The value behind each code, in the order of their first appearance.
    """

    codes: tuple[Codes, ...]
    values: list[Hashable]


def check(reference: pd.DataFrame, current: pd.DataFrame, column: str) -> None:
    """Refuse a column that is missing, or holds no value, on either side.

    Raises
    ------
    Undecided
        With the reason.

    Examples
    --------
    >>> check(pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]}), "a")
    Traceback (most recent call last):
    ...
    lamplighter.core.drift.columns.Undecided: not in the current window
    """
    sides = {"the reference": reference, "the current window": current}
    for side, frame in sides.items():
        if column not in frame:
            raise Undecided(f"not in {side}")
    for side, frame in sides.items():
        if frame.empty:
            raise Undecided(f"no rows in {side}")
    for side, frame in sides.items():
        if frame[column].ndim > 1:
            raise Undecided(f"several columns have this name in {side}")
        if frame[column].isna().all():
            raise Undecided(f"every value is null in {side}")


def numeric_values(series: pd.Series[float]) -> pd.Series[float]:
    """The column as numpy numbers, null where there is none; numpy's own numeric types stay as they are.

    Raises
    ------
    Undecided
        If it holds something else. Digits in a text are text: an order of magnitude may hide in how they are read.

    Examples
    --------
    >>> numeric_values(pd.Series([True, None, False], dtype="boolean")).tolist()
    [1.0, nan, 0.0]
    """
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "iuf":
        return series
    found = pd.api.types.infer_dtype(series, skipna=True)
    if found not in NUMBERS:
        raise Undecided(f"holds {WORDS.get(found, 'something else')}, not numbers")
    return pd.Series(series.to_numpy(dtype="float64", na_value=np.nan), index=series.index, name=series.name)


def encode(*columns: pd.Series[float]) -> Coded:
    """Categories as codes that all the columns share.

    Raises
    ------
    Undecided
        If values cannot be counted, such as lists.

    Examples
    --------
    >>> coded = encode(pd.Series(["AA", "DL", None]), pd.Series(["DL", "UA"]))
    >>> [codes.tolist() for codes in coded.codes], coded.values
    ([[0, 1, -1], [1, 2]], ['AA', 'DL', 'UA'])
    """
    try:
        codes, values = pd.factorize(pd.concat([column.astype(object) for column in columns], ignore_index=True))
    except TypeError:
        raise Undecided("holds lists or other values that cannot be counted") from None
    infinite = [code for code, value in enumerate(values) if isinstance(value, float) and np.isinf(value)]
    codes[np.isin(codes, infinite)] = NULL
    ends = np.cumsum([len(column) for column in columns])[:-1]
    return Coded(tuple(np.split(codes, ends)), list(values))


def check_categories(reference: pd.Series[float]) -> None:
    """Refuse codes of a reference whose values are not categories but names of single rows, or nearly so.

    Two samples of such a column have hardly a value in common, and every test calls that drift. The reference alone
    decides: where it holds categories and the window suddenly does not, that is drift.

    Raises
    ------
    Undecided
        If there are more values than categories can have in so many rows.

    Examples
    --------
    >>> check_categories(pd.Series(range(30)))
    Traceback (most recent call last):
    ...
    lamplighter.core.drift.columns.Undecided: too many values to be categories
    """
    categories = reference.nunique()
    if categories > FEW_CATEGORIES and len(reference) < FEWEST_ROWS * categories:
        raise Undecided("too many values to be categories")


def filled(reference: pd.Series[float], current: pd.Series[float]) -> tuple[pd.Series[float], pd.Series[float]]:
    """Both sides, unless all that one of them held was infinite.

    Raises
    ------
    Undecided
        If a side holds nothing.

    Examples
    --------
    >>> filled(pd.Series([1.0]), pd.Series([float("nan")]))
    Traceback (most recent call last):
    ...
    lamplighter.core.drift.columns.Undecided: no finite value in the current window
    """
    for name, side in {"the reference": reference, "the current window": current}.items():
        if not side.count():
            raise Undecided(f"no finite value in {name}")
    return reference, current
