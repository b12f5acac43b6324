"""Where the predictions of a window are."""

from __future__ import annotations

from pathlib import Path

from lamplighter.core.monitor import Monitor
from lamplighter.core.window import Window
from storage.files import find
from storage.project import Project
from storage.rows import Slice
from storage.sql import spool


def predictions_of(project: Project, monitor: Monitor, window: Window, spool_folder: Path) -> Slice:
    """Find the rows of a window; those behind SQL are streamed to the spool first.

    ``{day}`` is a hint: services write some rows into the next day's partition, so the neighbours are looked at too.

    Raises
    ------
    SourceError
        If the source does not answer.
    """
    source = monitor.predictions
    if source.sql:
        files = spool(
            source.sql,
            column=source.time,
            timezone=source.timezone,
            start=window.start,
            end=window.end,
            folder=spool_folder / "predictions" / window.label.replace(":", ""),
        )
    else:
        files = find((project.locate(path) for path in source.parquet), window.days(margin=1))
    return Slice(
        window,
        tuple(files),
        time=source.time,
        timezone=source.timezone,
        id=source.id,
        version=source.version,
        duplicates=source.duplicates,
    )
