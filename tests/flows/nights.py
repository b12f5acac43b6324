"""Ways of walking nights, for tests that compare them."""

from __future__ import annotations

from datetime import date
from typing import Any

from flows.backfill import walk_nights, windows_between
from flows.night import walk
from flows.stages import PLAIN, Stages
from storage.history import open_history
from storage.history.query import dump
from storage.project import Project
from tasks.night import Night
from tasks.outcome import Outcome


def one_night(project: Project, model: str, day: date, stages: dict[str, Any] | None = None) -> Outcome:
    """Walk the night of a day with the plain stages."""
    night = Night.of(project, project.monitor(model), day)
    return walk(night, Stages(stages or PLAIN), with_report=False)


def many_nights(project: Project, model: str, first: date, last: date) -> None:
    """Walk the nights of some days; a night that fails fails the test."""
    monitor = project.monitor(model)
    for walked in walk_nights(project, monitor, windows_between(monitor, first, last)):
        assert not walked.fault, walked.fault


def recorded(project: Project) -> dict[str, list[tuple[Any, ...]]]:
    """All that is recorded, but for the fingerprints of files, which change with the folder of the project."""
    tables = dump(open_history(project))
    tables["evaluation"] = [(*row[:-2], row[-1]) for row in tables["evaluation"]]
    return tables


def recorded_of_any_source(project: Project) -> dict[str, list[tuple[Any, ...]]]:
    """What must agree between a model read from files and the same read from a database: all but its name."""
    tables = recorded(project)
    nameless = {name: [row[1:] for row in rows] for name, rows in tables.items()}
    nameless["finding"] = [row[:-1] for row in nameless["finding"]]
    return nameless
