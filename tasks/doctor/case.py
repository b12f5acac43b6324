"""What all looks are at: a project, its monitors, its history, the present."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from lamplighter.core.monitor import Monitor
from lamplighter.errors import HistoryError, LamplighterError
from storage.history import History
from storage.history.unchanged import migrations_behind, unchanged_history
from storage.project.folder import Project


@dataclass
class Case:
    """A project that is looked at.

    Attributes
    ----------
    project : Project
    now : datetime
    model : str or None
        The only one that is asked for.
    send_test : bool
        Whether a message may be sent to every URL.
    server_answers : bool
        Whether the Prefect server answered; what else is asked of it is not asked of one that is silent.
    """

    project: Project
    now: datetime
    model: str | None = None
    send_test: bool = False
    server_answers: bool = field(default=False, init=False)

    @cached_property
    def monitors(self) -> list[tuple[Path, Monitor | LamplighterError]]:
        """Each monitor file that is asked for, with its monitor or with what is wrong with it."""
        only = self.project.file_of(self.model) if self.model else None
        return [(path, monitor) for path, monitor in self.project.monitors() if only in (None, path)]

    @property
    def sound(self) -> list[Monitor]:
        """The monitors that can be read."""
        try:
            return [monitor for _, monitor in self.monitors if isinstance(monitor, Monitor)]
        except LamplighterError:
            # There is none; the look at the monitors says so.
            return []

    @cached_property
    def history(self) -> History | None:
        """The history, where there is one of this version; else None, and the look at the history says why."""
        try:
            history = unchanged_history(self.project)
            return history if history and migrations_behind(history) == 0 else None
        except HistoryError:
            return None

    def file_of(self, monitor: Monitor) -> Path:
        """The file of a monitor."""
        return next(path for path, found in self.monitors if found is monitor)
