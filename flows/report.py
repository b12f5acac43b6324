"""The report of a window that was run already, made again from what is recorded and can still be read."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from flows.stages import Stages
from lamplighter.errors import BrokenFileError, ReportError
from storage.history import only_one
from storage.sources.rows import rows_of
from tasks.stages.compare import Compared
from tasks.stages.read import Reading
from tasks.stages.run import Night
from tasks.stages.validate import Table


def make_report(night: Night) -> Path:
    """Write the report of a window, as its own run would have; nothing is recorded.

    Raises
    ------
    ReportError
        If there is nothing to show, with the reason, or it cannot be made.
    SourceError
        If the predictions cannot be reached.
    """
    model, project = night.monitor.model, night.project
    locks, patience = project.home / "locks", project.settings.wait_seconds
    with only_one("night", model, night.history.engine, locks, patience):
        rows_of.forget_unreadable(model)
        shutil.rmtree(night.spool, ignore_errors=True)
        try:
            stages = Stages.plain()
            reading, tables, compared = _measured(night, stages)
            path, fault = stages.report(night, reading, tables, compared)
        finally:
            shutil.rmtree(night.spool, ignore_errors=True)
    if fault:
        raise ReportError(fault.message)
    if path is None:
        raise ReportError(f"{model}: {night.window.label} has no report: {_reason(reading, tables[0])}")
    return path


def _measured(night: Night, stages: Stages) -> tuple[Reading, list[Table], list[Compared]]:
    """What a report is made of; of the windows that a run would look at its own alone."""
    while True:
        with suppress(BrokenFileError):
            reading = stages.read(night)
            reading = replace(reading, due=reading.due[:1], changed=reading.changed[:1])
            tables = stages.validate(night, reading)
            return reading, tables, stages.compare(night, reading, tables)


def _reason(reading: Reading, table: Table) -> str:
    """Why there is nothing to show."""
    if not table.count:
        return "it has no rows that can be read"
    if reading.reference is None:
        return reading.reference_fault or "the monitor has no reference to compare with; add one"
    return "the monitor declares no features; add them"
