"""Sources that are not there: tables that a database does not have, and paths that match nothing."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from lamplighter.core.hints import did_you_mean, nearest, shown_names
from lamplighter.core.monitor import Source
from lamplighter.core.monitor.soundness import Problem
from storage.project.folder import Project
from storage.sources.newest import newest_files
from storage.sources.sql import tables_of

WILD = re.compile(r"[*?\[{]")


def absent_source(project: Project, source: Source, section: str) -> Problem | None:
    """What is wrong where a source is not there at all: a table that is not, or paths that match nothing.

    Examples
    --------
    >>> wrong = monitor.predictions.model_copy(update={"parquet": ("logs/day={day}.parquet",)})
    >>> absent_source(project, wrong, "predictions").at, absent_source(project, monitor.predictions, "predictions")
    (('predictions', 'parquet'), None)
    """
    if source.sql:
        tables = tables_of(source.sql) if source.sql.table else []
        if source.sql.table and tables and source.sql.table not in tables and not _is_listed(source.sql.table, tables):
            what = f"no table {source.sql.table!r} in the database; {did_you_mean(source.sql.table, tables)}"
            return Problem((section, "sql", "table"), what)
        return None
    if newest_files(project, source):
        return None
    if table := _delta_around(project, source.parquet[0]):
        return Problem((section, "parquet"), f"{table}: the Delta table has no rows yet", True)
    # The first of several paths is reported; the others are wrong or empty like it.
    where, _ = where_it_ends(project, source.parquet[0])
    return Problem((section, "parquet"), f"{source.parquet[0]} matches no file; {where}")


def _delta_around(project: Project, pattern: str) -> Path | None:
    """The folder of a Delta table that a path on this disk names, lies in, or lies above."""
    if "://" in pattern:
        return None
    fixed = Path(
        *(parts := pattern.split("/"))[: next((i for i, part in enumerate(parts) if WILD.search(part)), len(parts))]
    )
    folder = project.root / fixed
    return next((place for place in (folder, *folder.parents) if (place / "_delta_log").is_dir()), None)


def _is_listed(table: str, tables: Collection[str]) -> bool:
    return table.rpartition(".")[2] in {name.rpartition(".")[2] for name in tables} and "." not in table


def where_it_ends(project: Project, pattern: str) -> tuple[str, bool]:
    """Where a path that matches nothing leads.

    Returns
    -------
    text : str
        The first folder that is not there, with those that are; of one that is there, what it holds.
    is_misspelled : bool
        Whether a folder of nearly this name is there.

    Examples
    --------
    >>> message, is_misspelled = where_it_ends(project, "logs/day={day}.parquet")
    >>> message.partition(" in ")[0], is_misspelled
    ("there is no 'logs'", True)
    """
    if "://" in pattern:
        return "mend the path, or wait for the first file", False
    folder = Path("/") if pattern.startswith("/") else project.root
    for part in (parts := [part for part in pattern.split("/") if part]):
        if WILD.search(part) or part == parts[-1]:
            break
        if not (folder / part).is_dir():
            names = _entries(folder)
            return f"there is no {part!r} in {folder}; {did_you_mean(part, names)}", nearest(part, names) is not None
        folder /= part
    return f"{folder} holds: {shown_names(_entries(folder))}", False


def _entries(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError:
        return []
