"""The frames that a report may show: few values a column, no markup, and nothing that is private in the clear."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lamplighter.core.counts import LARGEST
from lamplighter.core.drift.columns import NULL, Coded, check, encode, filled, numeric_values
from lamplighter.core.markup import markdown
from lamplighter.core.profiles.profile import ColumnKind
from lamplighter.core.values.identity import identity
from lamplighter.core.values.key_name import OTHER, key_name

NORM_FLOOR = 0.001
"""Evidently divides the Wasserstein distance by the reference's standard deviation, but by no less than this."""


def shown(
    reference: pd.DataFrame, current: pd.DataFrame, column: str, kind: ColumnKind, *, private: bool = False
) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Both sides of a column as a report may show them: numbers as floats, categories as texts.

    A private number is standardised by mean and standard deviation of the reference, a private category becomes
    `value 1`, `value 2`, ... by its frequency. Neither changes a drift score: what is compared are ranks, distances
    in standard deviations, or shares.

    Raises
    ------
    Undecided
        If there is nothing to show, or the values are not of this kind.

    Examples
    --------
    >>> reference = pd.DataFrame({"carrier": ["UA", "UA", "AA"]})
    >>> current = pd.DataFrame({"carrier": ["AA", "DL", None]})
    >>> shown(reference, current, "carrier", "categorical", private=True)[1].tolist()
    ['value 2', 'value 3', None]
    """
    check(reference, current, column)
    return filled(*SHOWABLE[kind](reference[column], current[column], private=private))


def plain(text: Hashable) -> str:
    """The text without what would end a script: Evidently writes values into one unescaped.

    Examples
    --------
    >>> plain("</script>")
    '‹/script>'
    """
    return str(text).replace("<", "‹")


def written(text: str) -> str:
    r"""The text as a part of the head, which is Markdown.

    Examples
    --------
    >>> written("![x](y) </script>")
    '!\\[x\\](y) ‹/script>'
    """
    return markdown(plain(text)).replace("&gt;", ">")


def names(values: Sequence[Hashable]) -> list[str]:
    """How categories are written: as in the history.

    Examples
    --------
    >>> names([1.0, "AA", True])
    ['1', 'AA', '1']
    """
    return [plain(key_name(identity(value))) for value in values]


def _numbers(
    reference: pd.Series[float], current: pd.Series[float], *, private: bool
) -> tuple[pd.Series[float], pd.Series[float]]:
    """Finite floats, standardised when they are private."""
    ours, theirs = (
        numeric_values(side).astype("float64").replace([-np.inf, np.inf], np.nan).reset_index(drop=True)
        for side in (reference, current)
    )
    if not private:
        return ours, theirs
    mean, spread = ours.mean(), ours.std(ddof=0)
    scale = spread if spread >= NORM_FLOOR else 1.0
    return (ours - mean) / scale, (theirs - mean) / scale


def _categories(
    reference: pd.Series[float], current: pd.Series[float], *, private: bool
) -> tuple[pd.Series[str], pd.Series[str]]:
    """Texts, the most frequent ones by name and all the rest as one."""
    coded = encode(reference, current)
    order = _by_frequency(coded)
    labels = np.full(len(coded.values) + 1, OTHER, dtype=object)
    written = names(coded.values)
    for rank, code in enumerate(order[:LARGEST], start=1):
        labels[code] = f"value {rank}" if private else written[code]
    labels[NULL] = None
    ours, theirs = (pd.Series(labels[codes], dtype=object) for codes in coded.codes)
    return ours, theirs


def _by_frequency(coded: Coded) -> list[int]:
    """Codes from the most frequent value in the reference down, so that a window's new values come last."""
    in_reference, in_current = (np.bincount(codes[codes >= 0], minlength=len(coded.values)) for codes in coded.codes)
    written = names(coded.values)
    return sorted(range(len(coded.values)), key=lambda code: (-in_reference[code], -in_current[code], written[code]))


SHOWABLE: dict[ColumnKind, Callable[..., tuple[pd.Series[Any], pd.Series[Any]]]] = {
    "numeric": _numbers,
    "categorical": _categories,
}
"""By kind: how a column is shown."""
