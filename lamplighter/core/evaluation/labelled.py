"""Labelled rows, and their cells as they are compared: classes by what they are, numbers as floats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.core.values.cell import as_flags
from lamplighter.core.values.identity import identities, identity


@dataclass(frozen=True, slots=True)
class Labelled:
    """The rows of a window whose truth has arrived.

    Attributes
    ----------
    y_true, y_pred : Series of shape (n_labelled,)
    scores : dict of str to Series
        By score column.
    segments : dict of str to Series
        By segment column.
    version : Series or None
    """

    y_true: pd.Series[Any]
    y_pred: pd.Series[Any]
    scores: Mapping[str, pd.Series[Any]]
    segments: Mapping[str, pd.Series[Any]]
    version: pd.Series[Any] | None


def class_labels(values: pd.Series[Any]) -> npt.NDArray[np.object_]:
    """The identities of a column, None where there is none; each distinct value is written once.

    Examples
    --------
    >>> class_labels(pd.Series([True, None, False], dtype=object)).tolist()
    ['1', None, '0']
    """
    try:
        column = pa.array(values, from_pandas=True)
    except (pa.ArrowException, OverflowError, UnicodeError):
        # Values of several types, or whole numbers without end.
        return np.array([*map(identity, values.astype(object)), None], dtype=object)[:-1]
    coded = identities(column).dictionary_encode()
    named = np.array([*coded.dictionary.to_pylist(), None], dtype=object)
    found: npt.NDArray[np.object_] = named[pc.fill_null(coded.indices, -1).to_numpy()]
    return found


def comparable_classes(
    y_true: pd.Series[Any], y_pred: pd.Series[Any]
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """The identities of labels and predictions; flags in words on one side are those of the other.

    Examples
    --------
    >>> [side.tolist() for side in comparable_classes(pd.Series(["True", "False"]), pd.Series([True, True]))]
    [['1', '0'], ['1', '1']]
    """
    sides = class_labels(y_true), class_labels(y_pred)
    distinct = [set(side.tolist()) - {None} for side in sides]
    true, pred = (
        _renamed(side, as_flags(own, other))
        for side, own, other in zip(sides, distinct, reversed(distinct), strict=True)
    )
    return true, pred


def _renamed(values: npt.NDArray[np.object_], names: Mapping[str, str]) -> npt.NDArray[np.object_]:
    return np.array([names.get(value, value) for value in values.tolist()], dtype=object) if names else values


def factorized(values: pd.Series[Any]) -> tuple[npt.NDArray[np.intp], list[str]]:
    """The place of each identity in the list of distinct ones, -1 for null.

    Examples
    --------
    >>> codes, distinct = factorized(pd.Series([["a", "b"], None, ["a", "b"]]))
    >>> codes.tolist(), distinct
    ([0, -1, 0], ['["a", "b"]'])
    """
    codes, distinct = pd.factorize(class_labels(values))
    return codes, distinct.tolist()


def numbers(values: pd.Series[Any]) -> npt.NDArray[np.float64]:
    """A column as floats, NaN where it holds no number; text is read.

    Examples
    --------
    >>> numbers(pd.Series(["1.5", "late", None], dtype=object)).tolist()
    [1.5, nan, nan]
    """
    if not pd.api.types.is_numeric_dtype(values):
        # Bytes are written as digits, and are no number.
        texts = values.where(~values.map(_is_bytes)) if values.dtype == object else values
        values = pd.Series(class_labels(texts), index=values.index, dtype=object)
    return pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _is_bytes(value: object) -> bool:
    return isinstance(value, bytes)
