"""Which columns are what the model answered: its prediction, and how sure it was."""

from __future__ import annotations

from lamplighter.core.suggest.board import Board
from lamplighter.core.suggest.class_probabilities import Family, answer_of, families
from lamplighter.core.suggest.column_names import answer_strength, is_score, truth_strength
from lamplighter.core.suggest.columns import Column
from lamplighter.core.suggest.relations import nearly_equal
from lamplighter.core.suggest.scores import by_threshold, charge, choose_scores
from lamplighter.core.suggest.words import subject, words


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
    if not _by_largest(board, groups) and not by_threshold(board):
        _by_name(board, labels)
    choose_scores(board, groups)


def _by_largest(board: Board, groups: list[Family]) -> bool:
    """The answer is the class of the largest of several probabilities."""
    for family in groups:
        found = [c for c in _answers(board) if truth_strength(c) < 2 and answer_of(board, family, c)]
        if found:
            best = max(found, key=answer_strength)
            board.take("prediction", best, f"the class of the largest of {_shown(family)}")
            return True
    return False


def _answers(board: Board) -> list[Column]:
    return board.free(lambda column: column.is_class and column.distinct > 1)


def _by_name(board: Board, labels: Column | None) -> None:
    """The answer is what is called so."""
    named = sorted(
        (c for c in board.free(_may_answer) if answer_strength(c) > truth_strength(c)),
        key=lambda c: (-charge(c), -answer_strength(c), c.is_probability, len(words(c.name))),
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


def _shown(family: Family) -> str:
    names = [column.name for column in family.values()]
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
