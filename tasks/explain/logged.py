"""The logged row of an id."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.core.hints import nearest
from lamplighter.core.monitor import Duplicates, Monitor
from lamplighter.core.monitor.columns import named_features, taken_columns
from lamplighter.core.time.window import Window
from lamplighter.core.values.identity import identities
from lamplighter.errors import BrokenFileError, LamplighterError, SourceError
from storage.profiles.build import table_kinds
from storage.project.folder import Project
from storage.sources.place import Wanted, reader_of
from storage.sources.predictions import predictions_of
from storage.sources.scan import Scan

Found = TypeVar("Found")

SEARCHED = 62
"""Windows that are searched when none is named, from the newest predictions back: two months of days."""

LOOKED_THROUGH = 10_000
"""Ids among which the nearest of an unknown one is looked for."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A prediction as it was logged.

    Attributes
    ----------
    window : Window
    at : datetime
        When it was predicted.
    row : Table of shape (1, n_columns)
        In the types of the log.
    kinds : dict of str to str
        Each column of the log and its type: number, text, boolean, time or other.
    others : list of (datetime, str)
        Other rows of the id in the window: when each was predicted, and by which version.
    """

    window: Window
    at: datetime
    row: pa.Table
    kinds: dict[str, str]
    others: list[tuple[datetime, str]]

    def value(self, name: str | None) -> Any:
        """The value of a column; None where it is null or NaN, or there is no such column."""
        value = self.row[name][0].as_py() if name and name in self.row.column_names else None
        return None if isinstance(value, float) and math.isnan(value) else value


@dataclass(frozen=True, slots=True)
class _Match:
    at: datetime
    version: str
    place: int


def find_logged(
    project: Project, monitor: Monitor, id: Sequence[str], day: datetime | None, now: datetime, spool_folder: Path
) -> Logged:
    """The prediction of an id in one window, or in the newest that has it.

    Of several rows in a window the one that counts in a run is taken; of several versions, that of the newest.

    Parameters
    ----------
    id : sequence of str
        The id, or each part of it.
    day : datetime, optional
        An instant of the window to look at.
    now : datetime
    spool_folder : Path
        Folder for what is streamed of a database.

    Raises
    ------
    SourceError
        If there is none, with the nearest id; or the predictions cannot be read.

    Examples
    --------
    >>> found = find_logged(project, monitor, ["0311-007"], None, context.now, context.spool)
    >>> found.window.label, found.value("plan"), found.others
    ('2026-03-11', 'basic', [])
    >>> find_logged(project, monitor, ["0311-7"], None, context.now, context.spool)
    Traceback (most recent call last):
    ...
    lamplighter.errors.SourceError: churn: no prediction has the id '0311-7' from 2026-01-09 to 2026-03-11; ...
    """
    _refuse_wrong_id(monitor, id)
    search, names = _Search(monitor, id), [*monitor.predictions.id]
    for window in _windows(project, monitor, day, now, spool_folder):
        spec = predictions_of(project, monitor, window, spool_folder, only=names)
        # All rows of an id, also those that a run would leave out.
        rows = Scan(replace(spec, id=(), required=()))
        if rows.mistake:
            raise rows.mistake.within(monitor.model)
        has_ids = search.look(rows, names)
        if has_ids and _sound(rows, partial(_matches, rows, monitor, id)):
            found = _logged(project, monitor, window, id, spool_folder)
            if found:
                return found
    raise search.unknown()


@dataclass(slots=True)
class _Search:
    """Where an id was looked for, for the message that it was not found."""

    monitor: Monitor
    id: Sequence[str]
    windows: list[Window] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    has_rows: bool = False
    has_ids: bool = False

    def look(self, rows: Scan, names: Sequence[str]) -> bool:
        """Note a window; returns whether it has ids."""
        self.windows.append(rows.spec.window)
        self.unreadable += rows.unreadable
        self.has_rows |= rows.count > 0
        if not rows.count or any(name not in rows.schema for name in names):
            return False
        self.has_ids = True
        if not self.known:
            self.known = _first_ids(rows, names)
        return True

    def unknown(self) -> SourceError:
        """The error that no window has the id, with the nearest id and what may have hidden it."""
        written, names = " ".join(self.id), self.monitor.predictions.id
        is_private = not set(names).isdisjoint(self.monitor.private)
        near = None if is_private else nearest(written, self.known)
        hints = [f"did you mean {near!r}?"] if near else []
        if self.has_rows and not self.has_ids:
            hints.append(f"the log has no column {' and '.join(names)};")
        if self.unreadable:
            hints.append(f"{first_fault(self.unreadable)};")
        first, last = self.windows[-1], self.windows[0]
        span = f"in {last.label}"
        if first != last:
            span = f"from {first.label} to {last.label}"
            hints.append(f"--day {(first.start - timedelta(days=1)).date()} looks at an earlier one")
        what = f"no prediction has the id {written!r} {span}"
        return SourceError(what, where=self.monitor.model, fix=" ".join(hints).rstrip(";"))


def first_fault(unreadable: Sequence[tuple[str, str]]) -> str:
    """What is wrong with the first of some files that cannot be read, and how many more there are.

    Examples
    --------
    >>> first_fault([("a.parquet", "is empty"), ("b.parquet", "is empty")])
    'a.parquet cannot be read: is empty (1 more like it)'
    """
    file, why = unreadable[0]
    more = f" ({len(unreadable) - 1} more like it)" if len(unreadable) > 1 else ""
    return f"{file} cannot be read: {why}{more}"


def _refuse_wrong_id(monitor: Monitor, id: Sequence[str]) -> None:
    names = monitor.predictions.id
    if not names:
        raise LamplighterError(
            "its predictions have no id, so no row can be named", where=monitor.model, fix="declare predictions.id"
        )
    if len(names) != len(id):
        what = f"{len(id)} parts of an id were given, and its id is {' and '.join(names)}"
        raise LamplighterError(what, where=monitor.model, fix="give a value for each, in this order")


def _windows(
    project: Project, monitor: Monitor, day: datetime | None, now: datetime, spool_folder: Path
) -> Iterator[Window]:
    if day is not None:
        yield Window.of(monitor.model, monitor.every, monitor.timezone, day)
        return
    source = monitor.predictions
    moment = reader_of(source).newest(project, monitor, now, Wanted(spool_folder, "newest")).moment
    if moment is None:
        raise SourceError(
            "there are no predictions", where=monitor.model, fix="`lamplighter doctor` says what is wrong"
        )
    window = Window.of(monitor.model, monitor.every, monitor.timezone, moment)
    for _ in range(SEARCHED):
        yield window
        window = window.previous()


def _sound(rows: Scan, read: Callable[[], Found]) -> Found:
    """What a reading gives, without files that break meanwhile."""
    for _ in range(len(rows.spec.files) + 1):
        with suppress(BrokenFileError):
            return read()
    raise SourceError("the predictions cannot be read", where=rows.spec.window.label, fix="deliver them again")


def _matches(rows: Scan, monitor: Monitor, id: Sequence[str]) -> list[_Match]:
    """The rows of an id, in order of time."""
    source = monitor.predictions
    table = rows.identities([*source.id])
    mask = pc.equal(table[source.id[0]], id[0])
    for name, value in zip(source.id[1:], id[1:], strict=True):
        mask = pc.and_(mask, pc.equal(table[name], value))
    places = pc.indices_nonzero(mask.combine_chunks()).to_pylist()
    if not places:
        return []
    versions = _at(rows, source.version, places) if source.version in rows.schema else [None] * len(places)
    times = rows.instants(pa.chunked_array([pa.concat_arrays(_each(rows, str(source.time), places))]), str(source.time))
    named = [identities(pa.array([value]))[0].as_py() or "" for value in versions]
    found = [
        _Match(at.as_py().astimezone(UTC), version, place)
        for at, version, place in zip(times, named, places, strict=True)
    ]
    return sorted(found, key=lambda it: (it.at, it.place))


def _each(rows: Scan, name: str, places: Sequence[int]) -> list[pa.Array]:
    """The value of a column at each place, as arrays of one row."""
    found: dict[int, pa.Array] = {}
    for _, batches in rows.columns([name]):
        begin = 0
        for batch in batches:
            for place in places:
                if begin <= place < begin + len(batch):
                    found[place] = batch.slice(place - begin, 1).combine_chunks()
            begin += len(batch)
            if len(found) == len(places):
                break
    return [found[place] for place in places]


def _at(rows: Scan, name: str | None, places: Sequence[int]) -> list[Any]:
    return [array[0].as_py() for array in _each(rows, str(name), places)]


def _logged(project: Project, monitor: Monitor, window: Window, id: Sequence[str], spool_folder: Path) -> Logged | None:
    """The row with all its columns; looked for again, since a service may have added rows before it meanwhile."""
    spec = predictions_of(project, monitor, window, spool_folder)
    rows = Scan(replace(spec, id=(), required=()))
    return _sound(rows, partial(_whole, rows, monitor, id))


def _whole(rows: Scan, monitor: Monitor, id: Sequence[str]) -> Logged | None:
    matches = _matches(rows, monitor, id)
    if not matches:
        return None
    chosen = _counted(monitor, matches)
    kinds, named = table_kinds(rows), {*taken_columns(monitor), *named_features(monitor)}
    # What stands in the path of a file is no column of the log, unless the monitor names it.
    names = [name for name in rows.schema if name in kinds or name in named]
    row = pa.table({name: _each(rows, name, [chosen.place])[0] for name in names})
    others = [(match.at, match.version) for match in matches if match is not chosen]
    return Logged(rows.spec.window, chosen.at, row, kinds, others)


def _counted(monitor: Monitor, matches: Sequence[_Match]) -> _Match:
    """The row that a run counts: of each version the first or last, of several versions the newest."""
    of_version: dict[str, _Match] = {}
    for match in matches:
        if monitor.predictions.duplicates is Duplicates.LAST:
            of_version[match.version] = match
        else:
            of_version.setdefault(match.version, match)
    return max(of_version.values(), key=lambda it: it.at)


def _first_ids(rows: Scan, names: Sequence[str]) -> list[str]:
    """Some ids as they are written on the command line."""
    columns = [column.slice(0, LOOKED_THROUGH).to_pylist() for column in rows.identities(names).columns]
    return [" ".join(parts) for parts in islice(zip(*columns, strict=True), LOOKED_THROUGH) if None not in parts]
