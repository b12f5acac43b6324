"""What checks would have done with a recorded history: the one place of the benchmarks that replays."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from lamplighter.core.monitor import Monitor
from storage.history import open_history
from storage.history.incidents import all_incidents
from storage.project.folder import Project
from tasks.replay import replay

DRAFTS = "drafts"
"""Folder of the monitor files with other checks: beside that of the monitors, which are judged at present."""


@dataclass(frozen=True)
class Opened:
    """An incident of a replay, in local days.

    Attributes
    ----------
    check : str
    window : date
        The day that was read when it was opened.
    opened : date
        The day of the run that opened it.
    closed : date or None
    """

    check: str
    window: dt.date
    opened: dt.date
    closed: dt.date | None

    @classmethod
    def of(
        cls, monitor: Monitor, check: str, window: dt.datetime | None, opened: dt.datetime, closed: dt.datetime | None
    ) -> Opened:
        """The same of instants."""
        zone = ZoneInfo(monitor.timezone)
        days = [moment.astimezone(zone).date() if moment else None for moment in (window or opened, opened, closed)]
        read, since, until = days
        assert read is not None
        assert since is not None
        return cls(check, read, since, until)


@dataclass(frozen=True)
class Judged:
    """Every incident that some checks would have opened, and the seconds that it took to find that out."""

    incidents: list[Opened]
    seconds: float

    def of(self, check: str) -> list[Opened]:
        """Those of one check, in order."""
        return sorted((it for it in self.incidents if it.check == check), key=lambda it: it.opened)


def judged(project: Project, monitor: Monitor) -> Judged:
    """Judge all recorded runs by the checks of a monitor."""
    begun = time.perf_counter()
    found = replay(open_history(project), monitor).incidents
    seconds = time.perf_counter() - begun
    incidents = [Opened.of(monitor, it.check_name, it.window_start, it.opened_on, it.closed_on) for it in found]
    return Judged(incidents, seconds)


def recorded_incidents(project: Project, monitor: Monitor) -> list[Opened]:
    """The incidents that the runs opened."""
    rows = all_incidents(open_history(project), monitor.model)
    return [
        Opened.of(monitor, row["check_name"], row["window_start"], row["opened_on"], row["closed_on"]) for row in rows
    ]


def with_checks(project: Project, model: str, checks: Mapping[str, str]) -> Monitor:
    """The monitor of a model with other checks, by a draft of its own.

    Parameters
    ----------
    project : Project
    model : str
    checks : mapping of str to str
        What stands in the file of each check between the braces, by its name.
    """
    path = project.root / DRAFTS / f"{model}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(in_yaml(checks), encoding="utf-8")
    return project.draft(path, model)


def in_yaml(checks: Mapping[str, str]) -> str:
    """Checks as they stand in a monitor file.

    Examples
    --------
    >>> print(in_yaml({"fixed": "metric: f1, below: 0.9"}))
    checks:
      - {name: fixed, metric: f1, below: 0.9}
    <BLANKLINE>
    """
    lines = "".join(f"  - {{name: {name}, {limit}}}\n" for name, limit in checks.items())
    return f"checks:\n{lines}" if checks else "checks: []\n"
