"""Record: one transaction for each window; safe to repeat."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from lamplighter.core.outcome import Inputs
from storage.history.nights import record_arrivals, record_evaluation, record_inputs
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
    evaluations = {evaluation.window.start: evaluation for evaluation in evaluated.windows}
    for start in sorted({*inputs, *evaluations}):
        with night.history.writing() as connection:
            if start in inputs:
                record_inputs(connection, night.known_on, inputs[start])
            if start == night.window.start:
                record_arrivals(connection, night.window, night.known_on, evaluated.arrivals)
            if start in evaluations:
                record_evaluation(connection, night.known_on, evaluations[start])


def _inputs(table: Table, profiled: Profiled, compared: Compared) -> Inputs:
    return Inputs(
        table.rows.window,
        profiled.content_hash,
        data=[*table.measurements, *profiled.measurements],
        drift=compared.measurements,
        findings=[*table.findings, *profiled.findings],
    )


record_task = task(name="record", cache_policy=NO_CACHE, retries=3, retry_delay_seconds=[1, 5, 30])(record)
