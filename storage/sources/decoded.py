"""Columns that were decoded, kept while they fit: profile, drift and quality read the same ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import TypeAlias

import pyarrow as pa

from storage.sources.files import File

MOST_BYTES = 128 * 2**20
"""What is kept of a run: 16 million numbers. A window of more is decoded anew by each stage, by row groups."""

Place: TypeAlias = tuple[File, int, str, bool]
"""A file as it was when it was found, the row group, the column, and whether its cells are meant."""


class Decoded:
    """Decoded row groups of columns, the ones that were used last, up to a number of bytes.

    Parameters
    ----------
    most : int
        In bytes.

    Examples
    --------
    >>> decoded = Decoded(most=100)
    >>> place, column = (File("a.parquet", "100 bytes"), 0, "amount", False), pa.chunked_array([[1.0, 2.0]])
    >>> decoded.column(place, lambda: column) is decoded.column(place, lambda: pa.chunked_array([[3.0]]))
    True
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most, self._bytes = most, 0
        self._kept: OrderedDict[Place, pa.ChunkedArray] = OrderedDict()
        self._lock = Lock()

    def column(self, place: Place, decode: Callable[[], pa.ChunkedArray]) -> pa.ChunkedArray:
        """The column of a row group; one that is larger than all that may be kept is decoded each time."""
        with self._lock:
            if (kept := self._kept.get(place)) is not None:
                self._kept.move_to_end(place)
                return kept
        values = decode()
        with self._lock:
            if values.nbytes <= self._most and place not in self._kept:
                self._kept[place] = values
                self._bytes += values.nbytes
                while self._bytes > self._most:
                    self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return values
