"""How unlike a column is to the windows before it: the distance of its numbers, the share of its values that are known.

Numbers are held against each other as distributions over the log-spaced buckets of their profiles, zeros left out, as
many columns are mostly zero. Each of the windows before is held against the others too: what they differ by is usual.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import numpy.typing as npt

from lamplighter.core.profiles.profile import ACCURACY, ColumnProfile, representative

BUCKET = (1 + ACCURACY) / (1 - ACCURACY)
"""By how much the value grows from one bucket of a profile to the next."""

FEWEST_NUMBERS = 30
"""Numbers other than zero below which a distribution is not known well enough."""

KS_NOISE = 1.36
"""The 95 % point of the Kolmogorov-Smirnov statistic, in units of the root of 1/n + 1/m."""

EXPLAINED = 0.1
"""How much farther than usual a distribution may lie from the past once it has been scaled or its sign changed."""

SMALLEST_SCALE = 1.5
"""A factor below which the same shape elsewhere may be a real change; miles and kilometres differ by 1.6."""

SCALED, MOVED = 0.25, 0.75
"""Distances from which on a column has another scale, or other numbers altogether, beside what is usual."""

WANDERED = 2.0
"""How many times farther than the medians of the past lie apart a median must have moved: weather wanders."""

APART = 0.5
"""How far beyond the medians of the past, in units of what lies between these, a median lies that was multiplied."""

MOST_VALUES = 50
"""Different numbers up to which a column has single values, such as counts or grades."""

FEWEST_VARIED = 2
"""Different values of a usual window: a column with one, such as the month, changes whenever the month does."""

NEW, SOUND = 0.25, 0.5
"""Known values, as a share of what was usual, up to which a column has other values, and from which on it is sound."""

USUALLY_KNOWN = 0.5
"""Share of rows with known values below which ever new values are usual, as of names and ids."""

RESPELLED = 0.2
"""Share of rows whose values are new and known in another spelling: no such thing happens of itself."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """The non-zero numbers of a column over common buckets.

    Attributes
    ----------
    values : array of shape (n_buckets,)
        Signed bucket numbers, ascending.
    counts : array of shape (n_buckets,)
    phase : int
        Of the window, such as its weekday; -1 where it is not known.
    """

    values: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    phase: int = -1

    @classmethod
    def of(cls, profile: ColumnProfile, phase: int = -1) -> Numbers:
        """Those of a profile."""
        values = np.array(sorted(number for number in profile.buckets if number), dtype=np.int64)
        return cls(values, np.array([profile.buckets[number] for number in values.tolist()], dtype=np.int64), phase)

    @property
    def total(self) -> int:
        """How many there are."""
        return int(self.counts.sum())

    def magnitudes(self) -> Numbers:
        """The same without their signs."""
        values, place = np.unique(np.abs(self.values), return_inverse=True)
        return Numbers(values, np.bincount(place, self.counts, minlength=len(values)).astype(np.int64), self.phase)

    def negated(self) -> Numbers:
        """The same with the opposite signs."""
        return Numbers(-self.values[::-1], self.counts[::-1])

    def scaled(self, buckets: int) -> Numbers:
        """The same, each so many buckets farther from zero."""
        kept = np.abs(self.values) + buckets > 0
        values = np.sign(self.values) * (np.abs(self.values) + buckets)
        return Numbers(values[kept], self.counts[kept])

    def quantile(self, share: float) -> int:
        """The bucket of a quantile."""
        place = int(np.searchsorted(np.cumsum(self.counts), share * self.total))
        return int(self.values[min(place, len(self.values) - 1)])

    def cumulative(self, at: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """The share of the numbers up to each of some buckets."""
        shares = np.concatenate([[0.0], np.cumsum(self.counts) / max(self.total, 1)])
        return np.asarray(shares[np.searchsorted(self.values, at, side="right")])


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a column lies from the windows before, and how far those lie from each other.

    Attributes
    ----------
    value, usual : float
        Kolmogorov-Smirnov distances, between 0 and 1; the usual one is the second largest, since one of the windows
        before may be the first day of a fault.
    """

    value: float
    usual: float

    def reaches(self, least: float) -> bool:
        """Whether the value lies so far beyond the usual."""
        return self.value >= least + (1 - least) * self.usual


