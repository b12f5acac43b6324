"""Whether a night calls for a retraining, or for a look at a champion that is new."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from lamplighter.core.measurement import State
from lamplighter.core.monitor.retrain import Retrain
from lamplighter.core.retraining import BY_HAND, ROLLBACK, UNDER_WAY, Entry, Facts, Purpose, Status, causes, veto
from storage.history.promotions import champion_on
from storage.history.retrainings import entries
from storage.history.windows import first_window, ledgers
from storage.models import Registry
from tasks.night import Night


def called(night: Night, open_checks: Collection[str], *, by_hand: bool = False) -> list[Entry]:
    """The entries that the ledger is to get: a retraining that is called for, started or vetoed, and a probation.

    A night that has its entry already gets no other.
    """
    retrain = night.monitor.retrain
    if retrain is None:
        return []
    known = entries(night.history, night.monitor.model)
    if any(entry.known_on == night.known_on for entry in known) and not by_hand:
        return []
    facts = _facts(night, open_checks, [entry for entry in known if entry.status is not Status.VETOED])
    found = [] if by_hand else _probation(night, retrain, facts)
    cause = [BY_HAND] if by_hand else causes(retrain, facts)
    if cause:
        reason = "the champion is on probation" if found else veto(retrain, facts, by_hand=by_hand)
        status = Status.VETOED if reason else Status.REQUESTED
        found.append(Entry(night.monitor.model, night.known_on, cause=", ".join(cause), status=status, reason=reason))
    return found


def _facts(night: Night, open_checks: Collection[str], ledger: list[Entry]) -> Facts:
    history, model = night.history, night.monitor.model
    promotion = champion_on(history, model, night.known_on)
    version = Registry(night.project.home, history, model).find(promotion.version) if promotion else None
    first = first_window(history, model)
    return Facts(
        night.window,
        night.known_on,
        open_checks,
        [entry for entry in ledger if entry.known_on <= night.known_on],
        champion_since=promotion.known_on if promotion else first,
        champion_trained_until=version.trained_until if version else None,
        final_until=final_until(night),
    )


def final_until(night: Night) -> datetime | None:
    """The end of the newest window whose labels are final, as the night knows it."""
    known = ledgers(night.history, night.window, night.known_on).values()
    return max((ledger.window.end for ledger in known if ledger.state is State.FINAL and ledger.rows), default=None)


def _probation(night: Night, retrain: Retrain, facts: Facts) -> list[Entry]:
    """A look at the champion, once it has served as many matured days as it was compared on."""
    promotion = champion_on(night.history, night.monitor.model, night.known_on)
    if promotion is None or not promotion.previous or retrain.accept is None or facts.final_until is None:
        return []
    was_rolled_back = promotion.cause.startswith(ROLLBACK)
    looked_at = any(
        entry.purpose is Purpose.PROBATION and entry.known_on > promotion.known_on for entry in facts.ledger
    )
    busy = any(entry.status in UNDER_WAY for entry in facts.ledger)
    too_early = facts.final_until - promotion.known_on < retrain.accept.days
    if was_rolled_back or looked_at or busy or too_early:
        return []
    cause = f"probation of {promotion.version}"
    return [
        Entry(
            night.monitor.model,
            night.known_on,
            Purpose.PROBATION,
            cause,
            version=promotion.version,
            champion=promotion.previous,
        )
    ]
