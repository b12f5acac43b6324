"""The backfill flow: past windows of some models, in order, in one flow run."""

from __future__ import annotations

from datetime import date, datetime

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import NonNegativeInt, PositiveInt

from flows.choices import Model
from flows.fleet import Step, backfill_models, summed_up
from storage.project.folder import Project


@flow(name="backfill", flow_run_name="backfill-{first}-{last}")
def backfill(
    models: list[Model],
    first: date | datetime,
    last: date | datetime,
    reports: NonNegativeInt = 0,
    processes: PositiveInt = 1,
    project: str | None = None,
) -> State:
    """Evaluate past windows in order, as if each had been run on time.

    Args:
        models: names of models; the others are left alone
        first: first local day, or a time of an hourly model
        last: last local day, or a time
        reports: how many of the newest windows that have rows get a report
        processes: how many models at a time
        project: project folder; empty: that of LAMPLIGHTER_PROJECT
    """
    opened = Project.open(project)
    logger = get_run_logger()
    found: set[tuple[str, str]] = set()

    def tell(step: Step) -> None:
        if not step.stage:
            logger.info(step.line)
            found.update({(step.model, step.window)} if step.found else ())

    done = backfill_models(opened, models, first, last, reports=reports, processes=processes, announce=tell)
    message = summed_up(done, first, last)
    for line in (it.unreported for it in done if it.unreported):
        logger.warning(line)
    if faults := [line for it in done for line in it.faults]:
        return Failed(message="; ".join([message, *faults]))
    if found:
        windows = f"{len(found)} window{'s' if len(found) > 1 else ''} with findings"
        return Completed(name="Findings", message=f"{message}; {windows}")
    return Completed(message=message)
