"""Looking at a table that was not prepared: where it is, what its columns hold, and which days have rows."""

from __future__ import annotations

import glob
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import SecretStr

from lamplighter.core.monitor import Sql
from lamplighter.core.monitor.fields import sound_path
from lamplighter.core.monitor.variables import VARIABLE
from lamplighter.core.secrets import database_fault
from lamplighter.core.suggest import NO_SAMPLE, Column, LabelTable, Roles, Sample, roles_of
from lamplighter.core.time.window import Grain, Window
from lamplighter.errors import SourceError
from storage.inspection.columns import columns_of, sample_of
from storage.inspection.place import RELATIVE, WANTED, nothing_at
from storage.project.folder import Project
from storage.sources.files import File, find
from storage.sources.formats import endings
from storage.sources.globbing import ESCAPED, WILDCARD, is_wild
from storage.sources.scan import Scan, ScanSpec
from storage.sources.sql import spool
from storage.sources.timestamps import to_instants

DAY_FOLDER = re.compile(r"day=\d{4}-\d{2}-\d{2}")
MOST_FILES = 60
"""Files that are looked at: two months of days show what a column is."""

MOST_ROWS = 500_000
"""Rows of a database's table that are looked at: some ten seconds of reading."""


@dataclass(frozen=True)
class Seen:
    """A table that was looked at.

    Attributes
    ----------
    place : mapping of str to str
        Where it is, as a monitor file names it.
    columns : list of Column
    days : list of date
        Local days that have rows.
    sample : Sample
        Some of the rows.
    ids : array of str, optional
        What seems to be the id, of all rows that were looked at.
    times : array of timestamp, optional
        When the prediction of each id was made.
    """

    place: Mapping[str, str]
    columns: list[Column]
    days: list[date]
    sample: Sample = NO_SAMPLE
    ids: pa.Array | None = None
    times: pa.ChunkedArray | None = None

    def roles(self, labels: LabelTable | None = None) -> Roles:
        """What each column was taken for, with the truth in a table beside it where there is one.

        Raises
        ------
        ValueError
            If no column holds the time of the prediction.
        """
        return roles_of(self.columns, self.sample, labels.target if labels else None)


def inspect_table(project: Project, source: str, url: str | None, timezone: str, most: int = 0) -> Seen:
    """Look at a table or at Parquet files.

    Parameters
    ----------
    project : Project
    source : str
        A path, glob or URI, or with ``url`` the name of a table.
    url : str or None
        Of a database; may hold ``${VARIABLES}``.
    timezone : str
        In which a day is a day.
    most : int, optional
        Rows of a database's table that are enough; `MOST_ROWS` by default.

    Raises
    ------
    SourceError
        If there is nothing, or it cannot be read.

    Examples
    --------
    >>> seen = inspect_table(project, "log", None, "UTC")
    >>> [column.name for column in seen.columns], f"{seen.days[0]:%d %b} to {seen.days[-1]:%d %b}"
    (['id', 'at', 'amount', 'plan', 'probability', 'churns'], '01 Mar to 11 Mar')
    """
    folder = project.home / "spool" / f"init-{os.getpid()}"
    try:
        found = _table(project, source, url, folder, most or MOST_ROWS) if url else _parquet(project, source, folder)
        place, files = found
        if not files:
            if url:
                raise SourceError("no rows there", where=source, fix=RELATIVE)
            raise nothing_at(project.locate(source))
        always = Window.of("init", Grain.MONTH, timezone, datetime.now(UTC))
        rows = Scan(ScanSpec(always, tuple(files[-MOST_FILES:]), time=None))
        if rows.unreadable:
            file, reason = rows.unreadable[0]
            raise SourceError(reason, where=file)
        if not rows.count:
            raise SourceError("the table is there and has no rows", where=source, fix=WANTED)
        columns, parts = columns_of(rows)
        seen = Seen(place, columns, [], sample_of(parts, columns))
        return _with_rows(seen, rows, timezone)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _with_rows(seen: Seen, rows: Scan, timezone: str) -> Seen:
    """What all rows say: the days that have some, and the ids."""
    try:
        roles = seen.roles()
    except ValueError:
        return seen
    ids = rows.identities([roles.id.name]).column(0).combine_chunks() if roles.id else None
    times = _instants(rows, roles.time, timezone)
    return replace(seen, days=_days(times, timezone), ids=ids, times=times)


