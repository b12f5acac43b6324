"""Labels that have arrived, and the rows of a window that they belong to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
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
    corrected : int
        Labels that replaced an earlier, different one.
    comparable : bool
        Whether the columns that quality needs are there.
    """

    labelled: pd.DataFrame
    corrected: int
    comparable: bool

    def known_as(self, state: State, monitor: Monitor) -> str:
        """A hash that changes with the labels, with their state, and with what the monitor asks of them."""
        asked = (monitor.kind, monitor.segments, monitor.metrics, monitor.top_k, monitor.predictions.positive)
        asked_hash = hashlib.sha256(repr(asked).encode()).hexdigest()[:8]
        return f"{state.value} {content_hash(self.labelled, [*monitor.predictions.id, 'y_true'])} {asked_hash}"


@dataclass(frozen=True, slots=True)
class Stray:
    """Labels that arrived during the night's own window and count for no window: too late, or of nobody."""

    late: int
    unknown: int


def predictions_with_ids(where: Slice, monitor: Monitor) -> pd.DataFrame:
    """The columns of a window that quality needs; one that is not there is all null."""
    labels, predictions = monitor.labels, monitor.predictions
    assert labels is not None
    needed = [*predictions.id, predictions.prediction, *predictions.scores, predictions.version, *monitor.segments]
    needed += [labels.target] if labels.same_row else []
    names = list(dict.fromkeys(name for name in needed if name))
    return rows_of(where).table(names).to_pandas()


def truths_of(slices: Sequence[Slice], monitor: Monitor, arrived: Arrived | None, *, relabel: bool) -> list[Truth]:
    """Join the labels that have arrived to the predictions of some windows.

    The newest label of an id counts, by arrival and then by content.

    Parameters
    ----------
    slices : sequence of Slice
    monitor : Monitor
    arrived : Arrived or None
        None when the labels stand in the rows of the predictions.
    relabel : bool
        Count labels that came after their window was final, too.
    """
    frames = [predictions_with_ids(where, monitor) for where in slices]
    needed = (monitor.predictions.prediction or "", *monitor.predictions.id)
    comparable = [all(name in rows_of(where).schema for name in needed) for where in slices]
    if arrived is None:
        assert monitor.labels is not None
        named = [frame.rename(columns={monitor.labels.target: "y_true"}) for frame in frames]
        return [
            Truth(frame[frame["y_true"].notna()], 0, fits) for frame, fits in zip(named, comparable, strict=True)
        ]
    ledger = LabelLedger.of(arrived.frame, monitor.predictions.id)
    truths = []
    for where, frame, fits in zip(slices, frames, comparable, strict=True):
        before = None if relabel else matured(where.window, monitor)
        y_true, corrected = ledger.look_up(frame, before)
        known = y_true.notna().to_numpy()
        truths.append(Truth(frame.assign(y_true=y_true)[known], corrected, fits))
    return truths


def matured(window: Window, monitor: Monitor) -> datetime:
    """When the last label that counts for a window may arrive."""
    assert monitor.labels is not None
    return window.end + monitor.labels.mature_after


