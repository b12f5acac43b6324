"""Retrainings, brought to their end: the order of the stages, written once for every way of running them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass

from lamplighter.core.records.finding import Finding
from lamplighter.core.retraining.policy import AT_WORK, UNDER_WAY, Entry, Purpose, Status
from lamplighter.errors import BusyError, LamplighterError, said_of, unexpected
from storage.history import History, model_lock
from storage.history.retrainings import entries, entry_of
from storage.project.folder import Project
from tasks.retraining.challenge import Challenged, challenge
from tasks.retraining.follow import follow
from tasks.retraining.job import Announce, Retraining, scratch_of
from tasks.retraining.promote import approve, promote
from tasks.retraining.request import request_retraining
from tasks.retraining.submit import handed_over
from tasks.retraining.train import train
from tasks.retraining.trial import trial_folder
from tasks.stages.notify import deliver
from tasks.stages.run_context import RunContext


@dataclass(frozen=True, kw_only=True)
class RetrainStages:
    """What a retraining calls, in this order; a training flow of another team is followed instead."""

    train: Callable[[Retraining], Retraining]
    challenge: Callable[[Retraining], Challenged]
    promote: Callable[[Challenged], Retraining]
    follow: Callable[[Retraining], Retraining]

    @classmethod
    def plain(cls) -> RetrainStages:
        """The functions themselves."""
        return cls(train=train, challenge=challenge, promote=promote, follow=follow)

    @classmethod
    def as_tasks(cls) -> RetrainStages:
        """Tasks of a flow run."""
        from tasks.prefect import as_task

        return cls(train=as_task(train), challenge=as_task(challenge), promote=as_task(promote), follow=as_task(follow))


def bring_to_end(work: Retraining, stages: RetrainStages) -> Retraining:
    """Do what is left of a retraining, alone with its model; what was done before a kill is not done again.

    A trainer that fails ends the retraining with the reason; the champion stays.

    Raises
    ------
    BusyError
        If another process is at it.
    """
    with _alone(work.project, work.monitor.model, work.history):
        # What another process has brought to its end meanwhile is not done again.
        work = work.refreshed()
        if work.entry.status not in AT_WORK:
            return work
        shutil.rmtree(work.scratch, ignore_errors=True)
        try:
            work = _ended(work, stages)
        finally:
            shutil.rmtree(work.scratch, ignore_errors=True)
        work.registry.repair_pointer()
    return work


def _ended(work: Retraining, stages: RetrainStages) -> Retraining:
    try:
        if work.retrain.deployment:
            return stages.follow(work)
        trained = stages.train(work)
        return stages.promote(stages.challenge(trained))
    except LamplighterError as error:
        reason = said_of(work.monitor.model, error)
    except Exception as error:
        reason = unexpected(error)
    if (renewed := work.refreshed()).entry.status not in UNDER_WAY:
        # It had come to its end, and what went wrong came after.
        return renewed
    return renewed.failed(reason)


def approve_waiting(work: Retraining) -> Retraining:
    """Promote the challenger that awaits approval, unless a version that became champion meanwhile is as good.

    Raises
    ------
    BusyError
        If another process is at it.
    ModelError
        If its files are not what was registered.
    """
    work.registry.verified(work.entry.version)
    champion = work.champion()
    present = champion.version if champion else ""
    if work.entry.champion != present:
        work = bring_to_end(work.save(status=Status.TRAINED, champion=present), RetrainStages.plain())
    if work.entry.status is Status.WAITING:
        work = approve(work)
        work.registry.repair_pointer()
    return work


def reject_waiting(work: Retraining) -> Retraining:
    """Leave the champion where it is."""
    return work.conclude(Status.REJECTED, f"{work.entry.version} was rejected by hand", reason="by hand")


@dataclass(frozen=True)
class Started:
    """What a run requested, and what of it could not be sent.

    Attributes
    ----------
    entries : tuple of Entry
        What the ledger got, as far as it has come: what a flow run was started for is still to be done.
    unsent : Finding or None
    taken_up : bool
        Whether the entries are of a retraining that had been cut short, and not of a new one.
    """

    entries: tuple[Entry, ...]
    unsent: Finding | None = None
    taken_up: bool = False


def start_retrainings(context: RunContext, *, by_hand: bool = False, announce: Announce | None = None) -> Started:
    """Start what a run requests, and continue what a killed process left; without a server in this process.

    A person who asks for a retraining while one that was cut short waits gets that one completed.
    """
    history, model = context.history, context.monitor.model
    left = _completed(context, announce) if by_hand else []
    taken_up = tuple(entry for entry in left if entry.purpose is Purpose.RETRAINING)
    called = () if taken_up else request_retraining(context, by_hand=by_hand)
    ended = [*left, *_completed(context, announce)]
    _sweep(context)
    # A veto of what a person asked for again is in no line.
    recorded = (
        it if it.status is Status.VETOED else entry_of(history, model, it.known_on, it.purpose, it.asked) or it
        for it in called
    )
    unsent = deliver(context.project, context.monitor, context.run_url) if ended else None
    return Started((*taken_up, *recorded), unsent, taken_up=bool(taken_up))


def _completed(context: RunContext, announce: Announce | None) -> list[Entry]:
    """Complete the retrainings that wait for it, except those at work on a server or in another process."""
    found = []
    for entry in entries(context.history, context.monitor.model):
        if entry.status not in AT_WORK:
            continue
        work = Retraining.of(context.project, context.monitor, entry, announce)
        if handed_over(work):
            continue
        with suppress(BusyError):
            found.append(bring_to_end(work, RetrainStages.plain()).entry)
    return found


def _sweep(context: RunContext) -> None:
    """Remove the labelled rows of a retraining that was killed after its end: they may hold private columns."""
    left = [scratch_of(context.project, context.monitor.model, purpose) for purpose in Purpose]
    if any(folder.exists() for folder in left):
        with suppress(BusyError), _alone(context.project, context.monitor.model, context.history):
            for folder in left:
                shutil.rmtree(folder, ignore_errors=True)
    tried = trial_folder(context.project, context.monitor.model)
    if tried.exists():
        locks = context.project.home / "locks"
        with suppress(BusyError), model_lock("dry-run", context.monitor.model, context.history.engine, locks, 0):
            shutil.rmtree(tried, ignore_errors=True)


def _alone(project: Project, model: str, history: History) -> AbstractContextManager[None]:
    """The lock of a model's retrainings, which is not waited for."""
    return model_lock("retraining", model, history.engine, project.home / "locks", 0)
