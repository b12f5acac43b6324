"""Columns that were decoded, kept while they fit: profile, drift and quality read the same ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import TypeAlias

import pyarrow as pa

MOST_BYTES = 128 * 2**20
"""What is kept at a time: 16 million numbers. A window of more is decoded anew by each stage, by row groups."""

ENTRY_BYTES = 1024
"""What an entry takes beside its values: a column of a few rows is no smaller."""

Place: TypeAlias = tuple[str, str, int, str]
"""Address and stamp of a file, a row group, and the name of the column inside the file.

What a path or the log of a table says of a column is no part of it: another search may read the same file otherwise.
"""


class Decoded:
    """Decoded row groups of columns, the ones that were used last, up to a number of bytes.

    Parameters
    ----------
    most : int
        In bytes.

    Examples
    --------
    >>> decoded = Decoded()
    >>> place, column = ("a.parquet", "100 bytes", 0, "amount"), pa.chunked_array([[1.0, 2.0]])
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
            if _size(values) <= self._most and place not in self._kept:
                self._kept[place] = values
                self._bytes += _size(values)
                while self._bytes > self._most:
                    self._bytes -= _size(self._kept.popitem(last=False)[1])
        return values


def _size(values: pa.ChunkedArray) -> int:
    return int(values.nbytes) + ENTRY_BYTES
