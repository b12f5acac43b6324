"""Where a person says that a table is, and what is said where there is none."""

from __future__ import annotations

from lamplighter.core.monitor.fields import sound_path
from lamplighter.errors import SourceError
from storage.project.folder import Project

WANTED = "give a Parquet or CSV file, a folder, a glob, or a table with --url"
RELATIVE = f"{WANTED}, relative to the project folder"


def refuse_absent(project: Project, source: str) -> None:
    """Refuse a path of this machine at which nothing is, before anything that reads tables is imported (0.6 s).

    Raises
    ------
    SourceError

    Examples
    --------
    >>> refuse_absent(project, "log"), refuse_absent(project, "lag/*.parquet"), refuse_absent(project, "s3://lag")
    (None, None, None)
    """
    if "://" in source or any(sign in source for sign in "*?[") or (project.root / source).exists():
        return
    try:
        located = project.locate(sound_path(source))
    except ValueError as error:
        raise SourceError(str(error)) from None
    raise nothing_at(located)


def nothing_at(place: str) -> SourceError:
    """The error of a place without a file that can be read as a table."""
    return SourceError("no Parquet or CSV file there", where=place, fix=RELATIVE)
