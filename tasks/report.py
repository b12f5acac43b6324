"""Report: an Evidently Report of the window beside its reference, as HTML."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from lamplighter.core.drift import report as evidently_report
from lamplighter.core.finding import Code, Finding
from lamplighter.core.quality import METRICS
from lamplighter.errors import ReportError
from storage.history.query import Filter, measurements_of
from storage.reports import write_report
from tasks.compare import Compared, samples_of
from tasks.judge import judged_window
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
    try:
        html = evidently_report(
            samples.reference,
            samples.current,
            own.features,
            title=f"{night.monitor.model}, {night.window.label}",
            notes=[*_answers(compared[0]), *_quality(night)],
            drift=compared[0].features,
            at=night.now,
            private=frozenset(night.monitor.private),
        )
        return write_report(night.report_path, html), None
    except ReportError as error:
        return None, Finding(Code.REPORT_FAILED, "", f"{night.monitor.model}: report: {error}")


def _answers(compared: Compared) -> Iterator[str]:
    """How the answers moved; they are no features, and have no part in the share of those that drifted."""
    for version, drift in compared.answers:
        of_version = f" of version {version}" if version else ""
        if drift.drifted is None:
            yield f"{drift.column}{of_version}: {drift.reason}."
        else:
            verdict = "drifted" if drift.drifted else "has not drifted"
            yield f"{drift.column}{of_version} {verdict}: {drift.method} {drift.score:.3g}, limit {drift.threshold:g}."


def _quality(night: Night) -> Iterator[str]:
    """The quality of the judged window, as the history has it."""
    window = judged_window(night)
    if window is None:
        return
    recorded = measurements_of(
        night.history, window, Filter(as_of=night.known_on, segment="", version="", klass="", feature="")
    )
    shown = [
        f"{entry.metric} {entry.value:.3g}" for entry in recorded if entry.metric in METRICS and entry.value is not None
    ]
    if shown:
        yield f"Quality of {window.label}: {', '.join(shown)}."


report_task = task(name="report", cache_policy=NO_CACHE)(report)
