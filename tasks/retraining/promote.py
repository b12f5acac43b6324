"""Promote: what a comparison leads to, in one transaction with the message about it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from lamplighter.core.retraining.comparison import Comparison, is_surely_worse, refusal, undecided
from lamplighter.core.retraining.policy import ROLLBACK, Entry, Purpose, Status
from storage.history.promotions import promote as make_champion
from tasks.retraining.challenge import Challenged
from tasks.retraining.job import Retraining


def promote(challenged: Challenged) -> Retraining:
    """Make the challenger champion, refuse it, or have it wait; a champion on probation stays or goes."""
    work, comparison = challenged.work, challenged.comparison
    work = work.with_entry(**_measured(comparison))
    return CONCLUSIONS[work.entry.purpose](work, comparison)


def approve(work: Retraining) -> Retraining:
    """Promote the challenger that awaits approval."""
    return _promoted(work, f"{work.entry.cause}, approved")


def _retrained(work: Retraining, comparison: Comparison) -> Retraining:
    if reason := refusal(comparison, work.accept):
        line = f"{_named(work.entry)} was rejected: {reason}"
        return work.conclude(Status.REJECTED, line, reason=reason)
    if work.retrain.approval:
        line = f"{_named(work.entry)} waits for `lamplighter approve {work.monitor.model}`; {work.entry.gained}"
        return work.conclude(Status.WAITING, line)
    return _promoted(work, work.entry.cause)


def _promoted(work: Retraining, cause: str) -> Retraining:
    entry = work.entry

    def act(connection: sa.Connection) -> None:
        make_champion(
            connection, entry.model, entry.version, expected=entry.champion, logical_date=entry.known_on, cause=cause
        )

    replaced = f" in place of {entry.champion}" if entry.champion else ""
    line = f"{_named(entry)} is champion{replaced}; {entry.gained}"
    return work.conclude(Status.PROMOTED, line, act)


def _on_probation(work: Retraining, comparison: Comparison) -> Retraining:
    entry = work.entry
    if reason := undecided(comparison):
        return work.failed(reason)
    if not is_surely_worse(comparison):
        line = f"{entry.version} stays champion after its first matured days; {entry.gained}"
        return work.conclude(Status.CONFIRMED, line)

    def act(connection: sa.Connection) -> None:
        cause = f"{ROLLBACK}: {entry.gained}"
        make_champion(
            connection, entry.model, entry.champion, expected=entry.version, logical_date=entry.known_on, cause=cause
        )

    line = f"{entry.version} is surely worse than {entry.champion}, which is champion again; {entry.gained}"
    return work.conclude(Status.ROLLED_BACK, line, act, reason=line)


CONCLUSIONS = {Purpose.RETRAINING: _retrained, Purpose.PROBATION: _on_probation}


def _measured(comparison: Comparison) -> dict[str, Any]:
    gain = comparison.gain
    measured = {"metric": comparison.metric}
    if gain is None:
        return measured
    return measured | {"gain": gain.value, "lower": gain.lower, "upper": gain.upper, "n": gain.n}


def _named(entry: Entry) -> str:
    return f"{entry.version} ({entry.cause})"
