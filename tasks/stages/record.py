"""Record: one transaction for each window; safe to repeat."""

from __future__ import annotations

from collections.abc import Sequence

from lamplighter.core.evaluation.results import Inputs
from lamplighter.core.records.finding import Finding
from storage.history.reference_values import record_reference
from storage.history.results import record_evaluation, record_inputs, record_run
from tasks.stages.evaluate import Evaluated
from tasks.stages.read import Located
from tasks.stages.result import WindowResult
from tasks.stages.run_context import RunContext


def record(
    context: RunContext, located: Located, results: Sequence[WindowResult], evaluated: Evaluated
) -> frozenset[Finding]:
    """Write what the run found; of windows whose predictions have gone, what is known stays.

    Returns
    -------
    frozenset of Finding
        Those that the history now has of the run's own window.
    """
    recorded: list[Finding] = []
    for result in sorted(results, key=lambda result: result.window.start):
        with context.history.writing() as connection:
            if not result.pending.is_gone and (inputs := _inputs(result)):
                record_inputs(connection, context.known_on, inputs)
                recorded += inputs.findings if result.window == context.window else ()
            if result.window == context.window and not context.relabel:
                findings = [*located.findings, *evaluated.findings]
                record_run(connection, context.window, context.known_on, evaluated.arrivals, findings)
                recorded += findings
            if reference := result.reference:
                record_reference(
                    connection, context.monitor.model, context.known_on, reference.content, reference.measurements
                )
            if result.evaluation:
                record_evaluation(connection, context.known_on, result.evaluation)
    return frozenset(recorded)


def _inputs(result: WindowResult) -> Inputs | None:
    table, profile, drift = result.table, result.profile, result.drift
    if table is None or profile is None or drift is None:
        return None
    return Inputs(
        result.window,
        profile.content_hash,
        data=[*table.measurements, *profile.measurements],
        drift=drift.measurements,
        findings=result.findings,
    )
