"""Follow: a retraining that is somebody else's flow is started once and followed to its end."""

from __future__ import annotations

import os
import time
from typing import Any

from prefect import get_client, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import OrchestrationResult
from prefect.client.schemas.responses import SetStateStatus
from prefect.states import Cancelling

from lamplighter.core.retraining.policy import Status
from lamplighter.errors import ModelError
from tasks.retraining.job import Retraining
from tasks.retraining.submit import key_of, start

POLL_SECONDS = 2.0


def follow(work: Retraining) -> Retraining:
    """Start the deployment that the monitor names, wait for its end, and record what came of it.

    Raises
    ------
    ModelError
        If there is no such deployment, or it has not ended within the time limit, after which it is cancelled.
    """
    name, limit = work.retrain.deployment, work.retrain.time_limit.total_seconds()
    assert name is not None
    if not os.environ.get("PREFECT_API_URL"):
        raise ModelError(f"{work.monitor.model}: {name!r} is a deployment, and PREFECT_API_URL names no server; set it")
    # Whoever follows it may die and be followed; theirs is started once.
    run = start(name, dict(work.retrain.parameters), f"{key_of(work.entry)} {name}")
    if run is None:
        raise ModelError(f"{work.monitor.model}: no deployment {name!r} on the server of PREFECT_API_URL; deploy it")
    deadline = time.monotonic() + limit
    with get_client(sync_client=True) as client:
        while run.state is None or not run.state.is_final():
            if time.monotonic() > deadline:
                # The next attempt would run beside it.
                answer: OrchestrationResult[Any] = client.set_flow_run_state(run.id, Cancelling())
                done = "is being" if answer.status is SetStateStatus.ACCEPT else "could not be"
                raise ModelError(
                    f"{name}: has not ended after the time limit of {limit:.0f} s and {done} cancelled; raise it"
                )
            time.sleep(POLL_SECONDS)
            run = client.read_flow_run(run.id)
    told = f"{name} ended {run.state.name}{': ' + run.state.message if run.state.message else ''}"
    if run.state.is_completed():
        return work.conclude(Status.COMPLETED, told, reason=told)
    return work.failed(told)


follow_task = task(name="follow", cache_policy=NO_CACHE, persist_result=False)(follow)
