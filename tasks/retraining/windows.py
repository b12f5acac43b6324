"""Which windows a challenger learns from, and which it is compared on: the matured past, cut in two."""

from __future__ import annotations

from datetime import datetime

from lamplighter.core.retraining.policy import compared_since
from lamplighter.core.time.window import Window, shifted
from lamplighter.errors import ModelError
from storage.history.breaks import sound_windows
from storage.history.windows import final_until, final_windows
from tasks.retraining.job import Retraining


def training_windows(work: Retraining) -> list[Window]:
    """The windows that the trainer gets: labelled, sound, and older than those of the comparison.

    Examples
    --------
    >>> from storage.history.retrainings import entries
    >>> work = Retraining.of(project, monitor, entries(context.history, "churn")[-1])
    >>> [window.label for window in training_windows(work)]
    ['2026-03-03', '2026-03-04']
    """
    until, windows = _compared_since(work), []
    begin = shifted(until, -work.retrain.window, work.window.zone)
    window = Window.of(work.monitor.model, work.monitor.every, work.monitor.timezone, begin)
    while window.end <= until:
        windows.append(window)
        window = window.next()
    return sound_windows(work.history, work.monitor, windows, work.entry.known_on)


def comparison_windows(work: Retraining) -> list[Window]:
    """The newest matured windows that are sound.

    Raises
    ------
    ModelError
        If there are none.

    Examples
    --------
    >>> from storage.history.retrainings import entries
    >>> work = Retraining.of(project, monitor, entries(context.history, "churn")[-1])
    >>> [window.label for window in comparison_windows(work)]
    ['2026-03-05']
    """
    final = final_windows(work.history, work.window, work.entry.known_on, _compared_since(work))
    if sound := sound_windows(work.history, work.monitor, final, work.entry.known_on):
        return sound
    raise ModelError("no sound matured window to compare on", where=work.monitor.model, fix="wait for labels")


def _compared_since(work: Retraining) -> datetime:
    """From when on matured rows are held back for the comparison."""
    until = final_until(work.history, work.window, work.entry.known_on)
    if until is None:
        raise ModelError("no window has final labels", where=work.monitor.model, fix="wait for them")
    return compared_since(until, work.accept.days, work.window)
