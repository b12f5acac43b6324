"""The retrain flow: one line of the ledger, brought to its end."""

from __future__ import annotations

from datetime import datetime

from prefect import flow, runtime
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.run_retraining import RetrainStages, bring_to_end
from lamplighter.core.retraining.policy import Purpose
from lamplighter.errors import ModelError
from storage.history import open_history
from storage.history.retrainings import entry_of
from storage.project.folder import Project
from tasks.artifacts import leave_retraining
from tasks.retraining.job import Retraining
from tasks.stages.notify import deliver


def _run_name() -> str:
    parameters = runtime.flow_run.parameters
    return f"{parameters['purpose']}-{parameters['model']}-{parameters['logical_date']:%Y-%m-%d}"


@flow(name="retrain", flow_run_name=_run_name)
def retrain(
    model: str,
    logical_date: datetime,
    purpose: Purpose = Purpose.RETRAINING,
    project: str | None = None,
) -> State:
    """Train a challenger, compare it with the champion, and promote it if it is better.

    Args:
        model: name of the model, as in its monitor file
        logical_date: date of its line in the ledger; `lamplighter history MODEL --retrainings` lists them
        purpose: a retraining, or the probation of a champion that is new
        project: project folder; empty: that of LAMPLIGHTER_PROJECT
    """
    opened = Project.open(project)
    entry = entry_of(open_history(opened), model, logical_date, purpose)
    if entry is None:
        raise ModelError(
            f"no {purpose.value} was requested on {logical_date}",
            where=model,
            fix=f"`lamplighter retrain {model}` requests one",
        )
    ended = bring_to_end(Retraining.of(opened, opened.monitor(model), entry), RetrainStages.as_tasks())
    unsent = deliver(opened, ended.monitor, runtime.flow_run.ui_url or "")
    leave_retraining(ended)
    return Completed(message="; ".join([ended.entry.line, *([unsent.message] if unsent else [])]))
