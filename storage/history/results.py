"""What a run writes into the history: what it measured and found, its profiles, and the state of its windows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from lamplighter.core.evaluation.results import Evaluation, Inputs
from lamplighter.core.quality.confusion import Confusion
from lamplighter.core.records.finding import Finding
from lamplighter.core.records.measurement import Measurement, State
from lamplighter.core.records.metric import Family
from lamplighter.core.time.window import Window
from lamplighter.core.values.key_name import column_key, storable
from storage.history import tables
from storage.history.newest import GONE
from storage.history.record import record

NO_ESTIMATE = {"n": 0, "state": State.FINAL.value, "reason": GONE}
"""The row of a measurement that is there no longer."""


def scope_of(window: Window) -> dict[str, Any]:
    """The key columns of a window."""
    return {"model": window.model, "window_start": window.start, "grain": window.grain.value}


def record_inputs(connection: sa.Connection, known_on: datetime, inputs: Inputs) -> None:
    """Record what the columns of a window came to."""
    scope = scope_of(inputs.window)
    _record_measurements(connection, scope, known_on, Family.DATA, inputs.data)
    _record_measurements(connection, scope, known_on, Family.DRIFT, inputs.drift)
    _record_findings(connection, scope, known_on, Family.DATA, inputs.findings)
    hashes = [{"content_hash": inputs.profile_hash}]
    record(connection, tables.profile, scope, known_on, hashes, gone={"content_hash": ""})


def record_run(
    connection: sa.Connection,
    window: Window,
    known_on: datetime,
    arrivals: Iterable[Measurement] | None,
    findings: Iterable[Finding],
) -> None:
    """Record what a run saw beside its rows: the labels that arrived during its window, and what was broken.

    Parameters
    ----------
    arrivals : iterable of Measurement or None
        None leaves what is known: the labels could not be read.
    """
    scope = scope_of(window)
    if arrivals is not None:
        _record_measurements(connection, scope, known_on, Family.ARRIVALS, arrivals)
    _record_findings(connection, scope, known_on, Family.ARRIVALS, findings)


def record_evaluation(connection: sa.Connection, known_on: datetime, evaluation: Evaluation) -> None:
    """Record what the labels of a window came to."""
    scope = scope_of(evaluation.window)
    _record_measurements(connection, scope, known_on, Family.QUALITY, evaluation.measurements)
    record(connection, tables.confusion, scope, known_on, map(_confusion_row, evaluation.confusion), gone={"n": 0})
    record(connection, tables.evaluation, scope, known_on, [_evaluation_row(evaluation)], gone={})


def _record_measurements(
    connection: sa.Connection,
    scope: Mapping[str, Any],
    known_on: datetime,
    family: Family,
    measurements: Iterable[Measurement],
) -> None:
    record(
        connection,
        tables.measurement,
        {**scope, "family": family.value},
        known_on,
        [_measurement_row(measurement) for measurement in measurements],
        gone=NO_ESTIMATE,
    )


def _record_findings(
    connection: sa.Connection, scope: Mapping[str, Any], known_on: datetime, family: Family, findings: Iterable[Finding]
) -> None:
    rows = [
        {"code": found.code.value, "subject": _column(found.subject), "message": storable(found.message)}
        for found in findings
    ]
    record(connection, tables.finding, {**scope, "family": family.value}, known_on, rows, gone={"message": ""})


def _column(name: str) -> str:
    """A column or file as a part of a key; empty where a row is about none."""
    return column_key(name) if name else name


def _measurement_row(measurement: Measurement) -> dict[str, Any]:
    names = ("metric", "segment", "version", "feature", "class", "method")
    key = dict(zip(names, measurement.key, strict=True)) | {"feature": _column(measurement.feature)}
    return key | estimate_row(measurement)


def estimate_row(measurement: Measurement) -> dict[str, Any]:
    """The columns of a value: what it is, of how many rows, how sure and how final."""
    return {
        "value": measurement.value,
        "n": measurement.n,
        "lower": measurement.lower,
        "upper": measurement.upper,
        "state": measurement.state.value,
        "reason": storable(measurement.reason),
    }


def _confusion_row(cell: Confusion) -> dict[str, Any]:
    return {
        "segment": cell.segment,
        "version": cell.version,
        "y_true": cell.y_true,
        "y_pred": cell.y_pred,
        "n": cell.n,
    }


def _evaluation_row(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "window_end": evaluation.window.end,
        "timezone": evaluation.window.timezone,
        "relabelled_until": evaluation.relabelled_until,
        "rows": evaluation.rows,
        "labelled": evaluation.labelled,
        "state": evaluation.state.value,
        "predictions": evaluation.predictions,
        "labels": evaluation.labels,
    }
