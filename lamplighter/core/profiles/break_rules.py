"""How a column of a window is held against the same column of other windows: one look for each kind of break."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lamplighter.core.numbers import number_text
from lamplighter.core.profiles.distances import (
    BUCKET,
    RESPELLED,
    Compared,
    Stretch,
    known_values,
    lies_outside,
    stretched,
)
from lamplighter.core.profiles.one_class import ACCIDENT
from lamplighter.core.profiles.profile import ColumnProfile
from lamplighter.core.records.finding import Code

FEWEST_WINDOWS = 7
"""Sound windows below which nothing is said: a week of days, so that they hold every weekday once."""

NULLS_USUAL, NULLS_MORE = 0.05, 0.05
"""A column that lacks at most so many values in any past window may lack so many more; of one that often lacks some,
nothing can be said."""

FROZEN, FEWEST_DISTINCT = 3, 9
"""A column is frozen that has a third of the distinct values of its poorest past window, where that had some."""

DENSE = 0.5
"""Share of the buckets between its ends from which on a column has all the values that it can have there: degrees in
Kelvin lie in few buckets, and are not frozen."""

DOMINANT, WINDOWS_OF_DOMINANT = 0.5, 30
"""Share of one value in a past window from which on a day of that value alone may come of itself (no rain, no sale),
and windows without such a day that speak against it."""

GAP, FAR = 0.25, 5
"""A level has changed where no value lies in the range of the past, and the nearest is so much of that range away; of a
column of few values, such as a counter that goes on every day, so many times that range."""

FITS, MISFITS = 0.95, 0.85
"""A unit has changed where so many rows have values that occurred before, once all are divided by one factor, and at
most so many as they are, or divided by any other."""

SMALLEST_FACTOR, ANOTHER = 20, 5
"""In buckets of one per cent: a factor of a fifth; and from where on a factor is another one."""

Reason = str | None


@dataclass(frozen=True, slots=True)
class Before:
    """What a column is held against.

    Attributes
    ----------
    past : sequence of ColumnProfile
        Of sound windows; not empty.
    older : sequence of ColumnProfile
        Those that say by how much windows usually differ, and no more.
    fewest : int
        Past windows below which some looks say nothing.
    phases : sequence of int
        Those of the past and older windows, such as weekdays; empty where they are not known.
    phase : int
        That of the window which is looked at; -1 where it is not known.
    """

    past: Sequence[ColumnProfile]
    older: Sequence[ColumnProfile] = ()
    fewest: int = FEWEST_WINDOWS
    phases: Sequence[int] = ()
    phase: int = -1

    @property
    def named(self) -> str:
        """The past windows in a sentence."""
        return f"the {len(self.past)} windows before" if len(self.past) > 1 else "the window before"

    @property
    def everything(self) -> list[ColumnProfile]:
        """Past and older windows."""
        return [*self.past, *self.older]


def _nulls(profile: ColumnProfile, before: Before) -> Reason:
    share, worst = profile.nulls / profile.rows, max(entry.nulls / entry.rows for entry in before.past)
    # Three standard errors of a rare null: fewer rows need more of them.
    more = max(NULLS_MORE, 3 * math.sqrt(NULLS_USUAL / profile.rows))
    if worst > NULLS_USUAL or share <= worst + more:
        return None
    return f"is null in {share:.0%} of the rows, and in at most {worst:.0%} of {before.named}; mend its feed"


def _constant(profile: ColumnProfile, before: Before) -> Reason:
    """One value in every row, where several were usual and the chance of an accident is small."""
    counts = profile.categories if profile.kind == "categorical" else profile.buckets
    if len(counts) != 1 or profile.crowded or (profile.kind == "numeric" and profile.minimum < profile.maximum):
        return None
    entries = before.everything
    worst = max(_largest_share(entry) for entry in entries)
    if worst > DOMINANT and len(entries) < WINDOWS_OF_DOMINANT:
        return None
    # Of the share that other values had, half is counted on, since days differ.
    if ((1 + worst) / 2) ** profile.present >= ACCIDENT:
        return None
    (only,) = profile.categories or [number_text(profile.minimum, 6)]
    what = f"has one value, {only!r}," if profile.kind == "categorical" else f"has one value, {only},"
    return f"{what} in every row, and none that was in more than {worst:.0%} of the rows of {_windows(entries)}; {THAW}"


THAW = "is its feed frozen?"


def _largest_share(profile: ColumnProfile) -> float:
    """The share of the commonest value, or of the commonest bucket of numbers."""
    counts = profile.categories if profile.kind == "categorical" else profile.buckets
    if profile.kind == "numeric" and profile.minimum < profile.maximum and len(counts) == 1:
        return 0.0  # Different numbers that lie close together, such as row numbers.
    present = max(profile.present, 1)
    return max(counts.values(), default=0) / present if not profile.crowded else 0.0


def _windows(entries: Sequence[ColumnProfile]) -> str:
    return f"{len(entries)} windows before"


def _frozen(profile: ColumnProfile, before: Before) -> Reason:
    distinct, poorest = len(profile.buckets), min(len(entry.buckets) for entry in before.past)
    if profile.kind != "numeric" or poorest < FEWEST_DISTINCT or distinct * FROZEN > poorest or not distinct:
        return None
    numbers, narrowest = sorted(profile.buckets), min(entry.maximum - entry.minimum for entry in before.past)
    dense = distinct >= DENSE * (numbers[-1] - numbers[0] + 1)
    if dense and profile.maximum - profile.minimum >= narrowest / FROZEN:
        return None
    what = f"has {distinct} values that lie more than 1 % apart, and had at least {poorest} in {before.named}"
    return f"{what}; {THAW}"


def _level(profile: ColumnProfile, before: Before) -> Reason:
    """Numbers of which none lies in the range of the past."""
    past = before.past
    if len(past) < before.fewest or profile.kind != "numeric" or not profile.buckets:
        return None
    low, high = min(entry.minimum for entry in past), max(entry.maximum for entry in past)
    varies = all(entry.minimum < entry.maximum for entry in (profile, *past))
    gap = GAP if len(profile.buckets) >= FEWEST_DISTINCT else FAR if varies else math.inf
    if max(low - profile.maximum, profile.minimum - high) <= gap * (high - low) or math.isinf(gap):
        return None
    here, there = _between(profile.minimum, profile.maximum, 6), _between(low, high, 6)
    return f"lies {here}, and lay {there} in {before.named}; which unit is it in?"


def _unit(profile: ColumnProfile, before: Before) -> Reason:
    """A factor moves every value by as many buckets, which shows where the values are few."""
    past = before.past
    if (
        len(past) < before.fewest
        or profile.kind != "numeric"
        or profile.minimum <= 0
        or len(profile.buckets) < FEWEST_DISTINCT
    ):
        return None
    numbers = np.array(sorted(profile.buckets))
    shares = np.array([profile.buckets[number] for number in numbers.tolist()]) / profile.present
    known = np.array(sorted({number for entry in past for number in entry.buckets}))
    reach = int(np.ptp(known)) + ANOTHER
    origin = min(known[0], numbers[0]) - reach - 1
    occupied = np.zeros(max(known[-1], numbers[-1]) + reach + 2 - origin, dtype=bool)
    # Rounding puts a value that was divided into the bucket beside its own.
    occupied[(known[:, None] + np.array([0, 1]) - origin).ravel()] = True
    shifts = np.arange(-reach, reach + 1)
    fits = occupied[numbers - origin - shifts[:, None]] @ shares
    best = int(np.argmax(np.where(np.abs(shifts) >= SMALLEST_FACTOR, fits, 0.0)))
    others = fits[np.abs(shifts - shifts[best]) >= ANOTHER]
    if fits[best] < FITS or others.max() > MISFITS:
        return None
    return _factor(BUCKET ** int(shifts[best]), "", profile, before)


def _factor(factor: float, about: str, profile: ColumnProfile, before: Before) -> str:
    what = f"is {about}{number_text(factor, 3)} times what it was in {before.named}"
    return f"{what}: {_moved_from(profile, before)}; which unit is it in?"


def _moved_from(profile: ColumnProfile, before: Before) -> str:
    """Where most of the numbers lie now, and where they lay."""
    return f"mostly {_middle([profile])}, and before mostly {_middle(before.past)}"


def _middle(profiles: Sequence[ColumnProfile]) -> str:
    low = float(np.median([profile.quantile(0.1) for profile in profiles]))
    high = float(np.median([profile.quantile(0.9) for profile in profiles]))
    return _between(low, high)


def _between(low: float, high: float, digits: int = 4) -> str:
    return f"between {number_text(low, digits)} and {number_text(high, digits)}"


def _moved(profile: ColumnProfile, before: Before) -> Reason:
    """Numbers that were multiplied, whose sign was changed, or that lie where hardly one did."""
    compared = (
        Compared.of(profile, before.past, before.older, before.phases, before.phase)
        if profile.kind == "numeric"
        else None
    )
    if compared is None:
        return None
    if compared.has_opposite_sign():
        what = f"has the opposite sign of what it had in {before.named}: {_moved_from(profile, before)}"
        return f"{what}; restore it"
    if factor := compared.factor():
        return _factor(factor, "about ", profile, before)
    if not compared.is_elsewhere():
        return None
    return f"lies elsewhere than in {before.named}: {_moved_from(profile, before)}; which unit is it in?"


def _outside(profile: ColumnProfile, before: Before) -> Reason:
    """A few numbers beside many zeros, almost all beyond every number that there was."""
    if profile.kind != "numeric" or not lies_outside(profile, before.everything):
        return None
    most = max(max(abs(entry.minimum), abs(entry.maximum)) for entry in before.everything)
    what = f"has numbers that lie almost all beyond those of {_windows(before.everything)}"
    here = max(abs(profile.minimum), abs(profile.maximum))
    return (
        f"{what}, as far as {number_text(here)} from 0 and before as far as {number_text(most)}; which unit is it in?"
    )


def _spread(profile: ColumnProfile, before: Before) -> Reason:
    """Numbers that lie far closer together than ever, or far wider apart."""
    found = stretched(profile, before.everything) if profile.kind == "numeric" else None
    if found is None or len(before.past) < before.fewest:
        return None
    what = "lies much closer together" if found is Stretch.NARROWER else "lies much farther apart"
    return f"{what} than in {before.named}: {_moved_from(profile, before)}; which unit is it in?"


def _values(profile: ColumnProfile, before: Before) -> Reason:
    """Categories of which hardly one occurred before, or that are spelled in another way."""
    known = known_values(profile, before.past) if profile.kind == "categorical" else None
    if known is None:
        return None
    if known.respelled >= RESPELLED and known.example:
        new, old = known.example
        what = f"is written in another way in {known.respelled:.0%} of the rows, such as {new!r} for {old!r}"
        return f"{what} in {before.named}; restore how it was written"
    if not known.is_new:
        return None
    new = _commonest([profile])
    what = f"has values, such as {new!r}, of which {known.share:.0%} occurred in {before.named}"
    return f"{what}, such as {_commonest(before.past)!r}; is it coded in another way?"


def _commonest(profiles: Sequence[ColumnProfile]) -> str:
    counts: dict[str, int] = {}
    for entry in profiles:
        for value, count in entry.categories.items():
            counts[value] = counts.get(value, 0) + count
    return max(counts, key=lambda value: counts[value], default="many different ones")


Rule = Callable[[ColumnProfile, Before], Reason]

RULES: tuple[tuple[Code, Rule], ...] = (
    (Code.NULLS_RISEN, _nulls),
    (Code.FEED_FROZEN, _constant),
    (Code.FEED_FROZEN, _frozen),
    (Code.SCALE_CHANGED, _level),
    (Code.SCALE_CHANGED, _unit),
    (Code.SCALE_CHANGED, _moved),
    (Code.SCALE_CHANGED, _outside),
    (Code.SCALE_CHANGED, _spread),
    (Code.VALUES_CHANGED, _values),
)
"""The rules by which a column is broken, the plainest first: of one column one break is reported."""


def seen(profile: ColumnProfile, before: Before) -> tuple[Code, str] | None:
    """The first break that a rule finds, and what it says.

    Examples
    --------
    >>> from lamplighter.core.profiles.profile import categorical_profile
    >>> past = [categorical_profile("plan", {"basic": 60 + day, "pro": 40 - day}, nulls=0) for day in range(7)]
    >>> code, message = seen(categorical_profile("plan", {"basic": 5}, nulls=95), Before(past))
    >>> code.value, seen(categorical_profile("plan", {"basic": 70, "pro": 30}, nulls=0), Before(past))
    ('nulls-risen', None)
    """
    return next(((code, what) for code, rule in RULES if (what := rule(profile, before))), None)


def is_known_like(code: Code, profile: ColumnProfile, before: Before) -> bool:
    """Whether a column is known to be like some windows, which takes more than that no break is seen.

    Examples
    --------
    >>> from lamplighter.core.profiles.profile import numeric_profile
    >>> past = [numeric_profile("amount", np.linspace(10, 20 + day, 100)) for day in range(7)]
    >>> cents = numeric_profile("amount", np.linspace(1000, 2300, 100))
    >>> [is_known_like(Code.SCALE_CHANGED, it, Before(past)) for it in (past[3], cents)]
    [True, False]
    """
    if not profile.present and code is not Code.NULLS_RISEN:
        return False
    if code is Code.SCALE_CHANGED:
        compared = Compared.of(profile, before.past)
        return compared is not None and compared.is_like
    if code is Code.VALUES_CHANGED:
        known = known_values(profile, before.past)
        return known is not None and known.is_like
    return True


def is_of_phase(code: Code, profile: ColumnProfile, windows: Sequence[ColumnProfile]) -> bool:
    """Whether a column that differs from the newest windows is what it was in earlier ones of the same phase.

    Examples
    --------
    >>> from lamplighter.core.profiles.profile import categorical_profile
    >>> sundays = [categorical_profile("plan", {"basic": 20}, nulls=80)] * 3
    >>> sunday, full = categorical_profile("plan", {"basic": 22}, nulls=78), categorical_profile("plan", {}, nulls=100)
    >>> [is_of_phase(Code.NULLS_RISEN, it, sundays) for it in (sunday, full)]
    [True, False]
    """
    before = Before(windows, fewest=1)
    if code is Code.NULLS_RISEN:
        return _nulls_usual(profile, windows)
    if code is Code.FEED_FROZEN:
        return len(_counts(profile)) * FROZEN > min(len(_counts(entry)) for entry in windows)
    return is_known_like(code, profile, before) and not any(
        rule(profile, before) for found, rule in RULES if found is code
    )


def _nulls_usual(profile: ColumnProfile, windows: Sequence[ColumnProfile]) -> bool:
    """Whether as many values were missing; of a phase in which many often are, so many more may be."""
    usual = max(entry.nulls / entry.rows for entry in windows)
    return profile.nulls / profile.rows <= usual + max(
        NULLS_MORE, 3 * math.sqrt(max(usual * (1 - usual), NULLS_USUAL) / profile.rows)
    )


def _counts(profile: ColumnProfile) -> Mapping[str, int] | Mapping[int, int]:
    return profile.categories if profile.kind == "categorical" else profile.buckets