def _distances(current: Numbers, past: Sequence[Numbers], older: Sequence[Numbers] = ()) -> Distance:
    """Distance of the current numbers from the past ones; ``older`` ones only show what is usual."""
    groups = [group for group in (past, older) if len(group) > 1]
    own = [_left_out(group, [*past, *older]) for group in groups]
    usual = max((sorted(found)[-2] for found in own if len(found) > 1), default=0.0)
    kept = list(past)
    if groups and groups[0] is past and len(past) > 2:
        kept.pop(int(np.argmax(own[0])))
    at = np.unique(np.concatenate([current.values, *(entry.values for entry in kept)]))
    pooled = np.mean([entry.cumulative(at) for entry in kept], axis=0)
    value = float(np.abs(current.cumulative(at) - pooled).max())
    noise = KS_NOISE * math.sqrt(1 / current.total + 1 / max(sum(entry.total for entry in kept), 1))
    return Distance(value, max(usual, noise))


def _left_out(group: Sequence[Numbers], everything: Sequence[Numbers]) -> list[float]:
    """The distance of each from all others of its group, or from those of its phase where these are closer.

    A Sunday that is like other Sundays says nothing of by how much two Mondays may differ.
    """
    everything = everything or group
    at = np.unique(np.concatenate([entry.values for entry in everything]))
    shares = np.array([entry.cumulative(at) for entry in everything])
    phases = np.array([entry.phase for entry in everything])
    own = [next(i for i, other in enumerate(everything) if other is entry) for entry in group]
    total = shares[own].sum(axis=0)
    found = []
    for i in own:
        distance = np.abs(shares[i] - (total - shares[i]) / (len(group) - 1)).max()
        mates = (phases == phases[i]) & (phases >= 0)
        if (many := int(mates.sum())) > 1:
            others = (shares[mates].sum(axis=0) - shares[i]) / (many - 1)
            distance = min(distance, np.abs(shares[i] - others).max())
        found.append(float(distance))
    return found


def _ordinary(past: Sequence[Numbers], older: Sequence[Numbers], phase: int) -> list[Numbers]:
    """The past windows without those of phases that are another world, such as a shop's Sundays on a weekday.

    Parameters
    ----------
    phase : int
        That of the window that is looked at; those of the same phase stay.
    """
    everything = [*past, *older]
    if len(past) < 2 or phase < 0:
        return list(past)
    apart = _left_out([replace(it, phase=-1) for it in everything], [])
    gained = np.array(apart) - np.array(_left_out(everything, everything))
    phases = np.array([it.phase for it in everything])
    other = {int(it) for it in phases if it not in (phase, -1) and np.median(gained[phases == it]) >= SCALED}
    kept = [it for it in past if it.phase not in other]
    return kept if len(kept) > len(past) / 2 else list(past)


