"""The items of a cell: a list, whatever wrote it, or a single item."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lamplighter.core.values.identity import identity

Items = list[str]

COLLECTIONS = (list, tuple, set, frozenset, np.ndarray)

TOKEN = re.compile(
    r"""\s*,?\s*(?:
        (?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")      # 'a', as Python and numpy write a text
      | np\.\w+\((?P<scalar>'[^']*'|"[^"]*"|[^()'"]*)\)     # np.int64(3), as Python writes a list of numpy's numbers
      | (?P<plain>[^\s,\[\](){}'"]+)                         # 3, 1., None
    )""",
    re.VERBOSE | re.DOTALL,
)

NOTHING = frozenset({"None", "nan", "NaN", "null", "NULL", "<NA>", "NaT"})
FLAGS = {"True": "1", "False": "0"}
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?inf")
CUT = "..."
"""What numpy writes in place of the middle of a long array."""


def read_items(cell: Any) -> Items | None:
    """The identities of the items of a cell, nulls left out; None where it is a list that cannot be read.

    Parameters
    ----------
    cell : object
        A collection of items; the same as text, as JSON, Python or numpy write it; a single item; or a null.

    Examples
    --------
    >>> read_items([12, None, "a"]), read_items('["a", 12.0]'), read_items("[1 2 3]"), read_items("['a', 'b']")
    (['12', 'a'], ['a', '12'], ['1', '2', '3'], ['a', 'b'])
    >>> read_items("tea"), read_items(12), read_items(None)
    (['tea'], ['12'], [])
    >>> read_items([{"item": "a"}]), read_items("[1, 2"), read_items("[1 2 ... 9]")
    (None, None, None)
    """
    if isinstance(cell, str):
        text = cell.strip()
        return _from_text(text) if text[:1] == "[" else [cell]
    if isinstance(cell, COLLECTIONS):
        return _from_collection(cell)
    if isinstance(cell, Mapping):
        return None
    single = identity(cell)
    return [] if single is None else [single]


Lists = list["Items | None"]


def read_lists(y_true: Sequence[Any], y_pred: Sequence[Any]) -> tuple[Lists, Lists]:
    """The items of the cells of both columns, as `read_items` reads them.

    A text in brackets may be the name of an item. Where the lists of the other column hold such a text as an item, all
    texts of the column are names but those that are lists in JSON.

    Examples
    --------
    >>> read_lists(["[A]", "B"], [["[A]", "[B]"], ["B"]])
    ([['[A]'], ['B']], [['[A]', '[B]'], ['B']])
    >>> read_lists(["[1 2]", "3"], [["1", "2"], ["3"]])
    ([['1', '2'], ['3']], [['1', '2'], ['3']])
    """
    columns = (y_true, y_pred)
    read = [[read_items(cell) for cell in column] for column in columns]
    held = [{item for items in side if items for item in items} for side in read]
    for i, column in enumerate(columns):
        if any(_in_brackets(cell) and cell in held[1 - i] for cell in column):
            read[i] = [[cell] if _in_brackets(cell) else items for cell, items in zip(column, read[i], strict=True)]
    return read[0], read[1]


def _in_brackets(cell: Any) -> bool:
    """Whether a text that begins as a list is none in JSON."""
    if not isinstance(cell, str) or cell[:1] != "[":
        return False
    try:
        return not isinstance(json.loads(cell), list)
    except (ValueError, RecursionError):
        return True


def _from_collection(cell: Any) -> Items | None:
    # By class, of which a list has few: a cell may hold half a million items.
    if any(issubclass(kind, (*COLLECTIONS, Mapping)) for kind in set(map(type, cell))):
        return None
    found = (item if isinstance(item, str) else str(item) if type(item) is int else identity(item) for item in cell)
    return [item for item in found if item is not None]


def _from_text(text: str) -> Items | None:
    try:
        return _from_collection(json.loads(text))
    except (ValueError, RecursionError):
        return _from_tokens(text[1:-1].strip()) if text[-1] == "]" and len(text) > 1 else None


def _from_tokens(text: str) -> Items | None:
    """What stands between the brackets, as Python and numpy write it."""
    found, at = [], 0
    while at < len(text):
        token = TOKEN.match(text, at)
        if token is None or token["plain"] == CUT:
            return None
        at = token.end()
        item = _from_token(token)
        if item is not None:
            found.append(item)
    return found


def _unquoted(literal: str) -> str | None:
    """What stands in quotes, its escapes read as Python writes them."""
    if "\\" not in literal:
        return literal[1:-1]
    try:
        return identity(ast.literal_eval(literal.replace("\n", "\\n")))
    except (ValueError, SyntaxError):
        return literal[1:-1]


def _from_token(token: re.Match[str]) -> str | None:
    quoted, plain = token["quoted"], token["plain"]
    if quoted is None and token["scalar"] is not None:
        quoted, plain = (token["scalar"], None) if token["scalar"][:1] in "'\"" else (None, token["scalar"])
    if quoted is not None:
        return _unquoted(quoted)
    if plain is None or plain in NOTHING:
        return None
    if plain in FLAGS:
        return FLAGS[plain]
    if NUMBER.fullmatch(plain):
        return plain.lstrip("+") if plain.lstrip("+-").isdigit() else identity(float(plain))
    return plain
