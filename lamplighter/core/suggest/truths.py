"""Which column is the truth that the answer is compared with."""

from __future__ import annotations

from lamplighter.core.suggest.board import Board
from lamplighter.core.suggest.column_names import is_about_errors, is_aside, is_event, is_score, truth_strength
from lamplighter.core.suggest.columns import Column
from lamplighter.core.suggest.relations import agreement, correlation, nearly_equal
from lamplighter.core.suggest.words import EVENTS, subject, words

OPPOSITE = -0.2
"""Agreement below which two columns of flags mean opposite things."""

MOVES_ALONG = 0.3
"""Correlation or agreement from which a column has to do with the answer, if its name says no more than a hint."""

VERY_ALIKE = 0.6
"""Agreement from which a column without a clear name may be the truth all the same."""


def choose_truth(board: Board) -> None:
    """Find the truth in the columns without a role; a column that may or may not be the truth is left out.

    Examples
    --------
    >>> from lamplighter.core.suggest.columns import Column
    >>> answer, truth = (Column(name, "number", distinct=90, rows=100) for name in ("prediction", "actual"))
    >>> board = Board([answer, truth], roles={"prediction": answer})
    >>> choose_truth(board)
    >>> board.roles["truth"].name, board.why["actual"]
    ('actual', 'its name')
    """
    answer = board.roles.get("prediction")
    free = board.free(lambda c: c.kind in ("number", "boolean", "text", "list", "null") and not is_score(c))
    named = [column for column in free if truth_strength(column) == 2]
    hinted = [column for column in free if column not in named and _is_hinted(board, column)]
    fitting = [column for column in named if answer and _fits(answer, column, board.kind)]
    if fitting:
        board.take("truth", min(fitting, key=lambda c: (c.is_empty, len(c.name))), "its name")
    elif answer and not named:
        fitting = [column for column in hinted if _fits(answer, column, board.kind) and _moves_along(board, column)]
        if len(fitting) == 1:
            board.take("truth", fitting[0], f"its name, and values that go with {answer.name}")
    open_ = "truth" not in board.roles
    for column in [*named, *(hinted if open_ else [])]:
        if column is not board.roles.get("truth"):
            board.leave_out(column, _why_not(board, column))
    if answer and open_:
        _by_values(board, answer)


def _is_hinted(board: Board, column: Column) -> bool:
    """Whether a name hints at a truth: by a word, by an event, or by the subject of the answer."""
    if is_aside(column.name) or is_about_errors(column.name):
        return False
    answers = [board.roles[role] for role in ("prediction", "score") if role in board.roles]
    about = {*subject(column.name)}
    shared = any(about & {*subject(answer.name)} for answer in answers)
    exact = any(about == {*subject(answer.name)} != set() for answer in answers)
    alike = shared and column.is_binary
    quantity = board.kind == "regression" and column.is_quantity
    happened = bool({*words(column.name)} & EVENTS) and (quantity or board.kind == "ranking")
    return truth_strength(column) == 1 or is_event(column) or alike or happened or (quantity and (exact or shared))


def _fits(answer: Column, truth: Column, kind: str) -> bool:
    """Whether the truth can be compared with the answer."""
    if truth.is_empty or answer.is_empty:
        return True
    if kind == "regression":
        return truth.kind == "number" and not (truth.is_binary and answer.distinct > 2)
    if kind == "text":
        return truth.kind == "text"
    if kind == "ranking":
        return truth.kind in ("list", "text", "number")
    if not truth.is_class:
        return False
    return not (answer.classes and truth.classes) or bool({*answer.classes} & {*truth.classes})


def _moves_along(board: Board, column: Column) -> bool:
    """Whether the values go with those of the answer, as far as they can be compared."""
    answer = board.roles["prediction"]
    numbers, classes = board.sample.numbers, board.sample.classes
    if board.kind == "regression" and answer.name in numbers and column.name in numbers:
        return correlation(numbers[answer.name], numbers[column.name]) >= MOVES_ALONG
    if board.kind == "classification" and answer.name in classes and column.name in classes:
        return agreement(classes[answer.name], classes[column.name]) >= MOVES_ALONG
    return True


def _why_not(board: Board, column: Column) -> str:
    answer, truth = board.roles.get("prediction"), board.roles.get("truth")
    if truth:
        return f"named like a truth, as {truth.name} is, which was taken"
    if answer is None:
        return "may be the truth or an answer; no column is plainly the prediction"
    if not _fits(answer, column, board.kind):
        return f"may be the truth, but its values are not those of {answer.name}"
    classes = board.sample.classes
    if answer.name in classes and column.name in classes:
        kappa = agreement(classes[answer.name], classes[column.name])
        if kappa <= OPPOSITE:
            return f"may be the truth, but is the opposite of {answer.name}"
        if kappa < MOVES_ALONG:
            return f"may be the truth, but has little to do with {answer.name}"
    return "may be the truth; its name does not say it plainly"


def _by_values(board: Board, answer: Column) -> None:
    """Leave out columns that hold what the answer holds, whatever their names."""
    numbers, classes = board.sample.numbers, board.sample.classes
    for column in board.free(lambda column: column.is_quantity and board.kind == "regression"):
        known = {column.name, answer.name} <= {*numbers}
        if known and nearly_equal(numbers[answer.name], numbers[column.name]):
            board.leave_out(column, f"may be the truth: it is nearly {answer.name} in most rows")
    for column in board.free(lambda column: column.is_class and column.distinct > 1):
        if board.kind != "classification" or column.name not in classes or answer.name not in classes:
            continue
        same = {*column.classes} == {*answer.classes} and len(answer.classes) > 2
        if same or agreement(classes[answer.name], classes[column.name]) >= VERY_ALIKE:
            board.leave_out(column, f"may be the truth: its values are those of {answer.name}")
