"""One retraining of one model: what each of its steps gets."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from lamplighter.core.checks.messages import Message
from lamplighter.core.monitor import Monitor, Severity
from lamplighter.core.monitor.retrain import Accept, Retrain
from lamplighter.core.retraining.policy import UNDER_WAY, Entry, Purpose, Status
from lamplighter.core.time.window import Grain, Window
from lamplighter.errors import MonitorError
from storage.history import History, open_history
from storage.history.outbox import put
from storage.history.promotions import champion
from storage.history.retrainings import advance, entry_of
from storage.history.runs import newest_run_begun
from storage.project.folder import Project
from storage.registry.trainer import TrainerProcess
from storage.registry.versions import Registry, Version
from storage.sinks.apprise import targets
from storage.sources.shared_scans import Scans

Announce = Callable[[str, int, int], None]
"""Gets the name of a step, and where it is counted how many of how many windows are done."""


@dataclass(frozen=True)
class Retraining:
    """A line of the ledger that is being worked on.

    Attributes
    ----------
    project : Project
    monitor : Monitor
    entry : Entry
        As far as the work has come.
    recorded : Entry
        As the ledger has it.
    announce : Announce, optional
        Gets what is done now.
    scans : Scans
        What the work has opened.
    """

    project: Project
    monitor: Monitor
    entry: Entry
    recorded: Entry
    announce: Announce | None = field(default=None, compare=False, repr=False)
    scans: Scans = field(default_factory=Scans, compare=False, repr=False)

    @classmethod
    def of(cls, project: Project, monitor: Monitor, entry: Entry, announce: Announce | None = None) -> Retraining:
        """The work on a line that was just read."""
        return cls(project, monitor, entry, entry, announce)

    def begin(self, step: str) -> None:
        """Say what is done now."""
        if self.announce:
            self.announce(step, 0, 0)

    def counting(self, step: str, total: int) -> Callable[[int], None] | None:
        """What says how many windows of a step are done."""
        if self.announce is None:
            return None
        announce = self.announce
        return lambda done: announce(step, done, total)

    @cached_property
    def history(self) -> History:
        """The history of the project."""
        return open_history(self.project)

    @property
    def retrain(self) -> Retrain:
        """What the monitor says of retraining."""
        if self.monitor.retrain is None:
            raise MonitorError(
                "the monitor has no retrain", where=self.monitor.model, fix="add it, or leave the model alone"
            )
        return self.monitor.retrain

    @property
    def accept(self) -> Accept:
        """What a challenger must prove."""
        assert self.retrain.accept is not None
        return self.retrain.accept

    @property
    def registry(self) -> Registry:
        """The versions of the model."""
        return Registry(self.project.home, self.history, self.monitor.model)

    @property
    def window(self) -> Window:
        """The window of the run that requested it."""
        return self.monitor.window(self.entry.known_on)

    @property
    def scratch(self) -> Path:
        """Folder of what is of use only while it is being worked on."""
        return scratch_of(self.project, self.monitor.model, self.entry.purpose)

    @property
    def trainer(self) -> TrainerProcess:
        """The user's functions, with their limits."""
        assert self.retrain.trainer is not None
        limits, is_private = (self.retrain.time_limit, self.retrain.memory), bool(self.monitor.private)
        scratch, environment = self.scratch / "child", self.retrain.environment
        return TrainerProcess(self.project, self.retrain.trainer, *limits, is_private, scratch, environment)

    def champion(self) -> Version | None:
        """Who is champion now, where that is a registered version; asked of the history each time."""
        promotion = champion(self.history, self.monitor.model)
        return self.registry.find(promotion.version) if promotion else None

    def working_copy(self, version: str) -> Path:
        """A copy of a version for the user's functions, which may write into it.

        Raises
        ------
        ModelError
            If its files are not what was registered.
        """
        return Path(
            shutil.copytree(self.registry.verified(version), self.scratch / "copies" / version, dirs_exist_ok=True)
        )

    @property
    def new_version(self) -> str:
        """The name of its version: the local day or hour of the logical date, with a number from the second one on."""
        # With the offset: an hour that the clock strikes twice is two.
        form = "%Y-%m-%dT%H%z" if self.monitor.every is Grain.HOUR else "%Y-%m-%d"
        moment = self.entry.known_on.astimezone(self.window.zone).strftime(form)
        return moment if self.entry.asked == 1 else f"{moment}.{self.entry.asked}"

    def refreshed(self) -> Retraining:
        """The same, as far as the ledger says it has come."""
        own = self.entry
        entry = entry_of(self.history, own.model, own.known_on, own.purpose, own.asked) or own
        return replace(self, entry=entry, recorded=entry)

    def with_entry(self, **changes: Any) -> Retraining:
        """The same, a step further; nothing is written yet."""
        return replace(self, entry=replace(self.entry, **changes))

    def as_saved(self) -> Retraining:
        """The same, once the line has been written as it is."""
        return replace(self, recorded=self.entry)

    def save(self, **changes: Any) -> Retraining:
        """The same, a step further, and written so."""
        changed = self.with_entry(**changes)
        with self.history.writing() as connection:
            advance(connection, self.recorded, changed.entry)
        return changed.as_saved()

    def conclude(
        self, status: Status, text: str, act: Callable[[sa.Connection], None] | None = None, **changes: Any
    ) -> Retraining:
        """Write its end and the message about it, in one transaction with whatever it leads to.

        Parameters
        ----------
        status : Status
        text : str
            The message, in a line.
        act : callable, optional
            Gets the connection.
        """
        changed, model = self.with_entry(status=status, **changes), self.monitor.model
        entry, (event, severity) = changed.entry, EVENTS[status]
        subject = entry.purpose.value if entry.asked == 1 else f"{entry.purpose.value} {entry.asked}"
        message = Message(model, subject, event, severity, f"{model}: {entry.purpose.value} {event}", text)
        with self.history.writing() as connection:
            if status not in UNDER_WAY:
                begun = newest_run_begun(connection, model)
                entry = replace(entry, ended_on=max(begun or entry.known_on, entry.known_on))
            if act:
                act(connection)
            advance(connection, self.recorded, entry)
            put(connection, entry.known_on, [message], targets(self.monitor))
        return replace(changed, entry=entry).as_saved()

    def failed(self, reason: str) -> Retraining:
        """Write that it failed, and why."""
        return self.conclude(Status.FAILED, f"{self.entry.cause}: {reason}", reason=reason)


def scratch_of(project: Project, model: str, purpose: Purpose) -> Path:
    """The folder of a model's work for one purpose.

    Examples
    --------
    >>> scratch_of(project, "churn", Purpose.PROBATION).name
    'churn.probation'
    """
    return project.home / "spool" / f"{model}.{purpose.value}"


EVENTS: dict[Status, tuple[str, Severity]] = {
    Status.PROMOTED: ("promoted", Severity.WARNING),
    Status.REJECTED: ("rejected", Severity.WARNING),
    Status.WAITING: ("waiting for approval", Severity.WARNING),
    Status.CONFIRMED: ("confirmed", Severity.WARNING),
    Status.ROLLED_BACK: ("rolled back", Severity.CRITICAL),
    Status.COMPLETED: ("completed", Severity.WARNING),
    Status.FAILED: ("failed", Severity.CRITICAL),
}
"""The possible ends of a retraining, in words, and how severe the message is."""
