"""Whether labels meet predictions: read of the newest window that should have some."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from lamplighter.core.evaluation import class_labels, numbers
from lamplighter.core.finding import of_file
from lamplighter.core.monitor import Kind, Labels, Monitor
from lamplighter.core.soundness import Problem, classes_meet, label_column_problems
from lamplighter.core.window import Window
from lamplighter.errors import ColumnError, SourceError
from storage.absent import absent_source, where_it_ends
from storage.labels import Arrived, keys, labels_arrived
from storage.newest import EPOCH, FAR, newest_files
from storage.predictions import predictions_of
from storage.project import Project
from storage.rows import Rows, Slice
from storage.sql import columns_of
from storage.truth import LabelIndex, Seen, Truth, truths_of

MOST_WINDOWS = 8
"""Windows that are looked at for labels, from the newest back to the one whose labels should be there."""

MOMENT = timedelta(microseconds=1)


@dataclass
class LabelCheck:
    """What was read of the labels.

    Attributes
    ----------
    labelled : int or None
        Predictions of the newest window that have a label; None without labels.
    window, rows : str, int
        An earlier window that has some, where the newest has none, its labelled rows being ``labelled``.
    classes : set of str
        Those of the labels that met.
    problems : list of Problem
    """

    labelled: int | None = None
    window: str = ""
    rows: int = 0
    classes: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)


def check_labels(project: Project, monitor: Monitor, newest: Rows, now: datetime, folder: Path) -> LabelCheck:
    """Join the labels to the newest window, or to the newest earlier one that has some.

    Parameters
    ----------
    project : Project
    monitor : Monitor
    newest : Rows
        Of the newest window.
    now : datetime
        Labels that arrive later are not there yet.
    folder : Path
        For what is streamed.
    """
    check, labels = LabelCheck(), monitor.labels
    if labels is None or not _can_be_joined(monitor, newest):
        return check
    check.labelled = 0
    try:
        if labels.same_row:
            _one_window(monitor, newest.slice, None, now, check)
            if not check.labelled:
                check.problems.append(_no_labels(monitor, newest))
            return check
        check.problems += _absent(project, monitor, labels)
        if not check.problems:
            _joined(project, monitor, newest, now, folder, check)
    except SourceError as error:
        at = ("labels", "time") if isinstance(error, ColumnError) else ("labels", "sql" if labels.sql else "parquet")
        check.problems.append(Problem(at, f"the labels could not be looked at: {error}"))
    return check


_NONE_YET = "no prediction of the newest window has a label yet"


def _no_labels(monitor: Monitor, newest: Rows) -> Problem:
    """Why no row has a truth beside it."""
    assert monitor.labels is not None
    target = monitor.labels.target
    held = newest.table([target]).column(0)
    if len(held) > held.null_count and monitor.kind is Kind.REGRESSION:
        return Problem(("labels", "target"), f"no value of {target!r} is a number; name another column")
    return Problem(("labels", "target"), _NONE_YET, True)


def _can_be_joined(monitor: Monitor, rows: Rows) -> bool:
    needed = [*monitor.predictions.id, monitor.predictions.prediction]
    needed += [monitor.labels.target] if monitor.labels and monitor.labels.same_row else []
    return all(name in rows.schema for name in needed if name)


def _absent(project: Project, monitor: Monitor, labels: Labels) -> Iterator[Problem]:
    """What is wrong with the place and the columns of labels; paths without a file may be labels that are to come."""
    if labels.sql:
        if absent := absent_source(project, labels, "labels"):
            yield absent
            return
        yield from label_column_problems(monitor, columns_of(labels.sql))
        return
    files = newest_files(project, labels)
    if not files:
        where, is_misspelled = where_it_ends(project, labels.parquet[0])
        message = f"there are no labels yet: {labels.parquet[0]} matches no file; {where}"
        yield Problem(("labels", "parquet"), message, not is_misspelled)
        return
    always = Window(monitor.model, monitor.every, EPOCH, FAR, monitor.timezone)
    rows = Rows(Slice(always, tuple(files[-1:]), time=None))
    if rows.unreadable:
        yield Problem(("labels", "parquet"), of_file(*rows.unreadable[0]))
        return
    if rows.schema:
        yield from label_column_problems(monitor, rows.schema)


def _joined(project: Project, monitor: Monitor, newest: Rows, now: datetime, folder: Path, check: LabelCheck) -> None:
    windows = _windows(monitor, newest.slice.window)
    arrived = labels_arrived(project, monitor, windows[-1].start, now, folder)
    assert arrived is not None
    index = LabelIndex.of(arrived, monitor.predictions.id)
    looked_at = met = 0
    for window in windows:
        where = newest.slice if window == newest.slice.window else predictions_of(project, monitor, window, folder)
        _one_window(monitor, where, index, now, check)
        looked_at += check.rows
        if check.labelled:
            check.window = "" if window == newest.slice.window else window.label
            return
        met += _met(index, Rows(where), monitor)
    if met:
        told = f"{met} labels met their predictions, and none is a number; name another column"
        check.problems.append(Problem(("labels", "target"), told))
        return
    check.problems += _none_met(project, monitor, newest, arrived, windows, looked_at, now, folder)


def _met(index: LabelIndex, rows: Rows, monitor: Monitor) -> int:
    """How many predictions have an id that is a label's."""
    ids = monitor.predictions.id
    return int((index.numbers(rows.frame(ids, ids)) >= 0).sum())


