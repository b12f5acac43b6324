"""Challenge: champion and challenger answer the same matured rows, which neither was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from lamplighter.core.retraining.comparison import ComparedRows, Comparison, compare
from lamplighter.core.retraining.policy import Purpose
from lamplighter.core.time.window import Window
from lamplighter.core.values.identity import identities
from lamplighter.errors import ModelError
from lamplighter.training import WINDOW
from storage.history.promotions import champion as present_champion
from storage.labelling.training_set import write_labelled
from storage.project.private_files import open_private
from storage.sources.types import as_frame
from tasks.retraining.job import Retraining
from tasks.retraining.windows import comparison_windows

MOST_ROWS = 20_000
"""Rows that two models are compared on, drawn with a seed where there are more: the bootstrap takes seconds then."""


@dataclass(frozen=True)
class Challenged:
    """A retraining, and how its two models compare."""

    work: Retraining
    comparison: Comparison


def challenge(work: Retraining) -> Challenged:
    """Compare the challenger with the champion; on probation the champion is the one that is challenged by the past.

    Where the champion is none of the registry's, what was logged are its answers.

    Raises
    ------
    ModelError
        If there are no rows to compare on, or a model cannot answer them.
    """
    since = [known.trained_until for version in _versions(work) if (known := work.registry.find(version))]
    folders = [work.working_copy(version) for version in _versions(work)]
    answered = answer(work, windows_since(work, since), folders)
    return Challenged(work, compare(work.monitor, work.accept, answered.rows, answered.champion, answered.challenger))


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
    labels, predictions = work.monitor.labels, work.monitor.predictions
    assert labels is not None
    path = work.scratch / "compare.parquet"
    what = work.counting("reading the rows of the comparison", len(windows))
    spool = work.scratch / "spool"
    written = write_labelled(work.project, work.monitor, windows, path, spool, work.scans, what)
    table = written.table()
    table = table.filter(table[labels.target].is_valid())
    if len(table) > MOST_ROWS:
        drawn = pd.Series(range(len(table))).sample(MOST_ROWS, random_state=0)
        table = table.take(sorted(drawn))
    answered = [name for name in (predictions.prediction, *predictions.scores) if name]
    is_named = work.monitor.kind.compared_as == "names"
    texts = [*work.monitor.segments, *({labels.target, *answered[:1]} if is_named else ())]
    frame = as_frame(table)
    for name in texts:
        # pandas would make floats of whole numbers beside a null.
        frame[name] = identities(table[name]).to_pandas()
    # A model must answer what it sees, and nothing else.
    seen = table.drop_columns([name for name in {labels.target, *answered} if name in table.column_names])
    with open_private(path) as file:
        pq.write_table(seen, file)
    work.begin(f"answering {len(frame):,} rows by both models")
    champion, challenger = _answers(work, path, answered, frame[answered], folders)
    work.begin("comparing the answers")
    rows = ComparedRows(
        frame[labels.target],
        {name: frame[name] for name in work.monitor.segments},
        frame[WINDOW],
    )
    return Answered(windows, written.windows, rows, champion, challenger)


def windows_since(work: Retraining, since: Sequence[datetime]) -> list[Window]:
    """Those of the comparison that neither model has learned from.

    A probation begins when all of them are later than the promotion.

    Parameters
    ----------
    since : sequence of datetime
        Until when each of the models has learned.

    Raises
    ------
    ModelError
        If there are none, or the champion on probation is champion no longer.

    Examples
    --------
    >>> from storage.history.retrainings import entries
    >>> work = Retraining.of(project, monitor, entries(context.history, "churn")[-1])
    >>> [it.label for it in windows_since(work, [work.window.previous().start])]
    ['2026-03-05']
    """
    if work.entry.purpose is Purpose.PROBATION:
        promotion = present_champion(work.history, work.monitor.model)
        if promotion is None or promotion.version != work.entry.version:
            raise ModelError(f"{work.entry.version} is champion no longer", where=work.monitor.model)
    windows = [window for window in comparison_windows(work) if window.start >= max(since)]
    if not windows:
        what = f"no matured window since {max(since).date()} that neither model has learned from"
        raise ModelError(what, where=work.monitor.model, fix="wait for labels")
    return windows


def _versions(work: Retraining) -> list[str]:
    """Champion and challenger, as far as they are of the registry."""
    return [version for version in (work.entry.champion, work.entry.version) if version]


def _answers(
    work: Retraining, rows: Path, names: Sequence[str], logged: pd.DataFrame, folders: Sequence[Path]
) -> list[pd.DataFrame]:
    """What champion and challenger answer; a champion that is none of the registry's has answered already."""
    given = work.trainer.predict(rows, folders)
    for answers in given:
        if missing := [name for name in names if name not in answers]:
            what = f"predict answered {', '.join(map(str, answers.columns))}"
            fix = f"it lacks {missing[0]!r}, which the log has"
            raise ModelError(what, where=work.retrain.trainer or "", fix=fix)
    both = [answers[list(names)] for answers in given]
    return both if len(both) > 1 else [logged, *both]
