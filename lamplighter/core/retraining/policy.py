"""When a model is retrained: what requests it, and what forbids it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile

from lamplighter.core.monitor import DATA_CHECK
from lamplighter.core.monitor.retrain import Retrain
from lamplighter.core.numbers import number_text, range_text
from lamplighter.core.time.cron import next_tick
from lamplighter.core.time.duration import format_duration
from lamplighter.core.time.window import Window, name_of, shifted

CHECK, BY_HAND, ROLLBACK, ADOPTED = "check", "by hand", "rollback", "adopted"
"""How causes of retrainings and promotions begin."""


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
"""Entries with such a status are not complete yet."""

AT_WORK = UNDER_WAY - {Status.WAITING}
"""Such an entry waits for no person."""

STARTS_COOLDOWN = frozenset({Status.PROMOTED, Status.REJECTED, Status.COMPLETED, Status.ROLLED_BACK})
"""After these the cooldown runs. One that failed is tried again, ever more seldom."""

MOST_DOUBLINGS = 10
"""Doublings of the pause after failures: a thousand windows."""

FEWEST_COMPARED = 100
"""Labelled rows below which a comparison, or a segment of one, proves nothing."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger of retrainings.

    Attributes
    ----------
    model : str
    known_on : datetime
        The logical date of the run that requested it.
    purpose : Purpose
    cause : str
    status : Status
    reason : str
        Why it was vetoed, rejected, rolled back or failed, or how another team's flow ended.
    asked : int
        From 1; a person may ask again on the same logical date, and each time has a line of its own.
    attempt : int
        From 1; a flow run that died is followed by another.
    ended_on : datetime or None
        Logical date of the newest run that had begun when it ended, as when a person rejected it days later.
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
    asked: int = 1
    attempt: int = 1
    ended_on: datetime | None = None
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
        >>> logical_date = datetime(2013, 5, 2)
        >>> Entry("m", logical_date, metric="f1", gain=0.02, lower=0.01, upper=0.03, n=600).gained
        'f1 gains +0.02 (+0.01 to +0.03, 600 rows)'
        """
        if not self.metric:
            return ""
        if self.gain is None or self.lower is None or self.upper is None:
            return f"{self.metric} is not defined on the rows of the comparison"
        bounds = range_text(self.lower, self.upper, sign=True)
        return f"{self.metric} gains {number_text(self.gain, sign=True)} ({bounds}, {self.n:,} rows)"

    @property
    def line(self) -> str:
        """What it is about and how far it has come, in a line for people.

        Examples
        --------
        >>> Entry("m", datetime(2013, 5, 2), cause="check f1-below", status=Status.PROMOTED, version="2013-05-02").line
        'retraining for check f1-below: promoted 2013-05-02'
        """
        about = self.cause if self.purpose is Purpose.PROBATION else f"{self.purpose.value} for {self.cause}"
        version = "" if self.version in f"{self.cause} {self.reason}" else self.version
        outcome = " ".join(part for part in (self.status.value, version) if part)
        return f"{about}: {outcome}: {self.reason}" if self.reason else f"{about}: {outcome}"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a decision about retraining rests on, as known at the run's logical date.

    Attributes
    ----------
    window : Window
        That of the run.
    known_on : datetime
    open_checks : collection of str
        Checks with an open incident.
    ledger : sequence of Entry
        Earlier entries of the model, the newest last, vetoed ones left out.
    champion_since : datetime or None
        Logical date at which the newest promotion took effect; without one, that of the first window.
    promoted_on : datetime or None
        The same date, where the champion was not adopted as the first one.
    champion_trained_until : datetime or None
        End of what the champion was trained on, where that is known.
    final_until : datetime or None
        End of the newest window whose labels are final; None where there is none.
    first_window : datetime or None
        Start of the oldest window that may be learned from: the first that is recorded, or that followed an acceptance.
    labelled : int
        Rows of sound windows with a final label in the time of the comparison.
    """

    window: Window
    known_on: datetime
    open_checks: Collection[str]
    ledger: Sequence[Entry]
    champion_since: datetime | None = None
    promoted_on: datetime | None = None
    champion_trained_until: datetime | None = None
    final_until: datetime | None = None
    first_window: datetime | None = None
    labelled: int = 0


