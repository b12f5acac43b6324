"""When the newest predictions of some files were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from lamplighter.core.monitor import Monitor
from lamplighter.core.time.window import Window
from lamplighter.errors import SourceError
from storage.sources.files import File
from storage.sources.place import EPOCH, FAR, Newest
from storage.sources.predictions import spec_of
from storage.sources.scan import Scan


def newest_in(files: Sequence[File], monitor: Monitor, now: datetime) -> Newest:
    """When the newest predictions of some files were made, and how many are dated after the present.

    Raises
    ------
    SourceError
        If none can be read; `ColumnError` if the time column is not there or holds no times.

    Examples
    --------
    >>> newest_in([], monitor, context.now)
    Newest(moment=None, later=0)
    """
    everything = Window(monitor.model, monitor.every, EPOCH, FAR, monitor.timezone)
    # Rows that repeat an id are looked at too, as the ids need not be read then.
    rows = Scan(replace(spec_of(monitor, everything, files), id=()))
    if rows.mistake:
        raise rows.mistake
    if rows.unreadable and len(rows.unreadable) == len(files):
        file, reason = rows.unreadable[0]
        raise SourceError(reason, where=file)
    return _until(rows, now)


def _until(rows: Scan, now: datetime) -> Newest:
    newest, later, time = None, 0, rows.spec.time or ""
    limit = int(now.timestamp() * 1e6)
    for _, batches in rows.columns([time]):
        for times in batches:
            instants = np.asarray(rows.instants(times, time).cast(pa.int64()))
            past = instants[instants <= limit]
            later += len(instants) - len(past)
            newest = max([newest or past.max(), past.max()]) if len(past) else newest
    return Newest(None if newest is None else datetime.fromtimestamp(newest / 1e6, UTC), later)
