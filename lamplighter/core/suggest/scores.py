"""Which columns are scores: how sure the model was, from 0 to 1."""

from __future__ import annotations

import numpy as np

from lamplighter.core.numbers import number_text
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.ranked import Ranked
from lamplighter.core.suggest.board import Board
from lamplighter.core.suggest.class_probabilities import Family, by_class
from lamplighter.core.suggest.column_names import answer_strength, is_event, is_score, truth_strength
from lamplighter.core.suggest.columns import Column
from lamplighter.core.suggest.relations import divides
from lamplighter.core.suggest.words import BESIDE, IN_CHARGE, PREDICTED, subject, words

SAYS_NOTHING = 0.1
"""How far from one half the AUC of a score is at least, if the answer is made from it."""


def by_threshold(board: Board) -> bool:
    """The answer is what a score above or below some value says."""
    pairs = []
    for score in board.free(is_score):
        for flag in board.free(lambda column: column.is_binary and not truth_strength(column)):
            divided = _divided(board, score, flag)
            if divided:
                about = bool(subject(flag.name) & subject(score.name))
                rank = (charge(flag), answer_strength(flag), is_event(flag), about, charge(score))
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


def charge(column: Column) -> int:
    """1 for a column of the model whose answers count, -1 for one of a model beside it, else 0."""
    found = {*words(column.name)}
    return bool(found & IN_CHARGE) - bool(found & BESIDE)


def _divided(board: Board, score: Column, flag: Column) -> tuple[str, float] | None:
    numbers, classes = board.sample.numbers, board.sample.classes
    if score.name not in numbers or flag.name not in classes:
        return None
    return divides(numbers[score.name], classes[flag.name])


def choose_scores(board: Board, groups: list[Family]) -> None:
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