def compared_since(final_until: datetime, span: timedelta, window: Window) -> datetime:
    """Where the newest matured time begins that two models are compared on, and that neither may have learned from.

    It is a whole number of windows: the one that a span ends in the middle of is learned from.

    Parameters
    ----------
    final_until : datetime
        End of the newest window whose labels are final.
    span : timedelta
        How much time is compared on.
    window : Window
        Any of the model's.

    Examples
    --------
    >>> from datetime import UTC
    >>> from lamplighter.core.time.window import Grain
    >>> week = Window.of("churn", Grain.WEEK, "UTC", datetime(2026, 3, 4, tzinfo=UTC))
    >>> compared_since(week.end, timedelta(days=10), week).isoformat()
    '2026-03-02T00:00:00+00:00'
    """
    since = shifted(final_until, -span, window.zone)
    cut = Window.of(window.model, window.grain, window.timezone, since)
    return since if cut.start == since else cut.end


def causes(retrain: Retrain, facts: Facts) -> list[str]:
    """Why a run requests a retraining, each cause in a few words; empty when it requests none.

    Examples
    --------
    >>> from datetime import UTC
    >>> from lamplighter.core.time.window import Grain
    >>> day = Window.of("churn", Grain.DAY, "UTC", datetime(2026, 3, 7, tzinfo=UTC))
    >>> retrain = Retrain(on=["f1-below"], deployment="train/churn")
    >>> causes(retrain, Facts(day, day.end, {"f1-below"}, [])), causes(retrain, Facts(day, day.end, {"rows"}, []))
    (['check f1-below'], [])
    """
    found = [f"{CHECK} {name}" for name in retrain.on if name in facts.open_checks]
    since = facts.champion_since
    if retrain.age and since and shifted(since, retrain.age, facts.window.zone) <= facts.known_on:
        found.append(f"age {(facts.known_on - since).days} d")
    if retrain.calendar and _is_pending(retrain, facts):
        found.append(f"calendar {retrain.calendar}")
    return found


def _is_pending(retrain: Retrain, facts: Facts) -> bool:
    """Whether a date has come. A date stays pending for a cooldown if its retraining failed, was vetoed or had no run.

    A date within the cooldown of a retraining that ended is over.
    """
    zone = facts.window.zone
    since = shifted(facts.window.start, -retrain.cooldown, zone)
    if ended := _ended_on(facts):
        since = max(since, shifted(ended, retrain.cooldown, zone))
    return next_tick(retrain.calendar, since, facts.window.timezone) <= facts.window.end


def veto(retrain: Retrain, facts: Facts, called_by: Sequence[str]) -> str:
    """Why a run may not retrain, whatever the cause; empty when nothing forbids it.

    Parameters
    ----------
    retrain : Retrain
    facts : Facts
    called_by : sequence of str
        As `causes` found, or `BY_HAND`: a person who starts one knows of cooldown and budget.

    Examples
    --------
    >>> from datetime import UTC
    >>> from lamplighter.core.time.window import Grain
    >>> day = Window.of("churn", Grain.DAY, "UTC", datetime(2026, 3, 7, tzinfo=UTC))
    >>> retrain = Retrain(on=["f1-below"], deployment="train/churn")
    >>> veto(retrain, Facts(day, day.end, {"f1-below", "data"}, []), [BY_HAND])
    'a data break is open'
    """
    if DATA_CHECK.name in facts.open_checks:
        return "a data break is open"
    if busy := next((entry for entry in facts.ledger if entry.status in UNDER_WAY), None):
        return _under_way(busy, facts.window)
    if BY_HAND not in called_by:
        for look in (_cooldown, _pause_after_failures, _budget):
            if reason := look(retrain, facts):
                return reason
    if not retrain.trainer:
        return ""
    if all(cause.startswith(CHECK) for cause in called_by) and (reason := _unjudged(facts)):
        return reason
    return _immature(retrain, facts)


