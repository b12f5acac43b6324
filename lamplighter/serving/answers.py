"""What a model answered, counted: rows without an answer, classes, numbers and unsure scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterable, Awaitable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from lamplighter.core.values.key_name import key_name
from lamplighter.errors import LamplighterError

OF_PANDAS = frozenset({"NAType", "NaTType"})
"""Values of pandas for nothing; pandas itself is not imported for them."""

MOST_WHOLE = 2**64

ONE_ROW = (str, bytes, int, float, Decimal, Mapping)
OF_CLASSES = (list, tuple)
"""Types of an answer about one row, and of the scores of all classes; a union would be made anew for each request."""


def rows_of(answer: Any) -> list[Any]:
    """What was answered, one value a row; a text, a number and a mapping are one row.

    Examples
    --------
    >>> rows_of(0.3), rows_of("late"), rows_of({"late": 1}), rows_of((1, None)), rows_of(None)
    ([0.3], ['late'], [{'late': 1}], [1, None], [None])

    Arrays and columns of numpy, pandas, Arrow and torch become values of Python:

    >>> import pyarrow as pa
    >>> rows_of(pa.array([1, None]))
    [1, None]

    Raises
    ------
    LamplighterError
        If it has to be awaited first.
    """
    if isinstance(answer, list):
        return answer
    if answer is None or isinstance(answer, ONE_ROW):
        return [answer]
    for plain in ("to_pylist", "tolist"):
        if method := getattr(answer, plain, None):
            values = method()
            return values if isinstance(values, list) else [values]
    if isinstance(answer, Awaitable | AsyncIterable):
        raise LamplighterError(
            f"a {type(answer).__name__} was given for predictions", fix="give what it has once awaited"
        )
    return list(answer) if isinstance(answer, Iterable) else [answer]


def is_null(value: object) -> bool:
    """Whether a row has no answer: None, NaN, and what pandas has for nothing.

    Examples
    --------
    >>> [is_null(value) for value in (None, float("nan"), Decimal("nan"), 0, "", float("inf"))]
    [True, True, True, False, False, False]
    """
    if value is None:
        return True
    if isinstance(value, float):
        return value != value
    if isinstance(value, Decimal):
        return value.is_nan()
    return type(value).__name__ in OF_PANDAS


def present_in(values: list[Any]) -> list[Any]:
    """The rows that have an answer.

    Examples
    --------
    >>> present_in([1, None, float("nan"), "late"]), present_in([Decimal("sNaN"), 0])
    ([1, 'late'], [0])
    """
    try:
        # NaN alone differs from itself. Some values cannot be compared; then each is looked at.
        return [value for value in values if value is not None and value == value]
    except (TypeError, ValueError, ArithmeticError):
        return [value for value in values if not is_null(value)]


def class_name(value: object) -> str:
    """A class as the history names it (docs/adr/0014): True is 1, and so is 1.0.

    Examples
    --------
    >>> [class_name(value) for value in (True, 1, 1.0, 0.5, "late", "other", "a\\nb")]
    ['1', '1', '1', '0.5', 'late', '"other"', '"a\\\\nb"']
    """
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer() and abs(value) < MOST_WHOLE:
        return str(int(value))
    return key_name(str(value))


def counted_classes(values: Sequence[Any]) -> Mapping[str, int]:
    """How many rows each class has.

    Examples
    --------
    >>> counted_classes([True, 1, "late"])
    {'1': 2, 'late': 1}
    """
    # Most requests are about one row, and a dict is made five times as fast as a Counter.
    counts: Mapping[Any, int] = {values[0]: 1} if len(values) == 1 else Counter(values)
    names: dict[str, int] = {}
    for value, count in counts.items():
        name = class_name(value)
        names[name] = names.get(name, 0) + count
    return names


def scores_of(scores: Any) -> list[float]:
    """One score a row: of scores for each class, the largest.

    Examples
    --------
    >>> scores_of([0.1, None, (0.2, 0.8), {"late": 0.6, "on time": 0.4}])
    [0.1, 0.8, 0.6]
    """
    return [_largest(row) for row in rows_of(scores) if not is_null(row)]


def _largest(row: Any) -> float:
    if isinstance(row, Mapping):
        return float(max(row.values()))
    return float(max(row)) if isinstance(row, OF_CLASSES) else float(row)
