"""Looking at a table that nobody prepared."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
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
from storage.files import File, find
from storage.instants import to_instants
from storage.profiles import type_kind
from storage.project import Project
from storage.rows import Rows, Slice
from storage.sql import spool

DAY_FOLDER = re.compile(r"day=\d{4}-\d{2}-\d{2}")
MOST_FILES = 60
"""Files that are looked at: two months of days tell what a column is."""


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
        place, files = _table(source, url, folder) if url else _parquet(project, source)
        if not files:
            raise SourceError(f"{source}: no rows there; give a Parquet file, a folder, a glob, or a table with --url")
        always = Window.of("init", Grain.MONTH, timezone, datetime.now(UTC))
        rows = Rows(Slice(always, tuple(files[-MOST_FILES:]), time=None))
        if rows.unreadable:
            raise SourceError(": ".join(rows.unreadable[0]))
        columns = [_column(name, rows.table([name]).column(0)) for name in rows.schema]
        return Seen(place, columns, _days(rows, columns, timezone))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _table(table: str, url: str, folder: Path) -> tuple[dict[str, str], list[File]]:
    filled = VARIABLE.sub(lambda match: os.environ.get(match[1], ""), url)
    now = datetime.now(UTC)
    files = spool(
        Sql(url=SecretStr(filled), table=table), column=None, timezone=None, start=now, end=now, folder=folder
    )
    return {"url": url, "table": table}, files


def _parquet(project: Project, source: str) -> tuple[dict[str, str], list[File]]:
    """The pattern that finds the files, and the files; folders of days become ``{day}``."""
    if Path(project.locate(source)).is_dir():
        source = f"{source.rstrip('/')}/**/*.parquet"
    files = find([project.locate(source)])
    pattern = source
    if files and all(DAY_FOLDER.search(file.uri) for file in files):
        pattern = DAY_FOLDER.sub("day={day}", files[0].uri).rsplit("/", 1)[0] + "/*.parquet"
        pattern = pattern.removeprefix(f"{project.root}/")
    return {"parquet": pattern}, files


def _column(name: str, values: pa.ChunkedArray) -> Column:
    kind = type_kind(values.type)
    if kind not in ("number", "boolean", "text", "time"):
        return Column(name, kind)
    if kind == "text" and _is_time(name, values):
        return Column(name, "time", has_zone=_has_zone(values))
    distinct = pc.count_distinct(values, mode="only_valid").as_py()
    classes = sorted(class_label(value) for value in pc.unique(values).to_pylist() if value is not None) if distinct == 2 else []
    column = Column(
        name,
        kind,
        distinct,
        unique=distinct == len(values) and values.null_count == 0,
        has_zone=kind != "time" or getattr(values.type, "tz", None) is not None,
        classes=tuple(classes),
    )
    if kind != "number" or not distinct:
        return column
    floats = values.cast(pa.float64(), safe=False)
    bounds = pc.min_max(floats).as_py()
    whole = bool(pc.all(pc.equal(floats, pc.floor(floats))).as_py())
    return Column(
        name, kind, distinct, column.unique, True, bounds["min"], bounds["max"], whole, classes=column.classes
    )


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
