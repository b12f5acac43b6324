"""Labels that have arrived, and the rows of a window that they belong to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.core.labelling import matured
from lamplighter.core.measurement import State
from lamplighter.core.monitor import Monitor
from lamplighter.core.window import Window, midnight
from lamplighter.errors import ColumnError
from storage.files import DAY, File, find
from storage.instants import to_instants
from storage.predictions import predictions_of
from storage.project import Project
from storage.rows import Rows, Slice, rows_of
from storage.sql import spool
from storage.values import as_text, comparable_values


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
    # A path tells a label's day and no more, so the whole of the first day may be meant.
    zone = ZoneInfo(monitor.timezone)
    begin = first if labels.time else midnight(first.astimezone(zone).date(), zone)
    span = Window(monitor.model, monitor.every, begin, now + timedelta(microseconds=1), monitor.timezone)
    if labels.sql:
        files = spool(
            labels.sql,
            column=labels.time,
            timezone=labels.timezone,
            start=span.start,
            end=span.end,
            folder=spool_folder / "labels",
            only=[*(labels.id or monitor.predictions.id), labels.target, *([labels.time] if labels.time else [])],
        )
    else:
        files = find((project.locate(path) for path in labels.parquet), span.days(margin=1))
    unreadable: list[tuple[str, str]] = []
    tables = [table for file in files if (table := _read(file, monitor, span, unreadable)) is not None]
    frame = pd.concat(tables, ignore_index=True) if tables else _none(monitor)
    dated = labels.time is not None or bool(labels.parquet and all(DAY.search(path) for path in labels.parquet))
    seen = frame["arrived"].isna() | ((frame["arrived"] >= span.start) & (frame["arrived"] < span.end))
    return Arrived(frame[seen], dated, unreadable)


def _none(monitor: Monitor) -> pd.DataFrame:
    empty = {name: pd.Series(dtype=object) for name in (*monitor.predictions.id, "y_true")}
    return pd.DataFrame(empty | {"arrived": pd.Series(dtype="datetime64[us, UTC]")})


def _read(file: File, monitor: Monitor, span: Window, unreadable: list[tuple[str, str]]) -> pd.DataFrame | None:
    """One file's labels; null ids and null targets are no labels."""
    labels = monitor.labels
    assert labels is not None
    ids = labels.id or monitor.predictions.id
    rows = Rows(Slice(span, (file,), time=labels.time, timezone=labels.timezone, undated=True))
    # A file without the time column has no rows of the span, but a schema that tells what is wrong.
    schema = Rows(Slice(span, (file,), time=None)).schema if rows.unreadable else rows.schema
    wanted = [*ids, labels.target, *([labels.time] if labels.time else [])]
    if schema and (missing := [name for name in wanted if name not in schema]):
        raise ColumnError(f"{file.uri}: no label column {missing[0]!r}; it has {', '.join(schema)}")
    unreadable += rows.unreadable
    if not rows.count:
        return None
    read = rows.frame([*ids, labels.target], ids)
    frame = read[list(ids)].rename(columns=dict(zip(ids, monitor.predictions.id, strict=True)))
    frame["y_true"] = read[labels.target]
    if labels.time:
        times = rows.table([labels.time]).column(0)
        frame["arrived"] = to_instants(times, labels.time, labels.timezone).to_pandas()
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
    return rows_of(where).frame(names, predictions.id)


