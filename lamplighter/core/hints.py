"""What a person may have meant by a name that is not known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

MOST_SHOWN = 60
"""Known names that a message shows: all metrics of a kind of model, but not the columns of a wide table."""


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """The end of a message about an unknown name.

    Examples
    --------
    >>> did_you_mean("f2", ["accuracy", "f1"])
    "did you mean 'f1'? known: accuracy, f1"
    >>> did_you_mean("x", [])
    'known: none'
    """
    names = list(known)
    meant = nearest(name, names)
    hint = f"did you mean {meant!r}? " if meant is not None else ""
    return f"{hint}known: {shown_names(names)}"


def nearest(name: object, known: Iterable[str]) -> str | None:
    """The known name that is like an unknown one; None where none is.

    Examples
    --------
    >>> nearest("f2", ["accuracy", "f1"]), nearest("x", ["accuracy"])
    ('f1', None)
    """
    # Of a short name one letter in two must do, so that 'f2' finds 'f1'.
    near = get_close_matches(str(name), list(known), n=1, cutoff=0.5 if len(str(name)) < 4 else 0.6)
    return near[0] if near else None


def quoted(name: str) -> str:
    """A name as a list shows it: in quotes where its ends, or what it is, would not be seen.

    Examples
    --------
    >>> quoted("amount in EUR"), quoted("pred "), quoted("a, b"), quoted("")
    ('amount in EUR', "'pred '", "'a, b'", "''")
    """
    return name if name and name == name.strip() and "," not in name and name.isprintable() else repr(name)


def shown_names(names: Iterable[str]) -> str:
    """Names as a message lists them, the first of many.

    Examples
    --------
    >>> shown_names(["id", "pred "])
    "id, 'pred '"
    """
    listed = list(names)
    more = f" and {len(listed) - MOST_SHOWN} more" if len(listed) > MOST_SHOWN else ""
    return f"{', '.join(map(quoted, listed[:MOST_SHOWN])) or 'none'}{more}"


def spelled(name: str, known: Iterable[str]) -> str | None:
    """The name that was meant: the same but for case, blanks and signs, else one that is close.

    Examples
    --------
    >>> spelled("pred", ["id", "PRED "]), spelled("prediction", ["Prediktion"]), spelled("pred", ["score"])
    ('PRED ', 'Prediktion', None)
    """
    names = list(known)
    bare = {re.sub(r"[\W_]", "", other).casefold(): other for other in reversed(names)}
    alike = bare.get(re.sub(r"[\W_]", "", name).casefold())
    near = get_close_matches(name.casefold(), [other.casefold() for other in names], n=1, cutoff=0.7)
    return alike or next((other for other in names if near and other.casefold() == near[0]), None)


def names_listed(name: str, known: Iterable[str]) -> str:
    """The end of a message about a column that is not there.

    Examples
    --------
    >>> names_listed("pred", ["id", "Pred"])
    "did you mean 'Pred'? it has id, Pred"
    """
    names = list(known)
    meant = spelled(name, names)
    return f"{f'did you mean {meant!r}? ' if meant else ''}it has {shown_names(names)}"
