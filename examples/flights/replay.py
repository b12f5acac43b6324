"""The year again with the closed loop: whoever is champion answers the days to come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from examples.flights.model import Model
from examples.flights.serve import log_reference, predict_late, write_labels
from flows.nights import walk_nights, windows_between
from lamplighter.core.retraining import Entry, Purpose, Status
from storage.history import open_history
from storage.history.promotions import champion
from storage.history.retrainings import entries
from storage.models import Registry
from storage.project import Project
from tasks.adopt import adopt

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
        self.follow(first)

    def follow(self, since: dt.date) -> str:
        """Answer the days from one on by the champion, unless it is the one that answers them already."""
        history = open_history(self.project)
        promotion = champion(history, LOOP)
        assert promotion is not None
        if promotion.version != self.version and since <= self.last:
            place = Registry(self.project.home, history, LOOP).verified(promotion.version)
            predict_late(since, self.last, Model.load(place), self.project.root / "data", LOG)
            self.version = promotion.version
        return self.version


def walk_loop(service: Service, first: dt.date, last: dt.date, tell: Callable[[str], None]) -> None:
    """Walk nights with their retrainings, and let the service follow the champion."""
    project = service.project
    monitor = project.monitor(LOOP)
    service.begin(first)
    windows = windows_between(monitor, first, last) if first <= last else []
    for walked in walk_nights(project, monitor, windows, with_retraining=True):
        if walked.fault:
            raise RuntimeError(f"{walked.window.label}: {walked.fault}")
        before = service.version
        if service.follow(walked.window.last_day + dt.timedelta(days=1)) != before:
            tell(f"{walked.window.label}: {service.version} is champion")


def trainings(project: Project) -> list[Entry]:
    """The retrainings of the loop that were started, in order."""
    known = entries(open_history(project), LOOP)
    return [entry for entry in known if entry.purpose is Purpose.RETRAINING and entry.status is not Status.VETOED]
