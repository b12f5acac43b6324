"""Breaks that no schema tells: a feed that froze, a unit that changed, nulls that rose, rows that came twice.

A window's columns are held against those of the sound windows right before it. What a model may be wrong about, such as
more customers from the north, is drift; what no such window has ever looked like is a break.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from lamplighter.core.finding import Code, Finding
from lamplighter.core.profile import ACCURACY, ColumnProfile

BUCKET = (1 + ACCURACY) / (1 - ACCURACY)
"""By how much the value grows from one bucket of a profile to the next."""

PAST_WINDOWS = 14
"""Windows that a window is held against: of days two weeks, so that every weekday is among them twice."""

FEWEST_WINDOWS = 7
"""Sound windows below which nothing is said. What has been so in some seven of them is what is usual from then on."""

FEWEST_ROWS = 50
NULLS_USUAL, NULLS_MORE = 0.05, 0.05
"""A column that lacks at most so many values in any past window may lack so many more; of one that often lacks some,
nobody can say."""

FROZEN, FEWEST_DISTINCT = 3, 9
"""A column is frozen that has a third of the distinct values of its poorest past window, where that had some."""

GAP = 0.25
"""A level has changed where no value lies in the range of the past, and the nearest is so much of that range away."""

FITS, MISFITS = 0.95, 0.85
"""A unit has changed where so many rows have values that occurred before, once all are divided by one factor, and at
most so many as they are, or divided by any other."""

SMALLEST_FACTOR, ANOTHER = 20, 5
"""In buckets of one per cent: a factor of a fifth; and from where on a factor is another one."""

Profiles = Mapping[str, ColumnProfile]
Told = str | None


def breaks_of(model: str, current: Profiles, past: Sequence[Profiles]) -> Iterator[Finding]:
    """What broke in a window's features.

    Parameters
    ----------
    model : str
    current : mapping of str to ColumnProfile
        The window's features.
    past : sequence of such mappings
        Those of the sound windows before it.
    """
    if len(past) < FEWEST_WINDOWS or max((profile.rows for profile in current.values()), default=0) < FEWEST_ROWS:
        return
    if any(_same(current, profiles) for profiles in past):
        told = "its features are, row for row, those of an earlier window; deliver the day's own rows"
        yield Finding(Code.WINDOW_REPEATED, "", f"{model}: {told}")
        return
    for name, profile in current.items():
        before = [profiles[name] for profiles in past if name in profiles and profiles[name].present]
        if len(before) < FEWEST_WINDOWS or profile.kind != before[0].kind:
            continue
        for code, look in LOOKS:
            if seen := look(profile, before):
                yield Finding(code, name, f"{model}: column {name!r} {seen}")
                break


def _same(current: Profiles, past: Profiles) -> bool:
    """Whether two windows hold the same values: by counts, in columns of many values."""
    varied = [name for name, profile in current.items() if len(profile.buckets) > FEWEST_DISTINCT]
    return bool(varied) and all(
        name in past
        and (profile.rows, profile.nulls, profile.buckets, profile.categories)
        == (past[name].rows, past[name].nulls, past[name].buckets, past[name].categories)
        for name, profile in current.items()
    )


def _before(past: Sequence[ColumnProfile]) -> str:
    return f"the {len(past)} windows before"


def _nulls(profile: ColumnProfile, past: Sequence[ColumnProfile]) -> Told:
    share, worst = profile.nulls / profile.rows, max(entry.nulls / entry.rows for entry in past)
    # Three standard errors of a rare null: fewer rows need more of them.
    more = max(NULLS_MORE, 3 * math.sqrt(NULLS_USUAL / profile.rows))
    if worst > NULLS_USUAL or share <= worst + more:
        return None
    told = f"is null in {share:.0%} of the rows, and in at most {worst:.0%} of {_before(past)}"
    return f"{told}; mend its feed"


def _frozen(profile: ColumnProfile, past: Sequence[ColumnProfile]) -> Told:
    distinct, poorest = len(profile.buckets), min(len(entry.buckets) for entry in past)
    if profile.kind != "numeric" or poorest < FEWEST_DISTINCT or distinct * FROZEN > poorest or not distinct:
        return None
    told = f"has {distinct} different values, and had at least {poorest} in {_before(past)}"
    return f"{told}; is its feed frozen?"


def _level(profile: ColumnProfile, past: Sequence[ColumnProfile]) -> Told:
    if profile.kind != "numeric" or len(profile.buckets) < FEWEST_DISTINCT:
        return None
    low, high = min(entry.minimum for entry in past), max(entry.maximum for entry in past)
    away = max(low - profile.maximum, profile.minimum - high)
    if away <= GAP * (high - low):
        return None
    here, there = f"{profile.minimum:.4g} to {profile.maximum:.4g}", f"{low:.4g} to {high:.4g}"
    return f"lies between {here}, and lay between {there} in {_before(past)}; which unit is it in?"


def _unit(profile: ColumnProfile, past: Sequence[ColumnProfile]) -> Told:
    """A factor moves every value by as many buckets, which shows where the values are few enough to tell apart."""
    if profile.kind != "numeric" or profile.minimum <= 0 or len(profile.buckets) < FEWEST_DISTINCT:
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
    factor = BUCKET ** int(shifts[best])
    return f"is {factor:.3g} times what it was in {_before(past)}; which unit is it in?"


LOOKS: tuple[tuple[Code, Callable[[ColumnProfile, Sequence[ColumnProfile]], Told]], ...] = (
    (Code.NULLS_RISEN, _nulls),
    (Code.FEED_FROZEN, _frozen),
    (Code.SCALE_CHANGED, _level),
    (Code.SCALE_CHANGED, _unit),
)
"""How breaks of a column are looked for, the plainest first: of one column one is told."""
