"""What holds a run together: its lock, its row in the history, its spool, and the gauge of a run that failed."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from flows.stage_functions import Stages
from lamplighter.core.records.finding import Code, Finding
from lamplighter.errors import LamplighterError, ModelError, said_of
from lamplighter.telemetry.json_logs import log_as_json, logged_about
from lamplighter.telemetry.spans import span
from storage.history import model_lock
from storage.history.prune import newest_of_the_future
from storage.history.runs import run_of
from storage.registry.versions import Registry
from tasks.stages.outcome import Outcome
from tasks.stages.run_context import RunContext

LOG = logging.getLogger("lamplighter.run")


@dataclass
class RecordedRun:
    """A run that is under way.

    Attributes
    ----------
    started : float
        In seconds since the epoch.
    findings : list of Finding
        What was found before any stage began.
    outcome : Outcome or None
        What it came to, once it has.
    """

    started: float
    findings: list[Finding] = field(default_factory=list)
    outcome: Outcome | None = None


@contextmanager
def recorded_run(context: RunContext, stages: Stages, *, is_present: bool) -> Iterator[RecordedRun]:
    """Run alone with the model, and record that it ran, how it ended and how long each stage took.

    Raises
    ------
    BusyError
        If another run of the model goes on for longer than the project waits.
    """
    history, model = context.history, context.monitor.model
    run = RecordedRun(time.time())
    with alone(context), run_of(history, context.window, context.known_on) as row, _observed(context, row["id"]):
        run.findings = [it for it in (_repair_pointer(context), _of_the_future(context)) if it]
        try:
            yield run
        except Exception:
            # A gauge shows that the run failed; the error that made it fail is raised further.
            if is_present:
                with suppress(LamplighterError):
                    stages.publish(context, run.started, failed=True)
            raise
        assert run.outcome is not None, model
        row |= {
            "status": "findings" if run.outcome.findings or run.outcome.undecided_checks else "succeeded",
            "message": run.outcome.message,
            "findings": run.outcome.unrecorded,
            "seconds": stages.seconds,
        }
        for finding in run.outcome.findings:
            LOG.warning("%s", finding.message, extra={"fields": {"code": finding.code.value}})
        LOG.info("run ended: %s", run.outcome.message, extra={"fields": {"status": row["status"]}})


@contextmanager
def _observed(context: RunContext, number: int) -> Iterator[None]:
    """A span around the run, and log records that say which run they are of."""
    about = {"model": context.monitor.model, "window": context.window.label, "run_id": str(number)}
    if place := context.project.log_place:
        log_as_json(place)
    with span("run", about), logged_about(**about):
        LOG.info("run began")
        try:
            yield
        except Exception as error:
            LOG.error("run failed: %s", error)
            raise


@contextmanager
def alone(context: RunContext) -> Iterator[None]:
    """Be the only one that reads and records for a model, with a spool that is empty before and after."""
    project, model = context.project, context.monitor.model
    with model_lock("run", model, context.history.engine, project.home / "locks", project.settings.wait_seconds):
        context.scans.forget_unreadable(model)
        shutil.rmtree(context.spool, ignore_errors=True)
        try:
            yield
        finally:
            shutil.rmtree(context.spool, ignore_errors=True)


def _repair_pointer(context: RunContext) -> Finding | None:
    """Have the champion's pointer name who is champion, however a run before was killed."""
    try:
        Registry(context.project.home, context.history, context.monitor.model).repair_pointer()
    except ModelError as error:
        return Finding(Code.CHAMPION_UNWRITTEN, "", said_of(context.monitor.model, error))
    return None


def _of_the_future(context: RunContext) -> Finding | None:
    """Say that runs of the future are recorded: what is newer than the present is never judged, sent or shown."""
    present = datetime.now(UTC)
    newest = newest_of_the_future(context.history, context.monitor.model, max(present, context.known_on))
    if newest is None:
        return None
    model, until = context.monitor.model, newest.astimezone(context.window.zone).date()
    what = f"the history holds runs of the future, up to {until}; until then incidents and gauges stay as they are"
    cure = f"if the clock was wrong, remove them by `lamplighter prune {model}`"
    return Finding(Code.RUNS_OF_THE_FUTURE, "", f"{what}; {cure}")
