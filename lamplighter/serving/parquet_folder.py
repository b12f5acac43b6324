"""A folder of Parquet files, a folder for each local day, of which none is ever seen half written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lamplighter.atomic import atomic_file
from lamplighter.errors import LamplighterError
from lamplighter.serving.written import Written


class ParquetFolder:
    """Writes batches to ``folder/day=YYYY-MM-DD/part-<name>.parquet``, one file per local day and batch.

    Parameters
    ----------
    folder : path
        Made when absent.
    time : str
        The column whose day chooses the folder: UTC timestamps, never null.
    timezone : str
        The zone whose days they are.
    note : dict
        Written into the metadata of each file.
    """

    def __init__(
        self, folder: str | os.PathLike[str], *, time: str, timezone: str, note: Mapping[str, str] | None = None
    ) -> None:
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise LamplighterError(
                f"unknown timezone {timezone!r}", fix="a name such as 'Europe/Berlin' is right"
            ) from None
        self.folder = Path(folder)
        self.time = time
        self.timezone = timezone
        self._note = note

    def __str__(self) -> str:
        return str(self.folder)

    def write(self, table: pa.Table, name: str) -> Written:
        """Write a batch; under the same name again it replaces what it wrote before."""
        if not table.num_rows:
            return Written()
        if self._note:
            table = table.replace_schema_metadata({**(table.schema.metadata or {}), **self._note})
        days = _local_days(table[self.time], self.timezone)
        paths = [
            _write_whole(table.filter(pc.equal(days, day)), self.folder / f"day={day}", f"part-{name}.parquet")
            for day in sorted(pc.unique(days).to_pylist())
        ]
        return Written(table.num_rows, paths)


def _local_days(instants: pa.ChunkedArray, timezone: str) -> pa.ChunkedArray:
    """Return the local day of each instant as ``YYYY-MM-DD``."""
    return pc.strftime(instants.cast(pa.timestamp("us", tz=timezone)), format="%Y-%m-%d")


def _write_whole(table: pa.Table, folder: Path, name: str) -> Path:
    """Write a file so that it appears complete or not at all, and stays when the power goes."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    with atomic_file(path, lasting=True) as file:
        pq.write_table(table, file, compression="zstd")
    return path
