"""The newest window that has predictions, found without reading the older ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice

import pyarrow as pa

from lamplighter.core.monitor import Monitor, Predictions, Source, Sql
from lamplighter.core.time.window import Window
from lamplighter.errors import SourceError
from storage.project.database_urls import place_of
from storage.project.folder import Project
from storage.sources.files import DAY, File, find
from storage.sources.predictions import spec_of
from storage.sources.rows import Scan
from storage.sources.sql import newest_time
from storage.sources.sql_bounds import Bounds
from storage.sources.timestamps import INSTANT, to_instants

MOST_FILES = 60
"""Files of which times are read, the last by name: two months of days."""

MOST_DAYS = 30
"""Days that a path may name and that have no file after all."""

EPOCH, FAR = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Newest:
    """Where the newest predictions are.

    Attributes
    ----------
    window : Window or None
        None where there are no rows.
    later : int
        Rows, of those that were looked at, that are dated after the present.
    files : tuple of File
        Those that were looked at.
    """

    window: Window | None
    later: int = 0
    files: tuple[File, ...] = ()


def newest_window(project: Project, monitor: Monitor, now: datetime) -> Newest:
    """The newest window that has predictions.

    Raises
    ------
    SourceError
        If the source does not answer; `ColumnError` if the time column is not there or holds no times.

    Examples
    --------
    >>> newest_window(project, monitor, context.now).window.label
    '2026-03-11'
    """
    source = monitor.predictions
    if source.sql:
        moment = _newest_in_database(source.sql, source, now, monitor.timezone)
        return Newest(_window(monitor, moment))
    files = newest_files(project, source)
    everything = Window(monitor.model, monitor.every, EPOCH, FAR, monitor.timezone)
    rows = Scan(spec_of(monitor, everything, files))
    if rows.mistake:
        raise rows.mistake
    if rows.unreadable and len(rows.unreadable) == len(files):
        file, reason = rows.unreadable[0]
        raise SourceError(reason, where=file)
    moment, later = rows.newest(now)
    return Newest(_window(monitor, moment), later, tuple(files))


def _window(monitor: Monitor, moment: datetime | None) -> Window | None:
    return Window.of(monitor.model, monitor.every, monitor.timezone, moment) if moment else None


def newest_files(project: Project, source: Source, days: int = 1) -> list[File]:
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
    patterns = [project.locate(path) for path in source.parquet]
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


def _newest_in_database(sql: Sql, source: Predictions, now: datetime, day_zone: str) -> datetime | None:
    end = now + timedelta(days=1)
    bounds = Bounds(source.time, source.timezone, source.time_unit, day_zone, EPOCH, end, place_of(sql))
    value = newest_time(sql, bounds)
    if value is None:
        return None
    instants = to_instants(pa.array([value]), source.time, source.timezone, unit=source.time_unit, day_zone=day_zone)
    moment: datetime | None = instants.cast(INSTANT)[0].as_py()
    return moment
