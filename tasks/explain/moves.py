"""How an answer moves when one input at a time is as usual: a local explanation of any model."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.columns import truth_columns
from lamplighter.core.values.identity import identities
from lamplighter.errors import LamplighterError, ModelError
from storage.project.folder import Project
from storage.project.private_files import make_folder, open_private
from storage.registry.trainer import TrainerProcess
from storage.registry.versions import Registry
from tasks.explain.beside import Beside
from tasks.explain.logged import Logged

SAME = 1e-6
"""By how much an answer may differ from the logged one: services answer in single precision, too."""


@dataclass(frozen=True, slots=True)
class Move:
    """What the version answers when one input has its typical value.

    Attributes
    ----------
    answer : object
    change : float or None
        Of a number: by how much it is more than the answer to the row as it was logged.
    """

    answer: Any
    change: float | None


@dataclass(frozen=True, slots=True)
class Moves:
    """How the answer of a version moves.

    Attributes
    ----------
    output : str
        The column of the answer that is followed: a score where there is one.
    answer : object
        What the version answers to the row as it was logged.
    logged : object
        What was logged then.
    by_input : dict of str to Move
    reason : str
        Why there are none.
    """

    output: str = ""
    answer: Any = None
    logged: Any = None
    by_input: dict[str, Move] = field(default_factory=dict)
    reason: str = ""

    @property
    def is_same(self) -> bool:
        """Whether the version still answers what was logged."""
        change = _change(self.logged, self.answer)
        return _named(self.answer) == _named(self.logged) if change is None else abs(change) <= SAME


def moves_of(
    project: Project,
    monitor: Monitor,
    registry: Registry | None,
    logged: Logged,
    inputs: Sequence[Beside],
    scratch: Path,
) -> Moves:
    """Ask the version that answered, in a process of its own, how else it would have answered.

    Parameters
    ----------
    registry : Registry or None
        None where nothing was ever recorded.
    scratch : Path
        Empty folder for what the process gets and gives.

    Examples
    --------
    >>> from tasks.explain.logged import find_logged
    >>> found = find_logged(project, monitor, ["0311-007"], None, context.now, context.spool)
    >>> moves_of(project, monitor, None, found, [], context.spool).reason
    'the monitor names no column of versions'
    """
    try:
        folder = _registered(monitor, registry, logged)
        asked = [it for it in inputs if it.typical_value is not None]
        return _asked(project, monitor, logged, asked, folder, scratch)
    except LamplighterError as error:
        return Moves(reason=str(error))


def version_of(monitor: Monitor, logged: Logged) -> str:
    """The version that answered; empty where the row names none.

    Examples
    --------
    >>> from tasks.explain.logged import find_logged
    >>> version_of(monitor, find_logged(project, monitor, ["0311-007"], None, context.now, context.spool))
    ''
    """
    return _named(logged.value(monitor.predictions.version)) or ""


def _registered(monitor: Monitor, registry: Registry | None, logged: Logged) -> Path:
    """The folder of the version that answered, as it was registered."""
    version = version_of(monitor, logged)
    if not monitor.predictions.version:
        raise ModelError("the monitor names no column of versions", fix="")
    if not version:
        raise ModelError("the row names no version")
    if monitor.retrain is None or not monitor.retrain.trainer:
        raise ModelError("the monitor names no trainer, whose predict could be asked", fix="declare retrain.trainer")
    if registry is None or registry.find(version) is None:
        adopt = f"`lamplighter adopt {monitor.model} FOLDER --version {version} --from DAY --to DAY`"
        fix = f"{adopt} registers it, and makes it champion"
        raise ModelError(f"version {version} is not registered", fix=fix)
    return registry.verified(version)


def _asked(
    project: Project, monitor: Monitor, logged: Logged, inputs: Sequence[Beside], folder: Path, scratch: Path
) -> Moves:
    assert monitor.retrain is not None
    work = monitor.retrain
    assert work.trainer is not None
    rows, put = _rows(monitor, logged, inputs)
    make_folder(scratch)
    path = scratch / "rows.parquet"
    # Private columns are in it in the clear.
    with open_private(path) as file:
        pq.write_table(rows, file)
    # The user's function may write into the folder.
    copy = Path(shutil.copytree(folder, scratch / "version"))
    limits = (work.time_limit, work.memory, bool(monitor.private), scratch / "child", work.environment)
    (answers,) = TrainerProcess(project, work.trainer, *limits).predict(path, [copy])
    output = _followed(monitor, answers)
    column = [value.tolist() if isinstance(value, np.ndarray) else value for value in answers[output].tolist()]
    moved = {name: Move(answer, _change(column[0], answer)) for name, answer in zip(put, column[1:], strict=True)}
    return Moves(output, column[0], logged.value(output), moved)


def _rows(monitor: Monitor, logged: Logged, inputs: Sequence[Beside]) -> tuple[pa.Table, list[str]]:
    """The row as it was logged, and once more for each input that is as usual; and the names of these inputs."""
    predictions = monitor.predictions
    unseen = {predictions.prediction, *predictions.scores, *truth_columns(monitor)}
    row = logged.row.drop_columns([name for name in unseen if name in logged.row.column_names])
    tables, put = [row], []
    for it in inputs:
        assert it.typical_value is not None
        place = row.column_names.index(it.name) if it.name in row.column_names else -1
        if place < 0:
            continue
        kind = row.schema.field(place).type
        try:
            usual = pa.array([it.typical_value.as_py()], kind)
        except (pa.ArrowException, TypeError):
            # The reference holds it in another type, such as text for a number.
            continue
        tables.append(row.set_column(place, row.schema.field(place), usual))
        put.append(it.name)
    return pa.concat_tables(tables), put


def _followed(monitor: Monitor, answers: pd.DataFrame) -> str:
    """The column to follow: the score; of several the highest; else the answer itself."""
    predictions = monitor.predictions
    wanted = [name for name in (*predictions.scores, predictions.prediction) if name and name in answers]
    if not wanted:
        lacking = predictions.prediction or ", ".join(predictions.scores)
        what = f"predict answered {', '.join(map(str, answers.columns))}"
        raise ModelError(what, fix=f"it lacks {lacking!r}, which the log has")
    scores = {name: answers[name].iloc[0] for name in wanted if name in predictions.scores}
    known = {name: score for name, score in scores.items() if pd.notna(score)}
    return max(known, key=lambda name: float(known[name])) if known else wanted[0]


def _change(before: Any, after: Any) -> float | None:
    if isinstance(before, bool | str) or isinstance(after, bool | str):
        return None
    try:
        change = float(after) - float(before)
    except (TypeError, ValueError):
        return None
    return change if math.isfinite(change) else None


def _named(value: Any) -> str | None:
    try:
        text: str | None = identities(pa.array([value]))[0].as_py()
    except (pa.ArrowException, TypeError):
        return str(value)
    return text


def moved_most(moves: Moves) -> Iterable[str]:
    """The inputs, those that move the answer most first; those that cannot be compared last.

    Examples
    --------
    >>> list(moved_most(Moves(by_input={"a": Move(0.5, 0.1), "b": Move(0.2, -0.2), "c": Move("x", None)})))
    ['b', 'a', 'c']
    """
    return sorted(moves.by_input, key=lambda name: -abs(moves.by_input[name].change or 0.0))
