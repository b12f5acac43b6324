"""Text: an answer is a text that is compared with a reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from lamplighter.core.evaluation.evaluator import Measured, MeasuredOn, Oddities
from lamplighter.core.evaluation.labelled import Labelled
from lamplighter.core.evaluation.odd_values import unreadable
from lamplighter.core.monitor import Monitor
from lamplighter.core.quality import texts
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.texts import GradedTexts, read_text
from lamplighter.core.records.finding import Code
from lamplighter.core.records.measurement import State


def measured(labelled: Labelled, monitor: Monitor, groupings: Sequence[Grouping], state: State) -> Measured:
    """The metrics of texts beside their references."""
    true, pred = _plain(labelled.y_true), _plain(labelled.y_pred)
    return Measured(texts.text(true, pred, groupings=groupings, state=state), true, pred)


def measured_on(labelled: Labelled, monitor: Monitor, metric: str) -> MeasuredOn:
    """What measures the texts of any of the rows; each is compared with its reference once."""
    graded = GradedTexts.of(_plain(labelled.y_true), _plain(labelled.y_pred))
    return lambda rows, groupings: graded.taken(rows).measured(groupings, State.FINAL)


def _plain(values: pd.Series[Any]) -> list[Any]:
    """The cells of a column; pandas' nulls are NaN or NA by its type, and both are None here."""
    cells: list[Any] = values.astype(object).where(values.notna(), None).tolist()
    return cells


def oddities(labelled: Labelled, monitor: Monitor) -> Oddities:
    """Values that are no text."""
    cells = [side.tolist() for side in (labelled.y_true, labelled.y_pred)]
    read = [[read_text(cell) for cell in side] for side in cells]
    if what := unreadable(cells, read, monitor, _example):
        yield Code.TEXTS_UNREADABLE, f"no text in {what} left out; log the text alone"


def _example(value: Any) -> str:
    """The type alone: what stands in a text is a person's."""
    return " (a chat in JSON)" if isinstance(value, str) else f" ({type(value).__name__})"
