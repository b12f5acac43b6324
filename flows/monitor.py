"""The monitor flow: one run of one model.

The docstrings of flows list their parameters in the one form that Prefect's custom-run page reads.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from prefect import flow, runtime
from prefect.client.schemas.objects import State

from flows.choices import Model
from flows.run_window import run_window
from flows.stage_functions import Stages
from flows.states import ending
from storage.project.folder import Project
from tasks.artifacts import leave_artifacts
from tasks.stages.run_context import RunContext


def _context(
    model: str, day: date | datetime | None, now: datetime | None, project: str | None, relabel: bool
) -> RunContext:
    """The context of a run: by default for the newest window that was complete when the run was scheduled."""
    opened = Project.open(project)
    monitor = opened.monitor(model)
    present = datetime.now(UTC)
    # A run that is started by hand before its time is about the newest window that is complete.
    now = now or min(runtime.flow_run.scheduled_start_time or present, present)
    url = runtime.flow_run.ui_url or ""
    return RunContext.of(opened, monitor, day or monitor.window(now).start, now, relabel=relabel, run_url=url)


def _run_name() -> str:
    """The name holds the window, also where no day was given; a run that will fail has a name all the same."""
    given = runtime.flow_run.parameters
    try:
        window = _context(given["model"], given["day"], given["now"], given["project"], False).window.label
    except Exception:
        # What is wrong is what the run itself ends with; here it would leave the run without a name.
        window = str(given.get("day") or "newest")
    return f"monitor-{given['model']}-{window}"


@flow(name="monitor", flow_run_name=_run_name)
def monitor(
    model: Model,
    day: date | datetime | None = None,
    now: datetime | None = None,
    project: str | None = None,
    relabel: bool = False,
) -> State:
    """Evaluate one window of one model, and every earlier one whose labels have arrived.

    Args:
        model: name of the model, as in its monitor file
        day: local day to evaluate; empty: the newest complete one when the run was scheduled, so yesterday
        now: logical time, what arrived later is not seen; empty: when the run was scheduled
        project: project folder; empty: that of LAMPLIGHTER_PROJECT
        relabel: fold in labels that came after the day was final
    """
    outcome = run_window(_context(model, day, now, project, relabel), Stages.as_tasks())
    leave_artifacts(outcome)
    return ending(outcome)
