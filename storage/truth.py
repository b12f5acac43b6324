"""Labels that have arrived, and the rows of a window that they belong to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from lamplighter.core.measurement import State
from lamplighter.core.monitor import Monitor
from lamplighter.core.window import Window, midnight
from lamplighter.errors import ColumnError
from storage.files import File, find
from storage.instants import to_instants
from storage.project import Project
from storage.predictions import predictions_of
from storage.rows import Rows, Slice, rows_of
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
) -> Arrived | None:
    """Read the labels that arrived from ``first`` until ``now``; None when they stand in the predictions' own rows.

    The day in a label's path is the local day on which it arrived; a time column, where there is one, is exacter.

    Raises
    ------
    SourceError
        If the source does not answer, or a column is missing.
    """
    labels = monitor.labels
    assert labels is not None
    if labels.same_row:
        return None
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


@dataclass(frozen=True, slots=True)
class Truth:
    """A window's predictions, and what of their truth has arrived.

    Attributes
    ----------
    labelled : DataFrame
        The rows with a label: the columns that quality needs, and ``y_true``.
    ids : DataFrame
        The ids of all rows.
    corrected : int
        Labels that replaced an earlier, different one.
    matured : datetime
        When the last label that counts may arrive.
    comparable : bool
        Whether the columns that quality needs are there.
    """

    labelled: pd.DataFrame
    ids: pd.DataFrame
    corrected: int
    matured: datetime
    comparable: bool

    def known_as(self, state: State, monitor: Monitor) -> str:
        """A hash that changes with the labels, with their state, and with what the monitor asks of them."""
        names = [*monitor.predictions.id, "y_true"] if monitor.predictions.id else ["y_true"]
        asked = (monitor.kind, monitor.segments, monitor.metrics, monitor.top_k, monitor.predictions.positive)
        asked_hash = hashlib.sha256(repr(asked).encode()).hexdigest()[:8]
        return f"{state.value} {content_hash(self.labelled, names)} {asked_hash}"


def truth_of(where: Slice, monitor: Monitor, arrived: Arrived | None, *, relabel: bool = False) -> Truth:
    """Join the labels of a window to its predictions.

    Parameters
    ----------
    where : Slice
    monitor : Monitor
    arrived : Arrived or None
        None when the labels stand in the rows of the predictions.
    relabel : bool
        Count labels that came after the window was final, too.
    """
    labels, predictions, rows = monitor.labels, monitor.predictions, rows_of(where)
    assert labels is not None
    matured = where.window.end + labels.mature_after
    needed = [predictions.prediction or "", *predictions.scores, *([predictions.version] if predictions.version else [])]
    needed += [*monitor.segments, *predictions.id, *([labels.target] if labels.same_row else [])]
    frame = rows.table(list(dict.fromkeys(needed))).to_pandas()
    ids = frame[list(predictions.id)]
    comparable = all(name in rows.schema for name in (predictions.prediction or "", *predictions.id))
    if labels.same_row:
        frame, corrected = frame.rename(columns={labels.target: "y_true"}), 0
    else:
        assert arrived is not None
        settled, changed = settle(arrived.frame, predictions.id, None if relabel else matured)
        frame = join(frame, settled, predictions.id)
        corrected = len(ids) - len(missing_ids(ids, changed, predictions.id)) if len(changed) else 0
    return Truth(frame[frame["y_true"].notna()], ids, corrected, matured, comparable)


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
    """The rows of a frame whose ids do not stand in another, compared as text."""
    names = list(ids)
    stands = pd.MultiIndex.from_frame(frame[names].astype(str)).isin(
        pd.MultiIndex.from_frame(known[names].astype(str))
    )
    return frame[~stands]


LOOK_BACK_WINDOWS = 31
"""How many windows are searched for the prediction of a label that came too late, newest first."""


def late_and_unknown(
    project: Project, monitor: Monitor, window: Window, arrived: Arrived, truths: Sequence[Truth], spool_folder: Path
) -> tuple[int, int]:
    """Count the labels that arrived during a window and count for none: those that came too late, and those of nobody.

    Parameters
    ----------
    window : Window
        The night's own.
    truths : sequence of Truth
        The windows that the night looked at, of which the last is the oldest.
    """
    ids = monitor.predictions.id
    if not arrived.dated:
        return 0, 0
    during = (arrived.frame["arrived"] >= window.start) & (arrived.frame["arrived"] < window.end)
    left = arrived.frame[during].drop_duplicates(list(ids))
    late = 0
    for ids_of_window, matured in _windows_of_ids(project, monitor, window, truths, spool_folder):
        if left.empty:
            break
        others = missing_ids(left, ids_of_window, ids)
        found = left.loc[left.index.difference(others.index)]
        late += int((found["arrived"] >= matured).sum())
        left = others
    return late, len(left)


def _windows_of_ids(
    project: Project, monitor: Monitor, window: Window, truths: Sequence[Truth], spool_folder: Path
) -> Iterator[tuple[pd.DataFrame, datetime]]:
    """Ids of predictions and when their labels mature: of the windows at hand, then of earlier ones, newest first."""
    assert monitor.labels is not None
    for truth in truths:
        yield truth.ids, truth.matured
    seen = {truth.matured for truth in truths}
    for _ in range(LOOK_BACK_WINDOWS):
        window = window.previous()
        matured = window.end + monitor.labels.mature_after
        if matured not in seen:
            rows = rows_of(predictions_of(project, monitor, window, spool_folder / "look-back"))
            yield rows.table(list(monitor.predictions.id)).to_pandas(), matured
