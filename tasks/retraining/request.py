"""Whether a run requests a retraining, or the probation of a new champion."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from lamplighter.core.checks.incidents import failing_checks
from lamplighter.core.monitor import DATA_CHECK
from lamplighter.core.monitor.retrain import Retrain
from lamplighter.core.records.finding import STATES
from lamplighter.core.retraining.policy import (
    ADOPTED,
    BY_HAND,
    FEWEST_COMPARED,
    ROLLBACK,
    UNDER_WAY,
    Entry,
    Facts,
    Purpose,
    Status,
    causes,
    compared_since,
    veto,
)
from lamplighter.core.time.window import Grain, Window
from storage.history.acceptances import acceptances
from storage.history.breaks import sound_windows
from storage.history.decisions import judged_later
from storage.history.incidents import incidents_open
from storage.history.promotions import champion
from storage.history.retrainings import enter, entries
from storage.history.windows import final_until, final_windows, first_window, labelled_rows
from storage.registry.versions import Registry
from tasks.stages.run_context import RunContext

MOST_FAILED = 3
"""Probations that may fail, as for a trainer that cannot answer, before the champion stays without one."""


def request_retraining(context: RunContext, *, by_hand: bool = False) -> list[Entry]:
    """Write what a run requests into the ledger: a retraining, started or vetoed, and a probation.

    A logical date that has its line already gets no other, unless a person asks again: then the new line has a number
    of its own, and so has the version that it makes.
    """
    retrain, history, model = context.monitor.retrain, context.history, context.monitor.model
    if retrain is None or not context.is_newest or judged_later(history, model, context.known_on):
        return []
    known = entries(history, model)
    mine = [it for it in known if it.known_on == context.known_on and it.purpose is Purpose.RETRAINING]
    own = mine[-1] if mine else None
    if own and not by_hand:
        return []
    facts = _facts(context, incidents_open(history, model, context.known_on), known)
    found = [] if by_hand else _probation(context, retrain, facts)
    if called_by := [BY_HAND] if by_hand else causes(retrain, facts):
        found.append(_retraining(context, retrain, facts, called_by, own, on_probation=bool(found)))
    with history.writing() as connection:
        for entry in found:
            # Of what a person asked for again and did not get nothing has to be kept.
            if own is None or entry.status is not Status.VETOED:
                enter(connection, entry)
    return found


def veto_by_hand(context: RunContext) -> str:
    """Why nothing would be retrained if a person asked for it now; empty where it would. Nothing is recorded.

    Examples
    --------
    >>> veto_by_hand(context)
    'a data break is open'
    """
    retrain, history, model = context.monitor.retrain, context.history, context.monitor.model
    assert retrain is not None
    facts = _facts(context, incidents_open(history, model, context.known_on), entries(history, model))
    return veto(retrain, facts, [BY_HAND])


def _retraining(
    context: RunContext, retrain: Retrain, facts: Facts, called_by: list[str], own: Entry | None, *, on_probation: bool
) -> Entry:
    """The line of a retraining; a second one of a logical date is by hand, and its version has another name."""
    cause, reason = ", ".join(called_by), veto(retrain, facts, called_by)
    if on_probation:
        reason = "the champion is on probation"
    status = Status.VETOED if reason else Status.REQUESTED
    asked = own.asked + 1 if own else 1
    return Entry(context.monitor.model, context.known_on, cause=cause, status=status, reason=reason, asked=asked)


def _facts(context: RunContext, open_incidents: Collection[str], ledger: list[Entry]) -> Facts:
    history, model = context.history, context.monitor.model
    promotion = champion(history, model)
    version = Registry(context.project.home, history, model).find(promotion.version) if promotion else None
    first, retrain = first_window(history, model), context.monitor.retrain
    until, labelled = final_until(history, context.window, context.known_on), 0
    if until and retrain and retrain.accept:
        since = compared_since(until, retrain.accept.days, context.window)
        final = final_windows(history, context.window, context.known_on, since)
        sound = sound_windows(history, context.monitor, final, context.known_on)
        labelled = labelled_rows(history, sound, context.known_on)
    return Facts(
        context.window,
        context.known_on,
        failing_checks(open_incidents),
        [entry for entry in ledger if entry.known_on <= context.known_on and entry.status is not Status.VETOED],
        champion_since=promotion.known_on if promotion else first,
        promoted_on=promotion.known_on if promotion and (promotion.cause != ADOPTED or promotion.previous) else None,
        champion_trained_until=version.trained_until if version else None,
        final_until=until,
        first_window=_learned_since(context, first),
        labelled=labelled,
    )


def _learned_since(context: RunContext, first: datetime | None) -> datetime | None:
    """The start of the first window that may be learned from: what came before an acceptance is of another state."""
    known = acceptances(context.history, context.monitor.model, context.window.grain.value, before=context.known_on)
    states = [Window.of(*_kind(context.window), it.until).end for it in known if it.code in STATES]
    return max([*states, first], default=None) if first else None


def _kind(window: Window) -> tuple[str, Grain, str]:
    return window.model, window.grain, window.timezone


def _probation(context: RunContext, retrain: Retrain, facts: Facts) -> list[Entry]:
    """A look at the champion, once it has served as many matured days as it was compared on."""
    promotion = champion(context.history, context.monitor.model)
    if promotion is None or not promotion.previous or retrain.accept is None or facts.final_until is None:
        return []
    was_rolled_back = promotion.cause.startswith(ROLLBACK)
    looked = [it for it in facts.ledger if it.purpose is Purpose.PROBATION and it.known_on > promotion.known_on]
    failed = sum(entry.status is Status.FAILED for entry in looked)
    looked_at = len(looked) > failed or failed >= MOST_FAILED
    busy = any(entry.status in UNDER_WAY for entry in facts.ledger)
    since = compared_since(facts.final_until, retrain.accept.days, context.window)
    if was_rolled_back or looked_at or busy or since < promotion.known_on:
        return []
    # While data are broken it waits, since what it has to go by would be the break's; and so it does for labels.
    if DATA_CHECK.name in facts.open_checks or facts.labelled < FEWEST_COMPARED:
        return []
    cause = f"probation of {promotion.version}"
    return [
        Entry(
            context.monitor.model,
            context.known_on,
            Purpose.PROBATION,
            cause,
            version=promotion.version,
            champion=promotion.previous,
        )
    ]
