"""The rows that a window is compared with."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

from lamplighter.core.monitor import Monitor
from lamplighter.core.window import Window, midnight
from lamplighter.errors import SourceError
from storage.files import find, fingerprint
from storage.predictions import predictions_of
from storage.project import Project
from storage.rows import Slice


def reference_of(project: Project, monitor: Monitor, window: Window, spool_folder: Path) -> Slice | None:
    """Find the reference of a window; None when the monitor has none.

    Raises
    ------
    SourceError
        If it is declared and not there.
    """
    reference = monitor.reference
    if reference is None:
        return None
    if reference.parquet:
        files = find(project.locate(path) for path in reference.parquet)
        if not files:
            raise SourceError(f"reference {', '.join(reference.parquet)}: no such file; train the model first")
        return Slice(window, tuple(files), time=None)
    if reference.days:
        first, last = reference.days
        start, end = midnight(first, window.zone), midnight(last + timedelta(days=1), window.zone)
    else:
        assert reference.trailing is not None
        start, end = window.start - reference.trailing, window.start
    span = Window(window.model, window.grain, start, end, window.timezone)
    return predictions_of(project, monitor, span, spool_folder / "reference")


def reference_key(where: Slice, monitor: Monitor) -> str:
    """A name for what is computed of a reference: another file, range, column or secret makes another name."""
    span = (where.window.start, where.window.end) if where.time else None
    parts = (fingerprint(where.files), span, monitor.predictions.model_dump(mode="json"), monitor.features, monitor.private)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