@dataclass(frozen=True, slots=True)
class Compared:
    """The numbers of a column and of the windows before it, and how far they lie apart.

    Attributes
    ----------
    current : Numbers
    past : list of Numbers
    distance, of_magnitudes : Distance
        Of the numbers with their signs and without.
    older : list of Numbers
        Of windows that say by how much they usually differ.
    phase : int
        That of the window.
    """

    current: Numbers
    past: list[Numbers]
    distance: Distance
    of_magnitudes: Distance
    older: list[Numbers]
    phase: int

    @property
    def ordinary(self) -> list[Numbers]:
        """The past windows whose medians say how far the column wanders."""
        return _ordinary(self.past, self.older, self.phase)

    @classmethod
    def of(
        cls,
        profile: ColumnProfile,
        past: Sequence[ColumnProfile],
        older: Sequence[ColumnProfile] = (),
        phases: Sequence[int] = (),
        phase: int = -1,
    ) -> Compared | None:
        """None where there are too few numbers, or windows of one number are usual.

        Phases are those of the past and older windows, and that of the window.
        """
        current = Numbers.of(profile)
        marks = list(phases) or [-1] * (len(past) + len(older))
        usual, before = (
            [it for entry, mark in side if (it := Numbers.of(entry, mark)).total >= FEWEST_NUMBERS]
            for side in (zip(past, marks, strict=False), zip(older, marks[len(past) :], strict=True))
        )
        if current.total < FEWEST_NUMBERS or not usual:
            return None
        if np.median([len(entry.buckets) for entry in past]) < FEWEST_VARIED:
            return None
        distance = _distances(current, usual, before)
        if all((entry.values > 0).all() for entry in (current, *usual, *before)):
            return cls(current, usual, distance, distance, before, phase)
        unsigned = _distances(current.magnitudes(), _magnitudes(usual), _magnitudes(before))
        return cls(current, usual, distance, unsigned, before, phase)

    @property
    def is_like(self) -> bool:
        """Whether the numbers lie no farther from the past than the past from itself."""
        return not self.distance.reaches(SCALED) and not self.of_magnitudes.reaches(SCALED)

    def factor(self) -> float | None:
        """By what all numbers have been multiplied; None where no factor makes them what they were."""
        current, past = self.current.magnitudes(), _magnitudes(self.past)
        found = self.of_magnitudes
        if not found.reaches(SCALED) or _are_known(current, past):
            return None
        medians = _without_extreme([float(entry.quantile(0.5)) for entry in _magnitudes(self.ordinary)])
        shifts = {round(current.quantile(q) - float(np.median([it.quantile(q) for it in past]))) for q in QUARTERS}
        least = max(math.log(SMALLEST_SCALE) / math.log(BUCKET), WANDERED * (max(medians) - min(medians)))
        if not _lies_apart(representative(current.quantile(0.5)), [representative(round(it)) for it in medians]):
            return None
        for shift in sorted(shifts, key=abs):
            after = _distances(current.scaled(-shift), past)
            if abs(shift) >= least and after.value <= max(found.usual, after.usual) + EXPLAINED:
                return BUCKET**shift
        return None

    def has_opposite_sign(self) -> bool:
        """Whether the numbers are what they were with the opposite sign."""
        found = self.distance
        if not found.reaches(SCALED):
            return False
        after = _distances(self.current.negated(), self.past)
        return after.value <= max(found.usual, after.usual) + EXPLAINED and after.value < found.value / 2

    def is_elsewhere(self) -> bool:
        """Whether almost all numbers lie where none did, farther off than the past wandered."""
        if not self.distance.reaches(MOVED):
            return False
        medians = _without_extreme([representative(entry.quantile(0.5)) for entry in self.ordinary])
        median, low, high = representative(self.current.quantile(0.5)), min(medians), max(medians)
        return max(low - median, median - high) > WANDERED * (high - low)


def _lies_apart(median: float, past: Sequence[float]) -> bool:
    """Whether a median lies beyond the past ones by half of what lies between these: near 0 a frost is a factor."""
    low, high = min(past), max(past)
    return max(low - median, median - high) > APART * (high - low)


def _without_extreme(values: Sequence[float]) -> list[float]:
    """All but the one farthest from the middle, where no other is two thirds as far: a fault may have begun at noon."""
    middle = float(np.median(values))
    ranked = sorted(values, key=lambda value: abs(value - middle))
    alone = len(values) > 2 and abs(ranked[-1] - middle) > 1.5 * abs(ranked[-2] - middle)
    return ranked[:-1] if alone else ranked


def _are_known(current: Numbers, past: Sequence[Numbers]) -> bool:
    """Whether numbers of a few values have values that occurred before: the foggy day of a feed of visibilities."""
    values, windows = np.unique(np.concatenate([entry.values for entry in past]), return_counts=True)
    if len(values) > MOST_VALUES:
        return False
    usual = values[windows > 1] if len(past) > 1 else values
    return float(current.counts[np.isin(current.values, usual)].sum() / current.total) > NEW


def _magnitudes(entries: Sequence[Numbers]) -> list[Numbers]:
    return [entry.magnitudes() for entry in entries]