def _under_way(entry: Entry, window: Window) -> str:
    logical_date = _named(entry.known_on, window)
    if entry.status is Status.WAITING:
        return f"version {entry.version} of {logical_date} waits for `lamplighter approve {entry.model}`"
    return f"the {entry.purpose.value} of {logical_date} is under way"


def _cooldown(retrain: Retrain, facts: Facts) -> str:
    ended = _ended_on(facts)
    if ended is None:
        return ""
    until = shifted(ended, retrain.cooldown, facts.window.zone)
    if until <= facts.known_on:
        return ""
    return f"the cooldown of {format_duration(retrain.cooldown)} runs until {_named(until, facts.window)}"


def _ended_on(facts: Facts) -> datetime | None:
    """When the newest retraining ended, or a champion took effect, as by hand."""
    ended = [entry.ended_on or entry.known_on for entry in facts.ledger if entry.status in STARTS_COOLDOWN]
    return max([*ended, *([facts.promoted_on] if facts.promoted_on else [])], default=None)


def _pause_after_failures(retrain: Retrain, facts: Facts) -> str:
    """One window after a failure, twice as long after each further one, at most as long as the cooldown."""
    newest_first = reversed(_retrainings(facts))
    failed = [*takewhile(lambda entry: entry.status is Status.FAILED, newest_first)]
    if not failed:
        return ""
    length = facts.window.end - facts.window.start
    # A person may have tried several times on one logical date.
    dates = len({entry.known_on for entry in failed})
    pause = min(length * 2 ** min(dates - 1, MOST_DOUBLINGS), max(retrain.cooldown, length))
    until = shifted(failed[0].known_on, pause, facts.window.zone)
    if until <= facts.known_on:
        return ""
    return f"the last {len(failed)} failed; it is tried again on {_named(until, facts.window)}"


def _budget(retrain: Retrain, facts: Facts) -> str:
    def month(moment: datetime) -> str:
        return moment.astimezone(facts.window.zone).strftime("%Y-%m")

    spending = [entry for entry in _retrainings(facts) if entry.status is not Status.FAILED]
    spent = sum(month(entry.known_on) == month(facts.known_on) for entry in spending)
    if spent < retrain.budget:
        return ""
    return f"the budget of {month(facts.known_on)} is spent: {spent} retrainings"


def _retrainings(facts: Facts) -> list[Entry]:
    return [entry for entry in facts.ledger if entry.purpose is Purpose.RETRAINING]


def _unjudged(facts: Facts) -> str:
    """A failed check says nothing about a champion that has not yet answered a whole matured window.

    In the first hours of the window in which it is promoted, the service still answers by the champion before.
    """
    since, until, window = facts.promoted_on, facts.final_until, facts.window
    if since is None:
        return ""
    first = Window.of(window.model, window.grain, window.timezone, since).next()
    if until and until >= first.end:
        return ""
    return f"labels are immature: no whole window that the champion of {_named(since, window)} answered is final"


def _immature(retrain: Retrain, facts: Facts) -> str:
    """Final labels that the champion was not trained on must reach over the time of the comparison."""
    assert retrain.accept is not None
    if facts.final_until is None:
        return "labels are immature: no window has final ones"
    window, trained, begun = facts.window, facts.champion_trained_until, facts.first_window
    since, until = compared_since(facts.final_until, retrain.accept.days, window), _named(facts.final_until, window)
    if facts.labelled < FEWEST_COMPARED:
        what = f"final until {until}, {facts.labelled} rows of the comparison have one"
        return f"labels are immature: {what}, and {FEWEST_COMPARED} are needed; wait, or raise accept.days"
    if begun and since <= begun:
        return f"labels are immature: final until {until}, they leave nothing to learn from before the comparison"
    if trained is None or trained <= since:
        return ""
    what = f"the champion was trained until {_named(trained, window)}, and they are final until {until}"
    return f"labels are immature: {what}"


def _named(moment: datetime, window: Window) -> str:
    return name_of(moment, window.zone, window.grain)
