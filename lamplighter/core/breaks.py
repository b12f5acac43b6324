"""Breaks that no schema tells: a feed that froze, a unit that changed, nulls that rose, rows that came twice.

A window's columns are held against those of the sound windows before it. What a model may be wrong about, such as more
customers from the north, is drift; what no such window has ever looked like is a break. A break lasts until the column
is like those windows again, however long ago they are, or until a person accepts what it is now.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lamplighter.core.finding import Code, Finding
from lamplighter.core.profile import ColumnProfile
from lamplighter.core.unlike import BUCKET, FEWEST_NUMBERS, RESPELLED, Compared, known_values

PAST_WINDOWS = 14
"""Windows that a window is held against: of days two weeks, so that every weekday is among them twice."""

USUAL_WINDOWS = 60
"""Windows that tell by how much a column usually differs: foggy days and storms come once in some weeks."""

FEWEST_WINDOWS = 7
"""Sound windows below which nothing is said."""

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


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a column is held against.

    Attributes
    ----------
    past : list of ColumnProfile
        Of the sound windows before; after an acceptance those of the accepted state.
    older : list of ColumnProfile
        Of the windows before an acceptance: by how much they differ is usual.
    open_codes : tuple of Code
        Breaks that the newest window before had, and that last until the column is known to be sound.
    since : str
        Label of the window in which those began.
    """

    past: list[ColumnProfile] = field(default_factory=list)
    older: list[ColumnProfile] = field(default_factory=list)
    open_codes: tuple[Code, ...] = ()
    since: str = ""

    @property
    def is_enough(self) -> bool:
        """Whether there are enough windows; the few after an acceptance are taken together with those before."""
        return bool(self.past) and len(self.past) + len(self.older) >= FEWEST_WINDOWS


def breaks_of(
    model: str,
    current: Profiles,
    past: Sequence[Profiles],
    baselines: Mapping[str, Baseline] | None = None,
    private: Sequence[str] = (),
) -> Iterator[Finding]:
    """What broke in a window's features.

    Parameters
    ----------
    model : str
    current : mapping of str to ColumnProfile
        The window's features.
    past : sequence of such mappings
        Those of the windows right before it.
    baselines : mapping of str to Baseline, optional
        What each column is held against; by default the past, as if it had been sound.
    private : sequence of str
        Columns of which no value may be named.
    """
    if baselines is None:
        baselines = {name: Baseline([it[name] for it in past if name in it]) for name in current}
    rows = max((profile.rows for profile in current.values()), default=0)
    repeated = rows >= FEWEST_ROWS and len(past) >= FEWEST_WINDOWS and any(_same(current, it) for it in past)
    if repeated:
        told = "its features are, row for row, those of an earlier window; deliver the day's own rows"
        yield Finding(Code.WINDOW_REPEATED, "", f"{model}: {told}")
    for name, profile in current.items():
        baseline = baselines.get(name, Baseline())
        if found := _break(profile, baseline, is_private=name in private, repeated=repeated):
            yield Finding(found[0], name, f"{model}: column {name!r} {found[1]}")


def _break(profile: ColumnProfile, baseline: Baseline, *, is_private: bool, repeated: bool) -> tuple[Code, str] | None:
    """The break of a column, if it has one: a new one, or one that lasts."""
    before = [entry for entry in baseline.past if entry.present and entry.kind == profile.kind]
    comparable = profile.rows >= FEWEST_ROWS and not repeated and Baseline(before, baseline.older).is_enough
    if comparable and profile.present:
        older = [entry for entry in baseline.older if entry.present and entry.kind == profile.kind]
        for code, look in LOOKS:
            if seen := look(profile, before, older):
                return code, _without_values(code, seen) if is_private else seen
    for code in baseline.open_codes:
        if not (comparable and _is_over(code, profile, before)):
            doubt = _doubt(profile, before, repeated)
            lasting = f"has not been sound since {baseline.since}: {doubt}"
            return code, f"{lasting}; mend its feed, or `lamplighter incidents accept` what it is now"
    return None


def _is_over(code: Code, profile: ColumnProfile, past: Sequence[ColumnProfile]) -> bool:
    """Whether a break that lasted is known to be over, which takes more than that it is not seen."""
    if not profile.present:
        return False
    if code is Code.SCALE_CHANGED:
        compared = Compared.of(profile, past)
        return compared is not None and compared.is_like
    if code is Code.VALUES_CHANGED:
        known = known_values(profile, past)
        return known is not None and known.is_like
    return True


def _doubt(profile: ColumnProfile, past: Sequence[ColumnProfile], repeated: bool) -> str:
    """Why nobody can say that a column is sound again."""
    if repeated:
        return "the window repeats an earlier one"
    if profile.rows < FEWEST_ROWS:
        return f"the window has {profile.rows} rows, and {FEWEST_ROWS} are needed to see"
    if not profile.present:
        return "the window has no value of it"
    if not past:
        return "there is no sound window left to hold it against"
    if profile.kind == "numeric" and sum(profile.buckets.values()) - profile.buckets.get(0, 0) < FEWEST_NUMBERS:
        return f"the window has fewer than {FEWEST_NUMBERS} numbers other than 0"
    return f"its values are not yet like those of {_before(past)}"


