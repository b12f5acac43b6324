"""Which of the remaining columns are features, and which are left out of them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

from lamplighter.core.monitor.columns import INDEX_OF_PANDAS
from lamplighter.core.numbers import number_text
from lamplighter.core.suggest.board import Board
from lamplighter.core.suggest.column_names import (
    answer_strength,
    is_about_errors,
    is_aside,
    is_event,
    is_score,
    truth_strength,
)
from lamplighter.core.suggest.columns import FEWEST_ROWS, Column
from lamplighter.core.suggest.copies import leave_out_copies
from lamplighter.core.suggest.relations import divides, nearly_equal
from lamplighter.core.suggest.words import ID, LASTED, ROW_NUMBER, SCORE, SERVED, names_a_score, subject, words

MOST_CODES = 50
"""Values up to which the ids of something, such as stores, are categories."""

CLOCK = frozenset({"year", "month", "day", "date", "dt", "ds", "hour", "minute"})
"""Keys of paths that are another one each day."""

MOST_COMPARED = 100
"""Columns that are compared pair by pair."""

Rule = Callable[[Board, Column], str | None]


def leave_out_the_rest(board: Board) -> tuple[str, ...]:
    """Leave out what is no feature, or may be none; the columns that remain are features.

    Returns
    -------
    tuple of str
        Numeric features that are codes, not quantities.

    Examples
    --------
    >>> columns = [Column("amount", "number"), Column("store_id", "number", distinct=9), Column("note", "other")]
    >>> board = Board(columns)
    >>> leave_out_the_rest(board), board.left_out
    (('store_id',), {'note': 'neither numbers nor categories'})
    """
    # What was left out so far may be an answer or a truth.
    suspects = [*board.left_out]
    for column in board.free():
        if found := next(((why, rule) for rule in RULES if (why := rule(board, column))), None):
            board.leave_out(column, found[0])
            suspects += [column.name] if found[1] in GIVE_AWAY else []
    leave_out_copies(board, suspects)
    if not {"prediction", "score"} & {*board.roles} and not board.scores:
        _pairs(board)
    codes = []
    for column in board.free():
        is_code = column.kind == "number" and bool({*words(column.name)} & ID)
        codes += [column.name] if is_code else []
        board.why[column.name] = "ids of few things" if is_code else "no other role"
    return tuple(codes)


def _no_values(board: Board, column: Column) -> str | None:
    return "no value in any row" if column.is_empty else None


def _no_type(board: Board, column: Column) -> str | None:
    if column.kind == "time":
        return f"a time; that of the prediction is {board.roles['time'].name}"
    return None if column.kind in ("number", "boolean", "text") else "neither numbers nor categories"


def _tells_time(board: Board, column: Column) -> str | None:
    return "tells the time of the file" if column.in_path and column.name.lower() in CLOCK else None


def _row_numbers(board: Board, column: Column) -> str | None:
    numbered = bool({*words(column.name)} & ROW_NUMBER) or column.name.startswith(INDEX_OF_PANDAS)
    return "the number of the row" if numbered and column.unique else None


def _texts(board: Board, column: Column) -> str | None:
    if column.is_prose:
        return "sentences, no categories"
    different = column.kind == "text" and column.unique and (column.rows >= FEWEST_ROWS or not column.rows)
    return "another text in every row" if different else None


def _ids(board: Board, column: Column) -> str | None:
    named = bool({*words(column.name)} & ID)
    return "an identifier; its values mean nothing" if named and column.distinct > MOST_CODES else None


def _about_answers(board: Board, column: Column) -> str | None:
    if is_about_errors(column.name):
        return "computed from the answer and the truth"
    return "about an answer or a truth, no input" if is_aside(column.name) else None


def _service(board: Board, column: Column) -> str | None:
    found = {*words(column.name)}
    is_time = "latency" in found or bool(found & SERVED and found & LASTED)
    return "how long the service took, no input" if is_time and column.kind == "number" else None


def _answers(board: Board, column: Column) -> str | None:
    answer, level = board.roles.get("prediction"), answer_strength(column)
    if level == 2 or (level == 1 and answer is None):
        return f"named like an answer; {answer.name} was taken" if answer else "may be an answer of the model"
    return None


def _truths(board: Board, column: Column) -> str | None:
    is_open = not {"prediction", "truth"} <= {*board.roles}
    if truth_strength(column) == 2 or (is_open and (truth_strength(column) or is_event(column))):
        return "may be a truth or an answer"
    answer = board.roles.get("prediction")
    if is_event(column) and answer and subject(column.name) & subject(answer.name):
        return f"about what {answer.name} answers"
    return None


def _scores(board: Board, column: Column) -> str | None:
    has_score = "score" in board.roles or bool(board.scores)
    if is_score(column):
        return "may be a score of this or of another model"
    if column.kind != "number" or not names_a_score(column.name) or has_score:
        return None
    if board.kind != "classification" or not {*words(column.name)} & SCORE or column.is_binary:
        return None
    return "may be the score, but is not within 0 to 1"


RULES: tuple[Rule, ...] = (
    _no_values, _tells_time, _row_numbers, _no_type, _texts, _service, _about_answers, _answers, _truths, _scores, _ids,
)  # fmt: skip
"""Why a column is no feature; the first reason counts."""

GIVE_AWAY: tuple[Rule, ...] = (_answers, _truths, _scores)
"""Those by which a column may be an answer or a truth, so that what is made from it is none either."""


def _pairs(board: Board) -> None:
    """Where no answer was found: flags that follow from numbers between 0 and 1 may be one, and these its score."""
    numbers, classes = board.sample.numbers, board.sample.classes
    for score in board.free(lambda column: column.is_probability):
        for flag in board.free(lambda column: column.is_binary):
            known = score.name in numbers and flag.name in classes
            if known and (found := divides(numbers[score.name], classes[flag.name])):
                board.leave_out(
                    flag, f"may be an answer: {found[0]!r} where {score.name} is {number_text(found[1], 3)} or more"
                )
                board.leave_out(score, f"may be the score of {flag.name}")
    quantities = board.free(lambda column: column.is_quantity and column.name in numbers)[:MOST_COMPARED]
    for one, other in combinations(quantities, 2):
        if nearly_equal(numbers[one.name], numbers[other.name]):
            board.leave_out(one, f"is nearly {other.name} in most rows; may be an answer or its truth")
            board.leave_out(other, f"is nearly {one.name} in most rows; may be an answer or its truth")
