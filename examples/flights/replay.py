"""The year again with the closed loop: the champion answers the days to come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

from examples.flights.data import TIMEZONE
from examples.flights.model import Model
from examples.flights.serve import log_reference, predict_late, write_labels
from flows.run_windows import WindowRun, run_windows, windows_between
from lamplighter.core.retraining.policy import Entry, Purpose, Status
from storage.history import open_history
from storage.history.promotions import champion, promotions
from storage.history.retrainings import entries
from storage.project.folder import Project
from storage.registry.versions import Registry
from tasks.retraining.adopt import adopt

LOOP = "flight-loop"
LOG = "loop"
TRAINED = (dt.date(2013, 1, 1), dt.date(2013, 3, 31))


class Service:
    """The service of the loop: answers all days to come by the champion, and again whenever that is another one."""

    def __init__(self, project: Project, last: dt.date) -> None:
        self.project, self.last, self.version = project, last, ""

    def begin(self, first: dt.date) -> None:
        """Take the model of January to March as the first champion, log what it answered then, and serve by it."""
        folder = self.project.root / "data"
        late = folder / "models" / "late"
        if champion(open_history(self.project), LOOP) is None:
            adopt(self.project, self.project.monitor(LOOP), late, Model.load(late).version, *TRAINED)
        log_reference(Model.load(late), folder, late, LOG)
        write_labels(*TRAINED, folder, "labels-before")
        self._serve_again(first)

    def _serve_again(self, first: dt.date) -> None:
        """Serve from a day on by who was champion then, and go on so: a replay that is repeated logs the same."""
        history = open_history(self.project)
        zone = ZoneInfo(TIMEZONE)
        for promotion in promotions(history, LOOP):
            # The first champion is adopted today, and serves from the beginning.
            since = first if promotion.number == 1 else max(first, promotion.known_on.astimezone(zone).date())
            self._serve(since, promotion.version)

    def follow(self, since: dt.date) -> str:
        """Answer the days from one on by the champion, unless it is the one that answers them already."""
        promotion = champion(open_history(self.project), LOOP)
        assert promotion is not None
        if promotion.version != self.version:
            self._serve(since, promotion.version)
        return self.version

    def _serve(self, since: dt.date, version: str) -> None:
        if since <= self.last:
            place = Registry(self.project.home, open_history(self.project), LOOP).verified(version)
            predict_late(since, self.last, Model.load(place), self.project.root / "data", LOG)
            self.version = version


def run_loop(
    service: Service,
    first: dt.date,
    last: dt.date,
    tell: Callable[[str], None],
    each: Callable[[WindowRun], None] = lambda _: None,
) -> None:
    """Evaluate days with their retrainings, and let the service follow the champion.

    Parameters
    ----------
    service : Service
    first, last : date
    tell : callable
        Gets a line for each new champion.
    each : callable, optional
        Called after each day.
    """
    project = service.project
    monitor = project.monitor(LOOP)
    service.begin(first)
    windows = windows_between(monitor, first, last) if first <= last else []
    for run in run_windows(project, monitor, windows, with_retraining=True):
        if run.fault:
            raise RuntimeError(f"{run.window.label}: {run.fault}")
        before = service.version
        if service.follow(run.window.last_day + dt.timedelta(days=1)) != before:
            tell(f"{run.window.label}: {service.version} is champion")
        each(run)


def trainings(project: Project) -> list[Entry]:
    """The retrainings of the loop that were started, in order."""
    known = entries(open_history(project), LOOP)
    return [entry for entry in known if entry.purpose is Purpose.RETRAINING and entry.status is not Status.VETOED]
