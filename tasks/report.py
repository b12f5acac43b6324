"""Report: an Evidently Report of the window beside its reference, as HTML."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from lamplighter.core.drift import report as evidently_report
from lamplighter.core.finding import Code, Finding
from lamplighter.errors import ReportError
from storage.reports import write_report
from tasks.compare import Compared, samples_of
from tasks.night import Night
from tasks.read import Reading
from tasks.validate import Table


def report(
    night: Night, reading: Reading, tables: list[Table], compared: list[Compared]
) -> tuple[Path | None, Finding | None]:
    """Write the report of the night's own window; where it cannot be made, say why."""
    own = tables[0]
    if reading.reference is None or not own.count or not own.features:
        return None, None
    samples = samples_of(night, reading.reference, own)
    title = f"{night.monitor.model}, {night.window.label}"
    try:
        html = evidently_report(
            samples.reference,
            samples.current,
            own.features | own.answers,
            title=title,
            drift=[*compared[0].features, *(drift for _, drift in compared[0].answers)],
            at=night.now,
            private=frozenset(night.monitor.private),
        )
        return write_report(night.report_path, html), None
    except ReportError as error:
        return None, Finding(Code.REPORT_FAILED, "", f"{night.monitor.model}: report: {error}")


report_task = task(name="report", cache_policy=NO_CACHE)(report)
