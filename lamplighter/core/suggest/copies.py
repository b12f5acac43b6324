"""Columns that are made from an answer or a truth: row by row they would give it away."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from lamplighter.core.suggest.board import Board
from lamplighter.core.suggest.columns import FEWEST_ROWS, Column
from lamplighter.core.suggest.relations import cuts, follows_largest, nearly_equal, rises_with, says_the_same
from lamplighter.core.suggest.words import ASIDE, words

MOST_SUSPECTS = 30
"""Columns that others are held against: each is compared with each."""


def leave_out_copies(board: Board, suspects: Iterable[str]) -> None:
    """Leave out what is made from an answer, its scores, its truth, or from a column that may be one of these.

    Parameters
    ----------
    board : Board
    suspects : iterable of str
        Columns that may be an answer, a score or a truth, and have no role.
    """
    known = {column.name: column for column in board.columns}
    roles = [board.roles[role] for role in ("prediction", "truth", "score") if role in board.roles]
    sources = [*roles, *board.scores.values(), *(known[name] for name in suspects)][:MOST_SUSPECTS]
    fresh = sources
    # What is made from a copy is one, too.
    while fresh:
        found = []
        for column in board.free():
            if why := next((why for source in fresh if (why := _made_from(board, source, column))), None):
                board.leave_out(column, why)
                found.append(column)
        fresh = found
    _of_largest(board)


def _made_from(board: Board, source: Column, column: Column) -> str | None:
    """Why a column says what another says, whatever either is called; None where it does not."""
    numbers, classes = board.sample.numbers, board.sample.classes
    names = {column.name, source.name}
    if names <= {*classes} and says_the_same(classes[column.name], classes[source.name]):
        return f"says the same as {source.name}"
    if (about := {*words(source.name)}) < {*words(column.name)} <= about | ASIDE:
        return f"about {source.name}, by its name"
    if source.name not in numbers or source.is_binary:
        return None
    values = numbers[source.name]
    if column.name in numbers and _many(numbers[column.name]):
        # Of two such columns the finer one gives the order; the other may be rounded.
        if rises_with(values, numbers[column.name]) or rises_with(numbers[column.name], values):
            return f"rises and falls with {source.name}"
        return f"is nearly {source.name} in most rows" if nearly_equal(values, numbers[column.name]) else None
    if _many(values) and (few := _few(board, column)) is not None and cuts(values, few):
        return f"each of its values is a range of {source.name}"
    return None


def _many(values: npt.NDArray[np.float64]) -> bool:
    return len(np.unique(values[np.isfinite(values)])) >= FEWEST_ROWS


def _few(board: Board, column: Column) -> npt.NDArray[np.object_] | None:
    """The values of a column of few."""
    numbers, classes = board.sample.numbers, board.sample.classes
    if column.name in classes:
        return classes[column.name]
    return numbers[column.name].astype(object) if column.name in numbers and column.whole else None


def _of_largest(board: Board) -> None:
    """Numbers of which the largest says the class, as logits do."""
    answer, numbers, classes = board.roles.get("prediction"), board.sample.numbers, board.sample.classes
    if answer is None or answer.name not in classes or board.kind != "classification":
        return
    families: dict[tuple[str, ...], list[Column]] = {}
    ends = {word for name in answer.classes for word in words(name)}
    for column in board.free(lambda column: column.is_quantity and column.name in numbers):
        stem = tuple(word for word in words(column.name) if word not in ends and not word.isdigit())
        families.setdefault(stem, []).append(column)
    for family in families.values():
        if len(family) == len(answer.classes) > 1 and follows_largest(
            {column.name: numbers[column.name] for column in family}, classes[answer.name]
        ):
            for column in family:
                board.leave_out(column, f"the largest of its like says {answer.name}")
