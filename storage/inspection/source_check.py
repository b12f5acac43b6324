"""What a monitor's sources hold, read before the first run: one window of predictions, its labels, its reference."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.core.evaluation.rows import row_findings
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.columns import features_of, is_of_image
from lamplighter.core.monitor.places import PLACES
from lamplighter.core.monitor.roles import declared_columns
from lamplighter.core.monitor.soundness import (
    Problem,
    ScoreRange,
    class_problems,
    column_problems,
    reference_problems,
    score_problems,
    segment_problems,
)
from lamplighter.core.records.finding import Code
from lamplighter.core.time.window import Window
from lamplighter.errors import BrokenFileError, ColumnError, SourceError
from storage.inspection.boxes import box_problems
from storage.inspection.images import image_problems
from storage.inspection.label_check import LabelCheck, check_labels
from storage.inspection.reference_check import reference_rows
from storage.profiles.build import as_counts, as_floats, slack_of, table_kinds
from storage.project.folder import Project
from storage.sources.place import EPOCH, Newest, Wanted, reader_of
from storage.sources.predictions import predictions_of, spec_of
from storage.sources.reference import reference_of
from storage.sources.scan import Scan

MOST_VALUES_ROWS = 200_000
"""Rows in which a value is looked for that the newest window does not have, where not all are in files."""


@dataclass
class SourceCheck:
    """What was read of a monitor's sources, and what is wrong with them.

    Attributes
    ----------
    window : str
        The newest window with predictions; empty where there is none.
    rows : int
        Predictions in it.
    labelled : int or None
        How many of them have a label; None without labels.
    labelled_window, labelled_rows : str, int
        An earlier window that has labels, where the newest has none yet, and its rows.
    features : int
    problems : list of Problem
    """

    window: str = ""
    rows: int = 0
    labelled: int | None = None
    labelled_window: str = ""
    labelled_rows: int = 0
    features: int = 0
    problems: list[Problem] = field(default_factory=list)


def check_sources(project: Project, monitor: Monitor, now: datetime) -> SourceCheck:
    """Read the newest window of a monitor as a run would, and say what a run would stumble over.

    Parameters
    ----------
    project : Project
    monitor : Monitor
    now : datetime
        Rows that are dated later are passed over.

    Examples
    --------
    >>> check = check_sources(project, monitor, context.now)
    >>> check.problems
    []
    """
    folder = project.home / "spool" / f"validate-{os.getpid()}-{monitor.model}"
    check = SourceCheck()
    try:
        _check(project, monitor, now, folder, check)
    except BrokenFileError as error:
        check.problems.append(Problem(("predictions", monitor.predictions.place.key), str(error)))
    except SourceError as error:
        what = f"the predictions could not be looked at: {error}"
        check.problems.append(Problem(("predictions", monitor.predictions.place.key), what))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return check


def _check(project: Project, monitor: Monitor, now: datetime, folder: Path, check: SourceCheck) -> None:
    reader = reader_of(monitor.predictions)
    if absent := reader.absent(project, monitor.predictions, "predictions"):
        check.problems.append(absent)
        return
    try:
        newest = reader.newest(project, monitor, now, Wanted(folder, "newest"))
    except ColumnError as error:
        check.problems.append(_of_time(error))
        return
    if newest.moment is None:
        check.problems += _nothing_yet(newest)
        return
    window = Window.of(monitor.model, monitor.every, monitor.timezone, newest.moment)
    rows = Scan(predictions_of(project, monitor, window, folder))
    check.window, check.rows = window.label, rows.count
    check.problems += [
        Problem(("predictions", monitor.predictions.place.key), f"{uri}: {reason}") for uri, reason in rows.unreadable
    ]
    counts = {"repeated": rows.repeated, "undated": rows.undated, "without_id": rows.without_id}
    found = [*row_findings(monitor, window.label, rows=rows.count, **counts)]
    check.problems += [
        Problem(("predictions", "time" if finding.code is Code.TIME_MISSING else "id"), finding.message)
        for finding in found
    ]
    declared = [use.column for use in declared_columns(monitor)]
    kinds = table_kinds(rows, declared)
    check.problems += [
        Problem(
            ("predictions", monitor.predictions.place.key),
            f"{file.shown}: no column {name!r}, which other files have; {what}",
        )
        for name, file, what in rows.held.lacking(dict.fromkeys(declared))
    ]
    check.features = len(features_of(monitor, kinds))
    problems = [*column_problems(monitor, kinds)]
    check.problems += problems
    wrong = {problem.at for problem in problems if not problem.is_warning}
    check.problems += score_problems(monitor, _ranges(monitor, rows, kinds, wrong))
    check.problems += _numeric_texts(monitor, rows, kinds, wrong)
    commas = {problem.at: problem for problem in _decimal_commas(monitor, rows, kinds)}
    check.problems = [commas.get(problem.at, problem) for problem in check.problems]
    wrong |= {problem.at for problem in check.problems if not problem.is_warning}
    check.problems += _empty_columns(monitor, rows, kinds)
    check.problems += box_problems(monitor, rows, wrong)
    check.problems += image_problems(project, monitor, rows)
    # What is no id joins nothing.
    has_ids = not any(finding.code is Code.IDS_REPEATED for finding in found)
    labels = check_labels(project, monitor, rows, now, folder) if has_ids else LabelCheck()
    check.labelled, check.labelled_window, check.labelled_rows = labels.labelled, labels.window, labels.rows
    check.problems += labels.problems
    check.problems += _names(project, monitor, rows, window, labels.classes, folder)
    faulty = {use.column for use in declared_columns(monitor) if use.at in wrong}
    sound = {name: kind for name, kind in kinds.items() if name not in faulty}
    check.problems += _reference(project, monitor, window, sound, folder)
    check.problems = [
        *{
            (problem.at, problem.message if problem.at in SEVERAL else ""): problem
            for problem in reversed(check.problems)
        }.values()
    ][::-1]


def _of_time(error: ColumnError) -> Problem:
    cure = "" if error.fix and not error.missing else "; name the right one as predictions.time"
    return Problem(("predictions", "time"), f"{error}{cure}")


def _nothing_yet(newest: Newest) -> Iterator[Problem]:
    if newest.later:
        what = f"all {newest.later} rows that were looked at are dated after the present; is the zone right?"
        yield Problem(("predictions", "time"), what)
    else:
        yield Problem(("predictions",), "there are no rows yet, so columns and labels were not looked at", True)


def _ranges(
    monitor: Monitor, rows: Scan, kinds: dict[str, str], wrong: Collection[tuple[str | int, ...]]
) -> Iterator[ScoreRange]:
    for name in monitor.predictions.scores:
        if kinds.get(name) == "number" and not any("score" in at for at in wrong):
            values = as_floats(rows.table([name]).column(0))
            values = values[~np.isnan(values)]
            low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
            yield ScoreRange(name, low, high, len(values), slack_of(rows.schema[name]))


def _numeric_texts(
    monitor: Monitor, rows: Scan, kinds: dict[str, str], wrong: Collection[tuple[str | int, ...]]
) -> Iterator[Problem]:
    """Features that are declared as numbers and hold texts that are none."""
    declared = monitor.features.numeric if monitor.features else ()
    for i, name in enumerate(declared):
        if kinds.get(name) == "text" and ("features", "numeric", i) not in wrong:
            try:
                as_floats(rows.table([name]).column(0))
            except (pa.ArrowInvalid, TypeError):
                what = f"column {name!r} holds text that is no number; name it as categorical"
                yield Problem(("features", "numeric", i), what)


def _decimal_commas(monitor: Monitor, rows: Scan, kinds: Mapping[str, str]) -> Iterator[Problem]:
    """Columns of text that holds numbers with a decimal comma, which no format takes for numbers."""
    for use in declared_columns(monitor):
        if kinds.get(use.column) == "text" and use.column not in monitor.private:
            values = rows.table([use.column]).column(0).drop_null()
            if len(values) and pc.all(pc.match_substring_regex(values, r"^\s*[+-]?\d+(?:,\d+)?\s*$")).as_py():
                what = f"column {use.column!r} holds numbers with a decimal comma, such as {values[0].as_py()!r}"
                yield Problem(use.at, f"{what}; write a point")


def _empty_columns(monitor: Monitor, rows: Scan, kinds: Mapping[str, str]) -> Iterator[Problem]:
    """Features and answers that are null in every row, as the first run would find them."""
    places = {use.column: use.at for use in reversed(list(declared_columns(monitor)))}
    answers = [monitor.predictions.prediction, *monitor.predictions.scores]
    # Of statistics of images, which may count as not measured, `image_problems` says what is wrong.
    features = (name for name in features_of(monitor, kinds) if not is_of_image(monitor, name))
    names = dict.fromkeys(name for name in (*answers, *features) if name in rows.schema)
    for name, batches in rows.columns(names):
        if rows.count and all(batch.null_count == len(batch) for batch in batches):
            what = f"column {name!r} is null in all {rows.count} rows of {rows.spec.window.label}"
            cure = "mend its feed, or name another column" if name in places else "mend its feed, or exclude it"
            yield Problem(places.get(name, ("features",)), f"{what}; {cure}")


def _names(
    project: Project, monitor: Monitor, rows: Scan, window: Window, true: Collection[str], folder: Path
) -> Iterator[Problem]:
    """Classes and values of segments that the monitor names and that never occur."""

    @cache
    def seen(column: str) -> frozenset[str]:
        return _values(rows, column)

    @cache
    def wider(column: str) -> frozenset[str]:
        return _values(_many(project, monitor, window, column, folder), column)

    prediction = monitor.predictions.prediction
    if prediction and prediction in rows.schema:

        def everywhere() -> frozenset[str]:
            return wider(prediction) | {*true} | _reference_values(project, monitor, window, prediction, folder)

        yield from class_problems(monitor, {*seen(prediction), *true}, everywhere)
    if all(name in rows.schema for name in monitor.segments):
        yield from segment_problems(monitor, seen, wider)


def _values(rows: Scan, column: str) -> frozenset[str]:
    if column not in rows.schema:
        return frozenset()
    try:
        return frozenset(as_counts(rows.identities([column]).column(0))[0])
    except (pa.ArrowException, TypeError):
        return frozenset()


def _many(project: Project, monitor: Monitor, window: Window, column: str, folder: Path) -> Scan:
    """The rows of many windows up to the newest."""
    source, name = monitor.predictions, f"wider-{column.encode().hex()[:40]}"
    wanted = Wanted(folder, name, only=[source.time, column], most=MOST_VALUES_ROWS)
    span = Window(monitor.model, monitor.every, window.before_start(LOOK_BACK), window.end, monitor.timezone)
    everything = Window(monitor.model, monitor.every, EPOCH, window.end, monitor.timezone)
    return Scan(spec_of(monitor, everything, reader_of(source).recent(project, source, span, wanted)))


SEVERAL = (("reference",), ("labels",), *((part, key) for part in ("predictions", "labels") for key in PLACES))
"""Keys that several things may be wrong with at once; of others the first explains the rest."""

LOOK_BACK = timedelta(days=90)
"""A season: what has not occurred in one is taken for a mistake."""


def _reference_values(project: Project, monitor: Monitor, window: Window, column: str, folder: Path) -> frozenset[str]:
    """What the files of a reference hold of a column."""
    if not monitor.reference or not monitor.reference.parquet:
        return frozenset()
    try:
        where = reference_of(project, monitor, window, folder)
    except SourceError:
        return frozenset()
    return _values(Scan(where), column) if where else frozenset()


def _reference(
    project: Project, monitor: Monitor, window: Window, kinds: dict[str, str], folder: Path
) -> Iterator[Problem]:
    """A reference that is not there, has no rows, or holds something else than the predictions."""
    reference = monitor.reference
    if reference is None:
        return
    try:
        rows = reference_rows(project, monitor, window, folder)
    except SourceError as error:
        yield Problem(("reference",), str(error))
        return
    if rows.mistake:
        yield Problem(("reference",), f"no file of it can be used: {rows.mistake}")
    elif rows.unreadable and not rows.count:
        yield Problem(("reference",), ": ".join(rows.unreadable[0]))
    elif not rows.count:
        is_trailing = reference.trailing is not None
        when = "yet; drift is measured once there are" if is_trailing else "; give another range or file"
        label = f"the reference has no rows before {window.label}" if is_trailing else "the reference has no rows"
        yield Problem(("reference",), f"{label}{' ' if is_trailing else ''}{when}", is_trailing)
    else:
        yield from reference_problems(monitor, kinds, table_kinds(rows, kinds))
