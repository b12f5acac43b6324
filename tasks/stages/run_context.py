"""One run of one model: what every stage gets."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from lamplighter.core.monitor import Monitor
from lamplighter.core.time.window import Window, logical_date
from lamplighter.errors import MonitorError
from storage.project.folder import Project
from storage.sinks.reports import report_path

if TYPE_CHECKING:
    from storage.history import History
    from storage.profiles.store import LoadedProfiles
    from storage.sources.scan import Scan
    from storage.sources.scan_spec import ScanSpec
    from storage.sources.shared_scans import Scans

CLOCKS_DIFFER = timedelta(minutes=5)
"""By how much the clock of a scheduler may be ahead."""


def _no_scans() -> Scans:
    # A window that cannot be run is refused before pandas and pyarrow are imported (0.4 s).
    from storage.sources.shared_scans import Scans

    return Scans()


def _no_profiles() -> LoadedProfiles:
    from storage.profiles.store import LoadedProfiles

    return LoadedProfiles()


@dataclass(frozen=True)
class RunContext:
    """A model, the window it is about, and the logical time at which it is looked at.

    Attributes
    ----------
    project : Project
    monitor : Monitor
    window : Window
    now : datetime
        Labels that arrived later are not seen.
    relabel : bool
        Fold in labels that came after their window was final.
    run_url : str
        The page of the flow run, which messages link to; empty without a server.
    scans : Scans
        What the run has opened. `dataclasses.replace` hands it on to the next run of the same process.
    profiles : LoadedProfiles
        What it has loaded of earlier windows; handed on likewise.
    """

    project: Project
    monitor: Monitor
    window: Window
    now: datetime
    relabel: bool = False
    run_url: str = ""
    scans: Scans = field(default_factory=_no_scans, compare=False, repr=False)
    profiles: LoadedProfiles = field(default_factory=_no_profiles, compare=False, repr=False)

    @classmethod
    def of(
        cls,
        project: Project,
        monitor: Monitor,
        day: date | datetime,
        now: datetime | None = None,
        *,
        relabel: bool = False,
        run_url: str = "",
    ) -> RunContext:
        """The run for the window that holds ``day``; without ``now`` as if it had started when it was scheduled.

        Raises
        ------
        MonitorError
            If the window is not over, or ``now`` is still to come: later runs would take it for the present.
        """
        present, zone = datetime.now(UTC), ZoneInfo(monitor.timezone)
        if now and now.tzinfo is None:
            now = now.replace(tzinfo=zone)
        if now and now > present + CLOCKS_DIFFER:
            what = f"{now.isoformat()} is still to come"
            raise MonitorError(what, where=monitor.model, fix="give a time that has passed, or none")
        if isinstance(day, datetime) and day.tzinfo is None:
            day = day.replace(tzinfo=zone)
        window = Window.of(monitor.model, monitor.every, monitor.timezone, day)
        if (known := now or present) < window.end:
            last = monitor.window(known).label
            raise MonitorError(
                f"{window.label} is not over yet", where=monitor.model, fix=f"the newest complete window is {last}"
            )
        return cls(project, monitor, window, now or monitor.run_after(window), relabel, run_url)

    @property
    def known_on(self) -> datetime:
        """The logical date of the run: when what it finds becomes known."""
        return logical_date(self.now, self.monitor.every, self.monitor.timezone)

    @property
    def is_newest(self) -> bool:
        """Whether the window is the newest complete one; an older one is looked at again, but not judged again."""
        return self.monitor.window(self.now) == self.window

    def __getstate__(self) -> dict[str, Any]:
        """What travels to another process: connections and files are opened anew there."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}

    @cached_property
    def history(self) -> History:
        """The history of the project."""
        # A window that cannot be run is refused without SQLAlchemy (0.15 s).
        from storage.history import open_history

        return open_history(self.project)

    def scan(self, where: ScanSpec) -> Scan:
        """The rows of a spec, opened once in a run."""
        return self.scans.open(where)

    def judged_window(self) -> Window | None:
        """The window whose quality is judged, and shown; asked of the history each time."""
        from storage.history.windows import judged_window

        return judged_window(self.history, self.monitor, self.window, self.known_on)

    def label_of(self, start: datetime | None) -> str:
        """A window of the model as a person names it, by its start; empty for none."""
        if start is None:
            return ""
        return Window.of(self.monitor.model, self.monitor.every, self.monitor.timezone, start).label

    @property
    def spool(self) -> Path:
        """Folder of what SQL sources were streamed to; it belongs to the run and is removed with it."""
        return self.project.home / "spool" / self.monitor.model

    @property
    def report_path(self) -> Path:
        """Where the report of the run goes."""
        return report_path(self.project.home, self.monitor.model, self.window.label)
