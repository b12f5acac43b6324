"""Validate: what is broken in the tables, before anything is measured. What is sound is measured all the same."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from lamplighter.core.counts import counted
from lamplighter.core.evaluation.data import needed_columns, schema_findings, table_measurements
from lamplighter.core.evaluation.rows import row_findings
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.columns import (
    answer_columns,
    features_of,
    measured_features,
    named_features,
    truth_columns,
)
from lamplighter.core.profiles.profile import ColumnKind
from lamplighter.core.records.finding import Code, Finding
from lamplighter.core.records.measurement import Measurement
from storage.profiles.build import table_kinds
from storage.sources.labels import identified
from storage.sources.scan import Scan, ScanSpec
from tasks.stages.read import Located, PendingWindow
from tasks.stages.run_context import RunContext


@dataclass(frozen=True)
class Table:
    """A window's table: what it should hold, and what was wrong with it."""

    spec: ScanSpec
    count: int
    features: dict[str, ColumnKind]
    answers: dict[str, ColumnKind]
    findings: list[Finding]
    measurements: list[Measurement]


def validate(context: RunContext, located: Located, pending: PendingWindow) -> Table:
    """Look at the schema and the ids of a window whose predictions are new.

    Examples
    --------
    >>> from tasks.stages.read import read
    >>> located = read(context)
    >>> table = validate(context, located, located.windows[0])
    >>> table.count, table.features, table.answers
    (300, {'amount': 'numeric', 'plan': 'categorical'}, {'churns': 'categorical', 'probability': 'numeric'})
    """
    monitor, rows = context.monitor, context.scan(pending.spec)
    reference = context.scan(located.reference) if located.reference else None
    monitor_reference = context.scan(located.monitor_reference) if located.monitor_reference else None
    listed = features_of(monitor, _without_truth(monitor, table_kinds(monitor_reference or rows), rows))
    features = listed | measured_features(monitor)
    findings = [*_unreadable(rows), *_row_findings(monitor, rows)]
    if located.reference_fault:
        findings.append(Finding(Code.REFERENCE_UNREADABLE, "", located.reference_fault))
    if reference:
        findings += _unreadable_reference(monitor, reference)
    if rows.count:
        held = table_kinds(monitor_reference) if monitor_reference and monitor_reference.count else None
        needed = needed_columns(monitor, features)
        table = table_kinds(rows, {*needed, *(held or ())})
        spelled = _spelled(monitor, table, needed, [rows, monitor_reference or rows])
        findings += _typed(schema_findings(needed, table, held), spelled)
        findings += _typed(_conflicts(rows, table), spelled & rows.held.inferred)
        # Without a reference a feature that is not named may be new, and files before it lack it.
        named = needed if monitor_reference else needed_columns(monitor, dict.fromkeys(named_features(monitor), ""))
        findings += _lacking(rows, named)
        findings += _differing(rows, needed)
        findings += _odd_times(rows, needed)
    measurements = table_measurements(rows.count, rows.repeated, findings, why_lost(rows))
    return Table(pending.spec, rows.count, features, answer_columns(monitor), findings, measurements)


def _without_truth(monitor: Monitor, kinds: dict[str, str], rows: Scan) -> dict[str, str]:
    """The columns without that of the truth: a reference may hold it beside the answers, and the log does not."""
    truth = truth_columns(monitor)
    return {name: kind for name, kind in kinds.items() if name not in truth or name in rows.schema}


def why_lost(rows: Scan) -> str:
    """Why it is not known how many rows a window has; empty where it is.

    Examples
    --------
    >>> from tasks.stages.read import read
    >>> why_lost(context.scan(read(context).windows[0].spec))
    ''
    """
    return "no file of the window can be read" if rows.unreadable and not rows.count else ""


def _row_findings(monitor: Monitor, rows: Scan) -> Iterator[Finding]:
    """Rows that are not there, have no time, or stand there twice."""
    label = rows.spec.window.label
    if not rows.count and not rows.mistake:
        why = "is the log there?"
        if rows.unreadable:
            count = len(rows.unreadable)
            why = f"{count} file{'' if count == 1 else 's'} cannot be read"
        elif rows.undated:
            why = "its rows have no time"
        yield Finding(Code.WINDOW_EMPTY, "", f"no predictions in {label}; {why}")
    counts = {"repeated": rows.repeated, "undated": rows.undated, "without_id": rows.without_id}
    yield from row_findings(monitor, label, rows=rows.count, **counts)