def truths_of(slices: Sequence[Slice], monitor: Monitor, arrived: Arrived | None, *, relabel: bool) -> Iterator[Truth]:
    """Join the labels that have arrived to the predictions of some windows, one window in memory at a time.

    The newest label of an id counts, by arrival and then by content.

    Parameters
    ----------
    slices : sequence of Slice
        The windows.
    monitor : Monitor
        Names the columns.
    arrived : Arrived or None
        None when the labels stand in the rows of the predictions.
    relabel : bool
        Count labels that came after their window was final, too.
    """
    labels = monitor.labels
    assert labels is not None
    needed = (monitor.predictions.prediction or "", *monitor.predictions.id)
    ledger = None if arrived is None else LabelLedger.of(arrived.frame, monitor.predictions.id)
    for where in slices:
        frame = predictions_with_ids(where, monitor)
        if ledger is None:
            truth, corrected = frame.pop(labels.target), 0
        else:
            truth, corrected = ledger.look_up(frame, None if relabel else matured(where.window, monitor))
        comparable = all(name in rows_of(where).schema for name in needed)
        known = truth.notna().to_numpy()
        yield Truth(frame[known].assign(y_true=truth[known].infer_objects()), corrected, comparable)


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
        content, _ = pd.factorize(comparable_values(frame["y_true"]), sort=True)
        arrival = frame["arrived"].astype("int64").where(frame["arrived"].notna(), np.iinfo(np.int64).min).to_numpy()
        order = np.lexsort((content, arrival))
        ordered = frame.iloc[order]
        number, ids = pd.factorize(_keys(ordered, names))
        # As Python objects, since a look-up in an index of Arrow's would make them anew each time.
        return cls(ids.astype(object), names, number, content[order], ordered)

    def numbers(self, frame: pd.DataFrame) -> npt.NDArray[np.intp]:
        """The number of each row's id; -1 where no label has it."""
        return self.ids.get_indexer(_keys(frame, self.names).astype(object))

    def look_up(self, predictions: pd.DataFrame, before: datetime | None) -> tuple[pd.Series[Any], int]:
        """The truth of each prediction, and how many of the labels replaced an earlier, different one."""
        places = np.arange(len(self.frame))
        if before is not None:
            in_time = self.frame["arrived"].isna() | (self.frame["arrived"] < before)
            places = places[in_time.to_numpy()]
        newest = np.full(len(self.ids) + 1, -1)
        newest[self.number[places]] = places
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


def _keys(frame: pd.DataFrame, names: Sequence[str]) -> pd.Index[Any]:
    """One text a row that stands for its id, null where a part of it is; numbers and text that read alike are one."""
    table = pa.Table.from_pandas(frame[list(names)], preserve_index=False)
    parts = [as_text(column) for column in table.columns]
    keys: pd.Index[Any] = pd.Index(pc.binary_join_element_wise(*parts, "\x1f").to_pandas())
    return keys


LOOK_BACK_WINDOWS = 31
"""How many windows before those of the night are searched for the prediction of a late label, newest first."""


def stray_labels(
    project: Project, monitor: Monitor, slices: Sequence[Slice], arrived: Arrived, spool_folder: Path
) -> Stray:
    """Count the labels that arrived during the first window and count for none.

    Parameters
    ----------
    project : Project
        Where the predictions are found.
    monitor : Monitor
        Names the columns.
    slices : sequence of Slice
        The windows that the night looked at, its own first; earlier ones are looked for where they are.
    arrived : Arrived
        Labels, with the instant at which each arrived.
    spool_folder : Path
        Folder for what is streamed of earlier windows.
    """
    window = slices[0].window
    during = (arrived.frame["arrived"] >= window.start) & (arrived.frame["arrived"] < window.end)
    ledger = LabelLedger.of(arrived.frame[during], monitor.predictions.id)
    nobody = np.ones(len(ledger.ids), dtype=bool)
    late = 0
    for where in _earlier(project, monitor, slices, spool_folder):
        if not nobody.any():
            break
        ids = monitor.predictions.id
        numbers = ledger.numbers(rows_of(where).frame(ids, ids))
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
    at_hand = {where.window.start for where in slices}
    window = slices[0].window.previous()
    for _ in range(LOOK_BACK_WINDOWS + len(at_hand) - 1):
        if window.start not in at_hand:
            yield predictions_of(project, monitor, window, spool_folder / "look-back", only=monitor.predictions.id)
        window = window.previous()


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
    plain = pd.DataFrame({name: comparable_values(frame[name]) for name in columns})
    hashes = pd.util.hash_pandas_object(plain, index=False).to_numpy()
    total, mixed = np.add.reduce(hashes), np.bitwise_xor.reduce(hashes)
    return f"{len(frame)}-{int(total):016x}{int(mixed):016x}"
