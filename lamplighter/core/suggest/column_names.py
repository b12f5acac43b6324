"""What the name of a column says of it: an answer, a truth, a score, an event, or something about one of these."""

from __future__ import annotations

from itertools import pairwise

from lamplighter.core.suggest.columns import Column
from lamplighter.core.suggest.words import (
    ANSWERED,
    AROUND_ERRORS,
    ASIDE,
    EVENTS,
    OBSERVED,
    OF_ERRORS,
    PREDICTED,
    SCORE,
    TRUE,
    names_a_score,
    strength,
    words,
)

AT_THE_START = frozenset({"will", "was", "did", "y"})
"""Words that say what a column is only where they begin its name, as in ``was_late``."""

NOT_ALONE = frozenset({"real", "y"})
"""Words that say it only where they are the whole name."""


def is_about_errors(name: str) -> bool:
    """Whether a name is that of what is computed from answer and truth, such as ``abs_error``.

    Examples
    --------
    >>> is_about_errors("abs_error"), is_about_errors("error_code")
    (True, False)
    """
    found = {*words(name)}
    return bool(found & OF_ERRORS) and found <= OF_ERRORS | AROUND_ERRORS | PREDICTED


def is_aside(name: str) -> bool:
    """Whether a name is that of something about an answer or a truth, such as ``pred_lower`` or ``label_source``.

    Examples
    --------
    >>> is_aside("pred_lower"), is_aside("label_source"), is_aside("prediction")
    (True, True, False)
    """
    found = words(name)
    about = {*found} & (PREDICTED | TRUE | ANSWERED)
    number = any(a in ("p", "q") and b.isdigit() for a, b in pairwise(found))
    return bool(about) and (bool({*found} & ASIDE - about) or number)


def answer_strength(column: Column) -> int:
    """How much a name is that of an answer: 2, 1 or 0.

    Examples
    --------
    >>> [answer_strength(Column(name, "number")) for name in ("prediction", "output", "amount")]
    [2, 1, 0]
    """
    found = words(column.name)
    if is_aside(column.name) or is_about_errors(column.name):
        return 0
    level = strength(column.name, PREDICTED, frozenset(word for word in ANSWERED if _counts(word, found)))
    top = any(a == "top" and (b.isdigit() or b in ("k", "n")) for a, b in pairwise(found))
    return max(level, int(top))


def truth_strength(column: Column) -> int:
    """How much a name is that of the truth: 2, 1 or 0; an answer's word wins, as in ``predicted_label``.

    Examples
    --------
    >>> [truth_strength(Column(name, "number")) for name in ("y_true", "observed", "predicted_label", "amount")]
    [2, 1, 0, 0]
    """
    found = words(column.name)
    if is_aside(column.name) or is_about_errors(column.name) or strength(column.name, PREDICTED, frozenset()) == 2:
        return 0
    return strength(column.name, TRUE, frozenset(word for word in OBSERVED | {"real", "y"} if _counts(word, found)))


def _counts(word: str, found: tuple[str, ...]) -> bool:
    if word in NOT_ALONE:
        return found == (word,)
    return found[:1] == (word,) if word in AT_THE_START else word in found


def is_event(column: Column) -> bool:
    """Whether a column of flags is named after what models foresee.

    Examples
    --------
    >>> [is_event(Column(name, "boolean", distinct=2, classes=("0", "1"))) for name in ("churned", "is_member")]
    [True, False]
    """
    return column.is_binary and bool({*words(column.name)} & EVENTS)


def is_score(column: Column) -> bool:
    """Whether a column is named as a score and holds numbers from 0 to 1; the last word counts, as in `label_score`.

    Examples
    --------
    >>> [is_score(Column(name, "number", minimum=0.0, maximum=1.0)) for name in ("probability", "amount")]
    [True, False]
    """
    if not (column.is_probability and names_a_score(column.name)):
        return False
    return words(column.name)[-1] in SCORE or not (truth_strength(column) == 2 or is_aside(column.name))
