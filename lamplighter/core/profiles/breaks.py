"""Breaks that no schema shows: a feed that froze, a unit that changed, nulls that rose, rows that came twice.

A window's columns are held against those of the sound windows before it, and where they differ against those of the
same phase: of days the same weekday, of hours the same hour, and the same hour of the week. What a model may be wrong
about, such as more customers from the north, is drift; what no such window has ever looked like is a break. A break
lasts until the column is like those windows again, however long ago they are, or until a person accepts what it is now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress

from lamplighter.core.numbers import number_text
from lamplighter.core.profiles.break_rules import (
    FEWEST_DISTINCT,
    FEWEST_WINDOWS,
    NULLS_MORE,
    Before,
    is_known_like,
    is_of_phase,
    seen,
)
from lamplighter.core.profiles.distances import FEWEST_NUMBERS
from lamplighter.core.profiles.profile import ColumnProfile
from lamplighter.core.records.finding import Code, Finding

PAST_WINDOWS = 14
"""Windows that a window is compared with: two weeks of days, so that they hold every weekday twice."""

USUAL_WINDOWS = 60
"""Windows that show by how much a column usually differs: foggy days and storms come once in some weeks."""

FEWEST_ROWS = 50

Profiles = Mapping[str, ColumnProfile]

SamePhase = Callable[[str], Sequence[Sequence[ColumnProfile]]]
"""Gets the name of a column, and returns its profiles in earlier windows of each phase that the window belongs to. It
is asked of a column that differs from the newest windows, and of no other: those profiles have to be read."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a column is compared with.

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
    fewest : int
        Sound windows below which nothing is said.
    phases : list of int
        Those of the past and older windows, such as weekdays; empty where they are not known.
    phase : int
        That of the window which is looked at; -1 where it is not known.
    """

    past: list[ColumnProfile] = field(default_factory=list)
    older: list[ColumnProfile] = field(default_factory=list)
    open_codes: tuple[Code, ...] = ()
    since: str = ""
    fewest: int = FEWEST_WINDOWS
    phases: list[int] = field(default_factory=list)
    phase: int = -1

    @property
    def is_enough(self) -> bool:
        """Whether there are enough windows; the few after an acceptance are taken together with those before."""
        return bool(self.past) and len(self.past) + len(self.older) >= self.fewest

    def like(self, profile: ColumnProfile) -> Baseline:
        """The same with the windows alone in which the column held values of the same kind."""
        kept = [it.present > 0 and it.kind == profile.kind for it in (*self.past, *self.older)]
        past = [*compress(self.past, kept)]
        older = [*compress(self.older, kept[len(self.past) :])]
        return replace(self, past=past, older=older, phases=[*compress(self.phases, kept)])

    @property
    def before(self) -> Before:
        """The windows that the column is held against."""
        return Before(self.past, self.older, phases=self.phases, phase=self.phase)


def breaks_of(
    current: Profiles,
    past: Sequence[Profiles],
    baselines: Mapping[str, Baseline] | None = None,
    private: Sequence[str] = (),
    same_phase: SamePhase | None = None,
) -> Iterator[Finding]:
    """What broke in a window's features.

    Parameters
    ----------
    current : mapping of str to ColumnProfile
        The window's features.
    past : sequence of such mappings
        Those of the windows right before it.
    baselines : mapping of str to Baseline, optional
        What each column is held against; by default the past, as if it had been sound.
    private : sequence of str
        Columns of which no value may be named.
    same_phase : callable, optional
        Gives the earlier windows of the same phase; a column that is like one of these groups is sound.

    Examples
    --------
    >>> from lamplighter.core.profiles.profile import categorical_profile
    >>> past = [{"plan": categorical_profile("plan", {"basic": 60 + n, "pro": 40 - n}, nulls=0)} for n in range(7)]
    >>> found = breaks_of({"plan": categorical_profile("plan", {"basic": 5}, nulls=95)}, past)
    >>> [(it.code.value, it.subject) for it in found]
    [('nulls-risen', 'plan')]
    """
    if baselines is None:
        baselines = {name: Baseline([it[name] for it in past if name in it]) for name in current}
    rows = max((profile.rows for profile in current.values()), default=0)
    repeated = rows >= FEWEST_ROWS and len(past) >= FEWEST_WINDOWS and any(_same(current, it) for it in past)
    if repeated:
        what = "its features are, row for row, those of an earlier window; deliver the day's own rows"
        yield Finding(Code.WINDOW_REPEATED, "", what)
    for name, profile in current.items():
        column = Column(profile, baselines.get(name, Baseline()).like(profile), same_phase, repeated=repeated)
        if found := column.broken(is_private=name in private):
            yield Finding(found[0], name, f"column {name!r} {found[1]}")


def score_breaks(scores: Profiles, baselines: Mapping[str, Baseline]) -> Iterator[Finding]:
    """Scores that were probabilities and are percent, logits or anything else now.

    How probabilities are distributed is the model's affair, and a new version may answer otherwise; scores that never
    were probabilities are a finding that breaks nothing.

    Parameters
    ----------
    scores : mapping of str to ColumnProfile
    baselines : mapping of str to Baseline

    Examples
    --------
    >>> import numpy as np
    >>> from lamplighter.core.profiles.profile import numeric_profile
    >>> sound = numeric_profile("p", np.linspace(0, 1, 100), slack=0.0)
    >>> percent = numeric_profile("p", np.linspace(0, 100, 100), slack=0.0)
    >>> found = score_breaks({"p": percent}, {"p": Baseline([sound] * FEWEST_WINDOWS)})
    >>> [(it.code.value, it.subject) for it in found]
    [('scale-changed', 'p')]
    """
    for name, profile in scores.items():
        baseline = baselines.get(name, Baseline()).like(profile)
        comparable = profile.rows >= FEWEST_ROWS and profile.present > 0 and bool(baseline.past)
        if comparable:
            usual, share = max(map(_improbable, baseline.past)), _improbable(profile)
            if share > usual + NULLS_MORE:
                what = f"lies outside of 0 to 1 in {share:.0%} of the rows, between {number_text(profile.minimum)} and"
                before = f"{number_text(profile.maximum)}, and did in at most {usual:.0%} of {baseline.before.named}"
                cure = "log probabilities again"
                yield Finding(Code.SCALE_CHANGED, name, f"score column {name!r} {what} {before}; {cure}")
        elif Code.SCALE_CHANGED in baseline.open_codes:
            lasting = f"score column {name!r} has not been sound since {baseline.since}, and this window does not show"
            yield Finding(Code.SCALE_CHANGED, name, f"{lasting} that it is; log probabilities again")


def _improbable(profile: ColumnProfile) -> float:
    return profile.improbable / max(profile.present, 1)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the window that is looked at.

    Attributes
    ----------
    profile : ColumnProfile
    baseline : Baseline
    same_phase : callable or None
    repeated : bool
        Whether the window repeats an earlier one, so that nothing can be said of it.
    """

    profile: ColumnProfile
    baseline: Baseline
    same_phase: SamePhase | None
    repeated: bool

    @property
    def is_comparable(self) -> bool:
        """Whether there is enough to compare."""
        return self.profile.rows >= FEWEST_ROWS and not self.repeated and self.baseline.is_enough

    def broken(self, *, is_private: bool) -> tuple[Code, str] | None:
        """The break of the column, if it has one: a new one, or one that lasts."""
        if self.is_comparable and self.profile.present:
            found = seen(self.profile, self.baseline.before)
            if found and not self._is_of_phase(found[0]):
                return (found[0], PRIVATE[found[0]]) if is_private else found
        for code in self.baseline.open_codes:
            if not (self.is_comparable and self._is_over(code)):
                lasting = f"has not been sound since {self.baseline.since}: {self._doubt()}"
                return code, f"{lasting}; mend its feed, or `lamplighter incidents accept` what it is now"
        return None

    def _is_over(self, code: Code) -> bool:
        """Whether a break that lasted is known to be over, which takes more than that it is not seen."""
        if not self.profile.present:
            return False
        return is_known_like(code, self.profile, Before(self.baseline.past)) or self._is_of_phase(code)

    def _is_of_phase(self, code: Code) -> bool:
        """Whether the column is what it was in earlier windows of the same phase."""
        if self.same_phase is None:
            return False
        groups = (
            [it for it in group if it.kind == self.profile.kind and it.rows >= FEWEST_ROWS]
            for group in self.same_phase(self.profile.column)
        )
        return any(group and is_of_phase(code, self.profile, group) for group in groups)

    def _doubt(self) -> str:
        """Why it cannot be said that the column is sound again."""
        profile, past = self.profile, self.baseline.past
        if self.repeated:
            return "the window repeats an earlier one"
        if profile.rows < FEWEST_ROWS:
            return f"the window has {profile.rows} rows, and {FEWEST_ROWS} are needed to see"
        if not profile.present:
            return "the window has no value of it"
        if not past:
            return "there is no sound window left to compare it with"
        if profile.kind == "numeric" and sum(profile.buckets.values()) - profile.buckets.get(0, 0) < FEWEST_NUMBERS:
            return f"the window has fewer than {FEWEST_NUMBERS} numbers other than 0"
        return f"its values are not yet like those of {Before(past).named}"


PRIVATE = {
    Code.NULLS_RISEN: "is null more often than before; mend its feed",
    Code.FEED_FROZEN: "has one value in every row, and had several before; is its feed frozen?",
    Code.SCALE_CHANGED: "has other numbers than before; which unit is it in?",
    Code.VALUES_CHANGED: "has hardly a value that occurred in the windows before; is it written in another way?",
}
"""What is said of a private column."""


def _same(current: Profiles, past: Profiles) -> bool:
    """Whether two windows hold the same values: by counts, in columns of many values."""
    varied = [name for name, profile in current.items() if len(profile.buckets) > FEWEST_DISTINCT]
    return bool(varied) and all(
        name in past
        and (profile.rows, profile.nulls, profile.buckets, profile.categories)
        == (past[name].rows, past[name].nulls, past[name].buckets, past[name].categories)
        for name, profile in current.items()
    )
