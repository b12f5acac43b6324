"""A retraining that keeps nothing: what would be trained now, how it compares, and what would be decided."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from lamplighter.core.records.measurement import Measurement
from lamplighter.core.retraining.comparison import Comparison, compare, measured_on, refusal
from lamplighter.core.retraining.policy import BY_HAND, Entry, Purpose
from lamplighter.core.time.window import Window
from lamplighter.errors import ModelError, MonitorError
from storage.history import model_lock
from storage.project.folder import Project
from storage.project.private_files import make_folder
from tasks.retraining.answer import answer
from tasks.retraining.challenge import windows_since
from tasks.retraining.job import Announce, Retraining
from tasks.retraining.request import veto_by_hand
from tasks.retraining.train import Fitted, fit
from tasks.stages.run_context import RunContext

VERSION = "dry-run"
"""The name that the trainer gets for its model; the registry never sees it."""


@dataclass(frozen=True)
class DryRun:
    """What a retraining would come to.

    Attributes
    ----------
    model, champion : str
        The champion's version; empty where the answers that were logged stand for it.
    fitted : Fitted
    compared : list of Window
        What both were compared on: those that have rows.
    before, after : list of Measurement
        Every metric of champion and challenger on the rows of the comparison.
    comparison : Comparison
    veto : str
        Why nothing would be retrained now; empty where it would.
    refusal : str
        Why the challenger would not replace the champion; empty where it would.
    needs_approval : bool
    """

    model: str
    champion: str
    fitted: Fitted
    compared: list[Window]
    before: list[Measurement]
    after: list[Measurement]
    comparison: Comparison
    veto: str
    refusal: str
    needs_approval: bool


@dataclass(frozen=True)
class Trial(Retraining):
    """A retraining with a folder of its own, so that one that is under way is not disturbed."""

    @property
    def scratch(self) -> Path:
        """Folder of all that it makes."""
        return trial_folder(self.project, self.monitor.model)


def trial_folder(project: Project, model: str) -> Path:
    """Where a dry run works; what one left that was killed is removed by the next run of the model.

    Examples
    --------
    >>> trial_folder(project, "churn").name
    'churn.dry-run'
    """
    return project.home / "spool" / f"{model}.dry-run"


def dry_run(context: RunContext, announce: Announce | None = None) -> DryRun:
    """Train a challenger and compare it with the champion; neither registry, history nor outbox see anything of it.

    Raises
    ------
    BusyError
        If another dry run of the model is at work.
    ModelError
        If nothing can be trained or compared, or the trainer fails.
    MonitorError
        If the monitor names no trainer.
    """
    monitor, project = context.monitor, context.project
    if monitor.retrain is None or not monitor.retrain.trainer:
        reason = (
            "its training is a deployment, of which nothing can be tried" if monitor.retrain else "it has no retrain"
        )
        raise MonitorError(reason, where=monitor.model, fix="a dry run needs retrain.trainer")
    with model_lock("dry-run", monitor.model, context.history.engine, project.home / "locks", 0):
        entry = Entry(monitor.model, context.known_on, Purpose.RETRAINING, cause=BY_HAND)
        work = Trial(project, monitor, entry, entry, announce)
        shutil.rmtree(work.scratch, ignore_errors=True)
        try:
            return _tried(context, work)
        finally:
            shutil.rmtree(work.scratch, ignore_errors=True)


def _tried(context: RunContext, work: Trial) -> DryRun:
    reason = veto_by_hand(context)
    made = work.scratch / "made"
    try:
        make_folder(made)
    except OSError as error:
        raise ModelError(f"cannot be made: {error.strerror}", where=made, fix="mend the home") from None
    present = work.champion()
    # A champion that is none of the registry's has answered already: what was logged are its answers.
    work = replace(work, entry=replace(work.entry, champion=present.version if present else ""))
    fitted = fit(work, made, VERSION)
    since = [fitted.windows[-1].end, *([present.trained_until] if present else [])]
    folders = [*([work.working_copy(present.version)] if present else []), made]
    answered = answer(work, windows_since(work, since), folders)
    comparison = compare(work.monitor, work.accept, answered.rows, answered.champion, answered.challenger)
    return DryRun(
        work.monitor.model,
        work.entry.champion,
        fitted,
        answered.filled,
        measured_on(work.monitor, answered.rows, answered.champion),
        measured_on(work.monitor, answered.rows, answered.challenger),
        comparison,
        reason,
        refusal(comparison, work.accept),
        work.retrain.approval,
    )
