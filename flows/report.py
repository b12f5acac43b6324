"""The report of a window that was run already, made again from what is recorded and can still be read."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from flows.stages import Stages
from lamplighter.errors import BrokenFileError, ReportError
from storage.history import model_lock
from storage.sources.rows import open_scan
from tasks.stages.compare import Compared
from tasks.stages.read import Located
from tasks.stages.run import RunContext
from tasks.stages.validate import Table


def make_report(context: RunContext) -> Path:
    """Write the report of a window, as its own run would have; nothing is recorded.

    Raises
    ------
    ReportError
        If there is nothing to show, with the reason, or it cannot be made.
    SourceError
        If the predictions cannot be reached.
    """
    model, project = context.monitor.model, context.project
    locks, patience = project.home / "locks", project.settings.wait_seconds
    with model_lock("night", model, context.history.engine, locks, patience):
        open_scan.forget_unreadable(model)
        shutil.rmtree(context.spool, ignore_errors=True)
        try:
            stages = Stages.plain()
            reading, tables, compared = _measured(context, stages)
            path, fault = stages.report(context, reading, tables, compared)
        finally:
            shutil.rmtree(context.spool, ignore_errors=True)
    if fault:
        raise ReportError(fault.message)
    if path is None:
        raise ReportError(f"{model}: {context.window.label} has no report: {_reason(reading, tables[0])}")
    return path


def _measured(context: RunContext, stages: Stages) -> tuple[Located, list[Table], list[Compared]]:
    """What a report is made of; of the windows that a run would look at its own alone."""
    while True:
        with suppress(BrokenFileError):
            reading = stages.read(context)
            reading = replace(reading, due=reading.due[:1], changed=reading.changed[:1])
            tables = stages.validate(context, reading)
            return reading, tables, stages.compare(context, reading, tables)


def _reason(reading: Located, table: Table) -> str:
    """Why there is nothing to show."""
    if not table.count:
        return "it has no rows that can be read"
    if reading.reference is None:
        return reading.reference_fault or "the monitor has no reference to compare with; add one"
    return "the monitor declares no features; add them"
