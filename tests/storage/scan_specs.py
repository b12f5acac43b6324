"""Slices of Parquet files, and files that are broken in many ways, for the tests of what reads them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lamplighter.core.time.window import Grain, Window
from storage.sources.files import find
from storage.sources.scan import Scan, ScanSpec

ZONE = "America/New_York"
AT = ["2013-06-01T00:00:00Z", "2013-06-01T01:00:00Z"]
HOUR = pd.Timedelta(hours=1)


def utc(*moments: str) -> pa.Array:
    return pa.array(pd.to_datetime(list(moments), utc=True, format="ISO8601").as_unit("us"))


def spec_of(
    *paths: str, day: str = "2013-06-01", grain: Grain = Grain.DAY, zone: str = "UTC", **given: Any
) -> ScanSpec:
    window = Window.of("m", grain, zone, dt.date.fromisoformat(day))
    return ScanSpec(window, tuple(find(paths)), **{"time": "at"} | given)


def values(rows: Scan, name: str = "x") -> list[Any]:
    return [*rows.table([name]).column(0).to_pylist()]


def row_groups(path: Path, write: Callable[..., str], **columns: list[Any]) -> str:
    """Four row groups, of 1 to 4 June, an hour a row; the columns beside are noise that does not shrink."""
    times = pd.date_range("2013-06-01", periods=96, freq="h", tz="UTC").as_unit("us")
    noise = np.random.default_rng(0).random(96)
    return write(path, at=pa.array(times), x=np.arange(96), noise=noise, **columns, options={"row_group_size": 24})


def spoil(path: str, group: int, column: str) -> None:
    """Overwrite a column chunk with rubbish."""
    metadata = pq.ParquetFile(path).metadata
    chunk = next(
        metadata.row_group(group).column(i)
        for i in range(metadata.num_columns)
        if metadata.row_group(group).column(i).path_in_schema == column
    )
    begin = chunk.dictionary_page_offset or chunk.data_page_offset
    with open(path, "r+b") as file:
        file.seek(begin)
        file.write(b"\xff" * chunk.total_compressed_size)


def cut(path: str) -> str:
    whole = Path(path).read_bytes()
    Path(path).write_bytes(whole[: len(whole) // 2])
    return path
