"""Counts: in messages, where one row has and two rows have, and of values, of which the largest have names."""

from __future__ import annotations

from collections.abc import Mapping

LARGEST = 50
"""Values of a column, classes and items that get numbers of their own; the history and a chart cannot hold them all."""


def counted(count: int, one: str, many: str = "") -> str:
    """A count with what is counted, and what the sentence says of it.

    Parameters
    ----------
    count : int
    one : str
        What follows 1.
    many : str, optional
        What follows other counts; by default ``one`` and an s.

    Examples
    --------
    >>> counted(1, "row"), counted(2000, "row"), counted(1, "row has", "rows have"), counted(0, "entry", "entries")
    ('1 row', '2,000 rows', '1 row has', '0 entries')
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def most_frequent(counts: Mapping[str, int], most: int | None = None) -> list[str]:
    """The names with the largest counts, the largest first; of equal ones the first in the alphabet.

    Parameters
    ----------
    counts : mapping of str to int
    most : int, optional
        How many; all by default.

    Examples
    --------
    >>> most_frequent({"b": 2, "c": 9, "a": 2}), most_frequent({"b": 2, "c": 9, "a": 2}, 2)
    (['c', 'a', 'b'], ['c', 'a'])
    """
    return sorted(counts, key=lambda name: (-counts[name], name))[:most]
