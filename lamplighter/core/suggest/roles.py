"""The role of each column of a table, guessed from names, types and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lamplighter.core.suggest.answers import choose_answers
from lamplighter.core.suggest.board import Board
from lamplighter.core.suggest.columns import LEAST_GAPS, NO_SAMPLE, Column, Sample
from lamplighter.core.suggest.leftovers import leave_out_the_rest
from lamplighter.core.suggest.level import level_of
from lamplighter.core.suggest.truths import choose_truth
from lamplighter.core.suggest.words import (
    COMMITTED,
    ID,
    MODEL,
    NUMBERED,
    OF_A_ROW,
    OF_A_TIME,
    OF_AN_EVENT,
    OF_ANOTHER_TIME,
    OF_PREDICTION,
    RELEASE,
    ROW_NUMBER,
    THINGS,
    words,
)

NEARLY_UNIQUE = 0.98
"""Share of different values from which an id is one although a few rows come twice."""

MOST_VERSIONS = 20
LONGEST_ID = 64


@dataclass(frozen=True)
class Roles:
    """What each column was taken for.

    Attributes
    ----------
    columns : sequence of Column
    time : Column
    id, prediction, score, truth, version : Column or None
    scores : mapping of str to Column
        By class, where there are several.
    kind : str
        Of the model.
    positive : str or None
        The class whose scores are high, where it is not 1 of 0 and 1.
    left_out : mapping of str to str
        Columns that are no features, and why.
    why : mapping of str to str
        Of the others.
    codes : tuple of str
        Features that are numbers and mean categories.
    level : tuple of str and float, or None
        A metric of quality, and its value in the rows that were looked at.
    """

    columns: Sequence[Column]
    time: Column
    id: Column | None = None
    prediction: Column | None = None
    score: Column | None = None
    truth: Column | None = None
    version: Column | None = None
    scores: Mapping[str, Column] = field(default_factory=dict)
    kind: str = "classification"
    positive: str | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)
    codes: tuple[str, ...] = ()
    level: tuple[str, float] | None = None

    def taken_for(self, name: str) -> str:
        """The role of a column, as the file calls it."""
        if name in self.left_out:
            return "left out"
        for role in ("time", "id", "prediction", "score", "truth", "version"):
            column = getattr(self, role)
            if column and column.name == name:
                return role
        klass = next((klass for klass, column in self.scores.items() if column.name == name), None)
        return "feature" if klass is None else f"score of {klass}"


def roles_of(columns: Sequence[Column], sample: Sample = NO_SAMPLE, labels: Column | None = None) -> Roles:
    """Guess the role of each column.

    Parameters
    ----------
    columns : sequence of Column
    sample : Sample, optional
        Values of the same rows of several columns.
    labels : Column, optional
        The truth, where it is a column of another table.

    Raises
    ------
    ValueError
        If no column holds the time of the prediction.

    Examples
    --------
    >>> columns = [Column("at", "time"), Column("amount", "number"), Column("prediction", "number", distinct=90)]
    >>> roles = roles_of(columns)
    >>> roles.time.name, roles.prediction.name, roles.kind, roles.taken_for("amount")
    ('at', 'prediction', 'regression', 'feature')
    """
    board = Board(columns, sample)
    _choose_time(board)
    _choose_version(board)
    _choose_id(board)
    choose_answers(board, labels)
    if labels is None:
        choose_truth(board)
    codes = leave_out_the_rest(board)
    of = board.roles.get
    return Roles(
        columns, board.roles["time"], of("id"), of("prediction"), of("score"), of("truth"), of("version"),
        board.scores, board.kind, _positive(board), board.left_out, board.why, codes, level_of(board),
    )  # fmt: skip


def _choose_time(board: Board) -> None:
    times = _times(board)
    if not times:
        raise ValueError(
            "no column holds timestamps, or ISO 8601 text in every row; a monitor needs the time of each prediction"
        )
    best = min(times, key=_time_rank)
    board.take("time", best, "its name" if len(times) > 1 and _time_rank(best)[0] < 4 else "holds times")


def _times(board: Board) -> list[Column]:
    """Columns that may be the time: instants, else days, else numbers named so, else days of paths."""
    held = [column for column in board.columns if not column.is_empty]
    return next(
        (
            found
            for found in (
                [column for column in held if column.kind == "time" and not column.in_path],
                [column for column in held if column.is_date and not column.in_path],
                [column for column in held if column.unit and _time_rank(column)[0] < 3],
                [column for column in held if column.kind == "time"],
            )
            if found
        ),
        [],
    )


def _time_rank(column: Column) -> tuple[int, int]:
    found = {*words(column.name)}
    ranks = (
        bool(found & OF_PREDICTION),
        bool(found & OF_AN_EVENT),
        bool(found & OF_A_TIME) and not found & OF_ANOTHER_TIME,
        not found & OF_ANOTHER_TIME,
    )
    return next((i for i, holds in enumerate(ranks) if holds), len(ranks)), column.nulls


def _choose_version(board: Board) -> None:
    # A version may be called as the day on which it was trained.
    for column in board.free(lambda c: c.kind in ("text", "number") or c.type.endswith("string")):
        found = words(column.name)
        of_model = {*found} & MODEL and {*found} & RELEASE
        of_code = {*found} <= COMMITTED and len(found) > 1 and not {*found} <= {"version", "id"}
        alone = found in (("version",), ("model",), ("revision",)) and _looks_like_versions(column)
        if column.distinct <= MOST_VERSIONS and (of_model or of_code or alone or found == ("version",)):
            board.take("version", column, "its name")
            return


def _looks_like_versions(column: Column) -> bool:
    """Whether the values are numbered, as versions are, and cars that are called model are not."""
    numbered = [any(sign.isdigit() for sign in value) for value in column.classes]
    return bool(numbered) and all(numbered) and not any("make" in words(value) for value in column.classes)


def _choose_id(board: Board) -> None:
    fitting = board.free(lambda c: _is_unique(c) and (c.kind == "text" or (c.kind == "number" and c.whole)))
    ranked = [(rank, column) for column in fitting if (rank := _id_rank(column)) is not None]
    if not ranked:
        return
    rank, best = min(ranked, key=lambda entry: entry[0])
    why = "its name, and no value repeats" if rank < 4 else "another short text in every row"
    if best.rows and not best.unique:
        why = f"its name; {best.rows - best.distinct} of {best.rows} rows repeat one or have none"
    board.take("id", best, why)


def _is_unique(column: Column) -> bool:
    return column.unique or (column.rows > 0 and column.distinct >= NEARLY_UNIQUE * column.rows)


def _id_rank(column: Column) -> int | None:
    found = words(column.name)
    if {*found} & ROW_NUMBER:
        return None
    if {*found} & ID:
        return 0 if {*found} & OF_A_ROW else 1 if len(found) == 1 else 2
    if {*found} & NUMBERED or (column.kind == "number" and column.unique and {*found} & (THINGS | OF_A_ROW)):
        return 3
    is_code = column.kind == "text" and column.unique and 0 < column.length <= LONGEST_ID and column.gaps < LEAST_GAPS
    return 4 if is_code else None


def _positive(board: Board) -> str | None:
    """The class that is looked for: the one whose scores are high."""
    answer, score = board.roles.get("prediction"), board.roles.get("score")
    if answer is None or board.kind != "classification" or len(answer.classes) != 2:
        return None
    high = answer.classes[1]
    numbers, classes = board.sample.numbers, board.sample.classes
    if score and score.name in numbers and answer.name in classes:
        values, flags = numbers[score.name], classes[answer.name]
        means = {name: values[flags == name] for name in answer.classes}
        if all(np.isfinite(part).any() for part in means.values()):
            high = max(means, key=lambda name: float(np.nanmean(means[name])))
    return None if {*answer.classes} == {"0", "1"} and high == "1" else high
