"""Follow: a retraining by another team's flow is started once and followed to its end."""

from __future__ import annotations

import os

from lamplighter.core.retraining.policy import Status
from lamplighter.errors import ModelError
from tasks.retraining.job import Retraining
from tasks.retraining.submit import key_of


def follow(work: Retraining) -> Retraining:
    """Start the deployment that the monitor names, wait for its end, and record what came of it.

    Raises
    ------
    ModelError
        If there is no such deployment, or it has not ended within the time limit, after which it is cancelled.
    """
    name = work.retrain.deployment
    assert name is not None
    if not os.environ.get("PREFECT_API_URL"):
        raise ModelError(
            f"{name!r} is a deployment, and PREFECT_API_URL names no server", where=work.monitor.model, fix="set it"
        )
    from tasks.server import final_state, start

    # The process that follows may die, and another follows then; the other team's run is started once.
    run = start(name, dict(work.retrain.parameters), f"{key_of(work.entry)} {name}")
    if run is None:
        raise ModelError(
            f"no deployment {name!r} on the server of PREFECT_API_URL", where=work.monitor.model, fix="deploy it"
        )
    state = final_state(run, name, work.retrain.time_limit.total_seconds())
    line = f"{name} ended {state.name}{': ' + state.message if state.message else ''}"
    if state.is_completed():
        return work.conclude(Status.COMPLETED, line, reason=line)
    return work.failed(line)
