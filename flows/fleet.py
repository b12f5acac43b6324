"""The past nights of several models, one model after another or in processes side by side."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from datetime import date
from functools import partial
from queue import Empty

from flows.nights import walk_nights, windows_between, windows_to_walk
from lamplighter.errors import LamplighterError
from storage.project import Project


def nights_to_walk(project: Project, models: list[str], first: date, last: date) -> int:
    """How many nights a backfill walks; a monitor that cannot be read has none."""
    count = 0
    for model in models:
        with suppress(LamplighterError):
            count += len(windows_to_walk(project, project.monitor(model), first, last))
    return count


def backfill_model(
    root: str, model: str, first: date, last: date, reports: int, tell: Callable[[str], None]
) -> list[str]:
    """Back-fill one model and return what went wrong, one line a fault.

    Parameters
    ----------
    root : str
        The project's folder: it travels to another process, and what was opened of a project does not.
    tell : callable of str
        Gets a line for each night.
    """
    project, faults = Project.open(root), []
    try:
        monitor = project.monitor(model)
        windows = windows_to_walk(project, monitor, first, last)
        reported = windows_between(monitor, first, last)[-reports:] if reports else []
        for walked in walk_nights(project, monitor, windows, reported=reported):
            line = f"{model} {walked.window.label}: {walked.outcome.message if walked.outcome else walked.fault}"
            tell(line)
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
    one = partial(backfill_model, str(project.root), first=first, last=last, reports=reports)
    if processes == 1 or len(models) == 1:
        return [fault for model in models for fault in one(model, tell=tell)]
    return [*_side_by_side(one, models, processes, tell)]


def _side_by_side(
    one: Callable[..., list[str]], models: list[str], processes: int, tell: Callable[[str], None]
) -> Iterator[str]:
    # Forking a process that holds threads and connections is not safe.
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(processes, mp_context=context) as pool:
        told = manager.Queue()
        futures = [pool.submit(one, model, tell=told.put) for model in models]
        while not (all(future.done() for future in futures) and told.empty()):
            with suppress(Empty):
                tell(told.get(timeout=0.2))
        for future in futures:
            yield from future.result()
