"""Report: an Evidently Report of the window beside its reference, as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lamplighter.core.checks.incidents import as_declared
from lamplighter.core.drift import Checks, Quality
from lamplighter.core.numbers import number_text
from lamplighter.core.records.catalogue import QUALITY_METRICS
from lamplighter.core.records.finding import Code, Finding
from lamplighter.errors import ReportError
from storage.history.decisions import decisions_made
from storage.history.incidents import incidents_open
from storage.history.quality import quality_of
from storage.sinks.reports import write_report
from tasks.stages.compare import Compared, Samples, samples_of
from tasks.stages.read import Located
from tasks.stages.result import WindowResult
from tasks.stages.run_context import RunContext
from tasks.stages.validate import Table

if TYPE_CHECKING:
    from lamplighter.evidently.sheets import Sheet


def report(context: RunContext, located: Located, result: WindowResult) -> tuple[Path | None, Finding | None]:
    """Write the report of the run's own window; where it cannot be made, say why."""
    own, drift = result.table, result.drift
    if own is None or drift is None:
        return None, None
    if located.reference is None or not own.count or not own.features:
        return None, None
    # Not before there is a report to make: 0.02 s of every other run.
    from lamplighter.evidently.report import report as evidently_report

    samples = samples_of(context, located.reference, own)
    quality, waiting = _quality(context)
    try:
        html = evidently_report(
            samples.reference,
            samples.current,
            own.features,
            title=f"{context.monitor.model}, {context.window.label}",
            notes=[*_notes(context, own, samples, drift), *waiting],
            drift=drift.features,
            quality=quality,
            checks=_checks(context),
            at=context.now,
            private=frozenset(context.monitor.private),
            sheets=_sheets(context, located, own),
        )
        return write_report(context.report_path, html), None
    except ReportError as error:
        return None, Finding(Code.REPORT_FAILED, "", f"report: {error}")


def _sheets(context: RunContext, located: Located, own: Table) -> Sequence[Sheet]:
    if context.monitor.images is None:
        return ()
    # OpenCV is an extra.
    from tasks.stages.image_sheets import image_sheets

    return image_sheets(context, located, own.spec)


def _checks(context: RunContext) -> Checks:
    """What the run decided, and which incidents are open after it, as the history has both."""
    history, monitor = context.history, context.monitor
    decisions = decisions_made(history, monitor.model, context.known_on, monitor.judged)
    incidents = [*incidents_open(history, monitor.model, context.known_on).values()]
    moments = {it.window_start for it in decisions} | {
        moment for it in incidents for moment in (it.opened_on, it.window_start)
    }
    return Checks(
        as_declared(decisions, monitor.judged), incidents, {moment: context.label_of(moment) for moment in moments}
    )


def _notes(context: RunContext, own: Table, samples: Samples, compared: Compared) -> Iterator[str]:
    """What a reader of the head must know: that the rows are a sample, and how the answers moved.

    Answers are no features, and have no part in the share of those that drifted.
    """
    if len(samples.current) < own.count:
        yield f"They are a sample: the window has {own.count:,} rows."
    judged = context.judged_window()
    if judged is not None and judged != context.window and context.monitor.labels:
        yield (
            f"There are two dates on this page. Drift is of {context.window.label}, whose labels are still on their "
            f"way; quality is of {judged.label}, the newest window with enough labels to be judged."
        )
    for version, drift in compared.answers:
        answer = f"{drift.column} of version {version}" if version else drift.column
        if drift.drifted is None:
            yield f"Drift of {answer} is not known: {drift.reason}."
        else:
            verdict = "has drifted" if drift.drifted else "has not drifted"
            assert drift.score is not None
            assert drift.threshold is not None
            score, limit = number_text(drift.score, 3), number_text(drift.threshold)
            yield f"{answer} {verdict}: {drift.method} {score}, limit {limit}."


def _quality(context: RunContext) -> tuple[Quality | None, list[str]]:
    """The quality of the judged window, as the history has it, or what to say where there is none to show yet."""
    window = context.judged_window()
    if window is None:
        return None, ["No window has enough labels yet for its quality to be judged."] if context.monitor.labels else []
    metrics = ["labels_coverage", *QUALITY_METRICS, *(own.name for own in context.monitor.metrics)]
    return quality_of(context.history, window, metrics, context.known_on), []
