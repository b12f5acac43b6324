"""What a model saw and answered: queued in memory by the request, written by a thread."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import pyarrow as pa

from lamplighter.errors import ColumnError, LamplighterError
from lamplighter.serving.log_metrics import LogMetrics
from lamplighter.serving.parquet_folder import ParquetFolder
from lamplighter.serving.row_queue import Limits, RowQueue, unique_name
from lamplighter.serving.rows import NOT_STORABLE, BroughtError, Rows, fault_of, refuse_naive, with_instants
from lamplighter.serving.sampling import checked_share, is_sampled
from lamplighter.serving.written import Place

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

CLOSE_SECONDS = 10.0
"""How long closing waits for a place that hangs; an orchestrator kills a service some 30 seconds after it asked."""


class PredictionLog:
    """Writes predictions to ``folder/day=YYYY-MM-DD/part-<name>.parquet``, or to a table of a database.

    `append` takes microseconds: it puts a row into a queue, which a thread writes, a file (for each local day) or a
    transaction at a time. A request never waits for a disk. A file gets its name only when it is complete and on the
    disk, so a reader, or a machine that loses its power, sees all rows of a file or none. Any number of processes
    and threads may write to one folder or table.

    Parameters
    ----------
    place : path or Place
        A folder, made when absent; or another place, such as an `SqlTable`.
    time : str, default="predicted_at"
        The column that says when a row was predicted: timestamps with a zone, never null.
    timezone : str, default="UTC"
        The zone whose days a folder is partitioned by. Timestamps themselves are stored in UTC.
    max_rows : int, default=10_000
        How many rows are written together at most.
    max_seconds : float, default=60
        How long a row waits at most: what a process that is killed loses.
    queue_rows : int, default=50_000
        How many rows may wait, when the place is slow or gone.
    full : {"drop", "block"}, default="drop"
        What happens to a row when so many wait: it is dropped and counted, or `append` waits for room.
    max_wait : float, default=1
        How many seconds `append` waits at most if `full` is "block"; then the row is dropped and counted.
    sample : float, default=1
        The share of ids whose rows are kept. Each file carries it as `lamplighter.sample` in its metadata.
    id : str or sequence of str, optional
        The column or columns that decide whether a row is in the sample.
    model : str, optional
        Count rows, drops and failures as live metrics of this model.
    registry : CollectorRegistry, optional
        Where they are registered; by default prometheus_client's own.

    Examples
    --------
    >>> import datetime as dt, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> noon = dt.datetime(2013, 4, 1, 12, tzinfo=dt.UTC)
    >>> log = PredictionLog(folder.name, timezone="America/New_York")
    >>> [path.parent.name for path in log.write({"predicted_at": [noon], "late": [1]})]
    ['day=2013-04-01']

    Rows that come one by one are written later, at the end of the block at the latest:

    >>> with PredictionLog(folder.name) as log:
    ...     log.append({"predicted_at": noon, "late": 0})
    >>> len(list(Path(folder.name).glob("day=*/*.parquet")))
    2
    >>> folder.cleanup()
    """

    def __init__(
        self,
        place: str | os.PathLike[str] | Place,
        *,
        time: str = "predicted_at",
        timezone: str = "UTC",
        max_rows: int = 10_000,
        max_seconds: float = 60.0,
        queue_rows: int = 50_000,
        full: Literal["drop", "block"] = "drop",
        max_wait: float = 1.0,
        sample: float = 1.0,
        id: str | Sequence[str] | None = None,
        model: str = "",
        registry: CollectorRegistry | None = None,
    ) -> None:
        _refuse_unless(max_rows >= 1, f"max_rows is {max_rows}", "it must be at least 1")
        _refuse_unless(max_seconds > 0, f"max_seconds is {max_seconds}", "it must be above 0")
        _refuse_unless(
            queue_rows >= max_rows, f"queue_rows is {queue_rows}", f"at least max_rows, {max_rows}, is right"
        )
        _refuse_unless(full in ("drop", "block"), f"full is {full!r}", "'drop' or 'block' is right")
        _refuse_unless(max_wait >= 0, f"max_wait is {max_wait}", "it must be at least 0")
        self.time = time
        self.ids = () if id is None else (id,) if isinstance(id, str) else tuple(id)
        self.sample = checked_share(sample, bool(self.ids))
        if isinstance(place, str | os.PathLike):
            note = {"lamplighter.sample": repr(sample)} if sample < 1 else None
            place = ParquetFolder(place, time=time, timezone=timezone, note=note)
        self.place: Place = place
        self._rows = Rows(time)
        limits = Limits(max_rows, max_seconds, queue_rows, max_wait if full == "block" else 0.0)
        self._queue = RowQueue(place, self._rows, limits, LogMetrics(model, registry))

    def write(self, rows: pa.Table | Mapping[str, Any], *, name: str | None = None) -> list[Path]:
        """Write a batch at once; when this returns, it is on the disk.

        Parameters
        ----------
        rows : Table or mapping of columns
            Anything that `pyarrow.table` takes. Column types are kept, except that `time` becomes UTC microseconds.
        name : str, optional
            Writing a batch again under the same name doubles nothing: a folder replaces the batch, a database keeps
            the first. By default unique, and sorting by the time of writing.

        Returns
        -------
        list of Path
            One file per local day, in order of the days; none where the place is a database.

        Raises
        ------
        ColumnError
            If the column `time` is missing, not a timestamp, without a zone, or null somewhere, or a column cannot be
            stored. Nothing is written.
        """
        if isinstance(rows, Mapping):
            refuse_naive(self.time, rows.get(self.time))
        try:
            made = pa.table(rows)
        except NOT_STORABLE as error:
            raise fault_of(rows if isinstance(rows, Mapping) else {}, pa.schema([]), error) from None
        table = self._sampled(with_instants(made, self.time))
        written = self.place.write(table, unique_name() if name is None else _checked_name(name))
        if written.refused:
            raise ColumnError(f"{len(written.refused)} rows refused, the first: {written.refused[0]}")
        return written.paths

    def append(self, row: Mapping[str, Any]) -> None:
        """Queue one row, which is written within `max_seconds`; it is copied, but lists in it are not.

        Raises
        ------
        ColumnError
            If the code that logs is wrong: the time is missing, null or without a zone, or a value is of no type that
            Arrow knows. A value that a request brought raises nothing: where it cannot be stored, or a column has
            another type than most rows have in it, the row is refused. Every row that is refused is counted, and
            the first of each column is logged.
        """
        try:
            if self.sample < 1 and not is_sampled(self._id_of(row), self.sample):
                return
            taken = self._rows.take(row)
        except ColumnError as fault:
            self._queue.refuse(fault)
            if isinstance(fault, BroughtError):
                return
            raise
        self._queue.put(taken)

    def flush(self) -> list[Path]:
        """Write the rows that are queued, now and in this thread; those that cannot be written stay queued.

        Raises
        ------
        OSError, SQLAlchemyError
            If the place cannot be written.
        """
        return self._queue.flush()

    def close(self) -> None:
        """Write the rows that are queued and end the thread. A row that is appended later begins another.

        A service calls it when it shuts down, or uses the log as a context manager. An interpreter that ends calls it
        too; one that a signal ends does not, and uvicorn repeats the signal that it was stopped by.

        Raises
        ------
        LamplighterError
            If rows could not be written within some seconds.
        """
        self._queue.close(CLOSE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Write the rows that are queued, also when the block failed: they were predicted."""
        if kind is None:
            self.close()
        else:
            # The error of the block is the one to see; what went wrong here is logged.
            self._queue.close_at_exit()

    def _sampled(self, table: pa.Table) -> pa.Table:
        if self.sample == 1:
            return table
        ids = table.select([name for name in self.ids if name in table.column_names])
        return table.filter(
            pa.array([is_sampled(self._id_of(row), self.sample) for row in ids.to_pylist()], pa.bool_())
        )

    def _id_of(self, row: Mapping[str, Any]) -> Any:
        """What identifies a row; one that nothing identifies belongs to no sample and outside of none."""
        values = tuple([row.get(name) for name in self.ids])
        if None in values:
            name = self.ids[values.index(None)]
            raise ColumnError(f"column {name!r}, which the sample is drawn by, is missing or null", name, missing=True)
        return values if len(values) > 1 else values[0]


def _refuse_unless(sound: bool, what: str, fix: str) -> None:
    if not sound:
        raise LamplighterError(what, fix=fix)


def _checked_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise LamplighterError(f"{name!r} cannot name a file", fix="letters, digits, '.', '_' and '-' are right")
    return name
