"""What a person may have meant by a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST_SHOWN = 60
"""Known names that a message shows: all metrics of a kind of model, but not the columns of a wide table."""


def among(name: object, known: Iterable[str]) -> str:
    """The end of a message about an unknown name.

    Examples
    --------
    >>> among("f2", ["accuracy", "f1"])
    "did you mean 'f1'? known: accuracy, f1"
    >>> among("x", [])
    'known: none'
    """
    names = list(known)
    # Of a short name one letter in two must do, so that 'f2' finds 'f1'.
    near = get_close_matches(str(name), names, n=1, cutoff=0.5 if len(str(name)) < 4 else 0.6)
    hint = f"did you mean {near[0]!r}? " if near else ""
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    return f"{hint}known: {', '.join(names[:MOST_SHOWN]) or 'none'}{more}"
