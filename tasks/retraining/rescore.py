"""Rescore: a registered version answers the rows of past windows again, and is measured as if it had served them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from lamplighter.core.evaluation.box_faults import merged, side_faults
from lamplighter.core.evaluation.evaluator import evaluator_of
from lamplighter.core.evaluation.kinds.detection import boxes_of
from lamplighter.core.evaluation.labelled import Labelled
from lamplighter.core.evaluation.maturity import matured
from lamplighter.core.evaluation.quality import evaluate
from lamplighter.core.monitor import Monitor
from lamplighter.core.records.finding import Code
from lamplighter.core.records.measurement import Measurement, State
from lamplighter.core.retraining.comparison import labelled_as
from lamplighter.core.retraining.policy import BY_HAND, Entry, Purpose
from lamplighter.core.time.window import Window
from lamplighter.errors import LamplighterError, MonitorError
from storage.history import model_lock
from storage.history.rescored import record_rescored
from tasks.retraining.answer import Past, answers_of, labelled_past
from tasks.retraining.job import Announce, Retraining
from tasks.stages.run_context import RunContext


@dataclass(frozen=True)
class Rescored:
    """What a version comes to on the labelled rows of one window that it answered.

    Attributes
    ----------
    window : Window
    rows : int
        Labelled rows that the version answered.
    served, measured : list of Measurement
        Of what was answered when the rows were served, and of what the version answers to the same rows.
    is_learned : bool
        Whether the version has learned from rows of the window: then its figures flatter it.
    fault : str
        Why nothing was measured; empty where it was.
    notes : sequence of str
        What is odd about the answers of the version, and about the labels.
    """

    window: Window
    rows: int = 0
    served: Sequence[Measurement] = ()
    measured: Sequence[Measurement] = ()
    is_learned: bool = False
    fault: str = ""
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Rescoring(Retraining):
    """Work with a folder of its own, so that a retraining that is under way is not disturbed."""

    @property
    def scratch(self) -> Path:
        """Folder of all that it makes."""
        return self.project.home / "spool" / f"{self.monitor.model}.rescore"


def rescore(
    context: RunContext, version: str, windows: Sequence[Window], announce: Announce | None = None
) -> Iterator[Rescored]:
    """Have a version answer the rows of some windows, measure it, and record that as the version's, window by window.

    What was measured of the answers that were served stays as it is. A window that cannot be measured is passed over
    with the reason, and the others are measured.

    Parameters
    ----------
    context : RunContext
        Its logical date is when the result becomes known.
    version : str
        A registered one.
    windows : sequence of Window
        In order.
    announce : callable, optional
        Gets what is done now.

    Raises
    ------
    BusyError
        If another process rescores the model.
    ModelError
        If there is no such version, or its files were changed.
    MonitorError
        If the monitor has no labels, or no trainer whose `predict` could answer.
    """
    monitor, project = context.monitor, context.project
    if monitor.labels is None:
        raise MonitorError("it has no labels", where=monitor.model, fix="say where the truth is as labels")
    if monitor.retrain is None or not monitor.retrain.trainer:
        raise MonitorError(
            "it has no retrain.trainer",
            where=monitor.model,
            fix="name the file whose `predict` answers rows by a version",
        )
    with model_lock("rescore", monitor.model, context.history.engine, project.home / "locks", 0):
        entry = Entry(monitor.model, context.known_on, Purpose.RETRAINING, cause=BY_HAND)
        work = Rescoring(project, monitor, entry, entry, announce)
        shutil.rmtree(work.scratch, ignore_errors=True)
        try:
            folder = work.working_copy(version)
            for done, window in enumerate(windows):
                if announce:
                    announce(f"answering {window.label}", done, len(windows))
                yield _rescored(context, work, version, folder, window)
        finally:
            shutil.rmtree(work.scratch, ignore_errors=True)


def _rescored(context: RunContext, work: Rescoring, version: str, folder: Path, window: Window) -> Rescored:
    try:
        past = labelled_past(work, [window])
    except LamplighterError as error:
        return Rescored(window, fault=str(error))
    # What is wrong with the trainer is wrong for every window, and ends the work.
    [answers] = answers_of(work, past, [folder])
    monitor, total = work.monitor, len(past.logged)
    # A file that is gone has no answer, and is not one in which nothing was found.
    is_answered = answers[monitor.predictions.prediction].notna().to_numpy()
    if not is_answered.any():
        what = f"version {version} answered none of the {total:,} labelled rows"
        return Rescored(window, fault=f"{what}; see what its `predict` returns")
    past, answers = past.only(is_answered), answers[is_answered].reset_index(drop=True)
    odd = dict(merged(_oddities(monitor, labelled_as(monitor, past.rows, answers))))
    if unlike := odd.get(Code.CLASSES_DIFFER):
        return Rescored(window, fault=unlike)
    state = State.FINAL if matured(window, monitor) <= context.now else State.PROVISIONAL
    served, measured = (_measured(work, past, it, state) for it in (past.logged, answers))
    named = [replace(it, version=version) for it in measured]
    with context.history.writing() as connection:
        record_rescored(connection, window, version, context.known_on, named)
    known = work.registry.find(version)
    is_learned = known is not None and known.trained_since < window.end and window.start < known.trained_until
    notes = [*odd.values()]
    if left_out := total - len(answers):
        notes.insert(0, f"{left_out:,} of {total:,} rows got no answer, left out of both sides")
    return Rescored(window, len(answers), served, named, is_learned, notes=notes)


def _oddities(monitor: Monitor, labelled: Labelled) -> Iterator[tuple[Code, str]]:
    """What is odd about the answers, by themselves and beside the labels, as a run says it of those served."""
    yield from evaluator_of(monitor.kind).oddities(labelled, monitor)
    if columns := [*monitor.predictions.boxes]:
        yield from side_faults(boxes_of(labelled.y_pred), columns)


def _measured(work: Rescoring, past: Past, answers: pd.DataFrame, state: State) -> list[Measurement]:
    labelled = labelled_as(work.monitor, past.rows, answers, with_segments=True)
    measured, _ = evaluate(labelled, work.monitor, state)
    return measured
