"""What each column was taken for, and why, as lines of a text."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby

from lamplighter.core.suggest.columns import Column
from lamplighter.core.suggest.roles import Roles

WIDTH = 80
"""Of a terminal as it comes."""

MOST_ALIKE = 8
"""Columns of one role and reason that get a line each."""

LONGEST_NAME = 28
GAP = "  "
HEADINGS = ("column", "type", "taken for", "why")

Row = tuple[str, str, str, str]


def explained(roles: Roles) -> list[str]:
    r"""A table of all columns: first those with a role, then those that are left out, then the features.

    Returns
    -------
    list of str
        Lines of at most 78 signs, so that a comment fits a terminal; a reason may take several.

    Examples
    --------
    >>> from lamplighter.core.suggest.roles import roles_of
    >>> columns = [Column("at", "time"), Column("amount", "number"), Column("prediction", "number")]
    >>> print(*explained(roles_of(columns)), sep="\n")
    column      type    taken for   why
    at          time    time        holds times
    prediction  number  prediction  its name
    amount      number  feature     no other role
    """
    rows = [HEADINGS, *_rows(roles)]
    widths = [min(max(_width(row[i]) for row in rows), WIDTH // 2) for i in range(3)]
    indent = sum(widths) + 3 * len(GAP)
    lines = []
    for *cells, why in rows:
        start = GAP.join(cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True))
        first, *more = textwrap.wrap(why, max(WIDTH - 2 - indent, 20)) or [""]
        lines += [f"{start}{GAP}{first}".rstrip(), *(" " * indent + line for line in more)]
    return lines


def _rows(roles: Roles) -> Iterator[Row]:
    described = [(_described(roles, column), column) for column in roles.columns]
    described.sort(key=lambda entry: (_rank(entry[0][0]), entry[0][1] if entry[0][0] == "left out" else ""))
    for (taken, why), group in groupby(described, key=lambda entry: entry[0]):
        alike = [column for _, column in group]
        shown = alike if len(alike) <= MOST_ALIKE else alike[: MOST_ALIKE // 2]
        yield from ((_cut(shown_name(column.name)), column.kind, taken, why) for column in shown)
        if more := alike[len(shown) :]:
            kinds = sorted({column.kind for column in more})
            yield f"... {len(more)} more", kinds[0] if len(kinds) == 1 else "several", taken, why


def _described(roles: Roles, column: Column) -> tuple[str, str]:
    name = column.name
    # Of which class a score is stands in the reason; the name of a class may be long.
    return roles.taken_for(name).partition(" of ")[0], roles.left_out.get(name) or roles.why.get(name, "")


def _rank(taken: str) -> int:
    order = ("time", "id", "version", "prediction", "score", "truth", "left out", "feature")
    return next(i for i, role in enumerate(order) if taken.startswith(role))


def shown_name(name: str) -> str:
    r"""A name as a line may show it; in quotes where blanks or signs that are not seen belong to it.

    Examples
    --------
    >>> shown_name("y_true"), shown_name("y_true "), shown_name("a\nb")
    ('y_true', "'y_true '", "'a\\nb'")
    """
    return name if name.isprintable() and name.strip() == name and name else _ascii_quoted(name)


def _ascii_quoted(name: str) -> str:
    """A name in quotes, with signs that are not seen written out."""
    return "'" + "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in name) + "'"


def _cut(text: str) -> str:
    while _width(text) > LONGEST_NAME:
        text = text[: -2 if text.endswith("…") else -1].rstrip("…") + "…"
    return text


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else not unicodedata.combining(sign) for sign in text)


def commented(lines: Sequence[str]) -> list[str]:
    """Lines as comments.

    Examples
    --------
    >>> commented(["two lines", ""])
    ['# two lines', '#']
    """
    return [f"# {line}".rstrip() for line in lines]
