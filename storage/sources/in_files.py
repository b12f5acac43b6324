"""Rows in files: Parquet, and the other formats that are known, named by paths, folders and globs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from pathlib import Path

from lamplighter.core.hints import did_you_mean, nearest, shown_names
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.soundness import Problem
from lamplighter.core.time.window import Grain, Window
from lamplighter.errors import BrokenFileError
from storage.project.folder import Project
from storage.sources.files import DAY, File, find
from storage.sources.newest import newest_in
from storage.sources.place import EPOCH, Newest, RowSource, State, Wanted
from storage.sources.scan import Scan, ScanSpec

MOST_FILES = 60
"""Files of which times are read, the last by name: two months of days."""

MOST_DAYS = 30
"""Days that a path may name and that have no file after all."""

WILD = re.compile(r"[*?\[{]")


def between(project: Project, source: RowSource, span: Window, wanted: Wanted) -> list[File]:
    """The files of the days of a span.

    ``{day}`` is a hint: services write some rows into the next day's partition, so the neighbours are looked at too.

    Examples
    --------
    >>> found = between(project, monitor.predictions, window, Wanted(context.spool, "predictions"))
    >>> [file.uri.rpartition("/")[2] for file in found]
    ['day=2026-03-10.parquet', 'day=2026-03-11.parquet']
    """
    return find((project.locate(path) for path in source.given), span.days(margin=1), wanted.folder)


def recent(project: Project, source: RowSource, span: Window, wanted: Wanted) -> list[File]:
    """The last files by name, as many days of them as the span has."""
    return newest_files(project, source, (span.end - span.start).days)


def dated(project: Project, source: RowSource, span: Window, delivered: Window, wanted: Wanted) -> list[File]:
    """The files of the days on which they were delivered: paths say nothing of the dates in them."""
    return between(project, source, delivered, wanted)


def newest(project: Project, monitor: Monitor, now: datetime, wanted: Wanted) -> Newest:
    """The newest time in the last files by name, without reading the older ones.

    Examples
    --------
    >>> newest(project, monitor, context.now, Wanted(context.spool, "newest")).moment.date().isoformat()
    '2026-03-11'
    """
    return newest_in(newest_files(project, monitor.predictions), monitor, now)


def columns(project: Project, source: RowSource) -> Collection[str]:
    """The columns of the last file by name.

    Examples
    --------
    >>> list(columns(project, monitor.labels))
    ['id', 'churned']
    """
    always = Window.of("", Grain.DAY, "UTC", EPOCH)
    rows = Scan(ScanSpec(always, tuple(newest_files(project, source)[-1:]), time=None))
    if rows.unreadable:
        file, reason = rows.unreadable[0]
        raise BrokenFileError(reason, where=file)
    return rows.schema


def absent(project: Project, source: RowSource, section: str, *, may_come: bool = False) -> Problem | None:
    """What is wrong where paths match nothing.

    Examples
    --------
    >>> wrong = monitor.predictions.model_copy(update={"parquet": ("logs/day={day}.parquet",)})
    >>> print(absent(project, wrong, "predictions").message.partition(" in ")[0])
    logs/day={day}.parquet matches no file; there is no 'logs'
    >>> absent(project, monitor.predictions, "predictions")
    """
    if newest_files(project, source):
        return None
    # The first of several paths is reported; the others are wrong or empty like it.
    first, at = source.given[0], (section, source.place.key)
    where, is_misspelled = _where_it_ends(project, first)
    if may_come:
        return Problem(at, f"there are no {section} yet: {first} matches no file; {where}", not is_misspelled)
    if table := _delta_around(project, first):
        return Problem(at, f"{table}: the Delta table has no rows yet", True)
    return Problem(at, f"{first} matches no file; {where}")


def state(source: RowSource, span: Window) -> State | None:
    """None: files can be read again, and are where they are kept."""
    return None


def newest_files(project: Project, source: RowSource, days: int = 1) -> list[File]:
    """The last files of a source by name, those of the newest days that have some where paths name days.

    Raises
    ------
    SourceError
        If an object store does not answer.

    Examples
    --------
    >>> [file.day.isoformat() for file in newest_files(project, monitor.predictions, days=2)]
    ['2026-03-11', '2026-03-10']
    """
    patterns = [project.locate(path) for path in source.given]
    fixed = [pattern for pattern in patterns if not DAY.search(pattern)]
    found = find(fixed)[-MOST_FILES:] if fixed else []
    for pattern in patterns:
        if pattern not in fixed:
            dates = islice(_days_of(pattern), MOST_DAYS + days)
            filled = (files for day in dates if (files := find([pattern], [day])))
            found += [file for files in islice(filled, days) for file in files]
    return found


def _days_of(pattern: str) -> Iterator[date]:
    """The days that paths of a pattern may name, newest first."""
    forms = [match[1] or "%Y-%m-%d" for match in DAY.finditer(pattern)]
    # A day in the form %Y/%m/%d is three folders.
    wild = DAY.sub(lambda match: re.sub(r"[^/]+", "*", format(date(2000, 11, 22), match[1] or "%Y-%m-%d")), pattern)
    found = {day for file in find([wild]) for form in forms for day in _read(file.uri, form)}
    yield from sorted(found, reverse=True)


def _read(uri: str, form: str) -> Iterable[date]:
    """The days of a form that stand in a path.

    Examples
    --------
    >>> list(_read("log/2013/06/01/a.parquet", "%Y/%m/%d"))
    [datetime.date(2013, 6, 1)]
    """
    written = re.sub(r"%[a-zA-Z]", lambda match: format(date(2000, 11, 22), match[0]), form)
    expression = re.sub(r"\d", r"\\d", re.escape(written))
    expression = re.sub(r"Nov(?:ember)?|Wed(?:nesday)?", r"\\w+", expression)
    for match in re.finditer(f"(?=({expression}))", uri):
        try:
            yield datetime.strptime(match[1], form).date()
        except ValueError:
            continue


def _delta_around(project: Project, pattern: str) -> Path | None:
    """The folder of a Delta table that a path on this disk names, lies in, or lies above."""
    if "://" in pattern:
        return None
    fixed = Path(
        *(parts := pattern.split("/"))[: next((i for i, part in enumerate(parts) if WILD.search(part)), len(parts))]
    )
    folder = project.root / fixed
    return next((place for place in (folder, *folder.parents) if (place / "_delta_log").is_dir()), None)


def _where_it_ends(project: Project, pattern: str) -> tuple[str, bool]:
    """Where a path that matches nothing leads.

    Returns
    -------
    text : str
        The first folder that is not there, with those that are; of one that is there, what it holds.
    is_misspelled : bool
        Whether a folder of nearly this name is there.
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
