"""Explain one decision: the steps in order."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.columns import taken_columns
from storage.history import History
from storage.history.incidents import all_incidents
from storage.history.query import Filter, existing_history, findings, measurements
from storage.history.window_runs import decisions_of_windows, newest_run_of_windows
from storage.project.folder import Project
from storage.project.private_files import make_folder
from storage.registry.versions import Registry
from tasks.explain.beside import Beside, beside_reference, reference_rows
from tasks.explain.logged import Logged, find_logged
from tasks.explain.moves import Moves, moves_of, version_of
from tasks.explain.truth import KnownTruth, truth_of


@dataclass(frozen=True, slots=True)
class RunOfWindow:
    """What the run of a window found.

    Attributes
    ----------
    run : dict
        The newest run of the window, as the history has it.
    coverage : float or None
        The share of the window's rows whose truth is known.
    findings, failing, incidents : list of dict
        What is broken, which checks fail, and which incidents were open after the run.
    """

    run: dict[str, Any]
    coverage: float | None
    findings: list[dict[str, Any]]
    failing: list[dict[str, Any]]
    incidents: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Explained:
    """A decision, traced.

    Attributes
    ----------
    monitor : Monitor
    logged : Logged
    version : str
        That answered; empty where the row names none.
    truth : KnownTruth
    inputs : list of Beside
    moves : Moves
    run : RunOfWindow or None
        None where no run of the window is recorded.
    more : dict of str to object
        What else was logged, such as a trace id; without private columns.
    """

    monitor: Monitor
    logged: Logged
    version: str
    truth: KnownTruth
    inputs: list[Beside]
    moves: Moves
    run: RunOfWindow | None
    more: dict[str, Any]


def decision(project: Project, monitor: Monitor, id: Sequence[str], day: datetime | None, now: datetime) -> Logged:
    """The logged row of an id, as `find_logged` finds it."""
    with _spool(project, monitor) as spool:
        return find_logged(project, monitor, id, day, now, spool)


def explain(project: Project, monitor: Monitor, logged: Logged, now: datetime) -> Explained:
    """Trace a decision; nothing is recorded.

    Raises
    ------
    HistoryError
        If the history cannot be reached.

    Examples
    --------
    >>> logged = decision(project, monitor, ["0311-007"], None, context.now)
    >>> found = explain(project, monitor, logged, context.now)
    >>> [it.name for it in found.inputs], found.truth.reason, found.moves.reason
    (['amount', 'plan'], 'none has arrived', 'the monitor names no column of versions')
    >>> [row["check_name"] for row in found.run.failing], found.run.coverage
    (['data'], 0.0)
    """
    history = existing_history(project)
    registry = Registry(project.home, history, monitor.model) if history else None
    version = version_of(monitor, logged)
    of_version = registry.reference(version) if registry and version else None
    with _spool(project, monitor) as spool:
        reference, reason = reference_rows(project, monitor, logged, of_version, spool)
        inputs = beside_reference(monitor, logged, reference, reason)
        truth = truth_of(project, monitor, logged, now, spool)
        moves = moves_of(project, monitor, registry, logged, inputs, spool / "asked")
    run = run_of_window(history, logged) if history else None
    return Explained(monitor, logged, version, truth, inputs, moves, run, _more(monitor, logged, inputs))


@contextmanager
def _spool(project: Project, monitor: Monitor) -> Iterator[Path]:
    """A folder for what is streamed; rows lie in it in the clear."""
    make_folder(project.home / "spool")
    with tempfile.TemporaryDirectory(prefix=f"explain-{monitor.model}-", dir=project.home / "spool") as folder:
        yield Path(folder)


def run_of_window(history: History, logged: Logged) -> RunOfWindow | None:
    """What the newest run of the prediction's window found."""
    window = logged.window
    wanted = Filter(since=window.start, until=window.start.replace(microsecond=1))
    run = newest_run_of_windows(history, window.model, wanted).get((window.start, window.grain.value))
    if run is None:
        return None
    known_on = run["known_on"]
    coverage = [
        row["value"]
        for row in measurements(
            history,
            window.model,
            Filter(metric="labels_coverage", segment="", version="", since=wanted.since, until=wanted.until),
        )
        if row["grain"] == window.grain.value
    ]
    failing = [row for row in decisions_of_windows(history, window.model, wanted) if row["verdict"] == "failed"]
    opened = [
        row
        for row in all_incidents(history, window.model)
        if row["opened_on"] <= known_on and (row["closed_on"] is None or row["closed_on"] > known_on)
    ]
    broken = [row for row in findings(history, window.model, wanted) if row["grain"] == window.grain.value]
    return RunOfWindow(run, next(iter(coverage), None), broken, failing, opened)


def _more(monitor: Monitor, logged: Logged, inputs: Sequence[Beside]) -> dict[str, Any]:
    labels = monitor.labels
    shown = {*taken_columns(monitor), *(it.name for it in inputs), *monitor.private}
    shown |= {labels.target} if labels and labels.same_row else set()
    return {name: logged.value(name) for name in logged.row.column_names if name not in shown}
