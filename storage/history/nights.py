"""What a night writes into the history, and what it must know of earlier nights to do so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from lamplighter.core.catalogue import Family
from lamplighter.core.finding import Finding
from lamplighter.core.judgement import Decision, Verdict
from lamplighter.core.measurement import Measurement, State
from lamplighter.core.monitor import Check
from lamplighter.core.outcome import Arrivals, Evaluation, Inputs
from lamplighter.core.quality import Confusion
from lamplighter.core.window import Window
from storage.history import tables
from storage.history.database import History
from storage.history.newest import newest
from storage.history.record import record

GONE = "no longer measured"
"""Reason of a row that tells that an earlier value has no successor."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What was last recorded of a window, as known on a night."""

    window_start: datetime
    state: State
    rows: int
    labelled: int
    predictions: str
    labels: str

    @property
    def coverage(self) -> float:
        """Share of rows whose label has arrived."""
        return self.labelled / self.rows if self.rows else 0.0


def scope_of(window: Window) -> dict[str, Any]:
    """The key columns of a window."""
    return {"model": window.model, "window_start": window.start, "grain": window.grain.value}


RECENT_WINDOWS = 100
"""Windows of which a night knows even when they are final: more than any late label or broken file reaches back."""


def ledgers(history: History, window: Window, known_on: datetime) -> dict[datetime, Ledger]:
    """What is known on a night of each window of a model up to ``window``, by its start: recent and open ones."""
    table = tables.evaluation
    known = newest(
        table,
        table.c.model == window.model,
        table.c.grain == window.grain.value,
        table.c.window_start <= window.start,
        as_of=known_on,
    ).subquery()
    recent = known.c.window_start >= window.start - RECENT_WINDOWS * (window.end - window.start)
    still_open = known.c.state != State.FINAL.value
    names = ("window_start", "rows", "labelled", "predictions", "labels")
    with history.reading() as connection:
        found = connection.execute(sa.select(known).where(sa.or_(recent, still_open))).mappings().all()
    return {
        row["window_start"]: Ledger(state=State(row["state"]), **{name: row[name] for name in names}) for row in found
    }


def record_inputs(connection: sa.Connection, known_on: datetime, inputs: Inputs) -> None:
    """Record what the columns of a window came to."""
    scope = scope_of(inputs.window)
    _record_measurements(connection, scope, known_on, Family.DATA, inputs.data)
    _record_measurements(connection, scope, known_on, Family.DRIFT, inputs.drift)
    _record_findings(connection, scope, known_on, Family.DATA, inputs.findings)
    hashes = [{"content_hash": inputs.profile_hash}]
    record(connection, tables.profile, scope, known_on, hashes, gone={"content_hash": ""})


def record_arrivals(connection: sa.Connection, window: Window, known_on: datetime, arrivals: Arrivals) -> None:
    """Record the labels that arrived during a window."""
    scope = scope_of(window)
    _record_measurements(connection, scope, known_on, Family.ARRIVALS, arrivals.measurements)
    _record_findings(connection, scope, known_on, Family.ARRIVALS, arrivals.findings)


def record_evaluation(connection: sa.Connection, known_on: datetime, evaluation: Evaluation) -> None:
    """Record what the labels of a window came to."""
    scope = scope_of(evaluation.window)
    _record_measurements(connection, scope, known_on, Family.QUALITY, evaluation.measurements)
    record(connection, tables.confusion, scope, known_on, map(_confusion_row, evaluation.confusion), gone={"n": 0})
    record(connection, tables.evaluation, scope, known_on, [_ledger_row(evaluation)], gone={})


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
        gone={"n": 0, "state": State.FINAL.value, "reason": GONE},
    )


def _record_findings(
    connection: sa.Connection, scope: Mapping[str, Any], known_on: datetime, family: Family, findings: Iterable[Finding]
) -> None:
    rows = [{"code": found.code.value, "subject": found.subject, "message": found.message} for found in findings]
    record(connection, tables.finding, {**scope, "family": family.value}, known_on, rows, gone={"message": ""})


