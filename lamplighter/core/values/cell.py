"""The identity of a cell of a CSV file, which has a spelling and no type.

1.10 may be a version and 12e4 an id, and another file, or another day, may hold the same value with a type. So a cell
is its text unless the text is what a program writes for a number or a flag; no other cell of the column matters.

============  =====================  ===========================================
cell          identity               the rule
============  =====================  ===========================================
12, 0.5       12, 0.5                its text
1.0           1                      a program's spelling of a whole number
1.10, 12e4    1.10, 12e4             no program spells a number so
true, False   1, 0                   as a flag of any other file
============  =====================  ===========================================
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.core.values.identity import identities, identity

FLAGS = {"true": "1", "True": "1", "TRUE": "1", "false": "0", "False": "0", "FALSE": "0"}
"""Spellings of a flag, and the identity that a flag has."""

WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)")
NUMBER = re.compile(r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?|inf)")
OTHERS = (
    r"^-?[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]{1,3})?$|^-?[0-9]+[eE][+-]?[0-9]{1,3}$|^-0$|^-?inf$"
    r"|^(?:true|True|TRUE|false|False|FALSE)$"
)
"""Cells whose identity may be another text."""

Column: TypeAlias = "pa.Array | pa.ChunkedArray"


class Reading(StrEnum):
    """What cells of a column are read as, where they are compared with the values of another column."""

    CELLS = "cells"
    """Each by its own spelling: nothing says what the other column holds, or it is of cells as well."""

    TEXT = "text"
    """All as their text: so is the other column."""

    NUMBERS = "numbers"
    """As numbers, where they are some: so is the other column, and 1.50 is 1.5."""


def as_flags(values: Iterable[str], beside: Iterable[str]) -> dict[str, str]:
    """The identities of flags that are written as words, where what they are held against holds flags alone.

    A flag of a table is 1 or 0, and the same column as text may say True and False.

    Examples
    --------
    >>> as_flags(["True", "False"], ["1", "0"]), as_flags(["True", "unsure"], ["1"]), as_flags(["True"], ["1", "2"])
    ({'True': '1', 'False': '0'}, {'True': '1'}, {})
    """
    known = frozenset(beside)
    if not known or not known <= {"0", "1"}:
        return {}
    return {value: FLAGS[value] for value in values if value in FLAGS}


def cell_identity(text: str, reading: Reading = Reading.CELLS) -> str:
    """The identity of a cell.

    Examples
    --------
    >>> [cell_identity(text) for text in ("12", "1.0", "1.10", "0.5", "12e4", "1e-05", "007", "True", "yes")]
    ['12', '1', '1.10', '0.5', '12e4', '1e-05', '007', '1', 'yes']
    >>> [cell_identity(text, Reading.NUMBERS) for text in ("1.10", "12e4", "9007199254740993.00", "007", "yes")]
    ['1.1', '120000', '9007199254740993', '007', 'yes']
    """
    if reading is Reading.TEXT:
        return text
    if text in FLAGS:
        return FLAGS[text]
    if text.endswith(".0") and WHOLE.fullmatch(text[:-2]):
        text = text[:-2]
    if WHOLE.fullmatch(text):
        return "0" if text == "-0" else text
    if not NUMBER.fullmatch(text):
        return text
    number = float(text)
    if repr(number) == text:
        return identity(number) or text
    return identity(Decimal(text)) or text if reading is Reading.NUMBERS else text


def cell_identities(texts: Column, reading: Reading = Reading.CELLS) -> pa.Array:
    """The identity of each cell of a column of text.

    Examples
    --------
    >>> cell_identities(pa.array(["1.0", None, "A7"])).to_pylist()
    ['1', None, 'A7']
    """
    array = identities(texts)
    odd = pc.fill_null(pc.match_substring_regex(array, OTHERS), False)
    if reading is Reading.TEXT or not pc.any(odd, min_count=0).as_py():
        return array
    coded = array.filter(odd).dictionary_encode()
    held = [cell_identity(text, reading) for text in coded.dictionary.to_pylist()]
    return pc.replace_with_mask(array, odd, pa.array(held, pa.string()).take(coded.indices))
