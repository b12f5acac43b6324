"""Read: find the rows of the window, and of earlier windows that are still open or have changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from lamplighter.core.records.finding import Code, Finding
from lamplighter.core.time.window import Window
from lamplighter.errors import SourceError
from storage.history.promotions import champion_on
from storage.history.windows import WindowState, window_states
from storage.registry.versions import Registry
from storage.sources.predictions import predictions_of
from storage.sources.reference import reference_of
from storage.sources.scan import ScanSpec
from tasks.stages.run_context import RunContext

LOOKBACK = timedelta(days=3)
"""How far back late predictions are looked for where there are no labels to wait for."""

LOOKS = 3
"""How often files are listed anew while one of them cannot be read and the list changes."""

MANY_MISSING = 31
"""Windows without a run beyond which it may be the log that stopped."""


@dataclass(frozen=True)
class PendingWindow:
    """A window to look at.

    Attributes
    ----------
    spec : ScanSpec
        Where its predictions are.
    known : WindowState or None
        What the history knew of it before this run.
    is_gone : bool
        Whether all predictions have gone that it had: what is known of them stays.
    is_changed : bool
        Whether the predictions are not those that were last looked at.
    """

    spec: ScanSpec
    known: WindowState | None
    is_gone: bool
    is_changed: bool

    @property
    def window(self) -> Window:
        """The window itself."""
        return self.spec.window


@dataclass(frozen=True)
class Located:
    """Where the rows of a run are.

    Attributes
    ----------
    windows : list of PendingWindow
        The run's own window first, then earlier ones.
    reference : ScanSpec or None
        What the window is compared with: where the champion brought one, that.
    monitor_reference : ScanSpec or None
        The monitor's own. It says which columns there are, and serves for features that the champion's lacks, such as
        private ones.
    reference_fault : str
        Why there is no reference although one is declared.
    findings : list of Finding
        Predictions that have gone, and windows without a run.
    """

    windows: list[PendingWindow]
    reference: ScanSpec | None
    monitor_reference: ScanSpec | None = None
    reference_fault: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def changed(self) -> list[PendingWindow]:
        """Those whose columns are looked at: the run's own, and earlier ones with late predictions."""
        return [self.windows[0], *(pending for pending in self.windows[1:] if pending.is_changed)]


def read(context: RunContext) -> Located:
    """Locate rows; those behind SQL are streamed to the spool.

    Raises
    ------
    SourceError
        If the predictions cannot be reached.

    Examples
    --------
    >>> located = read(context)
    >>> [(pending.window.label, pending.is_changed) for pending in located.windows]
    [('2026-03-11', False), ('2026-03-10', False)]
    """
    known = window_states(context.history, context.window, context.known_on)
    windows = [_pending(context, window, known.get(window.start)) for window in _windows(context, known)]
    monitor_reference, fault = _reference(context, None)
    reference = monitor_reference
    if of_champion := _of_champion(context):
        reference, fault = _reference(context, of_champion)
    findings = [*_gone(windows), *_missing(context, known)]
    return Located(windows, reference, monitor_reference or reference, fault, findings)


def _pending(context: RunContext, window: Window, known: WindowState | None) -> PendingWindow:
    rows = context.scan(predictions_of(context.project, context.monitor, window, context.spool))
    for _ in range(LOOKS):
        if not rows.unreadable:
            break
        # A file may have been renamed, or put together with others, since it was listed.
        again = predictions_of(context.project, context.monitor, window, context.spool)
        if again == rows.spec:
            break
        rows = context.scan(again)
    is_gone = known is not None and known.rows > 0 and not rows.count
    is_changed = known is None or (known.predictions != rows.fingerprint and not is_gone)
    return PendingWindow(rows.spec, known, is_gone, is_changed)


def _reference(context: RunContext, of_champion: Path | None) -> tuple[ScanSpec | None, str]:
    """The reference, or why there is none although one is declared."""
    try:
        return reference_of(context.project, context.monitor, context.window, context.spool, of_champion), ""
    except SourceError as error:
        return None, str(error)


def _of_champion(context: RunContext) -> Path | None:
    """The reference of the version that is champion at this logical date, where it is one of the registry's."""
    promotion = champion_on(context.history, context.monitor.model, context.known_on)
    if promotion is None:
        return None
    return Registry(context.project.home, context.history, context.monitor.model).reference(promotion.version)


def _windows(context: RunContext, known: Mapping[datetime, WindowState]) -> list[Window]:
    """The run's own window, then those whose labels or predictions may still come, newest first."""
    if context.relabel:
        return [context.window]
    span = context.monitor.labels.mature_after if context.monitor.labels else LOOKBACK
    earlier = [
        state.window
        for start, state in known.items()
        if start < context.window.start and (state.is_open or state.window.after_end(span) >= context.window.end)
    ]
    return [context.window, *sorted(earlier, key=lambda window: window.start, reverse=True)]


def _gone(windows: Iterable[PendingWindow]) -> Iterator[Finding]:
    for pending in windows:
        if pending.is_gone and pending.known:
            label = pending.window.label
            message = (
                f"the {pending.known.rows} predictions of {label} are there no longer; what was recorded of them stays"
            )
            yield Finding(Code.PREDICTIONS_GONE, label, message)


def _missing(context: RunContext, known: Mapping[datetime, WindowState]) -> Iterator[Finding]:
    """Windows right before the run's own without a run, though earlier windows have one."""
    earlier = [start for start in known if start < context.window.start]
    if not earlier or context.relabel:
        return
    missing = []
    window = context.window.previous()
    while window.start > max(earlier):
        missing.append(window)
        window = window.previous()
    if missing:
        count = "the window" if len(missing) == 1 else f"{len(missing)} windows"
        first, last = missing[-1], missing[0]
        # A log that stopped has no rows in them.
        where = "where they have rows, " if len(missing) > MANY_MISSING else ""
        message = (
            f"no run was about {count} before {context.window.label}; "
            f"{where}run `lamplighter backfill {context.monitor.model} --from {first.day} --to {last.last_day}`"
        )
        yield Finding(Code.RUNS_MISSING, "", message)
