"""Reports out: HTML files of the home."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from lamplighter.errors import ReportError, one_line


def report_path(home: Path, model: str, label: str) -> Path:
    """Where the report of a window lies, or will lie.

    Parameters
    ----------
    label : str
        Of the window, as `Window.label` has it.
    """
    return home / "reports" / model / f"{label.replace(':', '')}.html"


def write_report(path: Path, html: str) -> Path:
    """Write a report whole or not at all.

    Raises
    ------
    ReportError
        If the disk is full or the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(html, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise ReportError(f"{path}: cannot be written: {one_line(error)}") from None
    return path
