"""Quality of generated texts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lamplighter.core.quality.arrays import Bools, Floats, Ints, divide
from lamplighter.core.quality.estimates import NO_ROWS, Estimates, mean
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.intervals import Z
from lamplighter.core.quality.rouge import rouge
from lamplighter.core.quality.words import spaced
from lamplighter.core.records.measurement import Measurement, State
from lamplighter.core.values.identity import identity

if TYPE_CHECKING:
    from sacrebleu.metrics.bleu import BLEU

ORDERS = 4
NO_FOUR = "no prediction has four tokens"
NO_WORDS = "no label has a word, only symbols"
NO_TEXTS = "no row has a text, only bytes, lists or structures"

CHAT = frozenset({"role", "content"})
"""Keys of a message, by which the JSON of a chat is known."""

NO_TEXT = (bytes, bytearray, memoryview, list, tuple, set, frozenset, np.ndarray, Mapping)
"""What is no text, whatever could be made of it: log the text alone."""


def read_text(cell: Any) -> str | None:
    """The text of a cell: a number or a date as it is written, the empty text of a null; None of what is no text.

    Bytes, lists and structures are none, nor are the messages of a chat in JSON.

    Examples
    --------
    >>> read_text("a lamp"), read_text(42.0), read_text(None), read_text(b"a lamp"), read_text([{"role": "user"}])
    ('a lamp', '42', '', None, None)
    >>> read_text('{"role": "user", "content": "a lamp"}'), read_text('{"city": "Oslo"}')
    (None, '{"city": "Oslo"}')
    """
    if isinstance(cell, str):
        return None if cell.lstrip()[:1] in ("[", "{") and _is_chat(cell) else cell
    return None if isinstance(cell, NO_TEXT) else identity(cell) or ""


def _is_chat(text: str) -> bool:
    """Whether a text is the messages of a chat, written as JSON; other JSON may be what a model answers."""
    try:
        held = json.loads(text)
    except (ValueError, RecursionError):
        return False
    messages = held if isinstance(held, list) else [held]
    return bool(messages) and all(isinstance(it, dict) and it.keys() >= CHAT for it in messages)


def text(
    y_true: Sequence[Any], y_pred: Sequence[Any], *, groupings: Sequence[Grouping], state: State
) -> list[Measurement]:
    """Measure generated texts against one reference each.

    Parameters
    ----------
    y_true, y_pred : sequences of shape (n_rows,)
        References and generated texts, read by `read_text`. A null is an empty text: a wrong answer, which counts in
        ``n``. Rows of which one side is no text are left out, and ``n`` shows it.
    groupings : sequence of Grouping
        Ways to cut the same rows.
    state : State
        Passed on to the measurements.

    Returns
    -------
    list of Measurement
        ``bleu`` in 0..100 (of the group's texts together, as sacrebleu's default) and ``rouge1``, ``rouge2`` and
        ``rougeL`` in 0..1 (mean F-measure without stemming) of every group. Rows whose reference is of symbols
        that are no words, such as emoji, are left out of ROUGE, and its ``n`` shows it.

    Examples
    --------
    >>> found = text(["the lamps are lit at night"], ["the lamps are lit by night"],
    ...              groupings=[Grouping.overall(1)], state=State.FINAL)
    >>> {m.metric: m.value for m in found}
    {'bleu': 53.7285, 'rouge1': 0.8333, 'rouge2': 0.6, 'rougeL': 0.8333}
    """
    return GradedTexts.of(y_true, y_pred).measured(groupings, state)


@dataclass(frozen=True, eq=False)
class GradedTexts:
    """What each row adds to the metrics of texts; comparing texts takes long, and summing up does not.

    Attributes
    ----------
    counts : array of shape (n_rows, 10)
        From `bleu_counts`.
    overlaps : dict of arrays of shape (n_rows,)
        From `rouge`.
    are_texts : array of bool of shape (n_rows,)
        Rows of texts; what the others have in ``counts`` means nothing.
    have_words : array of bool of shape (n_rows,)
        Those of them that ``overlaps`` means something of.
    """

    counts: Floats
    overlaps: Mapping[str, Floats]
    are_texts: Bools
    have_words: Bools

    @classmethod
    def of(cls, y_true: Sequence[Any], y_pred: Sequence[Any]) -> GradedTexts:
        """Compare every text with its reference."""
        sides = [[read_text(cell) for cell in side] for side in (y_true, y_pred)]
        are_texts = np.array([None not in pair for pair in zip(*sides, strict=True)], bool)
        references, answers = ([cell or "" for cell in side] for side in sides)
        overlaps, readable = rouge(references, answers)
        return cls(bleu_counts(references, answers), overlaps, are_texts, are_texts & readable)

    def taken(self, rows: Ints) -> GradedTexts:
        """Some of the rows, each as often as it is named."""
        overlaps = {name: values[rows] for name, values in self.overlaps.items()}
        return GradedTexts(self.counts[rows], overlaps, self.are_texts[rows], self.have_words[rows])

    def measured(self, groupings: Sequence[Grouping], state: State) -> list[Measurement]:
        """The metrics of every group."""
        found = []
        for labelled in groupings:
            texts, worded = labelled.rows(self.are_texts), labelled.rows(self.have_words)
            absent = ((labelled.count == 0, NO_ROWS), (texts.count == 0, NO_TEXTS))
            estimates = {"bleu": bleu(self.counts[self.are_texts], texts)}
            estimates |= {
                name: mean(values[self.have_words], worded, 0.0, 1.0) for name, values in self.overlaps.items()
            }
            for name, it in estimates.items():
                cases = (*absent, *(it.undefined or ((worded.count == 0, NO_WORDS),)))
                found += Estimates(it.value, it.n, it.interval, cases).measurements(name, labelled, state)
        return found


def bleu_counts(references: Sequence[str], answers: Sequence[str]) -> Floats:
    """What BLEU of any group of rows is computed from.

    Tokens are sacrebleu's (13a), which split at spaces and punctuation; in scripts without spaces between words each
    character is a token, as in sacrebleu's tokenizer for Chinese.

    Returns
    -------
    array of shape (n_rows, 10)
        Matching 1- to 4-grams, all 1- to 4-grams of the answer, and the tokens of the answer and of the reference.

    Examples
    --------
    >>> bleu_counts(["the cat sat down"], ["the cat sat"])
    array([[3., 2., 1., 0., 3., 2., 1., 0., 3., 4.]])
    """
    scorer = _scorer()
    pairs = ((spaced(reference), spaced(answer)) for reference, answer in zip(references, answers, strict=True))
    scored = [scorer.corpus_score([answer], [[reference]]) for reference, answer in pairs]
    counts = [[*row.counts, *row.totals, row.sys_len, row.ref_len] for row in scored]
    return np.array(counts, float).reshape(-1, 2 * ORDERS + 2)


def bleu(counts: Floats, grouping: Grouping) -> Estimates:
    """BLEU of every group, in [0, 100], best 100, with the delta method's interval on its logarithm.

    The logarithm is a sum of logarithms of sums over rows, so that the influence of a row is its share of each sum;
    the squares of these add up to the variance. Where no 4-gram matches, BLEU is smoothed and has no interval.

    Parameters
    ----------
    counts : array of shape (n_rows, 10)
        From ``bleu_counts``.
    grouping : Grouping
        Of the same rows.

    References
    ----------
    Papineni et al. 2002, "BLEU: a method for automatic evaluation of machine translation".
    Post 2018, "A call for clarity in reporting BLEU scores", for the tokens and the smoothing.

    Examples
    --------
    >>> references = ["the cat sat on the mat", "a dog barked at us"]
    >>> counts = bleu_counts(references, ["the cat sat on a mat", "a dog barked at us"])
    >>> bleu(counts, Grouping.overall(2)).value
    array([74.1945])
    """
    sums = np.column_stack([grouping.total(column) for column in counts.T])
    scorer, value = _scorer(), np.full(len(sums), np.nan)
    for group, row in enumerate(sums.astype(int).tolist()):
        matches, ngrams, answer, reference = row[:ORDERS], row[ORDERS : 2 * ORDERS], row[-2], row[-1]
        value[group] = scorer.compute_bleu(matches, ngrams, answer, reference, smooth_method="exp").score

    error = np.sqrt(grouping.total(_influence(counts, sums, grouping) ** 2))
    factor = np.exp(Z * np.where(error > 0, error, np.nan))
    cases: tuple[tuple[Bools, str], ...] = (
        (grouping.count == 0, NO_ROWS),
        (sums[:, 2 * ORDERS - 1] == 0, NO_FOUR),
    )
    return Estimates(value, grouping.count, (value / factor, np.minimum(value * factor, 100.0)), cases)


def _influence(counts: Floats, sums: Floats, grouping: Grouping) -> Floats:
    """What each row adds to the logarithm of its group's BLEU; NaN where that is smoothed."""
    share = divide(counts, sums[grouping.codes])
    precision: Floats = np.sum(share[:, :ORDERS] - share[:, ORDERS : 2 * ORDERS], axis=1) / ORDERS
    answer, reference = sums[:, -2], sums[:, -1]
    # The brevity penalty is exp(1 - reference / answer) where the answers are shorter than the references.
    penalty = np.where(answer < reference, divide(reference, answer), 0.0)[grouping.codes]
    brevity: Floats = penalty * (share[:, -2] - share[:, -1])
    return precision + np.where(penalty > 0, brevity, 0.0)


def _scorer() -> BLEU:
    from sacrebleu.metrics.bleu import BLEU

    return BLEU()
