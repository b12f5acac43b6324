"""When a model is trained anew: what calls for it, and what forbids it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from lamplighter.core.cron import next_tick
from lamplighter.core.duration import format_duration
from lamplighter.core.monitor import DATA_CHECK
from lamplighter.core.monitor.retrain import Retrain
from lamplighter.core.window import Window

BY_HAND, ROLLBACK = "by hand", "rollback"
"""How causes of retrainings and promotions begin that no check has called for."""


class Purpose(StrEnum):
    """What an entry of the ledger is about."""

    RETRAINING = "retraining"
    PROBATION = "probation"


class Status(StrEnum):
    """How far a retraining has come."""

    VETOED = "vetoed"
    REQUESTED = "requested"
    TRAINED = "trained"
    WAITING = "waiting"
    PROMOTED = "promoted"
    REJECTED = "rejected"
    CONFIRMED = "confirmed"
    ROLLED_BACK = "rolled-back"
    COMPLETED = "completed"
    FAILED = "failed"


UNDER_WAY = frozenset({Status.REQUESTED, Status.TRAINED, Status.WAITING})
"""Of such an entry something is still to come."""

ENDED = frozenset({Status.PROMOTED, Status.REJECTED, Status.COMPLETED, Status.ROLLED_BACK})
"""After these the cooldown runs. One that failed may be tried again the next night."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger of retrainings.

    Attributes
    ----------
    model : str
    known_on : datetime
        The night that called for it.
    purpose : Purpose
    cause : str
    status : Status
    reason : str
        Why it was vetoed, rejected or failed.
    attempt : int
        From 1; a run that died is followed by another.
    version : str
        The challenger, as soon as there is one.
    champion : str
        Whom it was compared with.
    metric : str
    gain, lower, upper : float or None
        How much better the challenger is, with the bounds of the bootstrap interval; above zero is better.
    n : int
        Rows that they were compared on.
    """

    model: str
    known_on: datetime
    purpose: Purpose = Purpose.RETRAINING
    cause: str = ""
    status: Status = Status.REQUESTED
    reason: str = ""
    attempt: int = 1
    version: str = ""
    champion: str = ""
    metric: str = ""
    gain: float | None = None
    lower: float | None = None
    upper: float | None = None
    n: int = 0

    @property
    def gained(self) -> str:
        """How the challenger compares, for people; empty before anything was compared.

        Examples
        --------
        >>> night = datetime(2013, 5, 2)
        >>> Entry("m", night, metric="f1", gain=0.02, lower=0.01, upper=0.03, n=600).gained
        'f1 gains +0.0200 (+0.0100 to +0.0300, 600 rows)'
        """
        if not self.metric:
            return ""
        if self.gain is None:
            return f"{self.metric} is not defined on the rows of the comparison"
        return f"{self.metric} gains {self.gain:+.4f} ({self.lower:+.4f} to {self.upper:+.4f}, {self.n} rows)"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a decision about retraining rests on, as a night knows it.

    Attributes
    ----------
    window : Window
        The night's own.
    known_on : datetime
    open_checks : collection of str
        Checks with an open incident.
    ledger : sequence of Entry
        Earlier entries of the model, the newest last, vetoed ones left out.
    champion_since : datetime or None
        The night of the newest promotion, or of the model's first window where there has been none.
    champion_trained_until : datetime or None
        End of what the champion was trained on, where that is known.
    final_until : datetime or None
        End of the newest window whose labels are final; None where there is none.
    first_window : datetime or None
        Start of the oldest window that is recorded.
    """

    window: Window
    known_on: datetime
    open_checks: Collection[str]
    ledger: Sequence[Entry]
    champion_since: datetime | None = None
    champion_trained_until: datetime | None = None
    final_until: datetime | None = None
    first_window: datetime | None = None


def causes(retrain: Retrain, facts: Facts) -> list[str]:
    """What calls for a retraining on a night, each in a few words; empty when nothing does."""
    found = [f"check {name}" for name in retrain.on if name in facts.open_checks]
    since = facts.champion_since
    if retrain.age and since and facts.known_on - since >= retrain.age:
        found.append(f"age {(facts.known_on - since).days} d")
    if retrain.calendar:
        tick = next_tick(retrain.calendar, facts.window.start, facts.window.timezone)
        if tick <= facts.window.end:
            found.append(f"calendar {retrain.calendar}")
    return found


def veto(retrain: Retrain, facts: Facts, *, by_hand: bool = False) -> str:
    """Why nothing may be retrained on a night, whatever calls for it; empty when nothing forbids it.

    A person who starts one knows of cooldown and budget.
    """
    if DATA_CHECK.name in facts.open_checks:
        return "a data break is open"
    zone = ZoneInfo(facts.window.timezone)
    retrainings = [entry for entry in facts.ledger if entry.purpose is Purpose.RETRAINING]
    if busy := next((entry for entry in facts.ledger if entry.status in UNDER_WAY), None):
        return _under_way(busy, zone)
    if not by_hand and (reason := _cooldown(retrain, facts, zone)):
        return reason
    month = facts.known_on.astimezone(zone).strftime("%Y-%m")
    spent = sum(entry.known_on.astimezone(zone).strftime("%Y-%m") == month for entry in retrainings)
    if not by_hand and spent >= retrain.budget:
        return f"the budget of {month} is spent: {spent} retrainings"
    return _immature(retrain, facts, zone) if retrain.trainer else ""


def _under_way(entry: Entry, zone: ZoneInfo) -> str:
    night = entry.known_on.astimezone(zone).date()
    if entry.status is Status.WAITING:
        return f"version {entry.version} of {night} waits for `lamplighter approve {entry.model}`"
    return f"the {entry.purpose.value} of {night} is under way"


def _cooldown(retrain: Retrain, facts: Facts, zone: ZoneInfo) -> str:
    ended = [entry.known_on for entry in facts.ledger if entry.status in ENDED]
    if not ended or max(ended) + retrain.cooldown <= facts.known_on:
        return ""
    until = (max(ended) + retrain.cooldown).astimezone(zone).date()
    return f"the cooldown of {format_duration(retrain.cooldown)} runs until {until}"


def _immature(retrain: Retrain, facts: Facts, zone: ZoneInfo) -> str:
    """Final labels that the champion was not trained on must reach over the time of the comparison."""
    assert retrain.accept is not None
    if facts.final_until is None:
        return "labels are immature: no window has final ones"
    begun, held_back = facts.first_window, facts.final_until - retrain.accept.days
    if facts.champion_trained_until is None and begun and held_back <= begun:
        until = facts.final_until.astimezone(zone).date()
        return f"labels are immature: final until {until}, they leave nothing to learn from before the comparison"
    if facts.champion_trained_until is None or facts.final_until - facts.champion_trained_until >= retrain.accept.days:
        return ""
    dates = [moment.astimezone(zone).date() for moment in (facts.champion_trained_until, facts.final_until)]
    return f"labels are immature: the champion was trained until {dates[0]}, and they are final until {dates[1]}"
