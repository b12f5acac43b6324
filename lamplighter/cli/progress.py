"""How far long work has come: a bar on a terminal, and a line now and then where there is none."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from lamplighter.core.numbers import number_text

LINE_SECONDS = 30.0
"""Between lines where there is no terminal: seldom enough for a log, often enough to see that it goes on."""


class Progress:
    """Counts what is done of a whole; nothing is printed to standard output, which may be piped.

    Parameters
    ----------
    total : int or None
        None where it is not known how much there is to do.
    unit : str
        What is counted, such as ``windows``.
    clock : callable
        Seconds that only grow.
    """

    def __init__(self, total: int | None, unit: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.total, self.unit, self.done, self.doing = total, unit, 0, ""
        self._clock, self._begun, self._printed = clock, clock(), clock()
        self._step, self._steps, self._step_begun = "", 0, clock()

    def update(self, doing: str, advance: int = 0) -> None:
        """Note what is being done, and how much more is done by now."""
        self.doing, self.done = doing, self.done + advance
        if self._clock() - self._printed >= LINE_SECONDS:
            self._printed = self._clock()
            click.echo(self.line, err=True)

    def step(self, name: str, done: int, total: int, *, of: int) -> None:
        """Note which of some steps is being done; where it is counted, with what is left of it."""
        if name != self._step:
            self._step, self._steps, self._step_begun = name, self._steps + 1, self._clock()
        counted = ""
        if total:
            counted = f", {done} of {total} {self.unit}"
            if done:
                left = (self._clock() - self._step_begun) / done * (total - done)
                counted += f", {_spoken(left)} left"
        self.update(f"step {min(self._steps, of)} of {of}: {name}{counted}")

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return self._clock() - self._begun

    @property
    def rate(self) -> str:
        """How much is done in a minute, and how much longer it takes; empty before anything is done."""
        if not self.done or not self.seconds:
            return ""
        a_minute = f"{number_text(self.done / self.seconds * 60, 3)} {self.unit} a minute"
        if self.total is None or self.done >= self.total:
            return a_minute
        return f"{a_minute}, {_spoken((self.total - self.done) * self.seconds / self.done)} left"

    @property
    def line(self) -> str:
        """All of it in a line."""
        of = f"{self.done} of {self.total} {self.unit}" if self.total is not None else _spoken(self.seconds)
        return "; ".join(part for part in (of, self.rate, self.doing) if part)


class Bar(Progress):
    """The same as a bar, which moves also while the first piece of work is being done."""

    def __init__(self, total: int | None, unit: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        super().__init__(total, unit)
        count = "{task.completed:.0f}/{task.total:.0f}" if total is not None else ""
        columns = (BarColumn(bar_width=16), TextColumn(count), TimeElapsedColumn(), TextColumn("{task.description}"))
        self.rich = RichProgress(*columns, console=Console(stderr=True), transient=True)
        self._task = self.rich.add_task("", total=total)

    def update(self, doing: str, advance: int = 0) -> None:
        """Note what is being done, and how much more is done by now."""
        self.doing, self.done = doing, self.done + advance
        shown = "; ".join(part for part in (self.rate, self.doing) if part)
        # Names of models are no markup, and brackets in them would be taken for some.
        self.rich.update(self._task, advance=advance, description=shown.replace("[", r"\["))


@contextmanager
def progress_of(total: int | None, unit: str) -> Iterator[Progress]:
    """A bar where standard error is a terminal, lines now and then where it is none."""
    if not sys.stderr.isatty():
        yield Progress(total, unit)
        return
    bar = Bar(total, unit)
    with bar.rich:
        yield bar


def _spoken(seconds: float) -> str:
    """A span of time, to two figures at most.

    Examples
    --------
    >>> _spoken(42), _spoken(150), _spoken(7500)
    ('42 s', '2 min 30 s', '2 h 5 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
