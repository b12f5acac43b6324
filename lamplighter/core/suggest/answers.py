"""Which columns are what the model answered: its prediction, and how sure it was."""

from __future__ import annotations

import numpy as np

from lamplighter.core.numbers import number_text
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.ranked import Ranked
from lamplighter.core.suggest.board import Board, answer_strength, is_event, is_score, truth_strength
from lamplighter.core.suggest.columns import Column
from lamplighter.core.suggest.probabilities import Family, answer_of, by_class, families
from lamplighter.core.suggest.relations import divides, nearly_equal
from lamplighter.core.suggest.words import BESIDE, IN_CHARGE, PREDICTED, subject, words

SAYS_NOTHING = 0.1
"""How far from one half the AUC of a score is at least, if the answer is made from it."""


def choose_answers(board: Board, labels: Column | None = None) -> None:
    """Find the prediction and its scores.

    Parameters
    ----------
    board : Board
    labels : Column, optional
        The truth, where it is a column of another table.

    Examples
    --------
    >>> board = Board([Column("at", "time"), Column("prediction", "number", distinct=90), Column("amount", "number")])
    >>> choose_answers(board)
    >>> board.roles["prediction"].name
    'prediction'
    """
    groups = families(board)
    if not _by_largest(board, groups) and not _by_threshold(board):
        _by_name(board, labels)
    _scores(board, groups)


def _by_largest(board: Board, groups: list[Family]) -> bool:
    """The answer is the class of the largest of several probabilities."""
    for family in groups:
        found = [c for c in _answers(board) if truth_strength(c) < 2 and answer_of(board, family, c)]
        if found:
            best = max(found, key=answer_strength)
            board.take("prediction", best, f"the class of the largest of {_shown(family)}")
            return True
    return False


def _by_threshold(board: Board) -> bool:
    """The answer is what a score above or below some value says."""
    pairs = []
    for score in board.free(is_score):
        for flag in board.free(lambda column: column.is_binary and not truth_strength(column)):
            divided = _divided(board, score, flag)
            if divided:
                about = bool(subject(flag.name) & subject(score.name))
                rank = (_charge(flag), answer_strength(flag), is_event(flag), about, _charge(score))
                pairs.append((rank, score, flag, divided))
    if not pairs:
        return False
    best = max(rank for rank, *_ in pairs)
    chosen = [pair for pair in pairs if pair[0] == best]
    if len({flag.name for _, _, flag, _ in chosen}) > 1:
        for _, score, flag, _ in chosen:
            board.leave_out(flag, f"follows {score.name!r}, as others do; may be the prediction")
        return False
    _, score, flag, (high, lowest) = chosen[0]
    board.take("prediction", flag, f"{high!r} where {score.name} is {number_text(lowest, 3)} or more")
    board.take("score", score, f"tells {flag.name}, from 0 to 1")
    return True


def _charge(column: Column) -> int:
    """1 for a column of the model whose answers count, -1 for one of a model beside it, else 0."""
    found = {*words(column.name)}
    return bool(found & IN_CHARGE) - bool(found & BESIDE)


def _divided(board: Board, score: Column, flag: Column) -> tuple[str, float] | None:
    numbers, classes = board.sample.numbers, board.sample.classes
    if score.name not in numbers or flag.name not in classes:
        return None
    return divides(numbers[score.name], classes[flag.name])


def _answers(board: Board) -> list[Column]:
    return board.free(lambda column: column.is_class and column.distinct > 1)


def _by_name(board: Board, labels: Column | None) -> None:
    """The answer is what is called so."""
    named = sorted(
        (c for c in board.free(_may_answer) if answer_strength(c) > truth_strength(c)),
        key=lambda c: (-_charge(c), -answer_strength(c), c.is_probability, len(words(c.name))),
    )
    often = [column for column in named if answer_strength(column) == 1]
    if len(often) == len(named):
        paired = [column for column in named if _has_truth(board, column)]
        named = paired if len(paired) == 1 else often[:1] if len(often) == 1 and _is_alone(board, often[0]) else []
    for column in named[:1]:
        if column.is_probability and _is_probability_of(board, labels):
            board.take("score", column, "numbers from 0 to 1 beside a truth of two classes")
        else:
            board.take("prediction", column, "its name")


def _may_answer(column: Column) -> bool:
    return not is_score(column) and column.kind in ("number", "boolean", "text", "list")


def _has_truth(board: Board, column: Column) -> bool:
    """Whether a column that is named like a truth is about the same."""
    about = subject(column.name)
    others = board.free(lambda other: other is not column and other.is_quantity == column.is_quantity)
    return any(truth_strength(other) and about & subject(other.name) for other in others)


def _is_alone(board: Board, column: Column) -> bool:
    """Whether a name that only often names an answer does so here: a number needs another that may be its truth."""
    if not column.is_quantity:
        return True
    numbers, others = board.sample.numbers, board.free(lambda other: other.is_quantity and other is not column)
    return any(
        truth_strength(other)
        or subject(other.name) & subject(column.name)
        or ({other.name, column.name} <= {*numbers} and nearly_equal(numbers[other.name], numbers[column.name]))
        for other in others
    )


def _is_probability_of(board: Board, labels: Column | None) -> bool:
    truths = [labels] if labels else board.free(lambda column: truth_strength(column) > 0)
    return any(truth.is_binary for truth in truths) and not any(truth.is_quantity for truth in truths)


def _scores(board: Board, groups: list[Family]) -> None:
    """The scores of the answer, once that is known."""
    answer = board.roles.get("prediction")
    if "score" in board.roles or (answer and board.kind != "classification"):
        return
    for family in groups:
        truth = max(board.free(lambda column: column.is_class), key=truth_strength, default=None)
        seen = answer.classes if answer else truth.classes if truth and truth_strength(truth) else ()
        if scores := by_class(board, family, seen):
            board.scores |= scores
            for klass, column in scores.items():
                board.why[column.name] = f"the probability of {klass!r}"
            return
    if answer and (found := [c for c in board.free(lambda c: c.is_probability) if _divided(board, c, answer)]):
        if len(found) == 1:
            board.take("score", found[0], f"{answer.name} follows from it")
        return
    single = board.free(is_score)
    strong = [column for column in single if {*words(column.name)} & PREDICTED]
    for found in (strong, single):
        if len(found) == 1 and _tells(board, found[0], answer):
            board.take("score", found[0], "its name, and numbers from 0 to 1")
            return


def _tells(board: Board, score: Column, answer: Column | None) -> bool:
    """Whether a score says something about an answer of two classes."""
    numbers, classes = board.sample.numbers, board.sample.classes
    if answer is None or len(answer.classes) != 2 or score.name not in numbers or answer.name not in classes:
        return True
    return abs(_auc(numbers[score.name], classes[answer.name] == answer.classes[1]) - 0.5) >= SAYS_NOTHING


def _auc(score: np.ndarray, flag: np.ndarray) -> float:
    """ROC-AUC of the rows with a score; 1 where one side has none, of which nothing can be said."""
    known = np.isfinite(score)
    score, flag = score[known], flag[known]
    area = Ranked.of(score, flag, Grouping.overall(len(score)), np.argsort(score)).area()[0][0]
    return 1.0 if np.isnan(area) else float(area)


def _shown(family: Family) -> str:
    names = [column.name for column in family.values()]
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
