"""The labelled past of a model, as a file that a trainer reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lamplighter.core.evaluation.maturity import matured
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.columns import features_of, truth_columns, with_truth_beside
from lamplighter.core.time.window import Window
from lamplighter.core.values.boxes import unpacked
from lamplighter.errors import BrokenFileError, ModelError, SourceError
from lamplighter.training import WINDOW
from storage.labelling.join import LabelIndex
from storage.profiles.build import table_kinds, type_kind
from storage.project.folder import Project
from storage.project.private_files import make_folder, open_private
from storage.sources.labels import identified, labels_arrived
from storage.sources.predictions import predictions_of
from storage.sources.scan import Scan
from storage.sources.shared_scans import Scans
from storage.sources.types import united


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """A file of labelled rows.

    Attributes
    ----------
    path : Path
    rows, labelled : int
    windows : list of Window
        Those that have rows, in order.
    """

    path: Path
    rows: int
    labelled: int
    windows: list[Window]

    def kinds(self) -> dict[str, str]:
        """Each column and its type, as the log has it."""
        return {entry.name: type_kind(entry.type) for entry in pq.read_schema(self.path)}

    def table(self) -> pa.Table:
        """The rows, in memory, in the types of the log."""
        return pq.read_table(self.path)


def write_labelled(
    project: Project,
    monitor: Monitor,
    windows: Iterable[Window],
    path: Path,
    spool_folder: Path,
    scans: Scans,
    announce: Callable[[int], None] | None = None,
) -> LabelledRows:
    """Write the predictions of some windows with their truth, a null where it never came in time.

    The truth stands in columns of its own, beside what was answered (`truth_columns`).

    Parameters
    ----------
    windows : iterable of Window
        In order.
    path : Path
        Where to.
    spool_folder : Path
        Folder for what is streamed.
    scans : Scans
    announce : callable, optional
        Gets how many windows have been read.

    Raises
    ------
    ModelError
        If there are no labelled rows.
    SourceError
        If predictions or labels cannot be read.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path, windows = Path(folder, "train.parquet"), [window.previous()]
    ...     written = write_labelled(project, monitor, windows, path, context.spool, context.scans)
    ...     print(written.rows, written.labelled, pq.read_schema(path).names)
    300 300 ['at', 'id', 'amount', 'plan', 'churns', 'probability', 'churned', '__window__']
    """
    wanted = list(windows)
    if not wanted:
        raise ModelError("there is no window to learn from", where=monitor.model, fix="wait for labels")
    until = max(matured(window, monitor) for window in wanted)
    first = scans.open(predictions_of(project, monitor, wanted[0], spool_folder))
    arrived = labels_arrived(project, monitor, wanted[0].start, until, spool_folder, [first])
    index = LabelIndex.of(arrived, monitor.predictions.id) if arrived else None
    tables, filled = [], []
    for done, window in enumerate(wanted):
        if announce:
            announce(done)
        rows = scans.open(predictions_of(project, monitor, window, spool_folder))
        table = _table(monitor, rows, index)
        if table is not None and len(table):
            tables.append(table)
            filled.append(window)
    if not tables:
        what = f"no predictions from {wanted[0].label} to {wanted[-1].label}"
        raise ModelError(what, where=monitor.model, fix="wait for them, or correct where predictions are read from")
    names = {name for table in tables for name in table.column_names}
    joined = united(tables, exact=identified(with_truth_beside(monitor), names))
    labelled = len(joined) - joined[truth_columns(monitor)[0]].null_count
    if not labelled:
        what = f"no row from {wanted[0].label} to {wanted[-1].label} has its truth"
        raise ModelError(what, where=monitor.model, fix="wait for labels")
    # Private columns are in it in the clear: its folder is for its owner alone.
    make_folder(path.parent)
    path.parent.chmod(0o700)
    with open_private(path) as file:
        pq.write_table(joined, file)
    return LabelledRows(path, len(joined), labelled, filled)


def _table(monitor: Monitor, rows: Scan, index: LabelIndex | None) -> pa.Table | None:
    for _ in range(len(rows.spec.files) + 1):
        with suppress(BrokenFileError):
            return _joined(monitor, rows, index)
    what = f"the predictions of {rows.spec.window.label} cannot be read"
    raise SourceError(what, where=monitor.model, fix="deliver them again")


def _joined(monitor: Monitor, rows: Scan, index: LabelIndex | None) -> pa.Table | None:
    if not rows.count:
        return None
    labels, window = monitor.labels, rows.spec.window
    assert labels is not None
    names = [name for name in _columns(monitor, rows) if name in rows.schema]
    truth = truth_columns(monitor)
    kept = [name for name in names if index is None or name not in truth]
    table = rows.table(kept, exact=identified(monitor, kept))
    if index is not None:
        frame = rows.frame(monitor.predictions.id, monitor.predictions.id)
        values = index.values(frame, window, matured(window, monitor))
        # Boxes and their classes were joined as one value; a trainer gets both columns, as the labels have them.
        columns = unpacked(values, labels.box_format.value) if labels.classes else [values]
        for name, column in zip(truth, columns, strict=True):
            table = table.append_column(name, column)
    return table.append_column(WINDOW, pa.array([window.label] * len(table)))


def _columns(monitor: Monitor, rows: Scan) -> list[str]:
    """The columns that a trainer gets, each once."""
    predictions = monitor.predictions
    named = [predictions.time, *predictions.id, *features_of(monitor, table_kinds(rows)), *monitor.segments]
    images = monitor.images.path if monitor.images else None
    answers = [predictions.prediction, *predictions.boxes, *predictions.scores, predictions.version]
    columns = (*named, images, *answers, *truth_columns(monitor))
    return list(dict.fromkeys(name for name in columns if name))
