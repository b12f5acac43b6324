"""The past windows of several models, one model after another or in processes side by side."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from queue import Empty

from flows.report import make_report
from flows.run_windows import run_windows, windows_between, windows_to_run
from lamplighter.core.monitor import Monitor
from lamplighter.core.time.window import Window
from lamplighter.errors import LamplighterError, about, said_of
from storage.history import open_history
from storage.history.windows import windows_with_rows
from storage.project.folder import Project
from tasks.stages.outcome import MOST_SHOWN
from tasks.stages.run_context import RunContext


@dataclass(frozen=True)
class Step:
    """Something that a backfill did: a stage that began, or a window that ended.

    Attributes
    ----------
    model, window : str
        The window's label.
    stage : str
        The stage that began; empty where the window has ended.
    message : str
        What the window came to, or what went wrong.
    found : tuple of str
        What its run found, as far as the message shows it.
    failed : bool
    is_later : bool
        Whether it is after the days that were asked for, and was run again for their labels.
    """

    model: str
    window: str
    stage: str = ""
    message: str = ""
    found: tuple[str, ...] = ()
    failed: bool = False
    is_later: bool = False

    @property
    def line(self) -> str:
        """The step for people."""
        return f"{self.model} {self.window}: {self.stage or self.message}"


Announce = Callable[[Step], None]


@dataclass(frozen=True)
class Backfilled:
    """What a backfill of one model came to.

    Attributes
    ----------
    model : str
    planned, ran, later : int
        Windows of the days that were asked for, how many of them were run to an end, good or bad, and how many later
        ones were run again for their labels.
    failed : tuple of str
        What went wrong, one line a window that failed.
    stopped : str
        Why it stopped before its end; empty where it did not.
    stopped_at : str
        The window that it stopped at; empty where it stopped before the first or after the last.
    reports : int
        Reports that were made.
    unreported : str
        Why there are fewer reports than were asked for; empty where there are not.
    """

    model: str
    planned: int = 0
    ran: int = 0
    later: int = 0
    failed: tuple[str, ...] = ()
    stopped: str = ""
    stopped_at: str = ""
    reports: int = 0
    unreported: str = ""

    @property
    def is_sound(self) -> bool:
        """Whether every window ran without a failure."""
        return not self.failed and not self.stopped

    @property
    def faults(self) -> list[str]:
        """What went wrong, in lines for people; of a backfill that stopped also where to go on."""
        if not self.stopped:
            return [*self.failed]
        if not self.planned:
            return [*self.failed, f"{self.model}: {self.stopped}"]
        counts = [f"{self.ran} of {self.planned} windows ran"]
        counts += [f"{len(self.failed)} of them failed"] if self.failed else []
        counts += [f"{self.planned - self.ran} never ran"] if self.planned > self.ran else []
        at = f" at {self.stopped_at}" if self.stopped_at else ""
        what = f"{self.model}: {', '.join(counts)}; stopped{at}: {self.stopped}"
        again = f"continue with --from {self.stopped_at}" if self.ran < self.planned else "run it again"
        return [*self.failed, f"{what}; {again}" if at else what]


def windows_planned(project: Project, models: Sequence[str], first: date, last: date) -> int:
    """How many windows a backfill runs, later ones too; a monitor that cannot be read has none.

    Examples
    --------
    >>> from datetime import timedelta
    >>> windows_planned(project, ["churn", "unknown"], window.day - timedelta(days=1), window.day)
    2
    """
    count = 0
    for model in models:
        with suppress(LamplighterError):
            count += len(windows_to_run(project, project.monitor(model), first, last))
    return count


def _backfill_model(root: str, model: str, first: date, last: date, reports: int, announce: Announce) -> Backfilled:
    """Back-fill one model.

    Parameters
    ----------
    root : str
        The project's folder: it travels to another process, and what was opened of a project does not.
    reports : int
        How many of the newest windows that have rows get a report.
    announce : callable of Step
        Gets each stage as it begins, and each window as it ends.
    """
    project, done = Project.open(root), Backfilled(model)
    at = ""
    try:
        monitor = project.monitor(model)
        windows = windows_to_run(project, monitor, first, last)
        asked = windows_between(monitor, first, last)
        done = replace(done, planned=len(asked))
        at = windows[0].label
        for place, run in enumerate(
            run_windows(project, monitor, windows, announce=partial(_announce, announce, model))
        ):
            is_later = place >= len(asked)
            message = run.outcome.message if run.outcome else run.fault
            outcome, failed = run.outcome, bool(run.fault)
            found = (*outcome.found,) if outcome else ()
            step = Step(model, run.window.label, "", message, found[:MOST_SHOWN], failed, is_later)
            announce(step)
            done = replace(
                done,
                ran=done.ran + (not is_later),
                later=done.later + is_later,
                failed=(*done.failed, step.line) if failed else done.failed,
            )
            at = windows[place + 1].label if place + 1 < len(windows) else ""
        return _reported(project, monitor, asked, reports, announce, done)
    except LamplighterError as error:
        return replace(done, stopped=said_of(model, error), stopped_at=at)
    except KeyboardInterrupt:
        # What is done is done, and a person who stops it wants to know where to go on.
        return replace(done, stopped=INTERRUPTED, stopped_at=at)


NOT_BEGUN = "not begun, as the backfill was interrupted"

INTERRUPTED = "interrupted"
"""Why a backfill stopped that a person ended."""


def _announce(announce: Announce, model: str, window: Window, stage: str) -> None:
    announce(Step(model, window.label, stage))


def _reported(
    project: Project, monitor: Monitor, windows: Sequence[Window], reports: int, announce: Announce, done: Backfilled
) -> Backfilled:
    """Make the reports of the newest windows that have rows: which ones those are is known when all have been run."""
    if not reports:
        return done
    shown = windows_with_rows(open_history(project), windows)[-reports:]
    if not shown:
        return replace(done, unreported=f"{monitor.model}: no report is made: none of the windows has rows")
    for window in shown:
        announce(Step(monitor.model, window.label, "report"))
        try:
            make_report(RunContext(project, monitor, window, monitor.run_after(window)))
        except LamplighterError as error:
            done = replace(done, unreported=about(monitor.model, error))
        else:
            done = replace(done, reports=done.reports + 1)
    return done


def backfill_models(
    project: Project,
    models: Sequence[str],
    first: date,
    last: date,
    *,
    reports: int,
    processes: int,
    announce: Announce,
) -> list[Backfilled]:
    """Back-fill some models, several at a time; a model that fails leaves the others to go on.

    Parameters
    ----------
    first, last : date or datetime
        A day means all of its windows, a time the window that it lies in.
    """
    one = partial(_backfill_model, str(project.root), first=first, last=last, reports=reports)
    if processes == 1 or len(models) == 1:
        done: list[Backfilled] = []
        for model in models:
            is_over = any(it.stopped == INTERRUPTED for it in done)
            done.append(Backfilled(model, stopped=NOT_BEGUN) if is_over else one(model, announce=announce))
        return done
    return [*_side_by_side(one, models, processes, announce)]


def _side_by_side(
    one: Callable[..., Backfilled], models: Sequence[str], processes: int, announce: Announce
) -> Iterator[Backfilled]:
    # Forking a process that holds threads and connections is not safe.
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(processes, mp_context=context) as pool:
        queue = manager.Queue()
        futures = {model: pool.submit(one, model, announce=queue.put) for model in models}
        interrupted = False
        try:
            while not (all(future.done() for future in futures.values()) and queue.empty()):
                with suppress(Empty):
                    announce(queue.get(timeout=0.2))
        except (KeyboardInterrupt, EOFError, ConnectionError):
            # A terminal interrupts the other processes too, and each comes back with what it has done.
            interrupted = True
            pool.shutdown(wait=False, cancel_futures=True)
        for model, future in futures.items():
            try:
                yield future.result()
            except (CancelledError, KeyboardInterrupt):
                yield Backfilled(model, stopped=NOT_BEGUN)
            except BrokenProcessPool:
                if interrupted:
                    yield Backfilled(model, stopped=f"{INTERRUPTED}; run it again, which repeats nothing")
                    continue
                died = "the process was ended from outside, as when memory runs out; run it again with --processes 1"
                yield Backfilled(model, stopped=died)


def summed_up(done: Sequence[Backfilled], first: date | datetime, last: date | datetime) -> str:
    """What a backfill came to, in a line.

    Examples
    --------
    >>> summed_up([Backfilled("a", 3, 3), Backfilled("b", 3, 2, failed=("b 2026-03-03: no log",))], "1st", "3rd")
    'a, b: 1st to 3rd, 5 of 6 windows ran, 1 of them failed'
    """
    named = ", ".join(it.model for it in done) if len(done) <= MOST_NAMED else f"{len(done)} models"
    planned, ran = sum(it.planned for it in done), sum(it.ran for it in done)
    windows = "window" if planned == 1 else "windows"
    counts = f"{ran} {windows} ran" if ran == planned else f"{ran} of {planned} {windows} ran"
    failed = sum(len(it.failed) for it in done)
    return f"{named}: {first} to {last}, {counts}{f', {failed} of them failed' if failed else ''}"


MOST_NAMED = 5
"""Models that are named in one line."""
