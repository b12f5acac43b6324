"""The identity of what a file of settings can hold besides floats: texts, whole numbers, true and false.

It needs neither numpy nor pyarrow, so that a command that reads monitor files alone does not wait for them (0.2 s).
The identity of every other value is in `identity.py`, which writes these in the same way.
"""

from __future__ import annotations

BINARY = frozenset({"0", "1"})
"""The identities of false and true."""


def plain_identity(value: str | int) -> str:
    """The identity of a text, a whole number or a boolean.

    Examples
    --------
    >>> plain_identity(True), plain_identity(2**64), plain_identity("late")
    ('1', '18446744073709551616', 'late')
    """
    return readable(value) if isinstance(value, str) else str(int(value))


def readable(text: str) -> str:
    """A text that Arrow and a database take: a surrogate, which is half a character, is written as its escape."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
