"""Judging a check: what its windows come to, in how many of the newest it fails, and whether its incident may close."""

from __future__ import annotations

from dataclasses import dataclass, field

from lamplighter.core.checks.decide import Decision, Verdict
from lamplighter.core.checks.outcome import Outcome, Prepared, decided, prepare
from lamplighter.core.checks.series import Series
from lamplighter.core.monitor.checks import Check


def clearing_windows(check: Check) -> int:
    """How many windows are looked through for passing ones; undecided ones between them are passed over.

    Of a metric that is defined once a week the days of so many weeks are looked at.

    Examples
    --------
    >>> clearing_windows(Check(name="f1", metric="f1", below=0.4))
    44
    """
    return 30 + 7 * check.clears


@dataclass
class Judging:
    """A check and the windows that it reads, each looked at once.

    Attributes
    ----------
    check : Check
    series : Series
    prepared : dict of int to Prepared or Outcome
        What is known of the windows, by place, whatever the limit is: shared by checks that differ in their numbers
        alone.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from lamplighter.core.checks.series import Point
    >>> from lamplighter.core.records.measurement import Measurement
    >>> from lamplighter.core.time.window import Grain
    >>> points = [
    ...     Point(datetime(2013, 5, 1 + i, tzinfo=UTC), Measurement(metric="f1", value=value, n=100))
    ...     for i, value in enumerate([0.3, 0.5, 0.3])
    ... ]
    >>> check = Check.model_validate({"metric": "f1", "below": 0.4, "for": "2 of 3 days"})
    >>> decision = Judging(check, Series("m", Grain.DAY, "UTC", points)).decision()
    >>> decision.verdict.value, decision.compared
    ('failed', 'in 2 of the last 3 days')
    """

    check: Check
    series: Series
    prepared: dict[int, Prepared | Outcome] = field(default_factory=dict)
    _outcomes: dict[int, Outcome] = field(default_factory=dict)

    def decision(self) -> Decision:
        """What the check comes to in the newest window."""
        place = len(self.series.points) - 1
        outcome, start = self._outcome(place), self.series.points[place].start
        verdict, reason = self._verdict(place), outcome.reason
        persists = self.check.persists
        compared = [outcome.compared] if outcome.compared else []
        if persists.windows > 1 and verdict is not Verdict.UNDECIDED:
            failing = self._failing(place)
            compared.append(f"in {failing} of the last {persists.windows} {persists.unit}")
            if verdict is Verdict.PASSED and outcome.verdict is Verdict.FAILED:
                reason = f"beyond its limit in {failing} of the last {persists.windows} {persists.unit}"
                reason = f"{reason}; it fails from {persists.failing} on"
        return Decision(
            self.check,
            start,
            outcome.value,
            outcome.limit.nearest(outcome.value),
            verdict,
            reason,
            outcome.cause,
            outcome.limit,
            "; ".join(compared),
        )

    def clears(self) -> bool:
        """Whether so many of the newest windows that could be decided pass that an incident may close."""
        passing, has_failed = self._passing()
        if has_failed or passing == self.check.clears:
            return passing == self.check.clears
        # The history holds fewer windows than are asked for, and none of them fails.
        return passing > 0 and len(self.series.points) <= clearing_windows(self.check) and self._reaches_the_beginning

    @property
    def verdict(self) -> Verdict:
        """What the check comes to in the newest window."""
        return self._verdict(len(self.series.points) - 1)

    @property
    def newest(self) -> Outcome:
        """What the newest window comes to by itself."""
        return self._outcome(len(self.series.points) - 1)

    @property
    def failing(self) -> int:
        """In how many of the windows that ``for`` looks at the value lies beyond its limit."""
        return self._failing(len(self.series.points) - 1)

    @property
    def passing(self) -> int:
        """How many windows in a row pass, of those that close an incident."""
        return self._passing()[0]

    def _passing(self) -> tuple[int, bool]:
        """How many windows in a row pass, as many as close an incident at most, and whether one before them fails."""
        passing, newest = 0, len(self.series.points) - 1
        for place in range(newest, max(newest - clearing_windows(self.check), -1), -1):
            verdict = self._verdict(place)
            if verdict is Verdict.FAILED:
                return passing, True
            passing += verdict is Verdict.PASSED
            if passing == self.check.clears:
                break
        return passing, False

    @property
    def _reaches_the_beginning(self) -> bool:
        return self.series.first is None or self.series.points[0].start <= self.series.first

    def _verdict(self, place: int) -> Verdict:
        outcome, persists = self._outcome(place), self.check.persists
        if persists.windows == 1 or outcome.verdict is Verdict.UNDECIDED:
            return outcome.verdict
        return Verdict.FAILED if self._failing(place) >= persists.failing else Verdict.PASSED

    def _failing(self, place: int) -> int:
        """In how many of the last windows up to one the value lies beyond its limit; undecided ones do not count."""
        places = self.series.newest(place, self.check.persists.windows)
        return sum(self._outcome(it).verdict is Verdict.FAILED for it in places)

    def _outcome(self, place: int) -> Outcome:
        if place not in self._outcomes:
            if place not in self.prepared:
                self.prepared[place] = prepare(self.check, self.series, place)
            is_newest = place == len(self.series.points) - 1
            known = self.prepared[place]
            self._outcomes[place] = decided(self.check, self.series, place, known, with_text=is_newest)
        return self._outcomes[place]
