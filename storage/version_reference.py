"""The reference that comes with a version: looked at, and without what must not be kept."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from lamplighter.core.features import answer_columns, kinds_of_feature
from lamplighter.core.monitor import Monitor
from lamplighter.errors import ModelError, one_line
from lamplighter.training import REFERENCE, WINDOW


def kept_reference(monitor: Monitor, path: Path, whose: str) -> list[str]:
    """Look at a reference, take private columns and what no log has out of it, and return its features.

    Parameters
    ----------
    monitor : Monitor
    path : Path
    whose : str
        Whom a fault is told of: the trainer, or the folder it came in.

    Raises
    ------
    ModelError
        If it cannot be read, lacks a column of answers, or answers nulls.
    """
    told = f"{whose}: {REFERENCE}"
    try:
        table = pq.read_table(path)
    except Exception as error:
        raise ModelError(f"{told} cannot be read: {one_line(error)}") from None
    for name in answer_columns(monitor):
        if name not in table.column_names:
            raise ModelError(f"{told} has no column {name!r}; write the answers under the names of the log")
        if table[name].null_count == len(table):
            raise ModelError(f"{told} has no answer in {name!r}; a model that answers nulls is of no use")
    if left_out := [name for name in (*monitor.private, WINDOW) if name in table.column_names]:
        table = table.drop_columns(left_out)
        pq.write_table(table, path)
    return [name for name in table.column_names if kinds_of_feature(monitor, name)]
