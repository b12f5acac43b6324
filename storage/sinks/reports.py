"""Reports out: HTML files of the home."""

from __future__ import annotations

from pathlib import Path

from lamplighter.errors import ReportError, one_line
from storage.project.private_files import write_private


def report_path(home: Path, model: str, label: str) -> Path:
    """Where the report of a window lies, or will lie.

    Parameters
    ----------
    label : str
        Of the window, as `Window.label` has it.

    Examples
    --------
    >>> report_path(Path(".lamplighter"), "churn", "2026-03-07T05:00+01:00").as_posix()
    '.lamplighter/reports/churn/2026-03-07T0500+0100.html'
    """
    return home / "reports" / model / f"{label.replace(':', '')}.html"


def write_report(path: Path, html: str) -> Path:
    """Write a report whole or not at all.

    Raises
    ------
    ReportError
        If the disk is full or the folder cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = report_path(Path(folder), "churn", window.label)
    ...     print(write_report(path, "<html></html>").name, path.read_text())
    2026-03-11.html <html></html>
    """
    try:
        write_private(path, html.encode())
    except OSError as error:
        raise ReportError(f"cannot be written: {one_line(error)}", where=path, fix="free or allow it") from None
    return path
