"""Read: find the rows of the window, and of earlier windows that are still open or have changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from prefect import task
from prefect.cache_policies import NO_CACHE

from lamplighter.core.measurement import State
from lamplighter.core.window import Window
from lamplighter.errors import SourceError
from storage.history.nights import Ledger, ledgers
from storage.predictions import predictions_of
from storage.reference import reference_of
from storage.rows import Slice, rows_of
from tasks.night import Night

LOOKBACK = timedelta(days=3)
"""How far back late predictions are looked for where there are no labels to wait for."""


@dataclass(frozen=True)
class Due:
    """A window to look at, and what was known of it before this night."""

    rows: Slice
    ledger: Ledger | None

    @property
    def changed(self) -> bool:
        """Whether the predictions are not those that were last looked at."""
        return self.ledger is None or self.ledger.predictions != rows_of(self.rows).fingerprint


@dataclass(frozen=True)
class Reading:
    """Where the night's rows are.

    Attributes
    ----------
    due : list of Due
        The night's own window first, then earlier ones.
    changed : list of Slice
        Those whose columns are looked at: the night's own, and earlier ones with late predictions.
    reference : Slice or None
    reference_fault : str
        Why there is no reference although one is declared.
    """

    due: list[Due]
    changed: list[Slice]
    reference: Slice | None
    reference_fault: str = ""


def read(night: Night) -> Reading:
    """Locate rows; those behind SQL are streamed to the spool.

    Raises
    ------
    SourceError
        If the predictions cannot be reached.
    """
    known = ledgers(night.history, night.window, night.known_on)
    due = [
        Due(predictions_of(night.project, night.monitor, window, night.spool), known.get(window.start))
        for window in _due_windows(night, known)
    ]
    changed = [due[0].rows, *(entry.rows for entry in due[1:] if entry.changed)]
    try:
        reference, fault = reference_of(night.project, night.monitor, night.window, night.spool), ""
    except SourceError as error:
        reference, fault = None, str(error)
    return Reading(due, changed, reference, fault)


def _due_windows(night: Night, known: dict[datetime, Ledger]) -> list[Window]:
    if night.relabel:
        return [night.window]
    labels = night.monitor.labels
    recent = night.window.reaching_back(labels.mature_after if labels else LOOKBACK)[1:]
    still_open = [
        Window.of(night.window.model, night.window.grain, night.window.timezone, ledger.window_start)
        for ledger in known.values()
        if ledger.state is not State.FINAL
    ]
    earlier = {window.start: window for window in [*recent, *still_open] if window.start in known}
    earlier.pop(night.window.start, None)
    return [night.window, *(earlier[start] for start in sorted(earlier, reverse=True))]


read_task = task(name="read", cache_policy=NO_CACHE, retries=3, retry_delay_seconds=[1, 5, 30])(read)
