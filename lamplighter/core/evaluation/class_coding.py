"""Whether labels are coded in another way: classes never seen before take the place of known ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamplighter.core.profiles.one_class import ACCIDENT, FEWEST_LABELS, FEWEST_PAST

REPLACED = 0.25
"""Share of the labels that known classes had which are gone, from which on they were replaced and not renamed: of two
classes one is always enough."""

TAKEN_OVER = 0.5
"""How much of the share of rarer classes that are gone the new ones have to have."""

FEWEST_NEW = 5
"""Labels of new classes below which they are slips."""


@dataclass(frozen=True, slots=True)
class Recoded:
    """How the classes of a window differ from those of the windows before.

    Attributes
    ----------
    new, gone : tuple of str
        Classes that were never there, and those that are there no more; the commonest first.
    share, usual : float
        Of the labels that are of new classes, and of those that were of the classes that are gone.
    """

    new: tuple[str, ...]
    gone: tuple[str, ...]
    share: float
    usual: float


def recoded(counts: Mapping[str, int], past: Sequence[Mapping[str, int]]) -> Recoded | None:
    """How labels were coded anew, where they were.

    A class is gone whose absence is no accident, half of its usual share being counted on, since days differ.

    Parameters
    ----------
    counts : mapping of str to int
        Labels of each class of the window.
    past : sequence of mappings
        The same of the windows before.

    Examples
    --------
    >>> past = [{"0": 60, "1": 40}] * 3
    >>> recoded({"1": 60, "2": 40}, past)
    Recoded(new=('2',), gone=('0',), share=0.4, usual=0.6)
    >>> recoded({"0": 60, "1": 38, "2": 2}, past), recoded({"1": 100}, past)
    (None, None)
    """
    usual: Counter[str] = Counter()
    windows = [entry for entry in past if sum(entry.values()) >= FEWEST_LABELS]
    for entry in windows:
        usual.update(entry)
    total, labels = sum(counts.values()), sum(usual.values())
    if total < FEWEST_LABELS or len(windows) < FEWEST_PAST or _are_ever_new(windows):
        return None
    new = [name for name, count in counts.items() if count and not usual[name]]
    missing = [name for name, count in usual.items() if count and not counts.get(name)]
    gone = [name for name in missing if (1 - usual[name] / labels / 2) ** total < ACCIDENT]
    share, replaced = sum(counts[name] for name in new) / total, sum(usual[name] for name in gone) / labels
    taken_over = share >= TAKEN_OVER * replaced and 2 * len(gone) >= len(usual)
    if share > 1 - REPLACED and missing:
        # Where hardly a label is of a known class, they are coded anew however rare each class was.
        gone, replaced = missing, sum(usual[name] for name in missing) / labels
    elif share * total < FEWEST_NEW or not gone or not (replaced >= REPLACED or taken_over):
        return None
    return Recoded(_ordered(new, counts), _ordered(gone, usual), share, replaced)


def _ordered(names: Sequence[str], counts: Mapping[str, int]) -> tuple[str, ...]:
    """The commonest first."""
    return tuple(sorted(names, key=lambda name: (-counts[name], name)))


def _are_ever_new(windows: Sequence[Mapping[str, int]]) -> bool:
    """Whether classes of one window alone are usual, as of labels that are names of the day."""
    seen = Counter(name for entry in windows for name, count in entry.items() if count)
    once = sum(count for entry in windows for name, count in entry.items() if seen[name] == 1)
    return 2 * once > sum(sum(entry.values()) for entry in windows)
