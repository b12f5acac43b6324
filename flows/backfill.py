"""The backfill flow: many nights of some models, in order, in one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from prefect import flow, get_run_logger
from prefect.states import Completed, Failed, State
from pydantic import Field

from flows.night import walk
from flows.stages import PLAIN, Stages
from lamplighter.core.monitor import Monitor
from lamplighter.core.window import Window
from lamplighter.errors import HistoryError, LamplighterError
from storage.project import Project
from tasks.night import Night
from tasks.outcome import Outcome


@dataclass(frozen=True)
class Walked:
    """One night of a backfill: its outcome, or what went wrong."""

    window: Window
    outcome: Outcome | None
    fault: str = ""


def windows_between(monitor: Monitor, first: date, last: date) -> list[Window]:
    """The windows from the one that holds ``first`` to the one that holds ``last``, in order."""
    window = Window.of(monitor.model, monitor.every, monitor.timezone, first)
    end = Window.of(monitor.model, monitor.every, monitor.timezone, last).end
    windows = [window]
    while windows[-1].end < end:
        windows.append(windows[-1].next())
    return windows


def walk_nights(project: Project, monitor: Monitor, windows: list[Window], *, reports: int = 0) -> Iterator[Walked]:
    """Walk windows in order with the plain stages; a night that fails leaves the next ones to go on.

    Parameters
    ----------
    reports : int
        How many of the newest windows get a report.
    """
    for i, window in enumerate(windows):
        night = Night(project, monitor, window, monitor.night_after(window))
        try:
            outcome = walk(night, Stages(PLAIN), with_report=i >= len(windows) - reports)
        except HistoryError:
            raise
        except LamplighterError as error:
            yield Walked(window, None, str(error))
        else:
            yield Walked(window, outcome)


def nights_to_walk(project: Project, models: list[str], first: date, last: date) -> int:
    """How many nights a backfill walks; a monitor that cannot be read has none."""
    count = 0
    for model in models:
        with suppress(LamplighterError):
            count += len(windows_between(project.monitor(model), first, last))
    return count


def backfill_nights(
    project: Project, models: list[str], first: date, last: date, *, reports: int, tell: Callable[[str], None]
) -> list[str]:
    """Back-fill some models and return what went wrong, one line a fault; the other models go on."""
    faults = []
    for model in models:
        try:
            monitor = project.monitor(model)
            for walked in walk_nights(project, monitor, windows_between(monitor, first, last), reports=reports):
                if walked.fault:
                    faults.append(f"{model} {walked.window.label}: {walked.fault}")
                tell(f"{model} {walked.window.label}: {walked.outcome.message if walked.outcome else walked.fault}")
        except LamplighterError as error:
            faults.append(f"{model}: {error}")
            tell(faults[-1])
    return faults


@flow(name="backfill", flow_run_name="backfill-{first}-{last}", validate_parameters=True)
def backfill(
    models: Annotated[list[str], Field(description="names of models; the others are left alone")],
    first: Annotated[date, Field(description="first local day")],
    last: Annotated[date, Field(description="last local day")],
    reports: Annotated[int, Field(ge=0, description="how many of the newest windows get a report")] = 0,
    project: Annotated[str | None, Field(description="project folder; empty: LAMPLIGHTER_PROJECT")] = None,
) -> State:
    """Evaluate past windows in order, as if each night had come on time."""
    opened = Project.open(project)
    faults = backfill_nights(opened, models, first, last, reports=reports, tell=get_run_logger().info)
    if faults:
        return Failed(message="; ".join(faults))
    return Completed(message=f"{', '.join(models)}: {first} to {last}")
