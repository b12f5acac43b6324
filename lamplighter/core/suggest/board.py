"""Which columns have a role already, which have none yet, and which are left out of the features, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from lamplighter.core.suggest.columns import NO_SAMPLE, Column, Sample
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


@dataclass
class Board:
    """The state of a guess."""

    columns: Sequence[Column]
    sample: Sample = NO_SAMPLE
    roles: dict[str, Column] = field(default_factory=dict)
    scores: dict[str, Column] = field(default_factory=dict)
    """By class, where there are several."""
    why: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def take(self, role: str, column: Column, why: str) -> None:
        """Give a column its role."""
        self.roles[role] = column
        self.why[column.name] = why

    def leave_out(self, column: Column, why: str) -> None:
        """Keep a column out of the features."""
        self.left_out.setdefault(column.name, why)

    def free(self, fits: Callable[[Column], bool] = lambda column: True) -> list[Column]:
        """Columns without a role that fit, in the order of the table."""
        taken = {column.name for column in [*self.roles.values(), *self.scores.values()]}
        return [c for c in self.columns if c.name not in taken and c.name not in self.left_out and fits(c)]

    @property
    def kind(self) -> str:
        """The kind of model, as its answer and its truth say."""
        answer, truth = self.roles.get("prediction"), self.roles.get("truth")
        if answer is None:
            return "classification"
        if answer.kind == "list":
            return "ranking"
        if answer.is_prose:
            return "text"
        if answer.is_empty and answer.kind in ("number", "null") and truth:
            answer = truth
        return "regression" if answer.is_quantity else "classification"


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
