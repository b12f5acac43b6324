"""The three kinds of array used here, and division that knows nothing about zero."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def divide(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> Floats:
    """Quotient of two arrays; NaN, and no warning, where the denominator is 0.

    Parameters
    ----------
    numerator, denominator : array-like
        Of shapes that broadcast.

    Returns
    -------
    array
        Of the broadcast shape.

    Examples
    --------
    >>> divide([1, 1], [4, 0])
    array([0.25,  nan])
    """
    under = np.asarray(denominator, float)
    quotient: Floats = np.asarray(numerator, float) / np.where(under == 0, np.nan, under)
    return quotient


def is_null(value: Any) -> bool:
    """Whether a cell holds nothing: None, or a number that is not one.

    Examples
    --------
    >>> [is_null(value) for value in (None, float("nan"), "", 0)]
    [True, True, False, False]
    """
    return value is None or bool(value != value)