def _unreadable(rows: Scan) -> Iterator[Finding]:
    """Files that cannot be used; what is wrong with a column in all of them is no file's fault and reported once."""
    if fault := rows.mistake:
        code = Code.COLUMN_MISSING if fault.missing else Code.TYPE_CHANGED
        right = "; name the right one as predictions.time" if fault.missing else ""
        label = rows.spec.window.label
        yield Finding(code, fault.column, f"no file of {label} can be used: {fault}{right}")
        return
    for uri, reason in rows.unreadable:
        yield Finding(Code.FILE_UNREADABLE, uri, f"{uri}: {reason}")


def _unreadable_reference(monitor: Monitor, reference: Scan) -> Iterator[Finding]:
    if reference.mistake:
        message = f"no file of the reference can be used: {reference.mistake}"
        yield Finding(Code.REFERENCE_UNREADABLE, reference.mistake.column, message)
        return
    if not reference.count and not reference.unreadable and not (monitor.reference and monitor.reference.trailing):
        message = "the reference has no rows, so drift is not measured; name days or files that have some"
        yield Finding(Code.REFERENCE_UNREADABLE, "", message)
    for uri, reason in reference.unreadable:
        message = f"reference: {uri}: {reason}"
        yield Finding(Code.REFERENCE_UNREADABLE, uri, message)
    for name, file, what in reference.held.lacking(named_features(monitor)):
        message = f"reference: {file.shown}: no column {name!r}, which other files have; {what}"
        yield Finding(Code.REFERENCE_UNREADABLE, name, message)


def _spelled(monitor: Monitor, table: Collection[str], needed: Collection[str], sides: Sequence[Scan]) -> set[str]:
    """Columns of CSV files, which have no type of their own, that are compared for what they are, or not at all."""
    from_cells = [name for name in table if any(rows.held.has_cells(name) for rows in sides)]
    return identified(monitor, from_cells) | {name for name in from_cells if name not in needed}


def _typed(findings: Iterable[Finding], spelled: Collection[str]) -> Iterator[Finding]:
    """The findings without those of the type of a column that has none."""
    for finding in findings:
        if finding.code is not Code.TYPE_CHANGED or finding.subject not in spelled:
            yield finding


def _conflicts(rows: Scan, table: Collection[str]) -> Iterator[Finding]:
    label = rows.spec.window.label
    for name, kinds in rows.held.conflicting.items():
        if name in table:
            yield Finding(Code.TYPE_CHANGED, name, f"column {name!r} is {kinds} in files of {label}")


def _lacking(rows: Scan, named: Collection[str]) -> Iterator[Finding]:
    """Columns that some files lack, and others have: one finding a column, with the first of the files."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, file, what in rows.held.lacking(named):
        found.setdefault(name, []).append((file.shown, what))
    for name, files in found.items():
        shown, what = files[0]
        more = f" and {counted(len(files) - 1, 'more file')}" if len(files) > 1 else ""
        message = f"{shown}{more}: no column {name!r}, which other files have, so it is null there; {what}"
        yield Finding(Code.COLUMN_MISSING, name, message)


def _odd_times(rows: Scan, needed: Collection[str]) -> Iterator[Finding]:
    """Times such as PostgreSQL's infinity, in columns that matter."""
    for name, count in rows.odd_times.items():
        if name in needed:
            what = f"holds infinity, or a year that no calendar has, in {counted(count, 'row')}, read as null"
            message = f"column {name!r} {what}; store a time between the years 1 and 9999, or null"
            yield Finding(Code.INFINITE_VALUES, name, message)


def _differing(rows: Scan, needed: Collection[str]) -> Iterator[Finding]:
    for name, file, path in rows.differing(needed):
        what = f"{file}: column {name!r} holds other values than {path} in the path"
        yield Finding(Code.PATH_DIFFERS, name, f"{what}; the file's are taken, mend one of them")
