"""The ways to read a column of a part: as its type has it, or as values that are compared for what they are."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol, TypeAlias

import pyarrow as pa

from lamplighter.core.values.cell import Reading, cell_identities
from lamplighter.core.values.identity import identities
from storage.sources.csv_files import without_nulls
from storage.sources.row_groups import Fragment
from storage.sources.types import bytes_named, holds_bytes, holds_numbers

Reader: TypeAlias = Callable[[Fragment, str], pa.ChunkedArray]


class Read(Protocol):
    """Reads a column of a part; of a CSV file the values, or the text of the cells."""

    def __call__(self, part: Fragment, name: str, *, cells: bool = False) -> pa.ChunkedArray: ...


class Readers:
    """Ways to read a column.

    Parameters
    ----------
    read : Read
    is_csv : callable
        Whether a file has cells in place of types, by its URI.
    names : collection of str
        Columns of which the cells are names: 1.0 is one as 1.1 is.
    """

    def __init__(self, read: Read, is_csv: Callable[[str], bool], names: Collection[str]) -> None:
        self._read, self._is_csv, self._names = read, is_csv, names

    def named(self, part: Fragment, name: str, reading: Reading | None = None) -> pa.ChunkedArray:
        """The identities, of each part by itself: a type that holds the values of all would make others of some."""
        values = self._read(part, name)
        if not self._is_csv(part.uri):
            return pa.chunked_array([identities(values)], pa.string())
        cells = self._read(part, name, cells=True)
        reading = reading or (Reading.TEXT if name in self._names else Reading.CELLS)
        if reading is not Reading.TEXT and holds_numbers(values.type):
            cells = without_nulls(cells)
        return pa.chunked_array([cell_identities(cells, reading)], pa.string())

    def exact(self, part: Fragment, name: str) -> pa.ChunkedArray:
        """The values; the identities of cells that another spelling of the same number would merge with."""
        values = self._read(part, name)
        if not self._is_csv(part.uri):
            return values
        named = self.named(part, name)
        return values if identities(values).equals(named.combine_chunks()) else named

    def objects(self, part: Fragment, name: str) -> pa.ChunkedArray:
        """The values that a text is made of: of cells their text."""
        return self._read(part, name, cells=self._is_csv(part.uri))

    def numbers(self, part: Fragment, name: str) -> pa.ChunkedArray:
        """The identities, in which numbers are looked for: bytes are none, although their digits may be."""
        values = self._read(part, name)
        return bytes_named(values) if holds_bytes(values.type) else self.named(part, name)
