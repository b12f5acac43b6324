"""ROUGE: how many words, pairs of words, and words in order an answer shares with its reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from lamplighter.core.quality.arrays import Bools, Floats
from lamplighter.core.quality.words import words

ROUGE = ("rouge1", "rouge2", "rougeL")


def rouge(references: Sequence[str], answers: Sequence[str]) -> tuple[dict[str, Floats], Bools]:
    """F-measure of every row for each kind of ROUGE, without stemming.

    Parameters
    ----------
    references, answers : sequences of shape (n_rows,)

    Returns
    -------
    scores : dict of arrays of shape (n_rows,)
        ``rouge1``, ``rouge2`` and ``rougeL``, in [0, 1], best 1. Of English texts they equal rouge-score's.
    readable : array of bool of shape (n_rows,)
        False where the reference is of symbols that are no words, such as emoji: nothing can be shared with it, and the
        score of the row means nothing. An empty reference, and one of ASCII punctuation, scores 0 as in rouge-score.

    References
    ----------
    Lin 2004, "ROUGE: a package for automatic evaluation of summaries".

    Examples
    --------
    >>> scores, readable = rouge(["the lamp is lit"], ["the lamp was lit"])
    >>> {name: values.tolist() for name, values in scores.items()}
    {'rouge1': [0.75], 'rouge2': [0.3333], 'rougeL': [0.75]}
    """
    pairs = [(words(reference), words(answer)) for reference, answer in zip(references, answers, strict=True)]
    scored = [
        (_shared(reference, answer, 1), _shared(reference, answer, 2), _in_order(reference, answer))
        for reference, answer in pairs
    ]
    columns = np.array(scored, float).reshape(-1, len(ROUGE)).T
    readable = [bool(found) or text.isascii() for text, (found, _) in zip(references, pairs, strict=True)]
    return dict(zip(ROUGE, columns, strict=True)), np.array(readable, bool)


def _shared(reference: list[str], answer: list[str], n: int) -> float:
    """F-measure of the n-grams of two texts."""
    wanted, given = (Counter(zip(*(text[i:] for i in range(n)), strict=False)) for text in (reference, answer))
    return _f_measure((wanted & given).total(), wanted.total(), given.total())


def _in_order(reference: list[str], answer: list[str]) -> float:
    return _f_measure(longest_common_subsequence(reference, answer), len(reference), len(answer))


def _f_measure(shared: int, wanted: int, given: int) -> float:
    if not shared:
        return 0.0
    precision, recall = shared / given, shared / wanted
    return 2 * precision * recall / (precision + recall)


def longest_common_subsequence(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest sequence of words that both have in this order.

    One step for each word of ``other``, on integers of a bit for each word of ``one`` (Hyyrö 2004, "Bit-parallel
    LCS-length computation revisited"): texts of 2,500 words take milliseconds, a table of all pairs seconds.

    Examples
    --------
    >>> longest_common_subsequence("a b c d".split(), "a x c d b".split())
    3
    """
    places: dict[str, int] = {}
    for i, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << i
    everywhere = (1 << len(one)) - 1
    free = everywhere
    for word in other:
        matched = free & places.get(word, 0)
        free = ((free + matched) | (free - matched)) & everywhere
    return len(one) - free.bit_count()
