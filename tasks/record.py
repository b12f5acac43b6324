"""Record: one transaction for each window; safe to repeat."""

from __future__ import annotations

from prefect import task

from lamplighter.core.outcome import Inputs
from storage.history.nights import record_window
from storage.rows import rows_of
from tasks.compare import Compared
from tasks.evaluate import Evaluated
from tasks.night import Night
from tasks.profile import Profiled
from tasks.validate import Table


def record(
    night: Night, tables: list[Table], profiled: list[Profiled], compared: list[Compared], evaluated: Evaluated
) -> None:
    """Write what the night found."""
    inputs = {
        table.rows.window.start: _inputs(table, profiles, drift)
        for table, profiles, drift in zip(tables, profiled, compared, strict=True)
    }
    own = inputs[night.window.start]
    own.data.extend(evaluated.arrivals)
    own.findings.extend(evaluated.findings)
    evaluations = {evaluation.window.start: evaluation for evaluation in evaluated.windows}
    for start in sorted({*inputs, *evaluations}):
        with night.history.writing() as connection:
            record_window(connection, night.known_on, inputs.get(start), evaluations.get(start))


def _inputs(table: Table, profiled: Profiled, compared: Compared) -> Inputs:
    return Inputs(
        table.rows.window,
        rows_of(table.rows).fingerprint,
        table.count,
        profiled.content_hash,
        data=[*table.measurements, *profiled.measurements],
        drift=list(compared.measurements),
        findings=[*table.findings, *profiled.findings],
    )


record_task = task(name="record", retries=3, retry_delay_seconds=[1, 5, 30])(record)
