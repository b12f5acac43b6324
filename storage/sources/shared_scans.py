"""The scans of a run: its stages ask for the same few, and for the same columns of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock

import pandas as pd

from storage.sources.decoded import Decoded
from storage.sources.scan import Scan
from storage.sources.scan_spec import ScanSpec

MOST_KEPT = 256
"""Scans that are kept: with hours for windows, the open ones of ten days. One holds a bit for each of its rows."""

MOST_SAMPLES = 3
"""Samples that are kept: those of a window, of the champion's reference and of the monitor's own."""


class Scans:
    """Scans by their spec, kept for as long as a run, or several runs in one process, use them.

    A changed file makes another spec. Threads may share them; to another process they go empty.

    Parameters
    ----------
    make : callable, optional
        Makes the scan of a spec.
    most : int
        How many are kept.

    Examples
    --------
    >>> from storage.sources.predictions import predictions_of
    >>> spec = predictions_of(project, monitor, window, context.spool)
    >>> scans = Scans()
    >>> scans.open(spec).count, scans.open(spec) is scans.open(spec)
    (300, True)
    """

    def __init__(self, make: Callable[[ScanSpec], Scan] | None = None, most: int = MOST_KEPT) -> None:
        decoded = Decoded()
        self._make = make or (lambda spec: Scan(spec, decoded))
        self._most = most
        self._kept: OrderedDict[ScanSpec, Scan] = OrderedDict()
        self._samples: OrderedDict[object, pd.DataFrame] = OrderedDict()
        self._lock = Lock()

    def __reduce__(self) -> tuple[type[Scans], tuple[()]]:
        """Files are opened anew where it arrives."""
        return Scans, ()

    def open(self, where: ScanSpec) -> Scan:
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

    def sample(
        self, where: ScanSpec, names: Sequence[str], size: int, seed: int, texts: frozenset[str]
    ) -> pd.DataFrame:
        """A seeded sample of the rows of a spec, as `Scan.sample` draws it, of those columns that are there."""
        rows = self.open(where)
        present = tuple(name for name in names if name in rows.schema)
        # A file that broke since then leaves the sample.
        key = (where, rows.fingerprint, present, size, seed, texts)
        with self._lock:
            if (kept := self._samples.get(key)) is not None:
                self._samples.move_to_end(key)
                return kept
        drawn = rows.sample(present, size, seed, texts)
        with self._lock:
            self._samples[key] = drawn
            while len(self._samples) > MOST_SAMPLES:
                self._samples.popitem(last=False)
        return drawn

    def forget_unreadable(self, model: str) -> None:
        """Have files of a model that could not be read tried again: at the start of a run, and never within one."""
        with self._lock:
            for where in [
                where for where, rows in self._kept.items() if where.window.model == model and rows.unreadable
            ]:
                del self._kept[where]
