"""Labels that have arrived, and the rows of a window that they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lamplighter.core.monitor import Monitor
from lamplighter.core.window import Window, midnight
from lamplighter.errors import ColumnError
from storage.files import File, find
from storage.instants import to_instants
from storage.project import Project
from storage.rows import Rows, Slice
from storage.sql import spool


@dataclass(frozen=True, slots=True)
class Arrived:
    """Every label that may belong to some windows, as it came: corrections are rows of their own.

    Attributes
    ----------
    frame : DataFrame
        The id columns, ``y_true`` and ``arrived`` (UTC; NaT when nothing tells when).
    dated : bool
        Whether it is known when a label arrived.
    unreadable : list of (str, str)
        Files that could not be read, and why.
    """

    frame: pd.DataFrame
    dated: bool
    unreadable: list[tuple[str, str]]


def labels_arrived(
    project: Project, monitor: Monitor, first: datetime, now: datetime, spool_folder: Path
) -> Arrived:
    """Read the labels that arrived from ``first`` until ``now``.

    The day in a label's path is the local day on which it arrived; a time column, where there is one, is exacter.

    Raises
    ------
    SourceError
        If the source does not answer, or a column is missing.
    """
    labels = monitor.labels
    assert labels is not None
    assert not labels.same_row
    since, until = (Window.of(monitor.model, monitor.every, monitor.timezone, moment) for moment in (first, now))
    span = Window(monitor.model, monitor.every, since.start, until.end, monitor.timezone)
    if labels.sql:
        files = spool(
            labels.sql,
            column=labels.time,
            timezone=labels.timezone,
            start=first,
            end=now,
            folder=spool_folder / "labels",
        )
    else:
        files = find((project.locate(path) for path in labels.parquet), span.days())
    unreadable: list[tuple[str, str]] = []
    tables = [table for file in files if (table := _read(file, monitor, span, unreadable)) is not None]
    frame = pd.concat(tables, ignore_index=True) if tables else _none(monitor)
    dated = labels.time is not None or all(file.day for file in files)
    seen = frame["arrived"].isna() | ((frame["arrived"] >= first) & (frame["arrived"] <= now))
    return Arrived(frame[seen], dated, unreadable)


def _none(monitor: Monitor) -> pd.DataFrame:
    empty = {name: pd.Series(dtype=object) for name in (*monitor.predictions.id, "y_true")}
    return pd.DataFrame(empty | {"arrived": pd.Series(dtype="datetime64[us, UTC]")})


def _read(file: File, monitor: Monitor, span: Window, unreadable: list[tuple[str, str]]) -> pd.DataFrame | None:
    """One file's labels; null ids and null targets are no labels."""
    labels = monitor.labels
    assert labels is not None
    ids = labels.id or monitor.predictions.id
    rows = Rows(Slice(span, (file,), time=None))
    unreadable += rows.unreadable
    if not rows.count:
        return None
    wanted = [*ids, labels.target, *([labels.time] if labels.time else [])]
    if missing := [name for name in wanted if name not in rows.schema]:
        raise ColumnError(f"{file.uri}: no label column {missing[0]!r}; it has {', '.join(rows.schema)}")
    table = rows.table(wanted)
    names = dict(zip(ids, monitor.predictions.id, strict=True))
    frame = table.select(ids).to_pandas().rename(columns=names)
    frame["y_true"] = table[labels.target].to_pandas()
    if labels.time:
        frame["arrived"] = to_instants(table[labels.time], labels.time, labels.timezone).to_pandas()
    else:
        day = midnight(file.day, span.zone) if file.day else pd.NaT
        frame["arrived"] = pd.Series([day] * len(frame), dtype="datetime64[us, UTC]")
    return frame.dropna(subset=[*monitor.predictions.id, "y_true"])


def settle(arrived: pd.DataFrame, ids: Sequence[str], before: datetime | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One label an id: the newest by arrival, then by content.

    Returns
    -------
    settled : DataFrame
        One row an id.
    corrected : DataFrame
        The ids among them whose earlier label was another.
    """
    if before is not None:
        arrived = arrived[arrived["arrived"].isna() | (arrived["arrived"] < before)]
    content = arrived["y_true"].astype(str)
    ordered = arrived.assign(content=content).sort_values(["arrived", "content"], kind="stable", na_position="first")
    different = ordered.drop_duplicates([*ids, "content"]).duplicated(list(ids), keep="first")
    corrected = ordered.loc[different[different].index, list(ids)].drop_duplicates()
    return ordered.drop_duplicates(list(ids), keep="last").drop(columns="content"), corrected


def join(predictions: pd.DataFrame, labels: pd.DataFrame, ids: Sequence[str]) -> pd.DataFrame:
    """The predictions with ``y_true`` beside them, null where no label has arrived.

    Ids of two types, such as numbers and text, are compared as text.
    """
    names = list(ids)
    left, right = predictions, labels[[*names, "y_true"]]
    for name in names:
        if left[name].dtype != right[name].dtype:
            left = left.assign(**{name: left[name].astype(str)})
            right = right.assign(**{name: right[name].astype(str)})
    return left.merge(right, on=names, how="left", validate="many_to_one")


def content_hash(frame: pd.DataFrame, columns: Sequence[str]) -> str:
    """A hash over rows that does not depend on their order.

    Examples
    --------
    >>> frame = pd.DataFrame({"id": ["a", "b"], "y_true": [1, 0]})
    >>> content_hash(frame, ["id", "y_true"]) == content_hash(frame[::-1], ["id", "y_true"])
    True
    """
    if frame.empty:
        return "empty"
    hashes = pd.util.hash_pandas_object(frame[list(columns)].astype(str), index=False).to_numpy()
    total, mixed = np.add.reduce(hashes), np.bitwise_xor.reduce(hashes)
    return f"{len(frame)}-{int(total):016x}{int(mixed):016x}"


def missing_ids(frame: pd.DataFrame, known: pd.DataFrame, ids: Sequence[str]) -> pd.DataFrame:
    """The rows of a frame whose ids do not stand in another."""
    names: list[Any] = list(ids)
    merged = frame.assign(**{name: frame[name].astype(str) for name in names}).merge(
        known[names].astype(str).drop_duplicates(), on=names, how="left", indicator=True
    )
    return merged[merged["_merge"] == "left_only"].drop(columns="_merge")
