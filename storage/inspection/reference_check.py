"""The reference of a window, located without copying it."""

from __future__ import annotations

from pathlib import Path

from lamplighter.core.monitor import Monitor
from lamplighter.core.time.window import Window
from storage.project.folder import Project
from storage.sources.place import Wanted, reader_of
from storage.sources.predictions import spec_of
from storage.sources.reference import reference_of, span_of
from storage.sources.scan import Scan

MOST_ROWS = 1_000
"""Rows of a reference in a database: enough to see its columns, and that it has rows."""


def reference_rows(project: Project, monitor: Monitor, window: Window, folder: Path) -> Scan:
    """The rows of the reference of a window; of one in a database only the first.

    Raises
    ------
    SourceError
        If it is declared and not there.

    Examples
    --------
    >>> reference_rows(project, monitor, window, context.spool).count
    900
    """
    reference, source = monitor.reference, monitor.predictions
    assert reference is not None
    if reference.parquet:
        where = reference_of(project, monitor, window, folder)
        assert where is not None
        return Scan(where)
    span = span_of(reference, window)
    files = reader_of(source).between(project, source, span, Wanted(folder, "reference", most=MOST_ROWS))
    return Scan(spec_of(monitor, span, files))
