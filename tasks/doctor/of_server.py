"""Looks at the Prefect server of PREFECT_API_URL: that it answers, its version, workers, deployments.

Prefect is imported only where that variable is set.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lamplighter.core.monitor import Monitor
from lamplighter.core.secrets import hide
from lamplighter.errors import one_line
from tasks.deployed import WORK_POOL
from tasks.doctor.case import Case
from tasks.doctor.looked import Looked, fault, ok, unused, warning
from tasks.doctor.of_history import compared

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.responses import DeploymentResponse

SILENT = timedelta(seconds=120)
"""Workers ask for work every 15 s, and say that they live every 30 s; the server gives one up after 90 s."""

DEPLOY = "`lamplighter render`, then `prefect deploy --all`; docs/how-to/deploy.md"
NO_SERVER = "PREFECT_API_URL is not set; runs take place without a server"
SILENT_SERVER = "the server did not answer"


@contextmanager
def _client() -> Iterator[SyncPrefectClient]:
    from prefect import get_client
    from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    # The address that runs use, but without their patience: a person waits for the answer.
    with (
        temporary_settings({PREFECT_API_URL: os.environ["PREFECT_API_URL"], PREFECT_CLIENT_MAX_RETRIES: 0}),
        get_client(sync_client=True) as client,
    ):
        yield client


def server(case: Case) -> Iterator[Looked]:
    """Whether it answers, and is of the version of the client."""
    address = os.environ.get("PREFECT_API_URL")
    if not address:
        yield unused(NO_SERVER)
        return
    import httpx
    import prefect

    where = f"PREFECT_API_URL {_without_password(address)}"
    theirs, date = "", None
    try:
        with _client() as client:
            try:
                answer = client.request("GET", "/admin/version")
                theirs, date = str(answer.json()), answer.headers.get("date")
            except httpx.HTTPStatusError as error:
                if error.response.status_code != 404:
                    raise
                # Prefect Cloud says no version.
                client.read_work_pools(limit=1)
    except httpx.HTTPStatusError as error:
        code = error.response.status_code
        fix = "set PREFECT_API_AUTH_STRING or PREFECT_API_KEY" if code in (401, 403) else "name its /api address"
        yield fault(f"answers {code}", where=where, fix=fix)
        return
    except ValueError:
        yield fault("answers, and not as the API of Prefect does", where=where, fix="name its /api address")
        return
    except Exception as error:
        said = hide(one_line(error), _secrets(address))
        yield fault(f"does not answer: {said}", where=where, fix="start it, or unset PREFECT_API_URL")
        return
    case.server_answers = True
    ours = str(prefect.__version__)
    if theirs not in ("", ours):
        yield warning(f"is Prefect {theirs}, and this is {ours}", where=where, fix="install the same on both")
    else:
        yield ok(f"the server answers, {f'Prefect {theirs}' if theirs else 'and says no version'}")
    if date:
        yield from compared(parsedate_to_datetime(date), "the Prefect server")


def _secrets(address: str) -> set[str]:
    """What of an address is shown nowhere."""
    parts = urlsplit(address)
    return {text for text in (parts.netloc.rpartition("@")[0], parts.password) if text}


def _without_password(address: str) -> str:
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


def _not_asked(case: Case) -> str:
    return "" if case.server_answers else (SILENT_SERVER if os.environ.get("PREFECT_API_URL") else NO_SERVER)


def workers(case: Case) -> Iterator[Looked]:
    """Whether each work pool of the deployments is there, and a worker polled it lately."""
    if why := _not_asked(case):
        yield unused(why)
        return
    from prefect.exceptions import ObjectNotFound

    with _client() as client:
        found = [_deployment(client, monitor.model) for monitor in case.sound]
        pools = sorted({it.work_pool_name for it in found if it and it.work_pool_name} or {WORK_POOL})
        for name in pools:
            create = f"prefect work-pool create {name} --type process"
            try:
                pool = client.read_work_pool(name)
            except ObjectNotFound:
                yield fault("is not there", where=f"work pool {name}", fix=create)
                continue
            if pool.is_paused:
                yield fault("is paused", where=f"work pool {name}", fix=f"prefect work-pool resume {name}")
            yield _worker(name, [it.last_heartbeat_time for it in client.read_workers_for_work_pool(name)])


def _worker(pool: str, heartbeats: list[datetime | None]) -> Looked:
    start, where = f"prefect worker start --pool {pool}", f"work pool {pool}"
    newest = max(filter(None, heartbeats), default=None)
    if newest is None:
        return fault("no worker has ever asked it for work", where=where, fix=start)
    silent = datetime.now(UTC) - newest
    if silent > SILENT:
        return fault(f"no worker since {newest.isoformat(timespec='minutes')}", where=where, fix=start)
    return ok(f"a worker of {pool} was there {max(silent.total_seconds(), 0):.0f} s ago")


def _deployment(client: SyncPrefectClient, model: str) -> DeploymentResponse | None:
    from prefect.exceptions import ObjectNotFound

    try:
        return client.read_deployment_by_name(f"monitor/{model}")
    except ObjectNotFound:
        return None


def schedule(case: Case, monitor: Monitor) -> Iterator[Looked]:
    """Whether a model has a deployment, with the schedule of its file, that is not paused; and its next run."""
    if why := _not_asked(case):
        yield unused(why)
        return
    where = f"deployment monitor/{monitor.model}"
    with _client() as client:
        found = _deployment(client, monitor.model)
        if found is None:
            yield fault("is not there", where=where, fix=DEPLOY)
            return
        active = [it.schedule for it in found.schedules if it.active]
        given = {(getattr(it, "cron", str(it)), getattr(it, "timezone", None) or "UTC") for it in active}
        wanted = (monitor.cron, monitor.timezone)
        if found.paused or not active:
            fix = f"prefect deployment schedule ls monitor/{monitor.model}, and resume it"
            yield fault("is paused" if found.paused else "has no active schedule", where=where, fix=fix)
        elif given != {wanted}:
            theirs = "; ".join(" ".join(pair) for pair in sorted(given))
            yield fault(f"runs at {theirs}, and the file says {' '.join(wanted)}", where=where, fix=DEPLOY)
        else:
            yield from _next(client, found.id, where)


def _next(client: SyncPrefectClient, number: Any, where: str) -> Iterator[Looked]:
    from prefect.client.schemas import filters
    from prefect.client.schemas.objects import StateType
    from prefect.client.schemas.sorting import FlowRunSort

    scheduled = filters.FlowRunFilter(state=filters.FlowRunFilterState(type={"any_": [StateType.SCHEDULED]}))
    of_it = filters.DeploymentFilter(id=filters.DeploymentFilterId(any_=[number]))
    found = client.read_flow_runs(
        flow_run_filter=scheduled, deployment_filter=of_it, sort=FlowRunSort.EXPECTED_START_TIME_ASC, limit=100
    )
    times = [run.expected_start_time for run in found if run.expected_start_time]
    now = datetime.now(UTC)
    late = [moment for moment in times if moment < now - SILENT]
    if late:
        what = f"{len(late)} of its runs are late, the first since {late[0].isoformat(timespec='minutes')}"
        yield fault(what, where=where, fix="start a worker, or mend the one there is")
    elif not times:
        yield warning(
            "no run is planned", where=where, fix="the server plans them each minute; look again, then deploy"
        )
    else:
        yield ok(f"the next run is at {times[0].isoformat(timespec='minutes')}")
