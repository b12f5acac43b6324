"""Labels in: what has arrived of the truth, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.core.counts import counted
from lamplighter.core.evaluation.labelled import numbers
from lamplighter.core.hints import names_listed
from lamplighter.core.monitor import Labels, Monitor
from lamplighter.core.monitor.columns import kinds_of_feature
from lamplighter.core.time.window import Window, midnight
from lamplighter.core.values.cell import Reading
from lamplighter.core.values.identity import identities
from lamplighter.errors import BrokenFileError, ColumnError
from storage.project.folder import Project
from storage.sources.box_columns import BoxColumns
from storage.sources.boxes import packed_boxes
from storage.sources.file_kinds import DELIVER
from storage.sources.files import File
from storage.sources.place import Wanted, reader_of
from storage.sources.scan import Scan, ScanSpec
from storage.sources.timestamps import INSTANT
from storage.sources.types import as_frame, objects_of, united, without_bytes

ONE_DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)
"""The shortest time between two instants."""


SEPARATOR, ESCAPE = "\x1f", "\x1b"
"""What stands between the parts of an id, and before a sign that stands for one in a part."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """Every label that may belong to some windows, as it came: corrections are rows of their own.

    Attributes
    ----------
    frame : DataFrame
        ``key`` (the id as one text), ``y_true``, ``arrived`` (UTC; NaT when that is unknown), and ``value``: the
        label in the type that its files hold.
    dated : bool
        Whether it is known when a label arrived.
    files : int
        Files that may hold labels.
    unreadable : list of (str, str)
        Files that could not be read, and why.
    left_out : list of (str, str)
        Files of which some labels could not be read, and which.
    """

    frame: pd.DataFrame
    dated: bool
    files: int
    unreadable: list[tuple[str, str]]
    left_out: list[tuple[str, str]] = field(default_factory=list)


def labels_arrived(
    project: Project,
    monitor: Monitor,
    first: datetime,
    now: datetime,
    spool_folder: Path,
    beside: Iterable[Scan] = (),
) -> Arrived | None:
    """Read the labels that arrived from ``first`` until ``now``; None when they stand in the predictions' own rows.

    The day in a label's path is the local day on which it arrived; a time column, where there is one, is exacter.
    Without one a label counts from the end of that day, since it is unknown how much of a day's file was there
    before.

    Parameters
    ----------
    beside : iterable of Scan
        Predictions that the labels are joined with: cells of CSV files, which have no type, are read as theirs.

    Raises
    ------
    SourceError
        If the source does not answer, or a column is missing.

    Examples
    --------
    >>> arrived = labels_arrived(project, monitor, window.previous().start, window.start, context.spool)
    >>> arrived.frame.columns.tolist(), len(arrived.frame), arrived.dated
    (['key', 'y_true', 'arrived', 'value'], 300, True)
    """
    labels = monitor.labels
    assert labels is not None
    if labels.same_row:
        return None
    # A path holds a label's day and no more, so the whole of the first day may be meant.
    zone = ZoneInfo(monitor.timezone)
    begin = first if labels.time else midnight(first.astimezone(zone).date(), zone)
    span = Window(monitor.model, monitor.every, begin, now + MOMENT, monitor.timezone)
    only = _columns(labels, monitor)
    files = reader_of(labels).between(project, labels, span, Wanted(spool_folder, "labels", only=only))
    unreadable: list[tuple[str, str]] = []
    left_out: list[tuple[str, str]] = []
    incomplete: list[tuple[File, str]] = []
    reading = _readings(monitor, beside) if any(file.is_csv for file in files) else {}
    tables = [
        table
        for file in files
        if (table := _read(file, monitor, span, reading, unreadable, incomplete, left_out)) is not None
    ]
    if incomplete and len(incomplete) + len(unreadable) == len(files):
        # What all files lack is the monitor's mistake, or the log's, and none of theirs.
        file, what = incomplete[0]
        raise ColumnError(what, where=file.shown)
    unreadable += [(file.shown, f"{what}; {DELIVER}") for file, what in incomplete]
    frame = _frame(tables, monitor) if tables else _none()
    seen = frame["arrived"].isna() | ((frame["arrived"] >= span.start) & (frame["arrived"] < span.end))
    return Arrived(frame[seen].reset_index(drop=True), labels.dated, len(files), unreadable, left_out)


def _columns(labels: Labels, monitor: Monitor) -> list[str]:
    """The columns that are read of a table of labels."""
    beside = [name for name in (labels.classes, labels.time) if name]
    return [*ids_of(labels, monitor), labels.target, *beside]


def ids_of(labels: Labels, monitor: Monitor) -> tuple[str, ...]:
    """The columns that hold a label's id.

    Examples
    --------
    >>> ids_of(monitor.labels, monitor)
    ('id',)
    """
    return labels.id or monitor.predictions.id


def identified(monitor: Monitor, columns: Iterable[str]) -> set[str]:
    """Those of some columns that are compared for what they are; a trainer gets their values as the log has them.

    Examples
    --------
    >>> sorted(identified(monitor, ["id", "at", "amount", "plan", "churns"]))
    ['churns', 'id', 'plan']
    """
    predictions, labels = monitor.predictions, monitor.labels
    answers = [predictions.prediction, labels.target if labels else None] if monitor.kind.compared_as == "names" else []
    named = {*predictions.id, predictions.version, *monitor.segments, *answers}
    as_feature = {name: kinds_of_feature(monitor, name) for name in columns}
    return {
        name
        for name, kinds in as_feature.items()
        if kinds == ("categorical",) or (name in named and kinds != ("numeric",))
    }


def _readings(monitor: Monitor, beside: Iterable[Scan]) -> dict[str, Reading]:
    """How cells of the labels are read, by column: as the column of the predictions that they are compared with."""
    labels, predictions = monitor.labels, monitor.predictions
    assert labels is not None
    pairs = [*zip(ids_of(labels, monitor), predictions.id, strict=True), (labels.target, predictions.prediction)]
    for rows in beside:
        if rows.schema:
            return {column: rows.held.reading(answer) for column, answer in pairs if answer}
    return {}


def _none() -> pd.DataFrame:
    columns = {name: pd.Series(dtype=object) for name in ("key", "y_true", "value")}
    return pd.DataFrame(columns | {"arrived": pd.Series(dtype="datetime64[us, UTC]")})


def _read(
    file: File,
    monitor: Monitor,
    span: Window,
    reading: Mapping[str, Reading],
    unreadable: list[tuple[str, str]],
    incomplete: list[tuple[File, str]],
    left_out: list[tuple[str, str]],
    *,
    once_more: bool = True,
) -> pa.Table | None:
    """One file's labels; null ids and null targets are no labels. A file that lacks a column is noted as incomplete.

    One that breaks meanwhile is read once more: it may have been replaced.
    """
    labels = monitor.labels
    assert labels is not None
    ids = ids_of(labels, monitor)
    where = ScanSpec(span, (file,), labels.time, labels.timezone, undated=True, unit=labels.time_unit, at_day_end=True)
    rows = Scan(where)
    # A file without the time column has no rows of the span, but a schema that shows what is wrong.
    whole = Scan(ScanSpec(span, (file,), time=None)) if rows.unreadable else rows
    schema = whole.schema
    wanted = _columns(labels, monitor)
    if schema and (missing := [name for name in wanted if name not in schema]):
        names = [name for name in schema if name not in whole.held.of_paths]
        incomplete.append((file, f"no label column {missing[0]!r}; {names_listed(missing[0], names)}"))
        return None
    unreadable += rows.unreadable
    if not rows.count:
        unreadable += [(file.shown, "; and ".join(rows.left_out))] if rows.left_out else []
        return None
    try:
        key = joined_key(rows.identities(ids, reading).columns)
        identity, value = _values(rows, monitor, reading, is_csv=file.is_csv)
        arrived = _arrivals(rows, labels, file, span)
    except BrokenFileError:
        if once_more:
            return _read(file, monitor, span, reading, unreadable, incomplete, left_out, once_more=False)
        unreadable += rows.unreadable
        return None
    read = pa.table({"key": key, "identity": identity, "value": value, "arrived": arrived})
    read = read.filter(pc.and_(read["key"].is_valid(), read["identity"].is_valid()))
    if said := [*rows.left_out, *_without_id(key, ids, labels)]:
        # A file of which no label is left may be delivered again, for which windows wait.
        (left_out if len(read) else unreadable).append((file.shown, "; and ".join(said)))
    return read


def _without_id(key: pa.Array | pa.ChunkedArray, ids: Sequence[str], labels: Labels) -> Iterator[str]:
    """What is said of labels that have no id, where all have none, or where a file holds labels alone."""
    if not key.null_count or (key.null_count < len(key) and not labels.place.of_labels):
        return
    count = counted(key.null_count, "row has", "rows have")
    what = f"{count} no {' or no '.join(map(repr, ids))}, of {len(key):,}, and so no id; left out"
    yield f"{what}; fill it in, or name another column as labels.id"


def _values(
    rows: Scan, monitor: Monitor, reading: Mapping[str, Reading], *, is_csv: bool
) -> tuple[pa.Array | pa.ChunkedArray, pa.ChunkedArray]:
    """What each label is compared by, and the label."""
    labels = monitor.labels
    assert labels is not None
    if monitor.kind.compared_as == "boxes":
        value = packed_boxes(rows, BoxColumns.of(labels))
        return identities(value), value
    # Of the column as it was read: what is made of a decimal later may have fewer digits.
    identity = rows.identities([labels.target], reading).column(0)
    of_cells = monitor.kind.compared_as == "values" and is_csv
    texts = rows.identities([labels.target], {labels.target: Reading.TEXT}) if of_cells else None
    return identity, (texts or rows.table([labels.target], exact=[labels.target])).column(0)


def _frame(tables: Sequence[pa.Table], monitor: Monitor) -> pd.DataFrame:
    """The labels of all files; the identity of a value is taken before the types of the files are united."""
    if monitor.kind.compared_as == "numbers":
        tables = [without_bytes(table, "value") for table in tables]
    table = united(tables, exact=["value"])
    kept = pd.Series(pd.arrays.ArrowExtensionArray(table["value"]))
    true = table["value"] if monitor.kind.compared_as in ("numbers", "values") else table["identity"]
    frame = as_frame(pa.table({"key": table["key"], "y_true": true, "arrived": table["arrived"]}))
    if monitor.kind.compared_as == "numbers" and any(_is_narrow(table["value"].type) for table in tables):
        # A double and the float of fewer bits that it was rounded to are one label, delivered twice.
        with np.errstate(over="ignore"):
            frame["content"] = numbers(frame["y_true"]).astype(np.float32)
    if monitor.kind.compared_as == "values":
        # Of each file by itself: text beside bytes is text.
        frame["y_true"] = pd.Series([value for part in tables for value in objects_of(part["value"])], dtype=object)
    if monitor.kind.compared_as == "boxes":
        frame = frame.assign(content=frame["y_true"], y_true=kept)
    return frame.assign(value=kept)


def _is_narrow(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) and kind.bit_width < 64)


def _arrivals(rows: Scan, labels: Labels, file: File, span: Window) -> pa.Array | pa.ChunkedArray:
    """When each label of a file arrived, as far as that is known."""
    if labels.time:
        instants = rows.instants(rows.table([labels.time]).column(0), labels.time)
        return instants.cast(INSTANT)
    moment = midnight(file.day + ONE_DAY, span.zone) - MOMENT if file.day else None
    return pa.repeat(pa.scalar(moment, INSTANT), rows.count)


def keys(frame: pd.DataFrame, names: Sequence[str]) -> pd.Index[Any]:
    r"""One text a row that stands for its id, null where a part of it is; numbers and text that read alike are one.

    Examples
    --------
    >>> keys(pd.DataFrame({"shop": ["a", "a"], "number": [1, None]}), ["shop", "number"]).tolist()
    ['a\x1f1', nan]
    >>> keys(pd.DataFrame({"id": [1.0]}), ["id"]) == keys(pd.DataFrame({"id": ["1"]}), ["id"])
    array([ True])
    """
    table = pa.Table.from_pandas(frame[list(names)], preserve_index=False)
    joined: pd.Index[Any] = pd.Index(joined_key([identities(column) for column in table.columns]).to_pandas())
    return joined


def joined_key(parts: Sequence[pa.Array | pa.ChunkedArray]) -> pa.Array | pa.ChunkedArray:
    r"""The identities of the parts of an id as one text, null where one is.

    Examples
    --------
    >>> joined_key([pa.array(["a", "a"]), pa.array(["1", None])]).to_pylist()
    ['a\x1f1', None]
    """
    if len(parts) == 1:
        return parts[0]
    return pc.binary_join_element_wise(*(_escaped(part) for part in parts), SEPARATOR)


def _escaped(part: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """A part that holds the separator must not read as two."""
    if not pc.any(pc.match_substring_regex(part, f"[{SEPARATOR}{ESCAPE}]")).as_py():
        return part
    return pc.replace_substring(pc.replace_substring(part, ESCAPE, ESCAPE + "0"), SEPARATOR, ESCAPE + "1")
