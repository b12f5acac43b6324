"""The kinds of models: one row for each, read by monitors, sources, evaluation, overviews and reference pages.

A new kind is a row here, the file that the row names, and the metrics in the table of measurements.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, repr=False)
class Kind:
    """A kind of model.

    Attributes
    ----------
    name : str
        What a monitor file calls it.
    answer : str
        What the model answers, for people.
    compared_as : {"names", "numbers", "values", "boxes"}
        As what answers and labels are compared: names that are equal or not, numbers, values as they were logged, or
        boxes, which stand in several columns.
    drift : {"categorical", "numeric"} or None
        As what the drift of answers is measured; None where it cannot be.
    shown : tuple of str
        The metrics that an overview shows; the first that has a value.
    evaluator : str
        The module that measures it, an `Evaluator`; empty where nothing does yet. It is imported where something is
        measured: commands that only read the history or a monitor file do without numpy.
    has_classes : bool
        Whether an answer is one of a few classes, and a score the probability of one.

    Examples
    --------
    >>> KINDS["regression"].answer, KINDS["regression"].compared_as, KINDS["detection"].compared_as
    ('a number', 'numbers', 'boxes')
    """

    name: str
    answer: str
    compared_as: Literal["names", "numbers", "values", "boxes"]
    drift: Literal["categorical", "numeric"] | None = None
    shown: tuple[str, ...] = ()
    evaluator: str = ""
    has_classes: bool = False

    @property
    def is_measured(self) -> bool:
        """Whether runs can measure it."""
        return bool(self.evaluator)

    def __repr__(self) -> str:
        """As it stands in the hashes that the history holds: other words would make every window a changed one."""
        return f"<Kind.{self.name.upper()}: {self.name!r}>"


EVALUATORS = "lamplighter.core.evaluation.kinds"

_ROWS = (
    Kind(
        "classification", "a class", compared_as="names", drift="categorical", shown=("f1", "accuracy"),
        evaluator=f"{EVALUATORS}.classification", has_classes=True,
    ),
    Kind(
        "regression", "a number", compared_as="numbers", drift="numeric", shown=("mae",),
        evaluator=f"{EVALUATORS}.regression",
    ),
    Kind("ranking", "a ranked list", compared_as="names", shown=("ndcg",), evaluator=f"{EVALUATORS}.ranking"),
    Kind("text", "a text", compared_as="values", shown=("rougeL",), evaluator=f"{EVALUATORS}.text"),
    Kind(
        "detection", "boxes in an image", compared_as="boxes", shown=("map50", "recall"),
        evaluator=f"{EVALUATORS}.detection",
    ),
)  # fmt: skip

KINDS: dict[str, Kind] = {kind.name: kind for kind in _ROWS}
"""Every kind by its name, in the order of the reference pages."""
