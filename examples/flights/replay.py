"""The year again with the closed loop: whoever is champion answers the days to come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from examples.flights.model import Model
from examples.flights.serve import log_reference, predict_late
from flows.nights import walk_nights, windows_between
from storage.history import open_history
from storage.history.promotions import champion
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
        adopt(self.project, self.project.monitor(LOOP), late, Model.load(late).version, *TRAINED)
        log_reference(Model.load(late), folder, late, LOG)
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


@flow(name="replay")
def replay(folder: str, first: dt.date, last: dt.date, until: dt.date) -> State:
    """Walk the nights of the loop in order; after each promotion the new champion serves.

    Args:
        folder: project folder
        first: first local day
        last: last local day that is walked
        until: last local day that is served
    """
    walk_loop(Service(Project.open(folder), until), first, last, tell=lambda line: None)
    return Completed(message=f"{first} to {last}")


def walk_loop(service: Service, first: dt.date, last: dt.date, tell: Callable[[str], None]) -> None:
    """Walk nights with their retrainings, and let the service follow the champion."""
    project = service.project
    monitor = project.monitor(LOOP)
    service.begin(first)
    for walked in walk_nights(project, monitor, windows_between(monitor, first, last), with_retraining=True):
        if walked.fault:
            raise RuntimeError(f"{walked.window.label}: {walked.fault}")
        before = service.version
        if service.follow(walked.window.last_day + dt.timedelta(days=1)) != before:
            tell(f"{walked.window.label}: {service.version} is champion")
