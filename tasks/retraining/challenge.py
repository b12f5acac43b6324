"""Challenge: champion and challenger answer the same matured rows, which neither was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lamplighter.core.retraining.comparison import Comparison, compare
from lamplighter.core.retraining.policy import Purpose
from lamplighter.core.time.window import Window
from lamplighter.errors import ModelError
from storage.history.promotions import champion as present_champion
from tasks.retraining.answer import answer
from tasks.retraining.job import Retraining
from tasks.retraining.windows import comparison_windows


@dataclass(frozen=True)
class Challenged:
    """A retraining, and how its two models compare."""

    work: Retraining
    comparison: Comparison


def challenge(work: Retraining) -> Challenged:
    """Compare the challenger with the champion; on probation the champion is the one that is challenged by the past.

    Where the champion is none of the registry's, what was logged are its answers.

    Raises
    ------
    ModelError
        If there are no rows to compare on, or a model cannot answer them.
    """
    since = [known.trained_until for version in _versions(work) if (known := work.registry.find(version))]
    folders = [work.working_copy(version) for version in _versions(work)]
    answered = answer(work, windows_since(work, since), folders)
    return Challenged(work, compare(work.monitor, work.accept, answered.rows, answered.champion, answered.challenger))


def windows_since(work: Retraining, since: Sequence[datetime]) -> list[Window]:
    """Those of the comparison that neither model has learned from.

    A probation begins when all of them are later than the promotion.

    Parameters
    ----------
    since : sequence of datetime
        Until when each of the models has learned.

    Raises
    ------
    ModelError
        If there are none, or the champion on probation is champion no longer.

    Examples
    --------
    >>> from storage.history.retrainings import entries
    >>> work = Retraining.of(project, monitor, entries(context.history, "churn")[-1])
    >>> [it.label for it in windows_since(work, [work.window.previous().start])]
    ['2026-03-05']
    """
    if work.entry.purpose is Purpose.PROBATION:
        promotion = present_champion(work.history, work.monitor.model)
        if promotion is None or promotion.version != work.entry.version:
            raise ModelError(f"{work.entry.version} is champion no longer", where=work.monitor.model)
    windows = [window for window in comparison_windows(work) if window.start >= max(since)]
    if not windows:
        what = f"no matured window since {max(since).date()} that neither model has learned from"
        raise ModelError(what, where=work.monitor.model, fix="wait for labels")
    return windows


def _versions(work: Retraining) -> list[str]:
    """Champion and challenger, as far as they are of the registry."""
    return [version for version in (work.entry.champion, work.entry.version) if version]