def column_names(project: Project, source: str) -> list[str]:
    """The columns of Parquet files, as the newest of them has them.

    Raises
    ------
    SourceError
        If they cannot be looked at.

    Examples
    --------
    >>> column_names(project, "labels")
    ['id', 'churned']
    """
    files = _parquet(project, source)[1]
    if not files:
        raise nothing_at(project.locate(source))
    always = Window.of("init", Grain.MONTH, "UTC", datetime.now(UTC))
    return list(Scan(ScanSpec(always, tuple(files[-1:]), time=None)).schema)


def values_of(
    project: Project, source: str, url: str | None, column: str, time: Column | None, timezone: str
) -> tuple[pa.Array, pa.ChunkedArray | None]:
    """One column of a table or of Parquet files, as text, and a time beside each value.

    Raises
    ------
    SourceError
        If it cannot be read.

    Examples
    --------
    >>> ids, _ = values_of(project, "labels", None, "id", None, "UTC")
    >>> len(ids), ids[0].as_py()
    (3300, '0301-000')
    """
    folder = project.home / "spool" / f"init-{os.getpid()}"
    try:
        files = (_table(project, source, url, folder, MOST_ROWS) if url else _parquet(project, source))[1]
        always = Window.of("init", Grain.MONTH, "UTC", datetime.now(UTC))
        rows = Scan(ScanSpec(always, tuple(files[-MOST_FILES:]), time=None))
        values = rows.identities([column]).column(0).combine_chunks()
        return values, _instants(rows, time, timezone) if time else None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def database(project: Project, url: str, table: str) -> Sql:
    """A table behind a URL, whose ``${VARIABLES}`` are filled in.

    Raises
    ------
    SourceError
        If it is not clear which part of the URL is its password.

    Examples
    --------
    >>> orders = database(project, "sqlite:///shop.db", "orders")
    >>> orders.table, orders.url.get_secret_value().endswith("/shop.db")
    ('orders', True)
    """
    filled = VARIABLE.sub(lambda match: project.environ.get(match[1], ""), url)
    if fault := database_fault(filled):
        raise SourceError(fault, where=f"the database of {table}")
    return Sql(url=SecretStr(project.locate_url(filled)), table=table)


def _table(project: Project, table: str, url: str, folder: Path, most: int) -> tuple[dict[str, str], list[File]]:
    now = datetime.now(UTC)
    sql = database(project, url, table)
    files = spool(sql, column=None, timezone=None, start=now, end=now, folder=folder, most=most)
    return {"url": url, "table": table}, files


def _parquet(project: Project, source: str, spool: Path | None = None) -> tuple[dict[str, str], list[File]]:
    """The pattern that finds the files, and the files; folders of days become ``{day}``."""
    if "://" not in source and WILDCARD.search(source) and (project.root / source).exists():
        # A file may be called a[1].parquet, which as a pattern is not its own name.
        source = glob.escape(source)
    try:
        located = project.locate(sound_path(source))
    except ValueError as error:
        raise SourceError(str(error)) from None
    files = find([located], spool=spool)
    pattern = source
    is_folder = not is_wild(source) and bool(files) and [file.uri for file in files] != [ESCAPED.sub(r"\1", located)]
    if is_folder and all(file.uri.endswith(".parquet") and file.declared is None for file in files):
        pattern = f"{source.rstrip('/')}/**/*.parquet"
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
    ends = {next((end for end in endings() if uri.lower().endswith(end)), "") for uri in uris}
    end = ends.pop() if len(ends) == 1 else ""
    if len(folders) == 1:
        return f"{folders.pop()}/*{end}"
    return f"{min(folders).partition('day={day}')[0]}day={{day}}/**/*{end}"


def _instants(rows: Scan, time: Column, timezone: str) -> pa.ChunkedArray:
    values = rows.table([time.name]).column(0)
    zone = None if time.is_date else "UTC"
    return to_instants(values, time.name, zone, unit=time.unit or None, day_zone=timezone)


def _days(instants: pa.ChunkedArray, timezone: str) -> list[date]:
    """The local days that have rows."""
    local = pc.local_timestamp(instants.cast(pa.timestamp("us", tz=timezone)))
    days = pc.unique(local.cast(pa.date32(), safe=False)).drop_null()
    # A damaged time may lie beyond the calendar.
    numbers = days.cast(pa.int32())
    low, high = (day.toordinal() - date(1970, 1, 1).toordinal() for day in (date.min, date.max))
    return sorted(days.filter(pc.and_(pc.greater_equal(numbers, low), pc.less_equal(numbers, high))).to_pylist())
