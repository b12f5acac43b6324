"""The truth of a window: its predictions, joined to the labels that have arrived."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from lamplighter.core.evaluation.labelled import class_labels, numbers
from lamplighter.core.evaluation.maturity import matured
from lamplighter.core.kinds import Kind
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.columns import with_truth_beside
from lamplighter.core.records.measurement import State
from lamplighter.core.time.window import Window
from storage.sources.box_columns import BoxColumns
from storage.sources.boxes import as_series, packed_boxes
from storage.sources.labels import Arrived, keys
from storage.sources.scan import Scan


@dataclass(frozen=True, slots=True)
class Truth:
    """A window's predictions, and what of their truth has arrived.

    Attributes
    ----------
    labelled : DataFrame
        The rows with a label: the columns of the user's that quality needs.
    y_true : Series of shape (n_labelled,)
        The label of each.
    corrected : int
        Labels that replaced an earlier, different one.
    comparable : bool
        Whether the columns that quality needs are there.
    content : str
        A hash over ids and labels, whatever their order.
    unusable : dict of str to int
        Labels that are none, as text where a number is meant, and of how many rows.
    """

    labelled: pd.DataFrame
    y_true: pd.Series[Any]
    corrected: int
    comparable: bool
    content: str
    unusable: dict[str, int] = field(default_factory=dict)

    def known_as(self, state: State, monitor: Monitor, functions: Collection[str] = ()) -> str:
        """A hash that changes with the labels, with their state, and with what the monitor asks of them.

        Parameters
        ----------
        state : State
        monitor : Monitor
        functions : collection of str
            The source text of the custom metrics.
        """
        asked = (
            monitor.kind,
            monitor.predictions.model_dump(include=_asked_of(monitor.kind)),
            monitor.segments,
            monitor.metrics,
            monitor.top_k,
            tuple(functions),
        )
        asked_hash = hashlib.sha256(repr(asked).encode()).hexdigest()[:8]
        return f"{state.value} {self.content} {asked_hash}"


def _asked_of(kind: Kind) -> set[str]:
    """The keys of predictions that quality depends on."""
    own = {"classes", "confidence", "box_format"} if kind.compared_as == "boxes" else set()
    return {"id", "prediction", "score", "version", "positive"} | own


@dataclass(frozen=True, slots=True)
class Seen:
    """A window, and until when labels count for it.

    Attributes
    ----------
    rows : Scan
    relabelled_until : datetime or None
        Labels that arrived before it count, although the window was final.
    """

    rows: Scan
    relabelled_until: datetime | None = None

    def before(self, monitor: Monitor) -> datetime:
        """The instant before which a label must have arrived."""
        final = matured(self.rows.spec.window, monitor)
        return max(final, self.relabelled_until) if self.relabelled_until else final


def predictions_with_ids(rows: Scan, monitor: Monitor) -> pd.DataFrame:
    """The columns of a window that quality needs; one that is not there is all null.

    Examples
    --------
    >>> from storage.sources.predictions import predictions_of
    >>> rows = context.scan(predictions_of(project, monitor, window, context.spool))
    >>> [*predictions_with_ids(rows, monitor).columns]
    ['id', 'plan', 'churns', 'probability']
    """
    labels, predictions = monitor.labels, monitor.predictions
    assert labels is not None
    if monitor.kind.compared_as == "boxes":
        return _with_boxes(rows, monitor)
    answers = [predictions.prediction, *([labels.target] if labels.same_row else [])]
    texts = [
        *predictions.id,
        predictions.version,
        *monitor.segments,
        *(answers if monitor.kind.compared_as == "names" else []),
    ]
    names = list(dict.fromkeys(name for name in (*texts, *answers, *predictions.scores) if name))
    objects = [name for name in answers if name] if monitor.kind.compared_as == "values" else []
    return rows.frame(names, [name for name in texts if name], objects)


def _with_boxes(rows: Scan, monitor: Monitor) -> pd.DataFrame:
    """The same of images: boxes under the name of the column that they stand in."""
    labels, predictions = monitor.labels, monitor.predictions
    texts = [*predictions.id, predictions.version, *monitor.segments]
    names = list(dict.fromkeys(name for name in texts if name))
    frame = rows.frame(names, names) if names else pd.DataFrame(index=pd.RangeIndex(rows.count))
    columns = [BoxColumns.of(predictions), *([BoxColumns.of(labels)] if labels and labels.same_row else [])]
    return frame.assign(**{column.boxes: as_series(packed_boxes(rows, column)) for column in columns})


def truths_of(windows: Sequence[Seen], monitor: Monitor, index: LabelIndex | None) -> Iterator[Truth]:
    """Join the labels that have arrived to the predictions of some windows, one window in memory at a time.

    Of the labels of an id that arrived from the window's beginning on, the newest counts. Where labels of an id that
    arrived at one instant contradict each other, and no later one decides, the truth is unknown.

    Parameters
    ----------
    windows : sequence of Seen
    monitor : Monitor
        Names the columns.
    index : LabelIndex or None
        None when the labels stand in the rows of the predictions.

    Examples
    --------
    >>> from storage.sources.labels import labels_arrived
    >>> from storage.sources.predictions import predictions_of
    >>> arrived = labels_arrived(project, monitor, window.previous().start, context.now, context.spool)
    >>> index = LabelIndex.of(arrived, monitor.predictions.id)
    >>> seen = Seen(context.scan(predictions_of(project, monitor, window.previous(), context.spool)))
    >>> [len(truth.labelled) for truth in truths_of([seen], monitor, index)]
    [300]
    """
    labels = monitor.labels
    assert labels is not None
    needed = (monitor.predictions.prediction or "", *monitor.predictions.id, *monitor.predictions.boxes)
    for seen in windows:
        frame = predictions_with_ids(seen.rows, monitor)
        if index is None:
            y_true, corrected = frame[labels.target], 0
        else:
            y_true, corrected = index.look_up(frame, seen.rows.spec.window, seen.before(monitor))
        comparable = all(name in seen.rows.schema for name in needed)
        known = _is_label(y_true, monitor.kind)
        odd = y_true[~known & y_true.notna().to_numpy()]
        labelled, y_true = frame[known], y_true[known]
        named = keys(labelled, monitor.predictions.id) if monitor.predictions.id else None
        yield Truth(labelled, y_true, corrected, comparable, content_hash(named, y_true), _counted(odd))


def truth_beside(rows: Scan, monitor: Monitor) -> Truth:
    """The truth of rows that hold it themselves, under its name beside answers, as those of a reference may.

    Examples
    --------
    >>> from storage.sources.predictions import predictions_of
    >>> rows = context.scan(predictions_of(project, monitor, window, context.spool))
    >>> truth = truth_beside(rows, monitor)
    >>> truth.comparable, len(truth.labelled)
    (True, 0)
    """
    # A reference needs no ids.
    without_ids = monitor.predictions.model_copy(update={"id": ()})
    own = with_truth_beside(monitor).model_copy(update={"predictions": without_ids})
    return next(truths_of([Seen(rows)], own, None))


def _is_label(y_true: pd.Series[Any], kind: Kind) -> npt.NDArray[np.bool_]:
    """Whether each value is a label: of a number, one without end is none."""
    return np.isfinite(numbers(y_true)) if kind.compared_as == "numbers" else y_true.notna().to_numpy()


def _counted(values: pd.Series[Any]) -> dict[str, int]:
    return dict(Counter(class_labels(values).tolist()))


@dataclass(frozen=True, slots=True)
class LabelIndex:
    """Labels in the order in which they overrule each other, and a number for each id.

    Attributes
    ----------
    ids : Index
        Distinct ids; an id's place is its number.
    names : tuple of str
        The id columns of the predictions.
    number : array of int
        Of each label's id.
    content : array of int
        Equal for equal labels.
    arrival : array of int
        When each label arrived, in the unit of the frame; what nothing dates came first, and at one instant.
    frame : DataFrame
        The labels, as in `Arrived`.
    """

    ids: pd.Index[Any]
    names: tuple[str, ...]
    number: npt.NDArray[np.intp]
    content: npt.NDArray[np.intp]
    arrival: npt.NDArray[np.integer[Any]]
    frame: pd.DataFrame

    @classmethod
    def of(cls, arrived: Arrived, names: tuple[str, ...]) -> LabelIndex:
        """Sort labels by arrival, then by content, so that the last of an id is the newest."""
        frame = arrived.frame
        true = frame["content"] if "content" in frame else frame["y_true"]
        content, _ = pd.factorize(true if pd.api.types.is_numeric_dtype(true) else class_labels(true), sort=True)
        dated = frame["arrived"].notna()
        arrival = np.asarray(frame["arrived"].astype("int64").where(dated, np.iinfo(np.int64).min), dtype=np.int64)
        order = np.lexsort((content, arrival))
        ordered = frame.iloc[order].reset_index(drop=True)
        number, ids = pd.factorize(ordered["key"])
        # As Python objects, since a look-up in an index of Arrow's would make them anew each time.
        return cls(pd.Index(ids).astype(object), names, number, content[order], arrival[order], ordered)

    def numbers(self, predictions: pd.DataFrame) -> npt.NDArray[np.intp]:
        """The number of each row's id; -1 where no label has it."""
        return self.ids.get_indexer(keys(predictions, self.names).astype(object))

    def look_up(self, predictions: pd.DataFrame, window: Window, before: datetime) -> tuple[pd.Series[Any], int]:
        """The truth of each prediction, and how many of the labels replaced an earlier, different one.

        What arrived before the window began is not the truth of what was predicted in it.
        """
        found, changed = self._found(predictions, window, before)
        return self.frame["y_true"].reindex(found).set_axis(predictions.index), changed

    def values(self, predictions: pd.DataFrame, window: Window, before: datetime) -> pa.ChunkedArray:
        """The truth of each prediction, in the type that the files of the labels hold."""
        found, _ = self._found(predictions, window, before)
        return pa.chunked_array(pa.array(self.frame["value"])).take(pa.array(found, mask=found < 0))

    def _found(self, predictions: pd.DataFrame, window: Window, before: datetime) -> tuple[npt.NDArray[np.intp], int]:
        """The place of each prediction's label, -1 where it has none, and how many replaced a different one."""
        arrived = self.frame["arrived"]
        in_time = arrived.isna() | ((arrived >= window.start) & (arrived < before))
        places = np.flatnonzero(in_time.to_numpy())
        newest = self._newest(places)
        newest[np.flatnonzero(self._contradicted(places, newest))] = -1
        numbers = self.numbers(predictions)
        found = newest[numbers]
        labelled = numbers[found >= 0]
        changed = np.unique(labelled[self._differs(places)[labelled]])
        return found, len(changed)

    def _newest(self, places: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """The place of the newest of some labels of each id, by its number; -1 for none, and at the end for no id."""
        newest = np.full(len(self.ids) + 1, -1)
        newest[self.number[places]] = places
        return newest

    def _contradicted(self, places: npt.NDArray[np.intp], newest: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        """Whether the newest labels of an id came at one instant and differ, by its number."""
        at_once = self.arrival[places] == self.arrival[newest[self.number[places]]]
        return self._differs(places[at_once])

    def contradicted(self, since: datetime) -> tuple[npt.NDArray[np.bool_], int]:
        """Whether the labels of an id contradict each other, by its number; and how many ids have labels.

        Of ids whose newest label arrived from an instant on, or was never dated.
        """
        arrived = self.frame["arrived"]
        recent = (arrived.isna() | (arrived >= since)).to_numpy()
        places = np.arange(len(self.frame))
        newest = self._newest(places)
        is_recent = recent[newest[:-1]] if len(places) else np.zeros(0, dtype=bool)
        return self._contradicted(places, newest) & is_recent, int(is_recent.sum())

    def _differs(self, places: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        """Whether the labels of an id differ, by its number."""
        low = np.full(len(self.ids), np.iinfo(np.intp).max)
        high = np.full(len(self.ids), -1)
        np.minimum.at(low, self.number[places], self.content[places])
        np.maximum.at(high, self.number[places], self.content[places])
        return low < high

    def labelled_again(self) -> npt.NDArray[np.bool_]:
        """Whether an id has several labels, by its number."""
        return np.bincount(self.number, minlength=len(self.ids)) > 1


def comparable_values(values: pd.Series[Any]) -> npt.NDArray[Any]:
    """Identities, or floats where they are fractions, such that equal values are equal whatever type holds them.

    Examples
    --------
    >>> comparable_values(pd.Series([1.0, 0.0])).tolist(), comparable_values(pd.Series([0.5, 1.0])).tolist()
    (['1', '0'], [0.5, 1.0])
    """
    if pd.api.types.is_float_dtype(values) and (values % 1 != 0).any():
        return numbers(values)
    return class_labels(values)


def content_hash(ids: pd.Index[Any] | None, y_true: pd.Series[Any]) -> str:
    """A hash over labels, and their ids where they have some, that does not depend on their order.

    Examples
    --------
    >>> ids, y_true = pd.Index(["a", "b"]), pd.Series([1, 0])
    >>> content_hash(ids, y_true) == content_hash(ids[::-1], y_true[::-1])
    True
    """
    if y_true.empty:
        return "empty"
    plain = pd.DataFrame({"y_true": comparable_values(y_true)})
    if ids is not None:
        plain["id"] = ids.array
    hashes = pd.util.hash_pandas_object(plain, index=False).to_numpy()
    total, mixed = np.add.reduce(hashes), np.bitwise_xor.reduce(hashes)
    return f"{len(y_true)}-{int(total):016x}{int(mixed):016x}"
