"""Tables beside the predictions that share their id, and may hold their truth."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.core.suggest import Column, LabelTable, Roles, id_column, labels_in
from lamplighter.errors import LamplighterError, SourceError
from storage.inspection.table import Seen, column_names, database, inspect_table, values_of
from storage.project.folder import Project
from storage.sources.formats import endings
from storage.sources.sql import columns_of, tables_of

WILD = re.compile(r"[*?\[{]")

BY_HAND = "write labels by hand, with id and target"

MOST_TABLES = 30
"""Tables of a database, or files and folders beside the predictions, that are looked into."""

MOST_ENTRIES = 2_000
"""Entries of a folder that are looked through for a Parquet file."""

NEARLY_ALL = 0.95
"""Share of the labels that a window is worth waiting for: the last ones may take for ever."""

MOST_LABELS = 100_000
"""Rows of a database's table of labels that are looked at."""


def label_tables(
    project: Project, source: str, url: str | None, seen: Seen, roles: Roles, timezone: str
) -> list[LabelTable]:
    """Tables of the same database, or files and folders beside the predictions, that may hold their labels.

    What cannot be read is passed over: it was not asked for.

    Returns
    -------
    list of LabelTable
        The ones that can be used as they are first, then by how many ids met.

    Examples
    --------
    >>> seen = inspect_table(project, "log", None, "UTC")
    >>> found = label_tables(project, "log", None, seen, seen.roles(), "UTC")
    >>> [(table.target.name, table.id) for table in found]
    [('churned', 'id')]
    """
    if roles.id is None or seen.ids is None:
        return []
    others = _tables(project, source, url) if url else _beside(project, seen.place["parquet"])
    found = []
    for _, other in zip(range(MOST_TABLES), others, strict=False):
        try:
            table = _labels_of(project, other, url, seen, roles, timezone)
        except LamplighterError:
            continue
        found += [table] if table else []
    return sorted(found, key=lambda table: (not table.is_plain, -table.met))


def named_labels(project: Project, named: str, url: str | None, seen: Seen, roles: Roles, timezone: str) -> LabelTable:
    """The labels in a table that the user names.

    Raises
    ------
    SourceError
        If it cannot be read, does not share the id, or no column may be the truth.

    Examples
    --------
    >>> seen = inspect_table(project, "log", None, "UTC")
    >>> named_labels(project, "labels", None, seen, seen.roles(), "UTC").target.name
    'churned'
    """
    if roles.id is None:
        what = "no column of the predictions is plainly the id that labels are joined on"
        raise SourceError(what, where="--labels", fix=BY_HAND)
    table = _labels_of(project, named, url, seen, roles, timezone)
    if table is None:
        what = f"has no column {roles.id.name!r} of ids, or none that may be the truth"
        raise SourceError(f"{named} {what}", where="--labels", fix=BY_HAND)
    return table


def _labels_of(
    project: Project, other: str, url: str | None, seen: Seen, roles: Roles, timezone: str
) -> LabelTable | None:
    assert roles.id is not None
    # Names are cheap: most tables beside the predictions do not have the id, and need not be read.
    if id_column([Column(name, "") for name in _column_names(project, other, url)], roles.id.name) is None:
        return None
    found = inspect_table(project, other, url, timezone, MOST_LABELS)
    name = id_column(found.columns, roles.id.name)
    if name is None:
        return None
    table = labels_in(found.place, found.columns, name, 0, roles)
    if table is None:
        return None
    ids, times = values_of(project, other, url, name, table.time, timezone)
    return replace(table, met=_met(ids, seen.ids), delay=_delay(ids, times, seen))


def _column_names(project: Project, other: str, url: str | None) -> list[str]:
    return columns_of(database(project, url, other)) if url else column_names(project, other)


def _met(labels: pa.Array, predictions: pa.Array | None) -> int:
    """How many labels are of predictions that were looked at."""
    return 0 if predictions is None else int(pc.sum(pc.is_in(labels, predictions.drop_null())).as_py() or 0)


def _delay(ids: pa.Array, times: pa.ChunkedArray | None, seen: Seen) -> timedelta | None:
    """How long after their predictions nearly all labels came; None where no label has a time."""
    if times is None or seen.ids is None or seen.times is None:
        return None
    made = pd.Series(seen.times.to_pandas().to_numpy(), index=seen.ids.to_pandas()).groupby(level=0).min()
    came = pd.Series(times.to_pandas().to_numpy(), index=ids.to_pandas()).groupby(level=0).min()
    seconds = (came - made).dropna().dt.total_seconds()
    # Labels that are dated before their predictions say nothing of how long labels take.
    seconds = seconds[seconds > 0]
    return timedelta(seconds=float(seconds.quantile(NEARLY_ALL))) if len(seconds) else None


def _tables(project: Project, source: str, url: str) -> Iterator[str]:
    """The other tables of the same schema."""
    names = tables_of(database(project, url, source))
    yield from (name for name in names if name != source)


def _beside(project: Project, pattern: str) -> Iterator[str]:
    """Parquet files, and folders with some, beside the file or folder that a pattern finds."""
    parts = pattern.split("/")
    wild = next((i for i, part in enumerate(parts) if WILD.search(part)), len(parts))
    own = project.root / "/".join(parts[:wild])
    if "://" in pattern or own == project.root:
        return
    try:
        entries = sorted(own.parent.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry == own or entry.name.startswith((".", "_")) or entry.is_symlink():
            continue
        if _holds_rows(entry.name) or (entry.is_dir() and entry != project.home and _has_files(entry)):
            yield str(entry.relative_to(project.root)) if entry.is_relative_to(project.root) else str(entry)


def _holds_rows(name: str) -> bool:
    return name.lower().endswith(endings())


def _has_files(folder: Path) -> bool:
    left = MOST_ENTRIES
    for _, folders, files in os.walk(folder):
        if any(map(_holds_rows, files)):
            return True
        folders[:] = [name for name in folders if not name.startswith(".")]
        left -= len(files) + len(folders)
        if left < 0:
            return False
    return False
