"""Models of the registry answer labelled rows again, in a process of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lamplighter.core.monitor.columns import with_truth_beside
from lamplighter.core.retraining.comparison import ComparedRows
from lamplighter.core.time.window import Window
from lamplighter.core.values.boxes import packed
from lamplighter.core.values.identity import identities
from lamplighter.errors import ModelError
from lamplighter.training import WINDOW
from storage.labelling.training_set import write_labelled
from storage.project.private_files import open_private
from storage.sources.box_columns import BoxColumns
from storage.sources.boxes import as_series
from storage.sources.types import as_frame
from tasks.retraining.job import Retraining

MOST_ROWS = 20_000
"""Rows that two models are compared on, drawn with a seed where there are more: the bootstrap takes seconds then."""


@dataclass(frozen=True)
class Past:
    """Labelled rows of the past that models answer again.

    Attributes
    ----------
    filled : list of Window
        The windows that have rows.
    rows : ComparedRows
    logged : DataFrame of shape (n_rows, n_answers)
        What was answered when they were served, under the names of the log.
    path : Path
        The file that a model's function gets: without the truth, and without what was answered.
    """

    filled: list[Window]
    rows: ComparedRows
    logged: pd.DataFrame
    path: Path

    def only(self, keep: npt.NDArray[np.bool_]) -> Past:
        """Some of the rows; the file stays as it is."""
        if keep.all():
            return self
        rows = self.rows
        y_true, blocks = (side[keep].reset_index(drop=True) for side in (rows.y_true, rows.blocks))
        segments = {name: values[keep].reset_index(drop=True) for name, values in rows.segments.items()}
        kept = ComparedRows(y_true, segments, blocks)
        return replace(self, rows=kept, logged=self.logged[keep].reset_index(drop=True))


@dataclass(frozen=True)
class Answered:
    """What two models answered to the same labelled rows.

    Attributes
    ----------
    windows, filled : list of Window
        All that were looked at, and those that have rows.
    rows : ComparedRows
    champion, challenger : DataFrame of shape (n_rows, n_answers)
    """

    windows: list[Window]
    filled: list[Window]
    rows: ComparedRows
    champion: pd.DataFrame
    challenger: pd.DataFrame


def answer(work: Retraining, windows: list[Window], folders: Sequence[Path]) -> Answered:
    """Have models answer the labelled rows of some windows.

    Parameters
    ----------
    folders : sequence of Path
        Of champion and challenger; of the challenger alone, where the champion's answers are those that were logged.

    Raises
    ------
    ModelError
        If there are no rows, or a model cannot answer them.
    """
    past = labelled_past(work, windows, most=MOST_ROWS)
    work.begin(f"answering {len(past.logged):,} rows by both models")
    given = answers_of(work, past, folders)
    champion, challenger = given if len(given) > 1 else (past.logged, *given)
    work.begin("comparing the answers")
    return Answered(windows, past.filled, past.rows, champion, challenger)


def labelled_past(work: Retraining, windows: list[Window], most: int | None = None) -> Past:
    """Read the labelled rows of some windows.

    Parameters
    ----------
    windows : list of Window
        In order.
    most : int, optional
        Rows that are enough, drawn with a seed where there are more.

    Raises
    ------
    ModelError
        If there are none.
    """
    # The truth has a name of its own in these rows, so that no answer is taken for it.
    labels = with_truth_beside(work.monitor).labels
    assert labels is not None
    path = work.scratch / "compare.parquet"
    what = work.counting("reading the rows of the comparison", len(windows))
    spool = work.scratch / "spool"
    written = write_labelled(work.project, work.monitor, windows, path, spool, work.scans, what)
    table = written.table()
    table = table.filter(table[labels.target].is_valid())
    if most is not None and len(table) > most:
        drawn = pd.Series(range(len(table))).sample(most, random_state=0)
        table = table.take(sorted(drawn))
    answered = _answer_columns(work)
    is_named = work.monitor.kind.compared_as == "names"
    texts = [*work.monitor.segments, *({labels.target, *answered[:1]} if is_named else ())]
    frame = as_frame(table)
    for name in texts:
        # pandas would make floats of whole numbers beside a null.
        frame[name] = identities(table[name]).to_pandas()
    # A model must answer what it sees, and nothing else.
    unseen = {labels.target, labels.classes, *answered}
    seen = table.drop_columns([name for name in table.column_names if name in unseen])
    with open_private(path) as file:
        pq.write_table(seen, file)
    segments = {name: frame[name] for name in work.monitor.segments}
    y_true, logged = frame[labels.target], frame[answered]
    if labels.classes:
        y_true, logged = _as_boxes(table, BoxColumns.of(labels)), _packed(work, table)
    return Past(written.windows, ComparedRows(y_true, segments, frame[WINDOW]), logged, path)


def answers_of(work: Retraining, past: Past, folders: Sequence[Path]) -> list[pd.DataFrame]:
    """What the models of some folders answer, under the names of the log.

    Raises
    ------
    ModelError
        If a model cannot answer the rows, or leaves out a column that the log has.
    """
    names = _answer_columns(work)
    given = work.trainer.predict(past.path, folders)
    for answers in given:
        if missing := [name for name in names if name not in answers]:
            what = f"predict answered {', '.join(map(str, answers.columns))}"
            fix = f"it lacks {missing[0]!r}, which the log has"
            raise ModelError(what, where=work.retrain.trainer or "", fix=fix)
    if work.monitor.predictions.boxes:
        return [_packed(work, pa.table({name: _lists(answers[name]) for name in names})) for answers in given]
    return [answers[names] for answers in given]


def _answer_columns(work: Retraining) -> list[str]:
    predictions = work.monitor.predictions
    return list(dict.fromkeys(filter(None, (predictions.prediction, *predictions.boxes, *predictions.scores))))


def _packed(work: Retraining, table: pa.Table) -> pd.DataFrame:
    """Answers that are boxes, as one column of the prediction's name, which is what quality is measured of."""
    columns = BoxColumns.of(work.monitor.predictions)
    return pd.DataFrame({columns.boxes: _as_boxes(table, columns)})


def _as_boxes(table: pa.Table, columns: BoxColumns) -> pd.Series[Any]:
    scores = table[columns.scores] if columns.scores else None
    return as_series(packed(table[columns.boxes], table[columns.classes], scores, columns.form))


def _lists(values: pd.Series[Any]) -> pa.Array:
    """Lists as Arrow holds them; reading may have made arrays of them."""
    return pa.array([_plain(value) for value in values])


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(item) for item in value]
    return value
