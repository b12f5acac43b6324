"""The name under which a value of the data is a key of the history.

A value is written as it is, unless that would read as something else: as no value, as the rest, as nothing at all, or
as another value that differs in what cannot be seen. It is then written as JSON text, in quotes; and since a value that
begins with a quote is, too, no two values have one name. A long value is cut and named by a hash of the whole.
"""

from __future__ import annotations

import hashlib
import json

NULL = "null"
"""What rows without a value are called."""

OTHER = "other"
"""What the values are called that are too many for names of their own."""

RESERVED = frozenset({NULL, OTHER})

MOST_BYTES = 400
"""PostgreSQL refuses an entry of an index above 2,704 bytes; the longest holds a column and three values."""

SHOWN = 60
"""Characters that are kept of a longer one."""


def key_name(identity: str | None) -> str:
    """The name of a value, by its identity.

    Examples
    --------
    >>> [key_name(value) for value in ("JFK", None, "null", "other", "", " a", '"b"')]
    ['JFK', 'null', '"null"', '"other"', '""', '" a"', '"\\\\"b\\\\""']
    >>> print(key_name("a\\0b"), key_name("x" * 3000))
    "a\\u0000b" "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"…e1630f843370f402
    """
    if identity is None:
        return NULL
    if identity in RESERVED or identity != identity.strip():
        return _short(identity) or _quoted(identity)
    return column_key(identity)


def column_key(name: str) -> str:
    """The name of a column as a key: no value is mistaken for it, so only what cannot be read or stored is replaced.

    Examples
    --------
    >>> column_key("other"), column_key("")
    ('other', '""')
    """
    if short := _short(name):
        return short
    return name if name and name.isprintable() and name[0] != '"' else _quoted(name)


def storable(text: str) -> str:
    r"""A text that every database takes: PostgreSQL has no character 0, and neither has half a character.

    Examples
    --------
    >>> print(storable("a\0b"))
    a\x00b
    """
    if "\0" not in text and text.isascii():
        return text
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")


def _short(text: str) -> str:
    """The name of a text that is too long; empty where it is not."""
    # A character becomes twelve bytes at most, such as \udb40\udc41.
    if len(text) <= MOST_BYTES // 12 or len(_quoted(text).encode()) <= MOST_BYTES:
        return ""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    shown = next(cut for cut in (text[:SHOWN], text[: SHOWN // 2]) if len(_quoted(cut).encode()) < MOST_BYTES - 20)
    return f"{_quoted(shown)}…{digest}"


def _quoted(text: str) -> str:
    written = json.dumps(text, ensure_ascii=False)
    if written.isprintable():
        return written
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in written)