QUARTERS = (0.25, 0.5, 0.75)


@dataclass(frozen=True, slots=True)
class KnownValues:
    """How much of a categorical column is known from the windows before.

    Attributes
    ----------
    share : float
        Of the rows with a value, those whose value occurred in two of the windows before, or in the only one.
    usual : float
        The same of the windows before, the second smallest.
    respelled : float
        Share of rows whose value is new, and known in another spelling.
    example : tuple of str
        A new value and the known one; empty where there is none.
    """

    share: float
    usual: float
    respelled: float = 0.0
    example: tuple[str, str] | tuple[()] = ()

    @property
    def is_new(self) -> bool:
        """Whether hardly a value is known, where usually most are."""
        return self.usual >= USUALLY_KNOWN and self.share <= NEW * self.usual

    @property
    def is_like(self) -> bool:
        """Whether so many values are known as usual, or nearly so."""
        return self.share >= SOUND * self.usual and self.respelled < RESPELLED


def known_values(profile: ColumnProfile, past: Sequence[ColumnProfile]) -> KnownValues | None:
    """Compare the values of a column with those of the windows before; None where these are of no use.

    Examples
    --------
    >>> from lamplighter.core.profiles.profile import categorical_profile
    >>> past = [categorical_profile("plan", {"basic": 60, "pro": 40}, nulls=0)] * 3
    >>> known_values(categorical_profile("plan", {"basic": 50, "trial": 50}, nulls=0), past).share
    0.5
    >>> known_values(categorical_profile("plan", {"basic": 100}, nulls=0), []) is None
    True
    """
    before = [entry for entry in past if entry.categories]
    if not before or np.median([len(entry.categories) for entry in before]) < 1:
        return None
    seen: dict[str, int] = {}
    for entry in before:
        for value in entry.categories:
            seen[value] = seen.get(value, 0) + 1
    twice = {value for value, windows in seen.items() if windows > 1 or len(before) == 1}
    shares = sorted(_share(entry, twice) for entry in before)
    share = 0.0 if profile.crowded else _share(profile, twice)
    respelled, example = _respelled(profile, twice)
    varied = float(np.median([len(entry.categories) for entry in before])) >= FEWEST_VARIED
    # Of a column with one value a window, such as the month, a new value is no news, but another spelling is.
    usual = shares[min(1, len(shares) - 1)] if varied else 0.0
    return KnownValues(share, usual, respelled, example)


def _share(profile: ColumnProfile, values: set[str]) -> float:
    total = sum(profile.categories.values())
    return sum(count for value, count in profile.categories.items() if value in values) / total if total else 0.0


def _respelled(profile: ColumnProfile, known: set[str]) -> tuple[float, tuple[str, str] | tuple[()]]:
    """The share of rows whose value is new and differs from a known one by case, blanks and punctuation alone."""
    total, rows = sum(profile.categories.values()), 0
    example: tuple[str, str] | tuple[()] = ()
    spelled = {plain: value for value in sorted(known) for plain in _plain(value)}
    for value, count in sorted(profile.categories.items(), key=lambda entry: (-entry[1], entry[0])):
        if value in known:
            continue
        if match := next((spelled[plain] for plain in _plain(value) if plain in spelled), None):
            rows += count
            example = example or (value, match)
    return (rows / total if total else 0.0), example


def _plain(value: str) -> Iterator[str]:
    """A value as it reads without case, blanks and punctuation; nothing of one that has no letter."""
    plain = "".join(sign for sign in value.casefold() if sign.isalnum())
    if any(sign.isalpha() for sign in plain):
        yield plain


FEW_NUMBERS, NEARLY_ALL, BEYOND = 10, 0.9, 1.5
"""Numbers other than zero that are enough to say that so many of them lie beyond all that there were, and how many
times farther from zero, or closer to it, their median lies then."""

STRETCHED, FEWEST_SPREAD = 5.0, 50
"""From which factor on numbers lie closer together, or farther apart, and from how many numbers on that is known: the
ends of a heavy tail vary threefold with fewer."""

