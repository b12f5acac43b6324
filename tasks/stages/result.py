"""What a run found of one window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lamplighter.core.evaluation.results import Evaluation
from lamplighter.core.records.finding import Finding
from lamplighter.core.time.window import Window
from tasks.stages.compare import Compared
from tasks.stages.measure_reference import MeasuredReference
from tasks.stages.profile import Profiled
from tasks.stages.read import PendingWindow
from tasks.stages.validate import Table


@dataclass(frozen=True)
class WindowResult:
    """A window and what is new of it; a part is None where nothing is.

    Attributes
    ----------
    pending : PendingWindow
    table : Table or None
        Its columns and their faults, where its predictions are new.
    profile : Profiled or None
    drift : Compared or None
    reference : MeasuredReference or None
        What the reference of the run's own window comes to, where that is new.
    evaluation : Evaluation or None
        Its quality, where labels or predictions are new.
    """

    pending: PendingWindow
    table: Table | None = None
    profile: Profiled | None = None
    drift: Compared | None = None
    reference: MeasuredReference | None = None
    evaluation: Evaluation | None = None

    @property
    def window(self) -> Window:
        """The window itself."""
        return self.pending.window

    @property
    def findings(self) -> list[Finding]:
        """What is broken in its data."""
        return [*(self.table.findings if self.table else ()), *(self.profile.findings if self.profile else ())]


def with_evaluations(
    pending: Sequence[PendingWindow], results: Sequence[WindowResult], evaluations: Sequence[Evaluation]
) -> list[WindowResult]:
    """The results of all windows of which something is new, in the order in which they are looked at.

    Examples
    --------
    >>> from tasks.stages.read import read
    >>> [it.window.label for it in with_evaluations(read(context).windows, [outcome.own], [])]
    ['2026-03-11']
    """
    return [*_joined(pending, {it.window: it for it in results}, {it.window: it for it in evaluations})]


def _joined(
    pending: Sequence[PendingWindow], results: dict[Window, WindowResult], evaluations: dict[Window, Evaluation]
) -> Iterator[WindowResult]:
    for entry in pending:
        evaluation, result = evaluations.get(entry.window), results.get(entry.window)
        if result or evaluation:
            yield replace(result or WindowResult(entry), evaluation=evaluation)