@dataclass(frozen=True, slots=True)
class LabelLedger:
    """Labels in the order in which they overrule each other, and a number for each id.

    Attributes
    ----------
    ids : Index
        Distinct ids; an id's place is its number.
    names : tuple of str
        The id columns.
    number : array of int
        Of each label's id.
    content : array of int
        Equal for equal labels.
    frame : DataFrame
        The labels.
    """

    ids: pd.Index[Any]
    names: tuple[str, ...]
    number: npt.NDArray[np.intp]
    content: npt.NDArray[np.intp]
    frame: pd.DataFrame

    @classmethod
    def of(cls, frame: pd.DataFrame, names: tuple[str, ...]) -> LabelLedger:
        """Sort labels by arrival, then by content, so that the last of an id is the one that counts."""
        content, _ = pd.factorize(frame["y_true"].astype(str), sort=True)
        arrival = frame["arrived"].astype("int64").where(frame["arrived"].notna(), np.iinfo(np.int64).min).to_numpy()
        order = np.lexsort((content, arrival))
        ordered = frame.iloc[order]
        number, ids = pd.factorize(_keys(ordered, names))
        return cls(pd.Index(ids), names, number, content[order], ordered)

    def numbers(self, frame: pd.DataFrame) -> npt.NDArray[np.intp]:
        """The number of each row's id; -1 where no label has it."""
        return self.ids.get_indexer(pd.Index(_keys(frame, self.names)))

    def look_up(self, predictions: pd.DataFrame, before: datetime | None) -> tuple[pd.Series[Any], int]:
        """The truth of each prediction, and how many of the labels replaced an earlier, different one."""
        places = np.arange(len(self.frame))
        if before is not None:
            in_time = self.frame["arrived"].isna() | (self.frame["arrived"] < before)
            places = places[in_time.to_numpy()]
        newest = np.full(len(self.ids) + 1, -1)
        newest[self.number[places]] = places
        oldest = np.full(len(self.ids) + 1, -1)
        oldest[self.number[places[::-1]]] = places[::-1]
        numbers = self.numbers(predictions)
        found = newest[numbers]
        values = self.frame["y_true"].reset_index(drop=True)
        y_true = values.reindex(found).set_axis(predictions.index)
        labelled = numbers[found >= 0]
        changed = np.unique(labelled[self._differs(places)[labelled]])
        return y_true, len(changed)

    def _differs(self, places: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        """Whether the labels of an id differ, by its number."""
        low = np.full(len(self.ids), np.iinfo(np.intp).max)
        high = np.full(len(self.ids), -1)
        np.minimum.at(low, self.number[places], self.content[places])
        np.maximum.at(high, self.number[places], self.content[places])
        return low < high


def _keys(frame: pd.DataFrame, names: Sequence[str]) -> npt.NDArray[np.object_]:
    """One text a row that stands for its id; numbers and text that read alike are one id."""
    parts = [frame[name].astype(str).to_numpy(dtype=object) for name in names]
    joined = parts[0]
    for part in parts[1:]:
        joined = joined + "\x1f" + part
    return joined


LOOK_BACK_WINDOWS = 31
"""How many windows are searched for the prediction of a label that came too late, newest first."""


def stray_labels(
    project: Project, monitor: Monitor, slices: Sequence[Slice], arrived: Arrived, spool_folder: Path
) -> Stray:
    """Count the labels that arrived during the first window and count for none.

    Parameters
    ----------
    slices : sequence of Slice
        The windows that the night looked at, its own first; earlier ones are looked for where they are.
    """
    window = slices[0].window
    during = (arrived.frame["arrived"] >= window.start) & (arrived.frame["arrived"] < window.end)
    ledger = LabelLedger.of(arrived.frame[during], monitor.predictions.id)
    nobody = np.ones(len(ledger.ids), dtype=bool)
    late = 0
    for where in _earlier(project, monitor, slices, spool_folder):
        if not nobody.any():
            break
        numbers = ledger.numbers(rows_of(where).table(list(monitor.predictions.id)).to_pandas())
        found = np.zeros(len(nobody) + 1, dtype=bool)
        found[numbers] = True
        found = found[:-1] & nobody
        too_late = (ledger.frame["arrived"] >= matured(where.window, monitor)).to_numpy()
        late += len(np.unique(ledger.number[too_late & found[ledger.number]]))
        nobody &= ~found
    return Stray(late, int(nobody.sum()))


def _earlier(project: Project, monitor: Monitor, slices: Sequence[Slice], spool_folder: Path) -> Iterator[Slice]:
    """The windows at hand, then the ones before the night's own that are not among them, newest first."""
    yield from slices
    seen = {where.window.start for where in slices}
    window = slices[0].window
    for _ in range(LOOK_BACK_WINDOWS):
        window = window.previous()
        if window.start not in seen:
            yield predictions_of(project, monitor, window, spool_folder / "look-back")


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