FEWEST_ENTRIES = 7
"""Windows whose ranges and spreads say what is usual."""


class Stretch(Enum):
    """How the distances between the numbers of a column changed."""

    NARROWER = "narrower"
    WIDER = "wider"


def lies_outside(profile: ColumnProfile, entries: Sequence[ColumnProfile]) -> bool:
    """Whether almost all numbers lie beyond all those of some windows, and the median far from where it wandered.

    Examples
    --------
    >>> from lamplighter.core.profiles.profile import numeric_profile
    >>> past = [numeric_profile("amount", np.linspace(10, 20 + day, 100)) for day in range(7)]
    >>> cents = numeric_profile("amount", np.linspace(1000, 2300, 100))
    >>> lies_outside(cents, past), lies_outside(past[3], past)
    (True, False)
    """
    current = Numbers.of(profile).magnitudes()
    if current.total < FEW_NUMBERS or _lies_within(current, entries):
        return False
    usual = [numbers for entry in entries if (numbers := Numbers.of(entry).magnitudes()).total >= FEW_NUMBERS]
    if len(usual) < FEWEST_ENTRIES:
        return False
    if np.median([len(it.values) for it in usual]) < FEWEST_VARIED:
        return False
    low, high = min(int(it.values[0]) for it in usual), max(int(it.values[-1]) for it in usual)
    above, below = (
        float(current.counts[where].sum() / current.total) for where in (current.values > high, current.values < low)
    )
    if max(above, below) < NEARLY_ALL:
        return False
    medians, median = [it.quantile(0.5) for it in usual], current.quantile(0.5)
    # In buckets, that is of logarithms: a storm is many times a shower, and both are weather.
    wandered = max(medians) - min(medians)
    least = max(math.log(BEYOND) / math.log(BUCKET), wandered)
    return bool(max(median - max(medians), min(medians) - median) > least)


def _lies_within(current: Numbers, entries: Sequence[ColumnProfile]) -> bool:
    """Whether one of some windows alone reaches as far and as near as most numbers, which is soon seen."""
    near, far = current.quantile(1 - NEARLY_ALL), current.quantile(NEARLY_ALL)
    reached = [False, False]
    for entry in entries:
        magnitudes = [abs(number) for number in entry.buckets if number]
        if magnitudes:
            reached = [reached[0] or max(magnitudes) >= near, reached[1] or min(magnitudes) <= far]
        if all(reached):
            return True
    return False


def stretched(profile: ColumnProfile, entries: Sequence[ColumnProfile]) -> Stretch | None:
    """Whether the numbers lie far closer together, or farther apart, than in any of some windows.

    Examples
    --------
    >>> from lamplighter.core.profiles.profile import numeric_profile
    >>> past = [numeric_profile("amount", np.linspace(-10, 10 + day, 100)) for day in range(7)]
    >>> stretched(numeric_profile("amount", np.linspace(-1000, 1300, 100)), past)
    <Stretch.WIDER: 'wider'>
    >>> stretched(past[3], past) is None
    True
    """
    current, spreads = _spread(profile), []
    if not current:
        return None
    is_narrower = is_wider = True
    for entry in entries:
        spread = _spread(entry)
        if spread is None:
            continue
        spreads.append(spread)
        is_narrower &= current * STRETCHED <= spread
        is_wider &= current >= STRETCHED * spread
        if not (is_narrower or is_wider):
            return None
    if len(spreads) < FEWEST_ENTRIES or min(spreads) <= 0:
        return None
    # What spreads vary by themselves is no change of the unit.
    least = max(STRETCHED, max(spreads) / min(spreads))
    if current * least <= min(spreads):
        return Stretch.NARROWER
    return Stretch.WIDER if current >= least * max(spreads) else None


def _spread(profile: ColumnProfile) -> float | None:
    """What lies between the 5 % and the 95 % points of the numbers other than zero; None of few numbers."""
    numbers = Numbers.of(profile)
    if numbers.total < FEWEST_SPREAD:
        return None
    return representative(numbers.quantile(0.95)) - representative(numbers.quantile(0.05))
