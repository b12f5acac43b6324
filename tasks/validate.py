"""Validate: what is broken in the tables, before anything is measured. What is sound is measured all the same."""

from __future__ import annotations

from dataclasses import dataclass

from prefect import task
from prefect.cache_policies import NO_CACHE

from lamplighter.core.data_checks import needed_columns, schema_findings, table_measurements
from lamplighter.core.features import answer_columns, features_of
from lamplighter.core.finding import Code, Finding
from lamplighter.core.measurement import Measurement
from lamplighter.core.monitor import Duplicates
from lamplighter.core.profile import ColumnKind
from storage.profiles import table_kinds
from storage.rows import Slice, rows_of
from tasks.night import Night
from tasks.read import Reading


@dataclass(frozen=True)
class Table:
    """A window's table: what it should hold, and what was wrong with it."""

    rows: Slice
    count: int
    features: dict[str, ColumnKind]
    answers: dict[str, ColumnKind]
    findings: list[Finding]
    measurements: list[Measurement]


def validate(night: Night, reading: Reading) -> list[Table]:
    """Look at the schema and the ids of every window whose predictions are new."""
    return [_table(night, reading, rows) for rows in reading.changed]


def _table(night: Night, reading: Reading, where: Slice) -> Table:
    monitor, rows = night.monitor, rows_of(where)
    label = where.window.label
    reference = table_kinds(rows_of(reading.reference)) if reading.reference else None
    table = table_kinds(rows)
    features = features_of(monitor, reference or table)
    findings = [
        Finding(Code.FILE_UNREADABLE, uri, f"{uri}: {fault}; deliver the file again") for uri, fault in rows.unreadable
    ]
    if reading.reference_fault:
        findings.append(Finding(Code.REFERENCE_UNREADABLE, "", reading.reference_fault))
    if rows.count:
        findings += schema_findings(monitor, needed_columns(monitor, features), table, reference)
        findings += [
            Finding(Code.TYPE_CHANGED, name, f"{monitor.model}: column {name!r} is {kinds} in files of {label}")
            for name, kinds in rows.conflicting.items()
        ]
    else:
        findings.append(
            Finding(Code.WINDOW_EMPTY, "", f"{monitor.model}: no predictions in {label}; is the log there?")
        )
    if rows.repeated and monitor.predictions.duplicates is Duplicates.ERROR:
        message = f"{monitor.model}: {rows.repeated} rows of {label} repeat an id; the first of each was taken"
        findings.append(Finding(Code.IDS_REPEATED, "", message))
    measurements = table_measurements(rows.count, rows.repeated, findings)
    return Table(where, rows.count, features, answer_columns(monitor), findings, measurements)


validate_task = task(name="validate", cache_policy=NO_CACHE)(validate)