def _without_values(code: Code, seen: str) -> str:
    """What is said of a private column."""
    return "is null more often than before; mend its feed" if code is Code.NULLS_RISEN else PRIVATE


PRIVATE = "has hardly a value that occurred in the windows before; is it written in another way?"


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


def _nulls(profile: ColumnProfile, past: Sequence[ColumnProfile], _: Sequence[ColumnProfile]) -> Told:
    share, worst = profile.nulls / profile.rows, max(entry.nulls / entry.rows for entry in past)
    # Three standard errors of a rare null: fewer rows need more of them.
    more = max(NULLS_MORE, 3 * math.sqrt(NULLS_USUAL / profile.rows))
    if worst > NULLS_USUAL or share <= worst + more:
        return None
    told = f"is null in {share:.0%} of the rows, and in at most {worst:.0%} of {_before(past)}"
    return f"{told}; mend its feed"


def _frozen(profile: ColumnProfile, past: Sequence[ColumnProfile], _: Sequence[ColumnProfile]) -> Told:
    distinct, poorest = len(profile.buckets), min(len(entry.buckets) for entry in past)
    if profile.kind != "numeric" or poorest < FEWEST_DISTINCT or distinct * FROZEN > poorest or not distinct:
        return None
    told = f"has {distinct} different values, and had at least {poorest} in {_before(past)}"
    return f"{told}; is its feed frozen?"


def _level(profile: ColumnProfile, past: Sequence[ColumnProfile], _: Sequence[ColumnProfile]) -> Told:
    if len(past) < FEWEST_WINDOWS or profile.kind != "numeric" or len(profile.buckets) < FEWEST_DISTINCT:
        return None
    low, high = min(entry.minimum for entry in past), max(entry.maximum for entry in past)
    away = max(low - profile.maximum, profile.minimum - high)
    if away <= GAP * (high - low):
        return None
    here, there = f"{profile.minimum:.4g} to {profile.maximum:.4g}", f"{low:.4g} to {high:.4g}"
    return f"lies between {here}, and lay between {there} in {_before(past)}; which unit is it in?"


def _unit(profile: ColumnProfile, past: Sequence[ColumnProfile], _: Sequence[ColumnProfile]) -> Told:
    """A factor moves every value by as many buckets, which shows where the values are few enough to tell apart."""
    if (
        len(past) < FEWEST_WINDOWS
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
    factor = BUCKET ** int(shifts[best])
    return f"is {factor:.3g} times what it was in {_before(past)}; which unit is it in?"


def _moved(profile: ColumnProfile, past: Sequence[ColumnProfile], older: Sequence[ColumnProfile]) -> Told:
    """Numbers that were multiplied, whose sign was turned, or that lie where hardly one did."""
    compared = Compared.of(profile, past, older) if profile.kind == "numeric" else None
    if compared is None:
        return None
    if compared.has_turned():
        return f"has the opposite sign of what it had in {_before(past)}; restore it"
    if factor := compared.factor():
        return f"is about {factor:.3g} times what it was in {_before(past)}; which unit is it in?"
    if not compared.is_elsewhere():
        return None
    here, there = _middle([profile]), _middle(past)
    return f"lies mostly between {here}, and lay mostly between {there} in {_before(past)}; which unit is it in?"


def _middle(profiles: Sequence[ColumnProfile]) -> str:
    low = float(np.median([profile.quantile(0.1) for profile in profiles]))
    high = float(np.median([profile.quantile(0.9) for profile in profiles]))
    return f"{low:.4g} and {high:.4g}"


def _values(profile: ColumnProfile, past: Sequence[ColumnProfile], _: Sequence[ColumnProfile]) -> Told:
    """Categories of which hardly one occurred before, or that are spelled in another way."""
    known = known_values(profile, past) if profile.kind == "categorical" else None
    if known is None:
        return None
    if known.respelled >= RESPELLED and known.example:
        new, old = known.example
        told = f"is written in another way in {known.respelled:.0%} of the rows, such as {new!r} for {old!r}"
        return f"{told} in {_before(past)}; restore how it was written"
    if not known.is_new:
        return None
    new = max(profile.categories, key=lambda value: profile.categories[value], default="many different ones")
    usual: dict[str, int] = {}
    for entry in past:
        for value, count in entry.categories.items():
            usual[value] = usual.get(value, 0) + count
    old = max(usual, key=lambda value: usual[value])
    told = f"has values, such as {new!r}, of which {known.share:.0%} occurred in {_before(past)}, such as {old!r}"
    return f"{told}; is it coded in another way?"


Look = Callable[[ColumnProfile, Sequence[ColumnProfile], Sequence[ColumnProfile]], Told]

LOOKS: tuple[tuple[Code, Look], ...] = (
    (Code.NULLS_RISEN, _nulls),
    (Code.FEED_FROZEN, _frozen),
    (Code.SCALE_CHANGED, _level),
    (Code.SCALE_CHANGED, _unit),
    (Code.SCALE_CHANGED, _moved),
    (Code.VALUES_CHANGED, _values),
)
"""How breaks of a column are looked for, the plainest first: of one column one is told."""
