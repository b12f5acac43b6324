"""Whether labels meet predictions: read of the newest window that should have some."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from lamplighter.core.evaluation.answers import answer_findings
from lamplighter.core.evaluation.labelled import Labelled, comparable_classes, numbers
from lamplighter.core.monitor import Labels, Monitor
from lamplighter.core.monitor.soundness import Problem, classes_meet, label_column_problems
from lamplighter.core.records.finding import Code
from lamplighter.core.time.window import Window
from lamplighter.errors import BrokenFileError, ColumnError, SourceError
from storage.inspection.boxes import unknown_classes
from storage.labelling.join import LabelIndex, Seen, Truth, truths_of
from storage.labelling.late_labels import early_labels
from storage.labelling.misdated import is_overdue, misdated_labels
from storage.project.folder import Project
from storage.sources.labels import Arrived, keys, labels_arrived
from storage.sources.place import reader_of
from storage.sources.predictions import predictions_of
from storage.sources.scan import Scan, ScanSpec
from storage.sources.shared_scans import Scans

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


def check_labels(project: Project, monitor: Monitor, newest: Scan, now: datetime, folder: Path) -> LabelCheck:
    """Join the labels to the newest window, or to the newest earlier one that has some.

    Parameters
    ----------
    project : Project
    monitor : Monitor
    newest : Scan
        Of the newest window.
    now : datetime
        Labels that arrive later are not there yet.
    folder : Path
        For what is streamed.

    Examples
    --------
    >>> newest = Scan(predictions_of(project, monitor, window, context.spool))
    >>> check = check_labels(project, monitor, newest, window.end, context.spool)
    >>> check.labelled, check.problems
    (300, [])
    """
    check, labels = LabelCheck(), monitor.labels
    if labels is None or not _can_be_joined(monitor, newest):
        return check
    check.labelled = 0
    try:
        if labels.same_row:
            _one_window(monitor, newest, None, now, check)
            if not check.labelled:
                check.problems.append(_no_labels(monitor, newest))
            return check
        check.problems += _absent(project, monitor, labels)
        if not check.problems:
            _joined(project, monitor, newest, now, folder, check)
    except SourceError as error:
        at = ("labels", "time" if isinstance(error, ColumnError) else labels.place.key)
        check.problems.append(Problem(at, f"the labels could not be looked at: {error}"))
    return check


_NONE_YET = "no prediction of the newest window has a label yet"


def _no_labels(monitor: Monitor, newest: Scan) -> Problem:
    """Why no row has a truth beside it."""
    assert monitor.labels is not None
    target = monitor.labels.target
    held = newest.table([target]).column(0)
    if len(held) > held.null_count and monitor.kind.compared_as == "numbers":
        return Problem(("labels", "target"), f"no value of {target!r} is a number; name another column")
    return Problem(("labels", "target"), _NONE_YET, True)


def _can_be_joined(monitor: Monitor, rows: Scan) -> bool:
    needed = [*monitor.predictions.id, monitor.predictions.prediction]
    needed += [monitor.labels.target] if monitor.labels and monitor.labels.same_row else []
    return all(name in rows.schema for name in needed if name)


def _absent(project: Project, monitor: Monitor, labels: Labels) -> Iterator[Problem]:
    """What is wrong with the place and the columns of labels, which may be still to come."""
    reader = reader_of(labels)
    if absent := reader.absent(project, labels, "labels", may_come=True):
        yield absent
        return
    try:
        columns = reader.columns(project, labels)
    except BrokenFileError as error:
        yield Problem(("labels", labels.place.key), str(error))
        return
    if columns:
        yield from label_column_problems(monitor, columns)


def _joined(project: Project, monitor: Monitor, newest: Scan, now: datetime, folder: Path, check: LabelCheck) -> None:
    windows = _windows(monitor, newest.spec.window)
    arrived = labels_arrived(project, monitor, windows[-1].start, now, folder, [newest])
    assert arrived is not None
    assert monitor.labels is not None
    place = ("labels", monitor.labels.place.key)
    check.problems += [Problem(place, f"{file}: {reason}") for file, reason in arrived.unreadable]
    is_some = len(arrived.frame) > 0
    check.problems += [Problem(place, f"{file}: {what}", is_some) for file, what in arrived.left_out]
    if (arrived.unreadable or arrived.left_out) and not is_some:
        return
    index = LabelIndex.of(arrived, monitor.predictions.id)
    scans, looked_at = Scans(), list[ScanSpec]()
    met = 0
    for window in windows:
        is_newest = window == newest.spec.window
        rows = newest if is_newest else scans.open(predictions_of(project, monitor, window, folder))
        _one_window(monitor, rows, index, now, check)
        looked_at.append(rows.spec)
        if check.labelled:
            check.window = "" if is_newest else window.label
            return
        if early := early_labels(project, monitor, looked_at[-1:], index, folder, scans):
            check.problems.append(_misdated(early.ids, window.label, "before their predictions"))
            return
        met += _met(index, rows, monitor)
    if met:
        what = f"{met} labels met their predictions, and none is a number; name another column"
        check.problems.append(Problem(("labels", "target"), what))
        return
    check.problems += _none_met(project, monitor, arrived, looked_at, now, folder, scans)


def _misdated(ids: int, label: str, when: str, *, is_warning: bool = False) -> Problem:
    what = f"the labels of {ids} predictions of {label} are dated {when}"
    cure = "name the column of when a label arrived, or its timezone or time_unit"
    return Problem(("labels", "time"), f"{what}; {cure}", is_warning)


def _met(index: LabelIndex, rows: Scan, monitor: Monitor) -> int:
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


def _one_window(monitor: Monitor, rows: Scan, index: LabelIndex | None, now: datetime, check: LabelCheck) -> None:
    [truth] = truths_of([Seen(rows, relabelled_until=now + MOMENT)], monitor, index)
    check.labelled, check.rows = len(truth.y_true), rows.count
    if check.labelled:
        check.problems += _of_values(monitor, truth, check)


def _of_values(monitor: Monitor, truth: Truth, check: LabelCheck) -> Iterator[Problem]:
    """Labels that cannot be compared with what was predicted."""
    answer = monitor.predictions.prediction
    if monitor.kind.has_classes and answer:
        sides = comparable_classes(truth.y_true, truth.labelled[answer])
        true, predicted = (Counter(str(name) for name in side if name is not None) for side in sides)
        check.classes = {*true}
        yield from classes_meet(monitor, true, predicted, len(truth.y_true))
    if truth.comparable and answer:
        yield from unknown_classes(monitor, truth.y_true, truth.labelled[answer])
        yield from _of_answers(monitor, truth)
    if monitor.kind.compared_as == "numbers" and answer and pd.isna(numbers(truth.labelled[answer])).all():
        yield Problem(("predictions", "prediction"), f"no value of {answer!r} is a number; name another column")


SHOWN_AT = {
    Code.LISTS_UNREADABLE: ("predictions", "prediction"),
    Code.TEXTS_UNREADABLE: ("predictions", "prediction"),
    Code.NUMBERS_ODD: ("predictions", "prediction"),
    Code.SCORES_OUTSIDE: ("predictions", "score"),
    Code.CLASSES_ODD: ("labels", "target"),
    Code.CLASSES_DIFFER: ("labels", "target"),
    Code.BOXES_ODD: ("labels", "target"),
}
"""The key at which what a run would find of labels and answers is shown."""


def _of_answers(monitor: Monitor, truth: Truth) -> Iterator[Problem]:
    """What the first run would find of labels and answers side by side; of a few odd rows it measures the others."""
    frame, predictions = truth.labelled, monitor.predictions
    labelled = Labelled(
        truth.y_true, frame[str(predictions.prediction)], {name: frame[name] for name in predictions.scores}, {}, None
    )
    for finding in answer_findings(labelled, monitor, ""):
        # Classes that do not meet have a line of their own.
        if finding.code in SHOWN_AT and not (finding.code is Code.CLASSES_DIFFER and monitor.kind.has_classes):
            # Of boxes the answers are looked at by themselves: what is found here is about the labels.
            place = ("labels", "target") if monitor.kind.compared_as == "boxes" else SHOWN_AT[finding.code]
            yield Problem(place, finding.message, finding.code in (Code.CLASSES_ODD, Code.BOXES_ODD))


def _none_met(
    project: Project,
    monitor: Monitor,
    arrived: Arrived,
    looked_at: Sequence[ScanSpec],
    now: datetime,
    folder: Path,
    scans: Scans,
) -> Iterator[Problem]:
    """Why no prediction has a label: there are none yet, they are dated otherwise, or their ids are others."""
    labels, first = monitor.labels, min(where.window.start for where in looked_at)
    assert labels is not None
    if found := misdated_labels(project, monitor, looked_at, now, now, folder / "earlier", scans):
        newest = found.newest.isoformat(timespec="minutes")
        when = "after the present" if found.is_future else "before these"
        may_be_old = not (found.is_sure or is_overdue(monitor, looked_at, now))
        yield _misdated(found.ids, found.window.label, f"{when}, the newest {newest}", is_warning=may_be_old)
        return
    names = [where.window.label for where in looked_at]
    if len(arrived.frame):
        ids = (
            ""
            if {*monitor.predictions.id, *labels.id} & {*monitor.private}
            else _examples(monitor, scans, looked_at, arrived)
        )
        rows = sum(scans.open(where).count for where in looked_at)
        what = f"none of {len(arrived.frame)} labels has the id of one of the {rows} predictions of"
        at = ("labels", "id") if labels.id else ("labels",)
        cure = "name the column of ids as labels.id, or write ids alike"
        yield Problem(at, f"{what} {min(names)} to {max(names)}{ids}; {cure}")
        return
    begin = first - timedelta(days=400)
    earlier = labels_arrived(project, monitor, begin, now, folder / "earlier", map(scans.open, looked_at))
    if earlier is None or not len(earlier.frame):
        yield Problem(("labels",), _NONE_YET if arrived.files else "there are no labels yet", True)
        return
    what = f"no label arrived since {first.isoformat()}, the newest {earlier.frame['arrived'].max().isoformat()}"
    yield Problem(("labels",), f"{what}; there are none yet for the newest predictions", True)


def _examples(monitor: Monitor, scans: Scans, looked_at: Sequence[ScanSpec], arrived: Arrived) -> str:
    scanned = [scans.open(where) for where in looked_at]
    newest = next((rows for rows in scanned if rows.count), scanned[0])
    ids = keys(newest.frame(monitor.predictions.id, monitor.predictions.id), monitor.predictions.id)
    pair = [
        str(values[0]).replace("\x1f", ", ")[:40]
        for values in (arrived.frame["key"].dropna().to_numpy(), ids.dropna())
        if len(values)
    ]
    return f" (such as {pair[0]!r} and {pair[1]!r})" if len(pair) == 2 else ""
