"""Where the predictions of a window are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.of_boxes import MADE_OF_BOXES
from lamplighter.core.time.window import Window
from storage.project.folder import Project
from storage.sources.box_columns import BoxColumns
from storage.sources.files import File
from storage.sources.place import Wanted, reader_of
from storage.sources.scan_spec import ImageSpec, ScanSpec


def predictions_of(
    project: Project, monitor: Monitor, window: Window, spool_folder: Path, *, only: Collection[str] | None = None
) -> ScanSpec:
    """Find the rows of a window; those that are in no files are streamed to the spool first.

    Parameters
    ----------
    project : Project
        Relative paths are found from its root.
    monitor : Monitor
        Says where the predictions are.
    window : Window
        The rows' window.
    spool_folder : Path
        Folder for what is streamed.
    only : collection of str, optional
        Columns that will be asked for, besides time and version; all by default.

    Raises
    ------
    SourceError
        If the source does not answer.

    Examples
    --------
    >>> found = predictions_of(project, monitor, window, context.spool)
    >>> found.time, [file.uri.rpartition("/")[2] for file in found.files]
    ('at', ['day=2026-03-10.parquet', 'day=2026-03-11.parquet'])
    """
    source = monitor.predictions
    order = [source.time, *source.id, *([source.version] if source.version else [])]
    # Another window's rows have a folder of their own.
    name = f"predictions/{window.label.replace(':', '')}"
    wanted = Wanted(spool_folder, name, order, None if only is None else {*order, *only, *_made_of(monitor, only)})
    files = reader_of(source).between(project, source, window, wanted)
    return replace(spec_of(monitor, window, files), images=images_of(project, monitor), boxes=boxes_of(monitor))


def _made_of(monitor: Monitor, only: Collection[str]) -> Iterator[str]:
    """What else has to be read where columns are asked for that are made of images."""
    images = monitor.images
    if images and images.path and not images.made.isdisjoint(only):
        yield images.path
        if images.crops:
            yield from BoxColumns.of(monitor.predictions).names
    if not MADE_OF_BOXES.keys().isdisjoint(only):
        yield from BoxColumns.of(monitor.predictions).names


def boxes_of(monitor: Monitor) -> BoxColumns | None:
    """Where the boxes of a detector are; None of other kinds, and of one that logs no scores.

    Examples
    --------
    >>> boxes_of(monitor) is None
    True
    """
    rows = monitor.predictions
    return BoxColumns.of(rows) if len(rows.boxes) == 3 and rows.confidence is not None else None


def images_of(project: Project, monitor: Monitor) -> ImageSpec | None:
    """Where the images of a model are, and what is kept of them; None where it has none.

    Examples
    --------
    >>> images_of(project, monitor) is None
    True
    """
    images = monitor.images
    if images is None:
        return None
    kept = project.home / "image-statistics" / monitor.model
    crops = BoxColumns.of(monitor.predictions) if images.crops else None
    folder, time = project.root / images.folder, monitor.predictions.time
    return ImageSpec(images.path, folder, kept, time, crops, images.cleanvision)


def spec_of(monitor: Monitor, window: Window, files: Iterable[File]) -> ScanSpec:
    """The predictions of a window in the rows of some files.

    Examples
    --------
    >>> found = spec_of(monitor, window, [])
    >>> found.id, found.time, found.required
    (('id',), 'at', ('id', 'churns'))
    """
    source = monitor.predictions
    return ScanSpec(
        window,
        tuple(files),
        time=source.time,
        timezone=source.timezone,
        id=source.id,
        version=source.version,
        duplicates=source.duplicates,
        unit=source.time_unit,
        required=_required_columns(monitor),
    )


def _required_columns(monitor: Monitor) -> tuple[str, ...]:
    """Columns whose nulls would count: as wrong answers, as rows of no id, or as rows without a truth."""
    source, labels = monitor.predictions, monitor.labels
    truth = (labels.target, labels.classes) if labels and labels.same_row else ()
    return tuple(dict.fromkeys(name for name in (*source.id, source.prediction, *source.boxes, *truth) if name))
