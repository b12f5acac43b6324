"""What a model saw and answered, as Parquet files that are never seen half written."""

from __future__ import annotations

import datetime as dt
import os
import re
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lamplighter.atomic import atomic_file
from lamplighter.errors import ColumnError, LamplighterError

INSTANT = pa.timestamp("us", tz="UTC")
"""How instants are stored, whatever zone they came in."""

_WITH_ZONE = "give each timestamp its zone, such as datetime.now(UTC)"


class PredictionLog:
    """Writes predictions to ``folder/day=YYYY-MM-DD/part-<name>.parquet``, one file per local day and batch.

    A file gets its name only when it is complete and on the disk, so a reader, or a machine that loses its power,
    sees all rows of a file or none. Any number of processes and threads may write to one folder.

    Parameters
    ----------
    folder : path
        Made when absent.
    time : str, default="predicted_at"
        The column that says when a row was predicted: timestamps with a zone, never null.
    timezone : str, default="UTC"
        The zone whose days the folder is partitioned by. Timestamps themselves are stored in UTC.
    max_rows : int, default=10_000
        How many appended rows are held before they are written.

    Examples
    --------
    >>> import datetime as dt, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> noon = dt.datetime(2013, 4, 1, 12, tzinfo=dt.UTC)
    >>> log = PredictionLog(folder.name, timezone="America/New_York")
    >>> [path.parent.name for path in log.write({"predicted_at": [noon], "late": [1]})]
    ['day=2013-04-01']

    Rows that come one by one are held until there are `max_rows`, or until the end of the block:

    >>> with PredictionLog(folder.name) as log:
    ...     log.append({"predicted_at": noon, "late": 0})
    >>> len(list(Path(folder.name).glob("day=*/*.parquet")))
    2
    >>> folder.cleanup()
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        time: str = "predicted_at",
        timezone: str = "UTC",
        max_rows: int = 10_000,
    ) -> None:
        if max_rows < 1:
            raise LamplighterError(f"max_rows is {max_rows}", fix="it must be at least 1")
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise LamplighterError(
                f"unknown timezone {timezone!r}", fix="a name such as 'Europe/Berlin' is right"
            ) from None
        self.folder = Path(folder)
        self.time = time
        self.timezone = timezone
        self.max_rows = max_rows
        self._lock = threading.RLock()
        self._rows: list[dict[str, Any]] = []
        self._schema = pa.schema([])
        self._name = _unique_name()

    def write(self, rows: pa.Table | Mapping[str, Any], *, name: str | None = None) -> list[Path]:
        """Write a batch at once; when this returns, it is on the disk.

        Parameters
        ----------
        rows : Table or mapping of columns
            Anything that `pyarrow.table` takes. Column types are kept, except that `time` becomes UTC microseconds.
        name : str, optional
            Writing a batch again under the same name replaces it instead of doubling it. By default unique, and
            sorting by the time of writing.

        Returns
        -------
        list of Path
            One file per local day, in order of the days.

        Raises
        ------
        ColumnError
            If the column `time` is missing, not a timestamp, without a zone, or null somewhere. Nothing is written.
        """
        if isinstance(rows, Mapping):
            self._refuse_naive(rows.get(self.time))
        table = self._with_instants(pa.table(rows))
        name = _unique_name() if name is None else _checked_name(name)

        days = _local_days(table[self.time], self.timezone)
        return [
            _write_whole(table.filter(pc.equal(days, day)), self.folder / f"day={day}", f"part-{name}.parquet")
            for day in sorted(pc.unique(days).to_pylist())
        ]

    def append(self, row: Mapping[str, Any]) -> None:
        """Hold one row; writes what is held first when that is `max_rows` already.

        If this raises, the row was not taken, and the rows that are held are still held.
        """
        one = self._with_instants(pa.Table.from_pylist([dict(row)]))
        with self._lock:
            if len(self._rows) >= self.max_rows:
                self.flush()
            try:
                # One row of another type would keep all the others from being written, so it is refused here.
                schema = pa.unify_schemas([self._schema, one.schema], promote_options="permissive")
            except pa.ArrowTypeError as error:
                raise ColumnError(
                    f"row refused: {str(error).splitlines()[0]}", fix="log each column with one type"
                ) from None
            self._schema = schema
            self._rows.append(dict(row))

    def flush(self) -> list[Path]:
        """Write the rows that are held; those that cannot be written stay held."""
        with self._lock:
            if not self._rows:
                return []
            # The name belongs to the held rows: a flush that failed half way, and is repeated, doubles nothing.
            paths = self.write(pa.Table.from_pylist(self._rows, schema=self._schema), name=self._name)
            self._rows, self._name = [], _unique_name()
            return paths

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Write the rows that are held, also when the block failed: they were predicted."""
        self.flush()

    def _refuse_naive(self, column: object) -> None:
        """Refuse a list in which any timestamp is naive: Arrow takes the zone of the first for all."""
        if isinstance(column, list | tuple) and any(isinstance(at, dt.datetime) and at.tzinfo is None for at in column):
            raise ColumnError(f"column {self.time!r} has no time zone", self.time, fix=_WITH_ZONE)

    def _with_instants(self, table: pa.Table) -> pa.Table:
        """Return the table with `time` in UTC microseconds, or refuse it."""
        if self.time not in table.column_names:
            raise ColumnError(
                f"column {self.time!r} is missing",
                self.time,
                missing=True,
                fix=f"columns: {', '.join(table.column_names)}",
            )
        column = table[self.time]
        if column.null_count:
            what = f"column {self.time!r} is null in {column.null_count} of {len(column)} rows"
            raise ColumnError(what, self.time, fix=_WITH_ZONE)
        if not pa.types.is_timestamp(column.type):
            raise ColumnError(
                f"column {self.time!r} holds {column.type}", self.time, fix="timestamps with a zone are right"
            )
        if column.type.tz is None:
            raise ColumnError(f"column {self.time!r} has no time zone", self.time, fix=_WITH_ZONE)
        # What is finer than a microsecond is cut off; what is too far away for one is an error.
        instants = pc.cast(column, options=pc.CastOptions(target_type=INSTANT, allow_time_truncate=True))
        return table.set_column(table.column_names.index(self.time), self.time, instants)


def _local_days(instants: pa.ChunkedArray, timezone: str) -> pa.ChunkedArray:
    """Return the local day of each instant as ``YYYY-MM-DD``."""
    return pc.strftime(instants.cast(pa.timestamp("us", tz=timezone)), format="%Y-%m-%d")


def _unique_name() -> str:
    """Return a name that no other writer takes and that sorts by time."""
    return f"{time.time_ns():020d}-{uuid.uuid4().hex[:12]}"


def _checked_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise LamplighterError(f"{name!r} cannot name a file", fix="letters, digits, '.', '_' and '-' are right")
    return name


def _write_whole(table: pa.Table, folder: Path, name: str) -> Path:
    """Write a file so that it appears complete or not at all, and stays when the power goes."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    with atomic_file(path, lasting=True) as file:
        pq.write_table(table, file, compression="zstd")
    return path
