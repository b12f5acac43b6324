"""Lists that stand in a column, one in a row: as lists, or as texts in JSON; and the numbers in them.

What cannot be read costs its own row: it is marked, and never an error.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.core.values.identity import identities, identity, is_list, is_text
from lamplighter.errors import shortened, visible

Column: TypeAlias = "pa.Array | pa.ChunkedArray"
Bools: TypeAlias = npt.NDArray[np.bool_]
Floats: TypeAlias = npt.NDArray[np.float64]

LONGEST_SHOWN = 40
"""Letters of a cell that a message shows."""

DEEPEST = 8
"""Lists within lists up to which they are read; a box needs two, and Python gives up beyond some hundreds."""


@dataclass(frozen=True, eq=False)
class LoggedLists:
    """A column of lists.

    Attributes
    ----------
    cells : Array of shape (n_rows,)
        What was logged.
    lists : ListArray of shape (n_rows,)
        Null where there is none.
    lengths : array of shape (n_rows,)
    absent, broken : arrays of shape (n_rows,)
        Which cells are null, and which are something else than a list.
    flat : array of shape (n_rows,)
        Which lists hold numbers alone.
    """

    cells: pa.Array
    lists: pa.Array
    lengths: npt.NDArray[np.int64]
    absent: Bools
    broken: Bools
    flat: Bools

    @classmethod
    def of(cls, column: Column) -> LoggedLists:
        """Take a column of any type apart.

        Examples
        --------
        >>> read = LoggedLists.of(pa.array(['["car", 1]', "null", "car"]))
        >>> read.lists.to_pylist(), read.absent.tolist(), read.broken.tolist()
        ([['car', '1'], None, None], [False, True, False], [False, False, True])
        """
        cells = _plain(column)
        absent = cells.is_null().to_numpy(zero_copy_only=False)
        broken = flat = np.zeros(len(cells), bool)
        if is_text(cells.type):
            cells = identities(cells)
            lists, is_null, flat = _from_json(cells.to_pylist())
            absent = absent | is_null
            broken = lists.is_null().to_numpy(zero_copy_only=False) & ~absent
        elif is_list(cells.type):
            lists = cells
        else:
            broken = ~absent
            lists = _no_lists(len(cells))
        lengths = _lengths(lists)
        if is_list(cells.type) and _is_number(cells.type.value_type):
            flat = lengths > 0
        return cls(cells, lists, lengths, absent, broken, flat)

    def kept(self, keep: Bools) -> pa.Array:
        """The values of some of the lists, one after the other."""
        chosen = self.lists if keep.all() else self.lists.filter(pa.array(keep))
        return chosen.flatten()

    def shown(self, keep: Bools) -> list[str]:
        """Some of the cells, as a message shows them."""
        held = identities(self.cells.filter(pa.array(keep))).to_pylist()
        return [shortened(visible(text or ""), LONGEST_SHOWN) for text in held]


def four_numbers(entries: pa.Array) -> Floats:
    """Boxes as four numbers each, NaN where a box has none or others.

    Examples
    --------
    >>> four_numbers(pa.array([[1, 2, 3, 4], [5, 6]])).tolist()
    [[1.0, 2.0, 3.0, 4.0], [nan, nan, nan, nan]]
    """
    entries = _plain(entries)
    if is_text(entries.type):
        entries, _, _ = _from_json(identities(entries).to_pylist())
    four = np.full((len(entries), 4), np.nan)
    if is_list(entries.type):
        proper = _lengths(entries) == 4
        four[proper] = numbers(entries.filter(pa.array(proper)).flatten()).reshape(-1, 4)
    return four


def numbers(values: pa.Array) -> Floats:
    """Numbers of any type and those that stand in texts, NaN where there is none.

    Examples
    --------
    >>> numbers(pa.array(["0.5", "sure", None])).tolist(), numbers(pa.array([True])).tolist()
    ([0.5, nan, nan], [nan])
    """
    values = _plain(values)
    if is_text(values.type):
        return np.array([_number(text) for text in identities(values).to_pylist()], float)
    if not _is_number(values.type):
        return np.full(len(values), np.nan)
    return np.array(values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), float)


def _plain(column: Column) -> pa.Array:
    """A column in one piece, of what its codes and extensions stand for."""
    array = column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    if pa.types.is_run_end_encoded(array.type):
        array = pc.run_end_decode(array)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _lengths(lists: pa.Array) -> npt.NDArray[np.int64]:
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    return np.asarray(lengths, np.int64)


def _no_lists(rows: int) -> pa.Array:
    return pa.nulls(rows, pa.list_(pa.null()))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind))


def _number(text: str | None) -> float:
    try:
        return float(text) if text is not None else np.nan
    except ValueError:
        return np.nan


def _from_json(cells: list[str | None]) -> tuple[pa.Array, Bools, Bools]:
    """Lists that stand in texts, null where there is none; which texts say null, and which lists hold numbers alone."""
    read = [_read(cell) for cell in cells]
    absent = np.array([isinstance(value, float) for value in read], bool)
    held = [value if isinstance(value, list) else None for value in read]
    flat = [bool(value) and all(isinstance(item, int | float) for item in value or ()) for value in held]
    try:
        array = pa.array(held)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        # Numbers beside names, or lists beside numbers: each by what it is.
        array = pa.array([None if value is None else [_as_text(item) for item in value] for value in held])
    return array if is_list(array.type) else _no_lists(len(held)), absent, np.array(flat, bool)


def _read(cell: str | None) -> list[Any] | float | None:
    """The list in a text; NaN, which is null, where it says null, and None where it holds neither."""
    try:
        value = None if cell is None else json.loads(cell, parse_constant=float)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, list):
        return value if not _is_deep(value, cell or "") else None
    is_null = (value is None and cell is not None) or (isinstance(value, float) and math.isnan(value))
    return math.nan if is_null else None


def _is_deep(value: list[Any], cell: str) -> bool:
    """Whether there are lists or objects in each other beyond what is read."""
    if cell.count("[") + cell.count("{") <= DEEPEST:
        return False
    level: list[Any] = [value]
    for _ in range(DEEPEST):
        level = [
            item
            for held in level
            for item in (held.values() if isinstance(held, dict) else held)
            if isinstance(item, list | dict)
        ]
    return bool(level)


def _as_text(item: Any) -> str | None:
    return json.dumps(item) if isinstance(item, list) else identity(item)
