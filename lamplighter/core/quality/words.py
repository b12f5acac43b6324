"""The words of a text, in any script."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any

ASCII_WORD = re.compile(r"[a-z0-9]+")
ZERO_WIDTH_SPACE = "\u200b"
"""Stands between words, where a space is not written."""

UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Scripts that put no space between words: there each character, with its marks, is a word."""


def words(text: str) -> list[str]:
    """Lower-case words of a text: runs of letters, marks and decimal digits.

    Of ASCII text these are the words of rouge-score, which knows no letters but a to z. In scripts without spaces
    between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese) each character is a word. Letters are compared in
    Unicode's composed form (NFC); invisible signs such as soft hyphens and joiners are left out, and a zero-width
    space parts words.

    Examples
    --------
    >>> words("The lamp's LIT."), words("Größe: 3,5 м²"), words("夜のlamp")
    (['the', 'lamp', 's', 'lit'], ['größe', '3', '5', 'м'], ['夜', 'の', 'lamp'])
    """
    if text.isascii():
        return ASCII_WORD.findall(text.lower())
    # Composed twice: lower case may leave a letter and its mark apart.
    composed = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower()).replace(ZERO_WIDTH_SPACE, " ")
    found: list[str] = _words().findall(_invisible().sub("", composed))
    return found


def spaced(text: str) -> str:
    """A text with spaces around each character of a script that has none, for tokenizers that split at spaces.

    Examples
    --------
    >>> spaced("夜のlamp"), spaced("a lamp")
    (' 夜  の lamp', 'a lamp')
    """
    return text if text.isascii() else str(_unspaced().sub(r" \g<0> ", text.replace(ZERO_WIDTH_SPACE, " ")))


@lru_cache(maxsize=1)
def _words() -> Any:
    return _compiled(rf"[{UNSPACED}]\p{{M}}*|[[\p{{L}}\p{{M}}\p{{Nd}}\p{{Nl}}]--[{UNSPACED}]]+")


@lru_cache(maxsize=1)
def _unspaced() -> Any:
    return _compiled(rf"[{UNSPACED}]\p{{M}}*")


@lru_cache(maxsize=1)
def _invisible() -> Any:
    return _compiled(r"\p{Cf}")


def _compiled(pattern: str) -> Any:
    """A pattern of `regex`, which knows scripts; imported when a text is first read, since most models have none."""
    import regex

    return regex.compile(pattern, regex.VERSION1)