def _measurement_row(measurement: Measurement) -> dict[str, Any]:
    names = ("metric", "segment", "version", "feature", "class", "method")
    key = dict(zip(names, measurement.key, strict=True))
    return key | {
        "value": measurement.value,
        "n": measurement.n,
        "lower": measurement.lower,
        "upper": measurement.upper,
        "state": measurement.state.value,
        "reason": measurement.reason,
    }


def _confusion_row(cell: Confusion) -> dict[str, Any]:
    return {
        "segment": cell.segment,
        "version": cell.version,
        "y_true": cell.y_true,
        "y_pred": cell.y_pred,
        "n": cell.n,
    }


def _ledger_row(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "window_end": evaluation.window.end,
        "rows": evaluation.rows,
        "labelled": evaluation.labelled,
        "state": evaluation.state.value,
        "predictions": evaluation.predictions,
        "labels": evaluation.labels,
    }


def decisions_made(history: History, model: str, known_on: datetime, checks: Iterable[Check]) -> list[Decision]:
    """What a night has decided already of some checks."""
    table = tables.decision
    named = {check.name: check for check in checks}
    query = sa.select(table).where(table.c.model == model, table.c.known_on == known_on, table.c.check_name.in_(named))
    with history.reading() as connection:
        rows = connection.execute(query).mappings().all()
    return [
        Decision(
            named[row["check_name"]],
            row["window_start"],
            row["value"],
            row["threshold"],
            Verdict(row["verdict"]),
            row["reason"],
        )
        for row in rows
    ]


def append_decisions(history: History, model: str, known_on: datetime, decisions: Iterable[Decision]) -> None:
    """Append a night's decisions."""
    rows = [
        {
            "model": model,
            "check_name": decision.check.name,
            "known_on": known_on,
            "window_start": decision.window_start,
            "metric": decision.check.metric,
            "severity": decision.check.severity.value,
            "value": decision.value,
            "threshold": decision.threshold,
            "verdict": decision.verdict.value,
            "reason": decision.reason,
        }
        for decision in decisions
    ]
    if rows:
        with history.writing() as connection:
            connection.execute(sa.insert(tables.decision), rows)


def failing(history: History, model: str, known_on: datetime) -> list[tuple[str, str]]:
    """Name and severity of the checks whose newest decided verdict, as known on a night, is failed: open incidents."""
    table = tables.decision
    query = (
        sa.select(table.c.check_name, table.c.severity, table.c.verdict)
        .where(table.c.model == model, table.c.known_on <= known_on, table.c.verdict != Verdict.UNDECIDED.value)
        .order_by(table.c.known_on)
    )
    with history.reading() as connection:
        newest = {row.check_name: (row.severity, row.verdict) for row in connection.execute(query)}
    return [(name, severity) for name, (severity, verdict) in newest.items() if verdict == Verdict.FAILED.value]


def last_success(history: History, model: str) -> datetime | None:
    """When a night of the model last ended without a failure."""
    table = tables.run
    query = sa.select(sa.func.max(table.c.ended_at)).where(
        table.c.model == model, table.c.status.in_(("succeeded", "findings"))
    )
    with history.reading() as connection:
        ended: datetime | None = connection.scalar(query)
    return ended


@contextmanager
def run_of(history: History, window: Window, known_on: datetime) -> Iterator[dict[str, Any]]:
    """A row about this run: running, then succeeded, findings or failed. What a killed one left says interrupted.

    The caller fills in ``message`` and ``seconds``.
    """
    table = tables.run
    scope = scope_of(window)
    with history.writing() as connection:
        connection.execute(
            sa.update(table)
            .where(table.c.model == window.model, table.c.status == "running")
            .values(status="interrupted")
        )
        row = {
            **scope,
            "timezone": window.timezone,
            "known_on": known_on,
            "started_at": datetime.now(UTC),
            "status": "running",
        }
        inserted = connection.execute(sa.insert(table).values(**row, message="", seconds={}))
        assert inserted.inserted_primary_key is not None
        number = inserted.inserted_primary_key[0]
    noted: dict[str, Any] = {"status": "succeeded", "message": "", "seconds": {}}
    try:
        yield noted
    except BaseException as error:
        noted |= {"status": "failed", "message": str(error) or type(error).__name__}
        raise
    finally:
        with history.writing() as connection:
            connection.execute(sa.update(table).where(table.c.id == number).values(**noted, ended_at=datetime.now(UTC)))
