"""Read: find the rows of the window, and of earlier windows that are still open or have changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from lamplighter.core.records.finding import Code, Finding
from lamplighter.core.time.window import Window
from lamplighter.errors import SourceError
from storage.history.promotions import champion_on
from storage.history.windows import Standing, standings
from storage.registry.versions import Registry
from storage.sources.predictions import predictions_of
from storage.sources.reference import reference_of
from storage.sources.rows import Slice, rows_of
from tasks.stages.run import Night

LOOKBACK = timedelta(days=3)
"""How far back late predictions are looked for where there are no labels to wait for."""


MANY_MISSING = 31
"""Windows without a run beyond which it may be the log that stopped."""


@dataclass(frozen=True)
class Due:
    """A window to look at, and what was known of it before this night."""

    rows: Slice
    known: Standing | None

    @property
    def gone(self) -> bool:
        """Whether all predictions have gone that it had: what is known of them stays."""
        return self.known is not None and self.known.rows > 0 and not rows_of(self.rows).count

    @property
    def changed(self) -> bool:
        """Whether the predictions are not those that were last looked at."""
        return self.known is None or (self.known.predictions != rows_of(self.rows).fingerprint and not self.gone)


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
        What the window is compared with: where the champion brought one, that.
    declared : Slice or None
        The monitor's own. It says which columns there are, and stands in for features that the champion's lacks, as
        private ones.
    reference_fault : str
        Why there is no reference although one is declared.
    findings : list of Finding
        Predictions that have gone, and nights that never came.
    """

    due: list[Due]
    changed: list[Slice]
    reference: Slice | None
    declared: Slice | None = None
    reference_fault: str = ""
    findings: list[Finding] = field(default_factory=list)


def read(night: Night) -> Reading:
    """Locate rows; those behind SQL are streamed to the spool.

    Raises
    ------
    SourceError
        If the predictions cannot be reached.
    """
    known = standings(night.history, night.window, night.known_on)
    due = [
        Due(predictions_of(night.project, night.monitor, window, night.spool), known.get(window.start))
        for window in _due_windows(night, known)
    ]
    changed = [due[0].rows, *(entry.rows for entry in due[1:] if entry.changed)]
    declared, fault = _reference(night, None)
    reference = declared
    if of_champion := _of_champion(night):
        reference, fault = _reference(night, of_champion)
    findings = [*_gone(night, due), *_missing(night, known)]
    return Reading(due, changed, reference, declared or reference, fault, findings)


def _reference(night: Night, of_champion: Path | None) -> tuple[Slice | None, str]:
    """The reference, or why there is none although one is declared."""
    try:
        return reference_of(night.project, night.monitor, night.window, night.spool, of_champion), ""
    except SourceError as error:
        return None, str(error)


def _of_champion(night: Night) -> Path | None:
    """The reference of the version that is champion on this night, where it is one of the registry's."""
    promotion = champion_on(night.history, night.monitor.model, night.known_on)
    if promotion is None:
        return None
    return Registry(night.project.home, night.history, night.monitor.model).reference(promotion.version)


def _due_windows(night: Night, known: Mapping[datetime, Standing]) -> list[Window]:
    """The night's own window, then those whose labels or predictions may still come, newest first."""
    if night.relabel:
        return [night.window]
    span = night.monitor.labels.mature_after if night.monitor.labels else LOOKBACK
    earlier = [
        standing.window
        for start, standing in known.items()
        if start < night.window.start and (standing.is_open or standing.window.after_end(span) >= night.window.end)
    ]
    return [night.window, *sorted(earlier, key=lambda window: window.start, reverse=True)]


def _gone(night: Night, due: list[Due]) -> Iterator[Finding]:
    for entry in due:
        if entry.gone and entry.known:
            label = entry.rows.window.label
            message = (
                f"{night.monitor.model}: the {entry.known.rows} predictions of {label} are there no longer; "
                "what was recorded of them stays"
            )
            yield Finding(Code.PREDICTIONS_GONE, label, message)


def _missing(night: Night, known: Mapping[datetime, Standing]) -> Iterator[Finding]:
    """Windows right before the night's own that no night was about, though there are earlier ones."""
    earlier = [start for start in known if start < night.window.start]
    if not earlier or night.relabel:
        return
    missing = []
    window = night.window.previous()
    while window.start > max(earlier):
        missing.append(window)
        window = window.previous()
    if missing:
        count = "the window" if len(missing) == 1 else f"{len(missing)} windows"
        first, last = missing[-1], missing[0]
        # A log that stopped has no rows in them.
        where = "where they have rows, " if len(missing) > MANY_MISSING else ""
        message = (
            f"{night.monitor.model}: no night was about {count} before {night.window.label}; "
            f"{where}run `lamplighter backfill {night.monitor.model} --from {first.day} --to {last.last_day}`"
        )
        yield Finding(Code.NIGHTS_MISSING, "", message)
