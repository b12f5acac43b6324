"""Looking at a table that nobody prepared."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import SecretStr

from lamplighter.core.monitor import Sql, class_label
from lamplighter.core.monitor.parse import VARIABLE
from lamplighter.core.suggest import Column, roles_of
from lamplighter.core.window import Grain, Window
from lamplighter.errors import ColumnError, SourceError
from storage.files import WILDCARD, File, find
from storage.instants import to_instants
from storage.profiles import type_kind
from storage.project import Project
from storage.rows import Rows, Slice
from storage.sql import spool

DAY_FOLDER = re.compile(r"day=\d{4}-\d{2}-\d{2}")
MOST_FILES = 60
"""Files that are looked at: two months of days tell what a column is."""

MOST_ROWS = 500_000
"""Rows of a database's table that are looked at: some ten seconds of reading."""


WANTED = "give a Parquet file, a folder, a glob, or a table with --url"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at a table told: where it is, its columns, and the days that have rows."""

    place: Mapping[str, str]
    columns: list[Column]
    days: list[date]


def inspect_table(project: Project, source: str, url: str | None, timezone: str) -> Seen:
    """Look at a table or at Parquet files.

    Raises
    ------
    SourceError
        If there is nothing, or it cannot be read.
    """
    folder = project.home / "spool" / f"init-{os.getpid()}"
    try:
        place, files = _table(project, source, url, folder) if url else _parquet(project, source)
        if not files:
            told = f"{source}: no rows there" if url else f"{project.locate(source)}: no Parquet file there"
            raise SourceError(f"{told}; {WANTED}, relative to the project folder")
        always = Window.of("init", Grain.MONTH, timezone, datetime.now(UTC))
        rows = Rows(Slice(always, tuple(files[-MOST_FILES:]), time=None))
        if rows.unreadable:
            raise SourceError(": ".join(rows.unreadable[0]))
        if not rows.count:
            raise SourceError(f"{source}: the table is there and has no rows; {WANTED}")
        columns = [_column(name, rows.table([name]).column(0)) for name in rows.schema]
        return Seen(place, columns, _days(rows, columns, timezone))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _table(project: Project, table: str, url: str, folder: Path) -> tuple[dict[str, str], list[File]]:
    filled = VARIABLE.sub(lambda match: os.environ.get(match[1], ""), url)
    now = datetime.now(UTC)
    sql = Sql(url=SecretStr(project.locate_url(filled)), table=table)
    files = spool(sql, column=None, timezone=None, start=now, end=now, folder=folder, most=MOST_ROWS)
    return {"url": url, "table": table}, files


def _parquet(project: Project, source: str) -> tuple[dict[str, str], list[File]]:
    """The pattern that finds the files, and the files; folders of days become ``{day}``."""
    is_folder = (project.root / source).is_dir() if "://" not in source else not source.endswith(".parquet")
    if is_folder and not WILDCARD.search(source):
        source = f"{source.rstrip('/')}/**/*.parquet"
    files = find([project.locate(source)])
    pattern = source
    if files and all(DAY_FOLDER.search(file.uri) for file in files):
        pattern = _by_day([file.uri for file in files]).removeprefix(f"{project.root}/")
    return {"parquet": pattern}, files


def _by_day(uris: Sequence[str]) -> str:
    """The pattern of files in folders of days; where their folders go on below the day, of all that is below it.

    Examples
    --------
    >>> _by_day(["log/day=2013-06-01/a.parquet", "log/day=2013-06-02/b.parquet"])
    'log/day={day}/*.parquet'
    """
    folders = {DAY_FOLDER.sub("day={day}", uri).rpartition("/")[0] for uri in uris}
    if len(folders) == 1:
        return f"{folders.pop()}/*.parquet"
    return f"{min(folders).partition('day={day}')[0]}day={{day}}/**/*.parquet"


def _column(name: str, values: pa.ChunkedArray) -> Column:
    kind = type_kind(values.type)
    if kind == "time":
        # A date or a time of day alone is no instant.
        is_instant = pa.types.is_timestamp(values.type)
        return Column(name, "time", has_zone=values.type.tz is not None) if is_instant else Column(name, "other")
    if kind == "text" and _is_time(name, values):
        return Column(name, "time", has_zone=_has_zone(values))
    if kind not in ("number", "boolean", "text"):
        return Column(name, kind)
    distinct = pc.count_distinct(values, mode="only_valid").as_py()
    unique = distinct == len(values) and values.null_count == 0
    classes = _classes(values) if distinct == 2 else ()
    if kind != "number" or not distinct:
        return Column(name, kind, distinct, unique, classes=classes)
    floats = values.cast(pa.float64(), safe=False)
    bounds = pc.min_max(floats).as_py()
    whole = bool(pc.all(pc.equal(floats, pc.floor(floats))).as_py())
    return Column(name, kind, distinct, unique, True, bounds["min"], bounds["max"], whole, classes=classes)


def _classes(values: pa.ChunkedArray) -> tuple[str, ...]:
    return tuple(sorted(class_label(value) for value in pc.unique(values).to_pylist() if value is not None))


def _is_time(name: str, values: pa.ChunkedArray) -> bool:
    """Whether text is timestamps, as databases without a type of their own store them."""
    if not len(values) or values.null_count == len(values):
        return False
    try:
        to_instants(values, name, "UTC")
    except ColumnError:
        return False
    return True


def _has_zone(values: pa.ChunkedArray) -> bool:
    try:
        to_instants(values, "", None)
    except ColumnError:
        return False
    return True


def _days(rows: Rows, columns: list[Column], timezone: str) -> list[date]:
    """The local days that have rows."""
    try:
        time = roles_of(columns).time
    except ValueError:
        return []
    instants = to_instants(rows.table([time.name]).column(0), time.name, "UTC")
    local = pc.local_timestamp(instants.cast(pa.timestamp("us", tz=timezone)))
    return sorted(value for value in pc.unique(local.cast(pa.date32(), safe=False)).to_pylist() if value)
