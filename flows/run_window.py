"""One run, as the data flows: the order of the stages, written once for every way of running them."""

from __future__ import annotations

from dataclasses import replace

from flows.recorded_run import recorded_run
from flows.run_retraining import start_retrainings
from flows.stage_functions import Stages
from lamplighter.errors import BrokenFileError
from tasks.stages.evaluate import Evaluated
from tasks.stages.outcome import Outcome, findings_of
from tasks.stages.read import Located, PendingWindow
from tasks.stages.result import WindowResult, with_evaluations
from tasks.stages.run_context import RunContext


def run_window(
    context: RunContext,
    stages: Stages,
    *,
    with_report: bool = True,
    is_present: bool = True,
    with_retraining: bool = True,
) -> Outcome:
    """Run one window, alone with its model, and start the retraining that it requests.

    Parameters
    ----------
    context : RunContext
    stages : Stages
    with_report : bool
        Whether a report is made.
    is_present : bool
        Whether it is the last of several runs: gauges and messages describe the present.
    with_retraining : bool
        Whether a retraining may be requested; runs of the past leave the ledger alone.
    """
    with recorded_run(context, stages, is_present=is_present) as run:
        located, results, evaluated = measure(context, stages)
        recorded = stages.record(context, located, results, evaluated)
        judged = stages.judge(context)
        unpublished = stages.publish(context, run.started) if is_present else None
        report, unreported = stages.report(context, located, results[0]) if with_report else (None, None)
        unsent = stages.notify(context) if is_present else None
        if unsent and not unpublished:
            # That a message waits is known only now, and the next run may be a day away.
            unpublished = stages.publish(context, run.started)
        findings = findings_of(located, results, evaluated, *run.findings, unpublished, unreported, unsent)
        outcome = run.outcome = Outcome(
            context, findings, judged, results[0], report, stages.seconds, recorded=recorded
        )
    return _with_retrainings(outcome) if with_retraining else outcome


def measure(context: RunContext, stages: Stages) -> tuple[Located, list[WindowResult], Evaluated]:
    """Measure the run's own window and earlier ones of which something is new.

    Where a file breaks while it is read, all of them are measured again without it.

    Raises
    ------
    BrokenFileError
        If the same file breaks again: what reads it did not learn that it is broken.
    """
    broken: set[str] = set()
    while True:
        try:
            located = stages.read(context)
            results = [_measure_window(context, stages, located, pending) for pending in located.changed]
            evaluated = stages.evaluate(context, located)
            return located, with_evaluations(located.windows, results, evaluated.windows), evaluated
        except BrokenFileError as error:
            if str(error) in broken:
                raise
            broken.add(str(error))


def _measure_window(context: RunContext, stages: Stages, located: Located, pending: PendingWindow) -> WindowResult:
    """Measure the data and the drift of one window, and what it is compared with where that is new."""
    table = stages.validate(context, located, pending)
    profile = stages.profile(context, located, table)
    drift = stages.compare(context, located, table)
    is_own = pending is located.windows[0]
    reference = stages.measure_reference(context, located, table) if is_own else None
    return WindowResult(pending, table, profile, drift, reference)


def _with_retrainings(outcome: Outcome) -> Outcome:
    started = start_retrainings(outcome.context)
    unsent = [started.unsent] if started.unsent and started.unsent not in outcome.findings else []
    return replace(outcome, entries=started.entries, findings=[*outcome.findings, *unsent])
