"""Labels that count for no window: too late, of an id without a prediction, or of an id that is used again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lamplighter.core.evaluation.maturity import matured
from lamplighter.core.monitor import Monitor
from storage.labelling.join import LabelIndex
from storage.project.folder import Project
from storage.sources.labels import Arrived
from storage.sources.predictions import predictions_of
from storage.sources.scan import Scan, ScanSpec
from storage.sources.shared_scans import Scans

LOOK_BACK_WINDOWS = 31
"""How many windows before those of the run are searched for the prediction of a late label, newest first."""


@dataclass(frozen=True, slots=True)
class UnmatchedLabels:
    """Labels that arrived during the run's own window: those too late, those without a prediction, and all."""

    late: int
    unknown: int
    arrived: int = field(default=0, compare=False)


def unmatched_labels(
    project: Project, monitor: Monitor, specs: Sequence[ScanSpec], arrived: Arrived, spool_folder: Path, scans: Scans
) -> UnmatchedLabels:
    """Count the labels that arrived during the first window and count for none.

    Parameters
    ----------
    project : Project
        Where the predictions are found.
    monitor : Monitor
        Names the columns.
    specs : sequence of ScanSpec
        The windows that the run looked at, its own first; earlier ones are looked for where they are.
    arrived : Arrived
        Labels, with the instant at which each arrived.
    spool_folder : Path
        Folder for what is streamed of earlier windows.
    scans : Scans

    Examples
    --------
    >>> from storage.sources.labels import labels_arrived
    >>> arrived = labels_arrived(project, monitor, window.start, context.now, context.spool)
    >>> windows = [predictions_of(project, monitor, it, context.spool) for it in (window, window.previous())]
    >>> unmatched_labels(project, monitor, windows, arrived, context.spool, context.scans)
    UnmatchedLabels(late=0, unknown=0, arrived=300)
    """
    window = specs[0].window
    during = (arrived.frame["arrived"] >= window.start) & (arrived.frame["arrived"] < window.end)
    index = LabelIndex.of(replace(arrived, frame=arrived.frame[during]), monitor.predictions.id)
    unknown = np.ones(len(index.ids), dtype=bool)
    late = 0
    for rows in _earlier(project, monitor, specs, spool_folder, scans):
        if not unknown.any():
            break
        found = predicted_ids(rows, monitor, index) & unknown
        too_late = (index.frame["arrived"] >= matured(rows.spec.window, monitor)).to_numpy()
        late += len(np.unique(index.number[too_late & found[index.number]]))
        unknown &= ~found
    return UnmatchedLabels(late, int(unknown.sum()), len(index.ids))


def any_predicted(
    project: Project, monitor: Monitor, specs: Sequence[ScanSpec], index: LabelIndex, spool_folder: Path, scans: Scans
) -> bool:
    """Whether any id was predicted in the windows at hand, or in those before.

    Examples
    --------
    >>> from storage.sources.labels import labels_arrived
    >>> index = LabelIndex.of(labels_arrived(project, monitor, window.start, context.now, context.spool), ("id",))
    >>> windows = [predictions_of(project, monitor, window, context.spool)]
    >>> any_predicted(project, monitor, windows, index, context.spool, context.scans)
    True
    """
    earlier = _earlier(project, monitor, specs, spool_folder, scans)
    return any(predicted_ids(rows, monitor, index).any() for rows in earlier)


@dataclass(frozen=True, slots=True)
class Early:
    """Predictions whose labels are dated before the window in which they were made.

    Attributes
    ----------
    ids : int
    rows : int
        Of the window.
    lead : timedelta
        By how much before the window's beginning they are dated, in the middle.
    """

    ids: int
    rows: int
    lead: timedelta


