"""The monitor flow: one night of one model."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from prefect import flow, runtime
from prefect.states import Completed, State
from pydantic import Field

from flows.night import walk
from flows.stages import TASKS, Stages
from storage.project import Project
from tasks.artifacts import leave_artifacts
from tasks.night import Night


def _night(model: str, day: date | datetime | None, now: datetime | None, project: str | None, relabel: bool) -> Night:
    """The night that a run is about: by default that of the newest window complete when the run was scheduled."""
    opened = Project.open(project)
    monitor = opened.monitor(model)
    scheduled = runtime.flow_run.scheduled_start_time or datetime.now(UTC)
    if day is None:
        return Night(opened, monitor, monitor.window(now or scheduled), now or scheduled, relabel)
    return Night.of(opened, monitor, day, now, relabel=relabel)


def _run_name() -> str:
    parameters = runtime.flow_run.parameters
    day = parameters.get("day") or "newest"
    return f"monitor-{parameters['model']}-{day}"


@flow(name="monitor", flow_run_name=_run_name, validate_parameters=True)
def monitor(
    model: Annotated[str, Field(description="name of the model, as in its monitor file")],
    day: Annotated[
        date | datetime | None, Field(description="local day to evaluate; empty: yesterday, as scheduled")
    ] = None,
    now: Annotated[datetime | None, Field(description="logical time; empty: when the night was scheduled")
    ] = None,
    project: Annotated[str | None, Field(description="project folder; empty: LAMPLIGHTER_PROJECT")] = None,
    relabel: Annotated[bool, Field(description="fold in labels that came after the day was final")] = False,
) -> State:
    """Evaluate one window of one model, and every earlier one whose labels have arrived."""
    outcome = walk(_night(model, day, now, project, relabel), Stages(TASKS))
    leave_artifacts(outcome)
    return Completed(message=outcome.message, data=outcome.as_dict())
