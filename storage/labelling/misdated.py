"""Labels whose dates lie so far from their predictions that a run never reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from lamplighter.core.evaluation.maturity import matured
from lamplighter.core.monitor import Labels, Monitor
from lamplighter.core.time.window import Window
from lamplighter.errors import BrokenFileError, ColumnError
from storage.labelling.join import LabelIndex
from storage.labelling.late_labels import predicted_ids
from storage.project.folder import Project
from storage.sources.files import File
from storage.sources.labels import ONE_DAY, ids_of, joined_key
from storage.sources.place import Wanted, reader_of
from storage.sources.predictions import predictions_of
from storage.sources.scan import Scan, ScanSpec
from storage.sources.shared_scans import Scans
from storage.sources.timestamps import INSTANT

FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC)
"""As far as a calendar goes, with days to spare for zones."""

LAST_IN_NANOSECONDS = datetime(2262, 4, 1, tzinfo=UTC)
"""As far as 64 bits go."""

MOST_DAYS = 62
"""Days of predictions, before the newest of the dates, in which the ids are looked for: two months of files."""

AHEAD = timedelta(days=2)
"""How far after the present a label may be dated: a date without a time stands for its end, in a zone of its own."""


@dataclass(frozen=True, slots=True)
class Misdated:
    """Predictions of a window whose labels are all dated where none is looked for.

    Attributes
    ----------
    window : Window
    ids, rows : int
        Those predictions, and all of the window.
    newest : datetime
        The newest of the dates.
    lead : timedelta
        By how much they lie before the window's beginning, in the middle; negative for labels of the future.
    is_sure : bool
        Whether predictions are there of the time of those dates, none of which has these ids.
    """

    window: Window
    ids: int
    rows: int
    newest: datetime
    lead: timedelta
    is_sure: bool

    @property
    def is_future(self) -> bool:
        """Whether they are dated after the present."""
        return self.lead < timedelta()


def misdated_labels(
    project: Project,
    monitor: Monitor,
    specs: Sequence[ScanSpec],
    now: datetime,
    present: datetime,
    folder: Path,
    scans: Scans,
) -> Misdated | None:
    """The newest window some of whose labels are dated long before it, or after the present; None where there is none.

    Parameters
    ----------
    project : Project
    monitor : Monitor
    specs : sequence of ScanSpec
        Windows without labels, newest first.
    now : datetime
        Files of labels are those of the time until then.
    present : datetime
        By the clock: what came between a logical time and the present is dated rightly.
    folder : Path
        For what is streamed.
    scans : Scans

    Raises
    ------
    SourceError
        If the labels cannot be read.
    """
    labels = monitor.labels
    if labels is None or not labels.time:
        return None
    first = min(where.window.start for where in specs)
    # What is dated between was looked at already, or is of an earlier logical time.
    span = Window(monitor.model, monitor.every, first, max(now, first + ONE_DAY), monitor.timezone)
    last = LAST_IN_NANOSECONDS if labels.time_unit == "ns" else LAST
    for begin, end in ((FIRST, first), (present + AHEAD, last)):
        dated = _dated_in(project, monitor, labels, span, begin, end, folder)
        if dated is None or not len(dated.ids):
            continue
        for where in specs:
            if found := _of_window(project, monitor, scans.open(where), dated, folder, scans):
                return found
    return None


def _dated_in(
    project: Project, monitor: Monitor, labels: Labels, span: Window, begin: datetime, end: datetime, folder: Path
) -> LabelIndex | None:
    """The ids of labels that are dated in a span, however far away."""
    ids = ids_of(labels, monitor)
    far, wanted = replace(span, start=begin, end=end), Wanted(folder, "misdated", only=[*ids, str(labels.time)])
    files = reader_of(labels).dated(project, labels, far, span, wanted)
    frames = [frame for file in files if (frame := _read(file, labels, ids, span, begin, end)) is not None]
    return _index(pd.concat(frames), monitor) if frames else None


def _read(
    file: File, labels: Labels, ids: Sequence[str], span: Window, begin: datetime, end: datetime
) -> pd.DataFrame | None:
    """The ids of a file's labels that are dated in a span; None where the file tells nothing of them."""
    rows = Scan(ScanSpec(span, (file,), None, labels.timezone, unit=labels.time_unit, at_day_end=True))
    time = str(labels.time)
    if not rows.count or any(name not in rows.schema for name in (*ids, time)):
        return None
    try:
        key = joined_key(rows.identities(ids).columns)
        instants = rows.instants(rows.table([time]).column(0), time).cast(INSTANT)
    except (BrokenFileError, ColumnError):
        # A run has a finding of its own for either.
        return None
    moments = np.asarray(instants.cast(pa.int64()).fill_null(np.iinfo(np.int64).min))
    low, high = (int(pa.scalar(moment, INSTANT).cast(pa.int64()).as_py()) for moment in (begin, end))
    # Times beyond the calendar of Python are of the future, too.
    inside = (moments > np.iinfo(np.int64).min) & (moments < high if begin == FIRST else moments >= low)
    if not inside.any():
        return None
    return pd.DataFrame({"key": key.to_pandas()[inside], "moment": moments[inside]}).dropna()


def _index(frame: pd.DataFrame, monitor: Monitor) -> LabelIndex:
    number, ids = pd.factorize(frame["key"])
    nothing: npt.NDArray[np.intp] = np.zeros(len(frame), dtype=np.intp)
    arrival = frame["moment"].to_numpy()
    return LabelIndex(pd.Index(ids).astype(object), monitor.predictions.id, number, nothing, arrival, frame)


def _of_window(
    project: Project, monitor: Monitor, rows: Scan, dated: LabelIndex, folder: Path, scans: Scans
) -> Misdated | None:
    """The ids of a window whose labels are dated elsewhere, without those that were predicted at that time."""
    found, own = predicted_ids(rows, monitor, dated), rows.spec.window
    if not found.any():
        return None
    moments = dated.arrival[found[dated.number]]
    newest, middle = _moment(int(moments.max())), _moment(int(np.median(moments)))
    is_future = newest >= own.end
    is_sure = is_future
    if not is_future:
        labels = monitor.labels
        assert labels is not None
        # A customer who is scored once a year has a label of last year's prediction.
        begin = max(_moment(int(moments.min())) - labels.mature_after, newest - MOST_DAYS * ONE_DAY)
        window = Window(monitor.model, monitor.every, begin, min(newest, own.start), monitor.timezone)
        then = scans.open(predictions_of(project, monitor, window, folder / "then", only=monitor.predictions.id))
        is_sure = bool(then.count)
        if is_sure:
            found &= ~predicted_ids(then, monitor, dated)
    if not found.any():
        return None
    return Misdated(own, int(found.sum()), rows.count, newest, own.start - middle, is_sure)


def _moment(microseconds: int) -> datetime:
    """An instant, or the last that can be written."""
    low, high = (int(moment.timestamp() * 10**6) for moment in (FIRST, LAST))
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=min(max(microseconds, low), high))


def is_overdue(monitor: Monitor, specs: Sequence[ScanSpec], now: datetime) -> bool:
    """Whether the labels of one of some windows have had their time.

    Examples
    --------
    >>> rows = predictions_of(project, monitor, window, context.spool)
    >>> is_overdue(monitor, [rows], window.end), is_overdue(monitor, [rows], window.next().end)
    (False, True)
    """
    return any(now >= matured(where.window, monitor) for where in specs)
