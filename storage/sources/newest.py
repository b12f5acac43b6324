"""When the newest predictions of some files were made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

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
    rows = Scan(spec_of(monitor, everything, files))
    if rows.mistake:
        raise rows.mistake
    if rows.unreadable and len(rows.unreadable) == len(files):
        file, reason = rows.unreadable[0]
        raise SourceError(reason, where=file)
    return Newest(*rows.newest(now))
