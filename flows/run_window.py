"""One night, as the data flows: the order of the stages, written once for every way of running them."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from flows.retraining import start_retrainings
from flows.stages import Stages
from lamplighter.core.records.finding import Code, Finding
from lamplighter.errors import BrokenFileError, LamplighterError, ModelError
from storage.history import model_lock
from storage.history.prune import newest_of_the_future
from storage.history.runs import run_of
from storage.registry.versions import Registry
from storage.sources.rows import open_scan
from tasks.stages.compare import Compared
from tasks.stages.evaluate import Evaluated
from tasks.stages.outcome import Outcome, findings_of
from tasks.stages.profile import Profiled
from tasks.stages.read import Located
from tasks.stages.run import RunContext
from tasks.stages.validate import Table


def run_window(
    context: RunContext,
    stages: Stages,
    *,
    with_report: bool = True,
    is_present: bool = True,
    with_retraining: bool = True,
) -> Outcome:
    """Walk one night, alone with its model, and start what it calls for.

    Parameters
    ----------
    context : RunContext
    stages : Stages
    with_report : bool
        Whether a report is made.
    is_present : bool
        Whether the night is the last one that is walked: gauges and messages tell of the present.
    with_retraining : bool
        Whether a retraining may be called for; nights of the past leave the ledger alone.
    """
    outcome = _run_window(context, stages, with_report=with_report, is_present=is_present)
    if not with_retraining:
        return outcome
    started = start_retrainings(context)
    unsent = [started.unsent] if started.unsent and started.unsent not in outcome.findings else []
    return replace(outcome, entries=started.entries, findings=[*outcome.findings, *unsent])


def _run_window(context: RunContext, stages: Stages, *, with_report: bool, is_present: bool) -> Outcome:
    started, history, model = time.time(), context.history, context.monitor.model
    locks, patience = context.project.home / "locks", context.project.settings.wait_seconds
    with (
        model_lock("night", model, history.engine, locks, patience),
        run_of(history, context.window, context.known_on) as run,
    ):
        open_scan.forget_unreadable(model)
        shutil.rmtree(context.spool, ignore_errors=True)
        unwritten, ahead = _repair_pointer(context), _of_the_future(context)
        try:
            reading, tables, profiled, compared, evaluated = _measure(context, stages)
            stages.record(context, reading, tables, profiled, compared, evaluated)
            judged = stages.judge(context)
            unpublished = stages.publish(context, started) if is_present else None
            report, unreported = stages.report(context, reading, tables, compared) if with_report else (None, None)
            unsent = stages.notify(context) if is_present else None
        except Exception:
            # That the night failed is worth a gauge; what made it fail is the error that goes on.
            if is_present:
                with suppress(LamplighterError):
                    stages.publish(context, started, failed=True)
            raise
        finally:
            shutil.rmtree(context.spool, ignore_errors=True)
        findings = findings_of(reading, tables, profiled, evaluated, unwritten, ahead, unpublished, unreported, unsent)
        outcome = Outcome(context, findings, judged, compared[0], report, stages.seconds)
        run |= {
            "status": "findings" if findings or outcome.undecided_checks else "succeeded",
            "message": outcome.message,
            "seconds": stages.seconds,
        }
    return outcome


def _repair_pointer(context: RunContext) -> Finding | None:
    """Have the champion's pointer name who is champion, however a night before was killed."""
    try:
        Registry(context.project.home, context.history, context.monitor.model).repair_pointer()
    except ModelError as error:
        return Finding(Code.CHAMPION_UNWRITTEN, "", str(error))
    return None


def _of_the_future(context: RunContext) -> Finding | None:
    """Say that runs of the future are recorded: what is newer than the present is never judged, sent or shown."""
    present = datetime.now(UTC)
    newest = newest_of_the_future(context.history, context.monitor.model, max(present, context.known_on))
    if newest is None:
        return None
    model, until = context.monitor.model, newest.astimezone(context.window.zone).date()
    told = f"the history holds runs of the future, up to {until}; until then incidents and gauges stay as they are"
    cure = f"if the clock was wrong, remove them by `lamplighter prune {model}`"
    return Finding(Code.RUNS_OF_THE_FUTURE, "", f"{model}: {told}; {cure}")


def _measure(
    context: RunContext, stages: Stages
) -> tuple[Located, list[Table], list[Profiled], list[Compared], Evaluated]:
    """The stages that measure; where a file breaks while it is read, they are walked again without it."""
    while True:
        with suppress(BrokenFileError):
            reading = stages.read(context)
            tables = stages.validate(context, reading)
            profiled = stages.profile(context, reading, tables)
            compared = stages.compare(context, reading, tables)
            evaluated = stages.evaluate(context, reading)
            return reading, tables, profiled, compared, evaluated