def early_labels(
    project: Project, monitor: Monitor, specs: Sequence[ScanSpec], labels: LabelIndex, spool_folder: Path, scans: Scans
) -> Early | None:
    """Count the ids of the first window that have labels, all of them dated before the window; None without any.

    A label may belong to an earlier prediction of the same id, which then is left out.

    Parameters
    ----------
    specs : sequence of ScanSpec
        The windows that the run looked at, its own first.
    labels : LabelIndex
        Those dated before the window included.

    Examples
    --------
    >>> from storage.sources.labels import labels_arrived
    >>> index = LabelIndex.of(labels_arrived(project, monitor, window.start, context.now, context.spool), ("id",))
    >>> windows = [predictions_of(project, monitor, window, context.spool)]
    >>> early_labels(project, monitor, windows, index, context.spool, context.scans) is None
    True
    """
    own = specs[0]
    arrived = labels.frame["arrived"]
    before = (arrived < own.window.start).to_numpy()
    early = np.zeros(len(labels.ids), dtype=bool)
    early[labels.number[before]] = True
    early[labels.number[~before]] = False
    early &= predicted_ids(scans.open(own), monitor, labels)
    earlier = _earlier(project, monitor, specs, spool_folder, scans)
    for rows in (rows for rows in earlier if rows.spec.window != own.window):
        if not early.any():
            return None
        early &= ~predicted_ids(rows, monitor, labels)
    if not early.any():
        return None
    leads = (own.window.start - arrived[before & early[labels.number]]).dt.total_seconds()
    return Early(int(early.sum()), scans.open(own).count, timedelta(seconds=float(leads.median())))


def ids_used_again(scanned: Iterable[Scan], monitor: Monitor, index: LabelIndex) -> int:
    """How many ids were predicted in several windows, where most of them have several labels, too.

    One label for an id that is scored every day is nothing unusual, nor are a few corrections.

    Examples
    --------
    >>> from storage.sources.labels import labels_arrived
    >>> index = LabelIndex.of(labels_arrived(project, monitor, window.start, context.now, context.spool), ("id",))
    >>> windows = [predictions_of(project, monitor, it, context.spool) for it in (window, window.previous())]
    >>> ids_used_again(map(context.scan, windows), monitor, index)
    0
    """
    windows = np.zeros(len(index.ids), dtype=int)
    labelled_again = index.labelled_again()
    if not labelled_again.any():
        return 0
    for rows in scanned:
        windows += predicted_ids(rows, monitor, index)
    predicted_again = windows > 1
    several = int((labelled_again & predicted_again).sum())
    return several if 2 * several > predicted_again.sum() else 0


def predicted_ids(rows: Scan, monitor: Monitor, index: LabelIndex) -> npt.NDArray[np.bool_]:
    """Whether an id was predicted in a window, by its number.

    Examples
    --------
    >>> from storage.sources.labels import labels_arrived
    >>> index = LabelIndex.of(labels_arrived(project, monitor, window.start, context.now, context.spool), ("id",))
    >>> for it in (window, window.previous()):
    ...     rows = context.scan(predictions_of(project, monitor, it, context.spool))
    ...     print(it.label, predicted_ids(rows, monitor, index).sum())
    2026-03-11 0
    2026-03-10 300
    """
    found = np.zeros(len(index.ids) + 1, dtype=bool)
    found[index.numbers(rows.frame(monitor.predictions.id, monitor.predictions.id))] = True
    return found[:-1]


def _earlier(
    project: Project, monitor: Monitor, specs: Sequence[ScanSpec], spool_folder: Path, scans: Scans
) -> Iterator[Scan]:
    """The windows at hand, then the other ones before the run's own, newest first."""
    yield from map(scans.open, specs)
    at_hand = {where.window.start for where in specs}
    window = specs[0].window.previous()
    for _ in range(LOOK_BACK_WINDOWS + len(at_hand) - 1):
        if window.start not in at_hand:
            folder = spool_folder / "look-back"
            yield scans.open(predictions_of(project, monitor, window, folder, only=monitor.predictions.id))
        window = window.previous()
