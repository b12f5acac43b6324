"""Parquet files held open, and their columns, one row group at a time."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq

from lamplighter.errors import ColumnError
from storage.files import open_file

OPEN_FILES = 64
"""Local files held open at a time: a service that logs by the minute writes more than a process may open."""


class OpenFiles:
    """Parquet files, opened when they are asked for.

    Those of an object store stay open: they hold no descriptor, and opening them again costs requests.
    """

    def __init__(self) -> None:
        self._open: dict[str, pq.ParquetFile] = {}

    def get(self, uri: str) -> pq.ParquetFile:
        """An open file; the local ones that were not asked for longest are closed.

        Raises
        ------
        OSError, pyarrow.ArrowException
            If it cannot be read, or is no Parquet file.
        ColumnError
            If a column comes twice, so that its name does not tell which.
        """
        parquet = self._open.pop(uri, None)
        if parquet is None:
            filesystem, path = open_file(uri)
            parquet = pq.ParquetFile(filesystem.open_input_file(path))
            name, times = max(Counter(parquet.schema_arrow.names).items(), key=lambda item: item[1], default=("", 0))
            if times > 1:
                parquet.close(force=True)
                raise ColumnError(f"column {name!r} comes twice; write it once", name)
            self.close(keep=OPEN_FILES - 1)
        self._open[uri] = parquet
        return parquet

    def close(self, keep: int = 0) -> None:
        """Close local files but for the ones that were asked for last."""
        local = [uri for uri in self._open if "://" not in uri]
        for uri in local[: max(0, len(local) - keep)]:
            self._open.pop(uri).close(force=True)

    def read(self, uri: str, group: int, column: str) -> pa.ChunkedArray:
        """A column of a row group, all null where the file does not have it."""
        parquet = self.get(uri)
        if column not in parquet.schema_arrow.names:
            return pa.chunked_array([pa.nulls(parquet.metadata.row_group(group).num_rows)])
        values = parquet.read_row_group(group, columns=[column]).column(column)
        # Dictionaries of two files need not agree, and plain values are what every stage counts.
        return values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values
