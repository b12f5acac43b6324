"""What a kind of model has to offer so that its windows are measured; the row of `lamplighter.core.kinds` names it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from lamplighter.core.evaluation.labelled import Labelled
from lamplighter.core.kinds import Kind
from lamplighter.core.monitor import Monitor
from lamplighter.core.quality.confusion import Confusion
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.records.finding import Code
from lamplighter.core.records.measurement import Measurement, State

Oddities: TypeAlias = Iterator[tuple[Code, str]]
"""What is odd about labels and answers, and how it is said."""

MeasuredOn: TypeAlias = Callable[[npt.NDArray[np.intp], Sequence[Grouping]], list[Measurement]]
"""Measures on some of the rows, each as often as it is named."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of labelled rows, and the columns that custom metrics get."""

    measurements: list[Measurement]
    y_true: Any
    y_pred: Any
    y_score: Any = None
    confusion: list[Confusion] = field(default_factory=list)


class Evaluator(Protocol):
    """Measures one kind of model: a module with these functions."""

    def measured(self, labelled: Labelled, monitor: Monitor, groupings: Sequence[Grouping], state: State) -> Measured:
        """Every metric of the kind, for each group of rows."""

    def measured_on(self, labelled: Labelled, monitor: Monitor, metric: str) -> MeasuredOn:
        """What measures at least one metric on any of the rows; what is of a single row is looked at once."""

    def oddities(self, labelled: Labelled, monitor: Monitor) -> Oddities:
        """What is odd about labels and answers side by side; it is no reason to lose the rows that are sound."""


def evaluator_of(kind: Kind) -> Evaluator:
    """The evaluator that the row of a kind names.

    Examples
    --------
    >>> from lamplighter.core.kinds import KINDS
    >>> evaluator_of(KINDS["regression"]).__name__
    'lamplighter.core.evaluation.kinds.regression'
    """
    return cast(Evaluator, import_module(kind.evaluator))
