"""The report of a window that was run already, made again from what is recorded and can still be read."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from flows.recorded_run import alone
from flows.stage_functions import Stages
from lamplighter.errors import BrokenFileError, ReportError
from tasks.stages.read import Located
from tasks.stages.result import WindowResult
from tasks.stages.run_context import RunContext


def make_report(context: RunContext) -> Path:
    """Write the report of a window, as its own run would have; nothing is recorded.

    Raises
    ------
    ReportError
        If there is nothing to show, with the reason, or it cannot be made.
    SourceError
        If the predictions cannot be reached.
    """
    with alone(context):
        stages = Stages.plain()
        located, own = _measured(context, stages)
        path, fault = stages.report(context, located, own)
    if fault:
        raise ReportError(fault.message, where=context.monitor.model)
    if path is None:
        raise ReportError(f"{context.window.label} has no report: {_reason(located, own)}", where=context.monitor.model)
    return path


def _measured(context: RunContext, stages: Stages) -> tuple[Located, WindowResult]:
    """What a report is made of; of the windows that a run would look at its own alone."""
    while True:
        with suppress(BrokenFileError):
            located = stages.read(context)
            own = located.windows[0]
            table = stages.validate(context, located, own)
            return located, WindowResult(own, table, drift=stages.compare(context, located, table))


def _reason(located: Located, own: WindowResult) -> str:
    """Why there is nothing to show."""
    if own.table is None or not own.table.count:
        return "it has no rows that can be read"
    if located.reference is None:
        return located.reference_fault or "the monitor has no reference to compare with; add one"
    return "the monitor declares no features; add them"
