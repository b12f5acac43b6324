"""Flow runs on the Prefect server of PREFECT_API_URL: started once for a key, and followed to their end.

Import it where there is a server: the import of Prefect takes seconds.
"""

from __future__ import annotations

import time
from typing import Any

import httpx
from prefect import get_client
from prefect.client.schemas import OrchestrationResult
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.responses import SetStateStatus
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelling

from lamplighter.errors import ModelError, one_line

POLL_SECONDS = 2.0


def start(deployment: str, parameters: dict[str, Any], key: str) -> FlowRun | None:
    """The flow run of a key; started if it is not there yet, None where there is no such deployment.

    Raises
    ------
    ModelError
        If the server does not answer.
    """
    try:
        run = run_deployment(deployment, parameters=parameters, timeout=0, as_subflow=False, idempotency_key=key)
    except ObjectNotFound:
        return None
    except httpx.TransportError as error:
        what = f"the server of PREFECT_API_URL does not answer: {one_line(error)}"
        raise ModelError(what, fix="start it, or unset PREFECT_API_URL") from None
    assert isinstance(run, FlowRun)
    return run


def final_state(run: FlowRun, name: str, seconds: float) -> State[Any]:
    """Wait until a flow run has ended.

    Parameters
    ----------
    run : FlowRun
    name : str
        Its deployment, for messages.
    seconds : float
        How long it may take; after that it is cancelled, for the next attempt would run beside it.

    Raises
    ------
    ModelError
        If it has not ended by then.
    """
    deadline = time.monotonic() + seconds
    with get_client(sync_client=True) as client:
        while run.state is None or not run.state.is_final():
            if time.monotonic() > deadline:
                answer: OrchestrationResult[Any] = client.set_flow_run_state(run.id, Cancelling())
                done = "is being" if answer.status is SetStateStatus.ACCEPT else "could not be"
                raise ModelError(
                    f"has not ended after the time limit of {seconds:.0f} s and {done} cancelled",
                    where=name,
                    fix="raise it",
                )
            time.sleep(POLL_SECONDS)
            run = client.read_flow_run(run.id)
    return run.state
