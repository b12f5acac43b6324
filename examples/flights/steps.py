"""The steps of the demo as a person sees them: bars on a terminal, plain lines where there is none."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as Remaining

LINES = 4
"""Lines that a long step writes where there is no terminal: one each time that another quarter of it is done."""

LOOK_SECONDS = 0.5
"""How often it is looked how far another process has come."""


@dataclass
class Step:
    """One step: how much of it is done, and of how much."""

    steps: Steps
    name: str
    total: int | None
    bar: Any = None
    done: int = 0
    note: str = ""
    begun: float = field(default_factory=time.perf_counter)

    def advance(self, note: str = "") -> None:
        """One more is done."""
        self.reach(self.done + 1, note)

    def reach(self, done: int, note: str = "") -> None:
        """So much is done."""
        before, self.done, self.note = self.done, done, note or self.note
        self.steps.show(self, before)


class Steps:
    """All steps of a demo.

    Parameters
    ----------
    console : Console
        Bars are drawn where it is a terminal.
    begun : float
        When it all began, as `time.perf_counter` tells.
    """

    def __init__(self, console: Console, begun: float) -> None:
        self.console = console
        self.progress = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            Remaining(compact=True),
            TextColumn("{task.fields[note]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self.begun = begun
        self.threads: list[threading.Thread] = []

    def __enter__(self) -> Steps:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def say(self, line: str) -> None:
        """Print a line above the bars, with the seconds since the beginning."""
        line = f"{time.perf_counter() - self.begun:4.0f} s  {line}"
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def step(self, name: str, total: int | None = None) -> Iterator[Step]:
        """A step from here to the end of the block."""
        step = self._begin(name, total)
        yield step
        self._end(step)

    def follow(self, name: str, future: Future[Any], total: int | None, count: Callable[[], int] | None = None) -> None:
        """A step of another process, from here until its future is done.

        Parameters
        ----------
        count : callable, optional
            How much of it is done.
        """
        step = self._begin(name, total)

        def look() -> None:
            while not future.done():
                if count:
                    step.reach(count())
                time.sleep(LOOK_SECONDS)
            if not future.exception():
                self._end(step)

        self.threads.append(threading.Thread(target=look, daemon=True))
        self.threads[-1].start()

    @contextmanager
    def watched(self, name: str, total: int, count: Callable[[], int]) -> Iterator[None]:
        """A step that lasts as long as the block, which does not say how far it has come."""
        over: Future[None] = Future()
        self.follow(name, over, total, count)
        try:
            yield
        finally:
            over.set_result(None)

    def show(self, step: Step, before: int) -> None:
        """Show how far a step has come."""
        if step.bar is not None:
            self.progress.update(step.bar, completed=step.done, note=step.note)
        elif step.total and step.done < step.total and LINES * step.done // step.total > LINES * before // step.total:
            left = (time.perf_counter() - step.begun) / step.done * (step.total - step.done)
            self.say(f"{step.name}: {step.done} of {step.total}, {left:.0f} s left  {step.note}".rstrip())

    def _begin(self, name: str, total: int | None) -> Step:
        step = Step(self, name, total)
        if self.console.is_terminal:
            step.bar = self.progress.add_task(name, total=total, note="")
        else:
            self.say(f"{name} ...")
        return step

    def _end(self, step: Step) -> None:
        if step.bar is not None:
            total = step.total or 1
            self.progress.update(step.bar, total=total, completed=total, note=step.note)
        else:
            self.say(f"{step.name}: done in {time.perf_counter() - step.begun:.0f} s")
