"""Rows in a database: a table, or a query, behind any SQLAlchemy URL."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

import pyarrow as pa

from lamplighter.core.hints import did_you_mean
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.soundness import Problem
from lamplighter.core.time.window import Window
from storage.project.database_urls import place_of
from storage.project.folder import Project
from storage.sources.files import File
from storage.sources.place import EPOCH, Newest, RowSource, State, Wanted
from storage.sources.sql import columns_of, count_rows, newest_time, spool, tables_of
from storage.sources.sql_bounds import Bounds
from storage.sources.timestamps import INSTANT, to_instants

ONE_DAY = timedelta(days=1)

LOOK_BACK = timedelta(days=31)
"""How long before the newest of rows that are dated elsewhere others are looked at, besides the span at hand."""


def between(project: Project, source: RowSource, span: Window, wanted: Wanted) -> list[File]:
    """The rows of a span, streamed to files that only their owner may read."""
    return spool(
        source.given,
        column=source.time,
        timezone=source.timezone,
        start=span.start,
        end=span.end,
        folder=wanted.folder / wanted.name,
        order=wanted.order,
        only=wanted.only,
        most=wanted.most,
        unit=source.time_unit,
        day_zone=span.timezone,
    )


def recent(project: Project, source: RowSource, span: Window, wanted: Wanted) -> list[File]:
    """The first rows of a span."""
    return between(project, source, span, wanted)


def dated(project: Project, source: RowSource, span: Window, delivered: Window, wanted: Wanted) -> list[File]:
    """The last rows of a span: a database does not say when they came."""
    moment = _newest_time(source, span, at_day_end=True)
    if moment is None:
        return []
    start = max(span.start, moment - (delivered.end - delivered.start) - LOOK_BACK)
    return between(project, source, replace(span, start=start, end=min(span.end, moment + ONE_DAY)), wanted)


def newest(project: Project, monitor: Monitor, now: datetime, wanted: Wanted) -> Newest:
    """The largest time until a day from the present; no rows are looked at."""
    span = Window(monitor.model, monitor.every, EPOCH, now + ONE_DAY, monitor.timezone)
    return Newest(_newest_time(monitor.predictions, span))


def columns(project: Project, source: RowSource) -> Collection[str]:
    """The columns of the table or query."""
    return columns_of(source.given)


def absent(project: Project, source: RowSource, section: str, *, may_come: bool = False) -> Problem | None:
    """What is wrong where the database has no such table; rows do not come to one that is not there."""
    table = source.given.table
    tables = tables_of(source.given) if table else []
    if not tables or table in tables or _is_listed(table, tables):
        return None
    what = f"no table {table!r} in the database; {did_you_mean(table, tables)}"
    return Problem((section, source.place.key, "table"), what)


def state(source: RowSource, span: Window) -> State | None:
    """How many rows a span has: what was corrected in place is not seen."""
    sql, bounds = source.given, _bounds(source, span)
    asked = (sql.url.get_secret_value(), (sql.table, sql.query))
    return State(asked, count_rows(sql, bounds), bounds.place)


def _is_listed(table: str, tables: Collection[str]) -> bool:
    return table.rpartition(".")[2] in {name.rpartition(".")[2] for name in tables} and "." not in table


def _bounds(source: RowSource, span: Window) -> Bounds:
    place = place_of(source.given)
    return Bounds(source.time, source.timezone, source.time_unit, span.timezone, span.start, span.end, place)


def _newest_time(source: RowSource, span: Window, *, at_day_end: bool = False) -> datetime | None:
    value = newest_time(source.given, _bounds(source, span))
    if value is None:
        return None
    instants = to_instants(
        pa.array([value]), str(source.time), source.timezone, unit=source.time_unit, day_zone=span.timezone,
        at_day_end=at_day_end,
    )  # fmt: skip
    moment: datetime | None = instants.cast(INSTANT)[0].as_py()
    return moment
