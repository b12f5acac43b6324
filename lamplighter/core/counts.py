"""Counts in messages: one row has, two rows have."""

from __future__ import annotations


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
