"""The backfill flow: many nights of some models, in order, in one run."""

from __future__ import annotations

from datetime import date

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import NonNegativeInt, PositiveInt

from flows.choices import Model
from flows.fleet import backfill_models
from storage.project import Project


@flow(name="backfill", flow_run_name="backfill-{first}-{last}")
def backfill(
    models: list[Model],
    first: date,
    last: date,
    reports: NonNegativeInt = 0,
    processes: PositiveInt = 1,
    project: str | None = None,
) -> State:
    """Evaluate past windows in order, as if each night had come on time.

    Args:
        models: names of models; the others are left alone
        first: first local day
        last: last local day
        reports: how many of the newest windows get a report
        processes: how many models at a time
        project: project folder; empty: that of LAMPLIGHTER_PROJECT
    """
    opened = Project.open(project)
    faults = backfill_models(
        opened, models, first, last, reports=reports, processes=processes, tell=get_run_logger().info
    )
    if faults:
        return Failed(message="; ".join(faults))
    return Completed(message=f"{', '.join(models)}: {first} to {last}")
