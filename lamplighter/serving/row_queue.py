"""A bounded queue of rows, and the thread that writes them."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from lamplighter.errors import ColumnError, LamplighterError, said_of
from lamplighter.serving.log_metrics import LogMetrics
from lamplighter.serving.process_ends import at_exit_of_child, at_fork_and_exit
from lamplighter.serving.rows import Row, Rows
from lamplighter.serving.written import Place, Written
from lamplighter.telemetry.spans import MOST_LINKS, link, span

LOGGER = logging.getLogger("lamplighter.serving")

LOOK_SECONDS = 1.0
"""How often the thread says how many rows wait."""

MOST_SAID = 100
"""How many columns are named in the log for a row that was not taken; names of columns may be without end."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds between a write that failed and the next, doubled each time."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many rows are written together, how long one waits at most, and how many wait.

    Attributes
    ----------
    max_rows : int
    max_seconds : float
    queue_rows : int
    max_wait : float
        How long a full queue holds up who appends, before the row is dropped; 0 for not at all.
    """

    max_rows: int
    max_seconds: float
    queue_rows: int
    max_wait: float


@dataclass(slots=True)
class _Batch:
    """Rows that are written together. The name is theirs: written again after a failure, it doubles nothing.

    The links lead to the requests that they are of.
    """

    rows: list[Row]
    name: str
    size: int
    links: list[Any]
    table: pa.Table | None = None
    refused: list[str] = field(default_factory=list)


class RowQueue:
    """Takes rows at once and writes them later, in their order and by one thread at a time.

    The thread begins with the first row, in the process that appends it: threads do not survive a fork, and what a
    parent had queued stays the parent's.
    """

    def __init__(self, place: Place, rows: Rows, limits: Limits, metrics: LogMetrics) -> None:
        self._place, self._rows, self._limits, self._metrics = place, rows, limits, metrics
        self._said_of: set[str] = set()
        self._begin_anew()
        at_fork_and_exit(self)

    def put(self, row: Row) -> None:
        """Take a row, or drop and count it where the queue is full."""
        request = link()
        with self._lock:
            if self._held >= self._limits.queue_rows and not self._has_room():
                self._drop()
                return
            if not self._waiting:
                self._since = time.monotonic()
            self._waiting.append(row)
            self._held += 1
            if request is not None and len(self._requests) < MOST_LINKS:
                self._requests.append(request)
            if self._thread is None:
                self._start()
            elif len(self._waiting) in (1, self._limits.max_rows):
                self._due.notify()

    def refuse(self, fault: ColumnError) -> None:
        """Count a row that is not taken, and log the first for each column."""
        self._metrics.dropped("refused")
        if fault.column not in self._said_of and len(self._said_of) < MOST_SAID:
            self._said_of.add(fault.column)
            LOGGER.error("prediction log %s: %s (said once; every such row is counted)", self._place, fault)

    def flush(self) -> list[Path]:
        """Write all rows that were taken until now, in the thread that asks; those that cannot be written stay.

        Raises
        ------
        Exception
            What the place raised.
        """
        with self._lock:
            last = self._written + self._held
        paths: list[Path] = []
        while self._written < last:
            paths += self._write_next().paths
        return paths

    def close(self, seconds: float) -> None:
        """Write what is held, end the thread, and return after so many seconds at the latest.

        Raises
        ------
        LamplighterError
            If rows are left, with their number and why.
        """
        with self._lock:
            if self._held and self._thread is None:
                # Closed before, in vain: what kept it then may be mended.
                self._start()
            thread, self._closing = self._thread, True
            self._due.notify_all()
        if thread is not None:
            thread.join(seconds)
        else:
            self._flush_without_thread()
        with self._lock:
            self._closing = False
            if not self._held:
                return
            why = f"not within {seconds:g} seconds" if thread and thread.is_alive() else self._said(self._error)
            what = f"{self._held} rows were not written: {why}"
        raise LamplighterError(what, where=str(self._place), fix="they are lost when the process ends")

    def close_at_exit(self, seconds: float = 10.0) -> None:
        """Close it, and log what went wrong: there is no caller any more."""
        try:
            self.close(seconds)
        except LamplighterError as error:
            LOGGER.error("prediction log %s", error)

    def begin_anew_in_child(self) -> None:
        """Start empty after a fork: the parent writes what it held."""
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._lock = threading.Lock()
        self._due = threading.Condition(self._lock)
        self._room = threading.Condition(self._lock)
        self._writing = threading.Lock()
        self._waiting: deque[Row] = deque()
        self._requests: list[Any] = []
        self._batch: _Batch | None = None
        self._held = self._written = self._dropped = self._failures = 0
        self._since = 0.0
        self._thread: threading.Thread | None = None
        self._closing = False
        self._error: Exception = LamplighterError("the thread that writes ended")

    # What is called with the lock held

    def _has_room(self) -> bool:
        """Wait for room as long as was declared; the thread, or a flush, makes it."""
        wait = self._limits.max_wait
        return wait > 0 and self._room.wait_for(lambda: self._held < self._limits.queue_rows, wait)

    def _drop(self) -> None:
        self._dropped += 1
        self._metrics.dropped("full")
        if self._dropped == 1:
            LOGGER.warning(
                "prediction log %s is full: rows are dropped until there is room; %d wait to be written",
                self._place, self._held,
            )  # fmt: skip

    def _start(self) -> None:
        at_exit_of_child()
        thread = threading.Thread(target=self._work, name="lamplighter-prediction-log", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            # There is none to be had, as at the end of an interpreter: the next row, or the end, tries again.
            return
        self._thread = thread

    def _seconds_until_due(self) -> float:
        if self._closing or self._batch or len(self._waiting) >= self._limits.max_rows:
            return 0.0
        if not self._waiting:
            return LOOK_SECONDS
        return self._since + self._limits.max_seconds - time.monotonic()

    def _take_batch(self) -> _Batch | None:
        """The batch that failed before, else the next one of what waits."""
        if self._batch is None and self._waiting:
            size = min(self._limits.max_rows, len(self._waiting))
            if size == len(self._waiting):
                rows, self._waiting = list(self._waiting), deque()
            else:
                rows = [self._waiting.popleft() for _ in range(size)]
            self._batch = _Batch(rows, unique_name(), size, self._requests)
            self._requests = []
            self._since = time.monotonic()
        return self._batch

    def _is_over(self) -> bool:
        """Whether the thread ends here; the next row begins another."""
        if self._closing:
            self._thread = None
        return self._closing

    # What is called without it

    def _flush_without_thread(self) -> None:
        try:
            self.flush()
        except Exception as error:
            self._say_failed(error)

    def _work(self) -> None:
        """Write whatever is due, until the log is closed and nothing is left, or what is left cannot be written."""
        pause = FIRST_PAUSE
        while True:
            with self._lock:
                while (wait := self._seconds_until_due()) > 0:
                    self._metrics.waiting(self._held)
                    self._due.wait(min(wait, LOOK_SECONDS))
                # A last try has to begin after the log was closed: what kept the one before may be mended.
                is_last = self._closing
                if not self._held and self._is_over():
                    return
            try:
                self._write_next()
                pause = FIRST_PAUSE
            except Exception as error:
                self._say_failed(error)
                with self._lock:
                    if is_last and self._is_over():
                        return
                    self._due.wait_for(lambda: self._closing, pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    def _write_next(self) -> Written:
        with self._writing:
            with self._lock:
                batch = self._take_batch()
            if batch is None:
                return Written()
            if batch.table is None:
                batch.table, batch.refused = self._rows.table(batch.rows)
                batch.rows = []
            try:
                with span("prediction log write", {"rows": batch.size}, links=batch.links):
                    written = self._place.write(batch.table, batch.name)
            except Exception:
                self._metrics.failed()
                raise
            with self._lock:
                self._batch = None
                self._held -= batch.size
                self._written += batch.size
                self._room.notify_all()
            self._say_written(written, batch.refused + written.refused)
            return written

    def _say_failed(self, error: Exception) -> None:
        """Log a failure when it begins, or becomes another; every one is counted."""
        if not self._failures or self._said(error) != self._said(self._error):
            LOGGER.error(
                "prediction log %s cannot be written: %s; %d rows wait and are tried again",
                self._place, self._said(error), self._held,
            )  # fmt: skip
        self._failures, self._error = self._failures + 1, error
        self._metrics.waiting(self._held)

    def _said(self, error: Exception) -> str:
        return said_of(str(self._place), error)

    def _say_written(self, written: Written, refused: list[str]) -> None:
        self._metrics.wrote(written.rows)
        self._metrics.waiting(self._held)
        if refused:
            self._metrics.dropped("refused", len(refused))
            LOGGER.error("prediction log %s: %d rows refused, the first: %s", self._place, len(refused), refused[0])
        if self._failures:
            LOGGER.warning("prediction log %s is written again; failures before: %d", self._place, self._failures)
        with self._lock:
            dropped, self._dropped, self._failures = self._dropped, 0, 0
        if dropped:
            LOGGER.warning("prediction log %s was full: %d rows were dropped", self._place, dropped)


def unique_name() -> str:
    """Return a name that no other writer takes and that sorts by time."""
    return f"{time.time_ns():020d}-{uuid.uuid4().hex[:12]}"
