"""Scans, kept for the stages of a run that ask for the same few."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from storage.sources.rows import Scan
from storage.sources.scan_spec import ScanSpec

MOST_KEPT = 256
"""Scans that are kept: with hours for windows, the open ones of ten days. One holds a bit for each of its rows."""


class Scans:
    """Scans by their spec, kept: the stages of a run ask for the same few. A changed file makes another spec."""

    def __init__(self, make: Callable[[ScanSpec], Scan], most: int = MOST_KEPT) -> None:
        self._make, self._most = make, most
        self._kept: OrderedDict[ScanSpec, Scan] = OrderedDict()
        self._lock = Lock()

    def __call__(self, where: ScanSpec) -> Scan:
        """The scan of a spec; those that were not asked for longest are dropped."""
        with self._lock:
            if rows := self._kept.get(where):
                self._kept.move_to_end(where)
                return rows
        rows = self._make(where)
        with self._lock:
            self._kept[where] = rows
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return rows

    def forget_unreadable(self, model: str) -> None:
        """Have files of a model that could not be read tried again: at the start of a run, and never within one."""
        with self._lock:
            for where in [
                where for where, rows in self._kept.items() if where.window.model == model and rows.unreadable
            ]:
                del self._kept[where]

    def cache_clear(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._kept.clear()


open_scan = Scans(Scan)
