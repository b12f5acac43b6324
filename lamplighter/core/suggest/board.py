"""Which columns have a role already, which have none yet, and which are left out of the features, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lamplighter.core.suggest.columns import NO_SAMPLE, Column, Sample


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
