"""Record: one transaction for each window; safe to repeat."""

from __future__ import annotations

from lamplighter.core.evaluation.results import Inputs
from storage.history.results import record_evaluation, record_inputs, record_run
from tasks.stages.compare import Compared
from tasks.stages.evaluate import Evaluated
from tasks.stages.profile import Profiled
from tasks.stages.read import Located
from tasks.stages.run import RunContext
from tasks.stages.validate import Table


def record(
    context: RunContext,
    reading: Located,
    tables: list[Table],
    profiled: list[Profiled],
    compared: list[Compared],
    evaluated: Evaluated,
) -> None:
    """Write what the night found; of windows whose predictions have gone, what is known stays."""
    gone = {due.rows.window.start for due in reading.due if due.gone}
    inputs = {
        table.rows.window.start: _inputs(table, profiles, drift)
        for table, profiles, drift in zip(tables, profiled, compared, strict=True)
        if table.rows.window.start not in gone
    }
    evaluations = {evaluation.window.start: evaluation for evaluation in evaluated.windows}
    for start in sorted({*inputs, *evaluations, context.window.start}):
        with context.history.writing() as connection:
            if start in inputs:
                record_inputs(connection, context.known_on, inputs[start])
            if start == context.window.start and not context.relabel:
                findings = [*reading.findings, *evaluated.findings]
                record_run(connection, context.window, context.known_on, evaluated.arrivals, findings)
            if start in evaluations:
                record_evaluation(connection, context.known_on, evaluations[start])


def _inputs(table: Table, profiled: Profiled, compared: Compared) -> Inputs:
    return Inputs(
        table.rows.window,
        profiled.content_hash,
        data=[*table.measurements, *profiled.measurements],
        drift=compared.measurements,
        findings=[*table.findings, *profiled.findings],
    )