def _windows(monitor: Monitor, newest: Window) -> list[Window]:
    """Newest first, windows back to the one whose labels had their time before the newest ended."""
    assert monitor.labels is not None
    oldest = monitor.window(newest.before_start(monitor.labels.mature_after) + MOMENT)
    windows = [newest]
    while windows[-1].start > oldest.start:
        windows.append(windows[-1].previous())
    if len(windows) > MOST_WINDOWS:
        step = (len(windows) - 1) / (MOST_WINDOWS - 1)
        windows = [windows[round(i * step)] for i in range(MOST_WINDOWS)]
    return windows


def _one_window(monitor: Monitor, where: Slice, index: LabelIndex | None, now: datetime, check: LabelCheck) -> None:
    [truth] = truths_of([Seen(where, relabelled_until=now + MOMENT)], monitor, index)
    check.labelled, check.rows = len(truth.y_true), Rows(where).count
    if check.labelled:
        check.problems += _of_values(monitor, truth, check)


def _of_values(monitor: Monitor, truth: Truth, check: LabelCheck) -> Iterator[Problem]:
    """Labels that cannot be compared with what was predicted."""
    answer = monitor.predictions.prediction
    if monitor.kind is Kind.CLASSIFICATION and answer:
        true = {str(name) for name in class_labels(truth.y_true) if name is not None}
        predicted = {str(name) for name in class_labels(truth.labelled[answer]) if name is not None}
        check.classes = true
        yield from classes_meet(monitor, true, predicted, len(truth.y_true))
    elif monitor.kind is Kind.REGRESSION and answer and pd.isna(numbers(truth.labelled[answer])).all():
        yield Problem(("predictions", "prediction"), f"no value of {answer!r} is a number; name another column")


def _none_met(
    project: Project,
    monitor: Monitor,
    newest: Rows,
    arrived: Arrived,
    windows: Collection[Window],
    looked_at: int,
    now: datetime,
    folder: Path,
) -> Iterator[Problem]:
    """Why no prediction has a label: there are none yet, they came before, are no values, or their ids are others."""
    labels, first = monitor.labels, min(window.start for window in windows)
    assert labels is not None
    span = f"{min(window.label for window in windows)} to {max(window.label for window in windows)}"
    if len(arrived.frame):
        ids = "" if {*monitor.predictions.id, *labels.id} & {*monitor.private} else _examples(monitor, newest, arrived)
        told = f"none of {len(arrived.frame)} labels has the id of one of the {looked_at} predictions of {span}{ids}"
        at = ("labels", "id") if labels.id else ("labels",)
        yield Problem(at, f"{told}; name the column of ids as labels.id, or write ids alike")
        return
    earlier = labels_arrived(project, monitor, _long_before(first), now, folder / "earlier")
    assert earlier is not None
    if not len(earlier.frame):
        yield Problem(("labels",), _NONE_YET if arrived.files else "there are no labels yet", True)
        return
    index = LabelIndex.of(earlier, monitor.predictions.id)
    met = _met(index, newest, monitor)
    when = earlier.frame["arrived"].max().isoformat()
    if met:
        told = f"the labels of {met} predictions are dated before these, the newest {when}"
        yield Problem(("labels", "time"), f"{told}; name the column of when a label arrived, or declare its timezone")
    else:
        told = f"no label arrived since {first.isoformat()}, the newest {when}"
        yield Problem(("labels",), f"{told}; there are none yet for the newest predictions", True)


def _long_before(first: datetime) -> datetime:
    return first - timedelta(days=400)


def _examples(monitor: Monitor, newest: Rows, arrived: Arrived) -> str:
    ids = keys(newest.frame(monitor.predictions.id, monitor.predictions.id), monitor.predictions.id)
    pair = [
        str(values[0]).replace("\x1f", ", ")[:40]
        for values in (arrived.frame["key"].dropna().to_numpy(), ids.dropna())
        if len(values)
    ]
    return f" (such as {pair[0]!r} and {pair[1]!r})" if len(pair) == 2 else ""
