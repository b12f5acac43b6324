"""Publish: gauges, read from the history. A sink that does not answer is a finding and never fails the run."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from datetime import UTC, datetime

from lamplighter.core.checks.decide import Cause
from lamplighter.core.checks.incidents import failing_checks, is_muted
from lamplighter.core.checks.messages import OF_INCIDENTS
from lamplighter.core.evaluation.gauges import Sample, cap_series, measured_samples
from lamplighter.core.monitor import Monitor
from lamplighter.core.records.catalogue import ARRIVAL_METRICS, INPUT_METRICS
from lamplighter.core.records.finding import Code, Finding
from lamplighter.core.records.measurement import Measurement
from lamplighter.core.time.window import Window
from lamplighter.errors import PublishError
from storage.history.decisions import newest_limits, undecided_checks
from storage.history.incidents import incidents_open, muted_checks
from storage.history.outbox import waiting
from storage.history.promotions import champion_on
from storage.history.query import Filter, measurements_of
from storage.history.reference_values import reference_values
from storage.history.runs import last_run, last_success
from storage.history.windows import newest_window
from storage.sinks.gauges import publish as publish_samples
from storage.sinks.gauges import withdraw_retired
from tasks.stages.check_gauges import incident_samples, interval_samples, limit_samples
from tasks.stages.run_context import RunContext

OF_THE_RUN = {**INPUT_METRICS, **ARRIVAL_METRICS}
"""Metrics of the run's own window; for quality the window that is judged is shown."""

REFERENCE_SHARES = frozenset({"null_prediction_ratio", "unsure_ratio"})
"""What a service can be held against while it answers, before a run has looked at the window."""

INFO_LABELS = ("owner", "env", "region")


def publish(context: RunContext, started: float, *, failed: bool = False) -> Finding | None:
    """Publish what is known of the model, unless the run is for an old window, or a later run has published.

    Parameters
    ----------
    context : RunContext
    started : float
        When the run began, in seconds since the epoch.
    failed : bool
        Whether the run failed; then the newest known window is shown.
    """
    shown = last_run(context.history, context.monitor.model)
    if not context.is_newest or (shown and shown > context.known_on):
        return None
    samples = cap_series(_samples(context, started, failed), context.project.settings.series_per_model)
    try:
        publish_samples(context.project, context.monitor.model, samples)
        withdraw_retired(context.project, context.project.models())
    except PublishError as error:
        return Finding(Code.PUBLISH_FAILED, "", str(error))
    return None


def _samples(context: RunContext, started: float, failed: bool) -> Iterator[Sample]:
    monitor, known_on = context.monitor, context.known_on
    window = newest_window(context.history, context.window, known_on) if failed else context.window
    inputs = _measured(context, window) if window else []
    yield from _run_samples(context, started, failed)
    if window:
        yield Sample("lamplighter_run_evaluated_day_timestamp_seconds", window.start.timestamp())
    yield _info(monitor, versions=sorted({entry.version for entry in inputs if entry.version}))
    yield from measured_samples(monitor, (entry for entry in inputs if entry.metric in OF_THE_RUN))
    quality_window = context.judged_window()
    if quality_window:
        yield Sample("lamplighter_quality_window_timestamp_seconds", quality_window.start.timestamp())
        quality = [entry for entry in _measured(context, quality_window) if entry.metric not in OF_THE_RUN]
        yield from measured_samples(monitor, quality)
        yield from interval_samples(monitor, quality)
    open_incidents = incidents_open(context.history, monitor.model, known_on)
    yield from limit_samples(newest_limits(context.history, monitor.model, known_on, monitor.judged))
    # As messages are: a mute is of the time of the run, and not of the day that it is about.
    muted = muted_checks(context.history, monitor.model, datetime.now(UTC))
    yield from incident_samples(monitor.judged, open_incidents, monitor.notify.via, muted)
    yield Sample("lamplighter_messages_undelivered", float(_undelivered(context, muted)))
    for found in reference_values(context.history, monitor.model, known_on):
        if found.metric in REFERENCE_SHARES and found.value is not None and not any(found.key[1:]):
            yield Sample("lamplighter_reference_ratio", found.value, (("metric", found.metric),))
    causes = [check.cause for check in undecided_checks(context.history, monitor.model, known_on)]
    for cause in Cause:
        yield Sample("lamplighter_checks_undecided", float(causes.count(cause)), (("cause", cause.value),))
    if monitor.retrain:
        is_requested = not failing_checks(open_incidents).isdisjoint(monitor.retrain.on)
        yield Sample("lamplighter_retrain_recommended", float(is_requested))
        if promotion := champion_on(context.history, monitor.model, known_on):
            yield Sample("lamplighter_retrain_last_timestamp_seconds", promotion.known_on.timestamp())


def _run_samples(context: RunContext, started: float, failed: bool) -> Iterator[Sample]:
    now = time.time()
    yield Sample("lamplighter_run_last_timestamp_seconds", now)
    yield Sample("lamplighter_run_duration_seconds", now - started)
    succeeded = last_success(context.history, context.monitor.model) if failed else None
    if succeeded or not failed:
        success = succeeded.timestamp() if succeeded else now
        yield Sample("lamplighter_run_last_success_timestamp_seconds", success)


def _undelivered(context: RunContext, muted: Collection[str]) -> int:
    """How many messages are late: those of this run are sent after its gauges."""
    if not context.monitor.notify.to:
        return 0
    return sum(
        (entry.attempts > 0 or entry.known_on < context.known_on)
        and not (entry.message.event in OF_INCIDENTS and is_muted(entry.message.subject, muted))
        for entry in waiting(context.history, context.monitor.model)
    )


def _info(monitor: Monitor, versions: list[str]) -> Sample:
    tags = tuple((name, monitor.tags.get(name, "")) for name in INFO_LABELS)
    return Sample("lamplighter_model_info", 1.0, (("version", ",".join(versions)), *tags))


def _measured(context: RunContext, window: Window) -> list[Measurement]:
    return measurements_of(context.history, window, Filter(as_of=context.known_on))
