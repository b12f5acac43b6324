"""The backfill flow: many nights of some models, in order, in one run."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from queue import Empty
from typing import Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import NonNegativeInt, PositiveInt

from flows.night import walk
from flows.stages import PLAIN, Stages
from lamplighter.core.monitor import Monitor
from lamplighter.core.window import Window, midnight
from lamplighter.errors import HistoryError, LamplighterError
from storage.project import Project
from tasks.night import Night
from tasks.outcome import Outcome


@dataclass(frozen=True)
class Walked:
    """One night of a backfill: its outcome, or what went wrong."""

    window: Window
    outcome: Outcome | None
    fault: str = ""


def windows_between(monitor: Monitor, first: date, last: date) -> list[Window]:
    """The windows from the one in which the day ``first`` begins to the one in which ``last`` ends, in order."""
    window = Window.of(monitor.model, monitor.every, monitor.timezone, first)
    end = midnight(last + timedelta(days=1), window.zone)
    windows = [window]
    while windows[-1].end < end:
        windows.append(windows[-1].next())
    return windows


def walk_nights(project: Project, monitor: Monitor, windows: list[Window], *, reports: int = 0) -> Iterator[Walked]:
    """Walk windows in order with the plain stages; a night that fails leaves the next ones to go on.

    Parameters
    ----------
    reports : int
        How many of the newest windows get a report.
    """
    for i, window in enumerate(windows):
        night = Night(project, monitor, window, monitor.night_after(window))
        try:
            outcome = walk(night, Stages(PLAIN), with_report=i >= len(windows) - reports)
        except HistoryError:
            raise
        except LamplighterError as error:
            yield Walked(window, None, str(error))
        else:
            yield Walked(window, outcome)


def nights_to_walk(project: Project, models: list[str], first: date, last: date) -> int:
    """How many nights a backfill walks; a monitor that cannot be read has none."""
    count = 0
    for model in models:
        with suppress(LamplighterError):
            count += len(windows_between(project.monitor(model), first, last))
    return count


def backfill_model(root: str, model: str, first: date, last: date, reports: int, told: Any) -> list[str]:
    """Back-fill one model and return what went wrong, one line a fault.

    Parameters
    ----------
    root : str
        The project's folder: it travels to another process, and what was opened of a project does not.
    told : queue
        Gets a line for each night.
    """
    project, faults = Project.open(root), []
    try:
        monitor = project.monitor(model)
        for walked in walk_nights(project, monitor, windows_between(monitor, first, last), reports=reports):
            line = f"{model} {walked.window.label}: {walked.outcome.message if walked.outcome else walked.fault}"
            told.put(line)
            faults += [line] if walked.fault else []
    except LamplighterError as error:
        faults.append(f"{model}: {error}")
    return faults


def backfill_models(
    project: Project,
    models: list[str],
    first: date,
    last: date,
    *,
    reports: int,
    processes: int,
    tell: Callable[[str], None],
) -> list[str]:
    """Back-fill some models, several at a time; a model that fails leaves the others to go on.

    Returns
    -------
    list of str
        What went wrong, one line a fault.
    """
    if processes == 1 or len(models) == 1:
        told = _Teller(tell)
        return [
            fault for model in models for fault in backfill_model(str(project.root), model, first, last, reports, told)
        ]
    # Forking a process that holds threads and connections is not safe.
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(processes, mp_context=context) as pool:
        queue = manager.Queue()
        runs = [pool.submit(backfill_model, str(project.root), m, first, last, reports, queue) for m in models]
        while not (all(run.done() for run in runs) and queue.empty()):
            with suppress(Empty):
                tell(queue.get(timeout=0.2))
        return [fault for run in runs for fault in run.result()]


@dataclass(frozen=True)
class _Teller:
    """A queue whose reader is called at once."""

    put: Callable[[str], None]


@flow(name="backfill", flow_run_name="backfill-{first}-{last}")
def backfill(
    models: list[str],
    first: date,
    last: date,
    reports: NonNegativeInt = 0,
    processes: PositiveInt = 1,
    project: str | None = None,
) -> State:
    """Evaluate past windows in order, as if each night had come on time.

    Args:
        models: names of models; the others are left alone
        first: first local day
        last: last local day
        reports: how many of the newest windows get a report
        processes: how many models at a time
        project: project folder; empty: that of LAMPLIGHTER_PROJECT
    """
    opened = Project.open(project)
    faults = backfill_models(
        opened, models, first, last, reports=reports, processes=processes, tell=get_run_logger().info
    )
    if faults:
        return Failed(message="; ".join(faults))
    return Completed(message=f"{', '.join(models)}: {first} to {last}")
