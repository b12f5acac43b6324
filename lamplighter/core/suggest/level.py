"""How good the answers were in the rows that were looked at."""

from __future__ import annotations

import numpy as np

from lamplighter.core.suggest.board import Board
from lamplighter.core.suggest.columns import FEWEST_ROWS


def level_of(board: Board) -> tuple[str, float] | None:
    """A metric and its value, where answer and truth stand side by side; None where they do not.

    Examples
    --------
    >>> from lamplighter.core.suggest.columns import Column, Sample
    >>> sample = Sample(numbers={"prediction": np.full(40, 2.0), "actual": np.full(40, 2.5)})
    >>> names = {"prediction": "prediction", "truth": "actual"}
    >>> roles = {role: Column(name, "number", distinct=40) for role, name in names.items()}
    >>> level_of(Board([*roles.values()], sample, roles))
    ('mae', 0.5)
    """
    answer, truth = board.roles.get("prediction"), board.roles.get("truth")
    if answer is None or truth is None:
        return None
    numbers, classes = board.sample.numbers, board.sample.classes
    names = {answer.name, truth.name}
    if board.kind == "regression" and names <= {*numbers}:
        errors = np.abs(numbers[answer.name] - numbers[truth.name])
        errors = errors[np.isfinite(errors)]
        return ("mae", float(errors.mean())) if len(errors) >= FEWEST_ROWS else None
    if board.kind == "classification" and names <= {*classes}:
        pairs = [(a, b) for a, b in zip(classes[answer.name], classes[truth.name], strict=True) if None not in (a, b)]
        return ("accuracy", float(np.mean([a == b for a, b in pairs]))) if len(pairs) >= FEWEST_ROWS else None
    return None
