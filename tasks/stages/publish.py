"""Publish: gauges, read from the history. A sink that does not answer is a finding and never fails the night."""

from __future__ import annotations

import time
from collections.abc import Iterator

from lamplighter.core.checks.decide import Cause
from lamplighter.core.evaluation.gauges import Sample, fitted, measured_samples
from lamplighter.core.monitor import Monitor
from lamplighter.core.records.catalogue import ARRIVAL_METRICS, INPUT_METRICS
from lamplighter.core.records.finding import Code, Finding
from lamplighter.core.records.measurement import Measurement
from lamplighter.core.time.window import Window
from lamplighter.errors import PublishError
from storage.history.decisions import undecided_checks
from storage.history.incidents import incidents_open
from storage.history.promotions import champion_on
from storage.history.query import Filter, measurements_of
from storage.history.runs import last_night, last_success
from storage.history.windows import newest_window
from storage.sinks.pushgateway import publish as publish_samples
from storage.sinks.pushgateway import withdraw_retired
from tasks.stages.run import Night

OF_THE_NIGHT = {**INPUT_METRICS, **ARRIVAL_METRICS}
"""Metrics of the night's own window; those of quality are shown of the window that is judged."""

INFO_LABELS = ("owner", "env", "region")


def publish(night: Night, started: float, *, failed: bool = False) -> Finding | None:
    """Publish what is known of the model on this night, unless it looks at an old window, or a later one was shown.

    Parameters
    ----------
    night : Night
    started : float
        When the night began, in seconds since the epoch.
    failed : bool
        Whether the night died; the newest window that is known is shown then.
    """
    shown = last_night(night.history, night.monitor.model)
    if not night.is_newest or (shown and shown > night.known_on):
        return None
    samples = fitted(_samples(night, started, failed), night.project.settings.series_per_model)
    try:
        publish_samples(night.project, night.monitor.model, samples)
        withdraw_retired(night.project, night.project.models())
    except PublishError as error:
        return Finding(Code.PUBLISH_FAILED, "", str(error))
    return None


def _samples(night: Night, started: float, failed: bool) -> Iterator[Sample]:
    monitor, known_on = night.monitor, night.known_on
    window = newest_window(night.history, night.window, known_on) if failed else night.window
    inputs = _measured(night, window) if window else []
    yield from _run_samples(night, started, failed)
    if window:
        yield Sample("lamplighter_run_evaluated_day_timestamp_seconds", window.start.timestamp())
    yield _info(monitor, versions=sorted({entry.version for entry in inputs if entry.version}))
    yield from measured_samples(monitor, (entry for entry in inputs if entry.metric in OF_THE_NIGHT))
    quality_window = night.judged_window
    if quality_window:
        yield Sample("lamplighter_quality_window_timestamp_seconds", quality_window.start.timestamp())
        yield from measured_samples(
            monitor, (entry for entry in _measured(night, quality_window) if entry.metric not in OF_THE_NIGHT)
        )
    open_incidents = incidents_open(night.history, monitor.model, known_on)
    for check in monitor.judged:
        yield Sample("lamplighter_threshold", check.limit, (("check", check.name),))
        labels = (("check", check.name), ("severity", check.severity.value))
        yield Sample("lamplighter_incident_open", float(check.name in open_incidents), labels)
    for name, incident in open_incidents.items():
        if incident.is_of_undecided:
            labels = (("check", name), ("severity", incident.severity.value))
            yield Sample("lamplighter_incident_open", 1.0, labels)
    causes = [check.cause for check in undecided_checks(night.history, monitor.model, known_on)]
    for cause in Cause:
        yield Sample("lamplighter_checks_undecided", float(causes.count(cause)), (("cause", cause.value),))
    if monitor.retrain:
        called_for = any(name in open_incidents for name in monitor.retrain.on)
        yield Sample("lamplighter_retrain_recommended", float(called_for))
        if promotion := champion_on(night.history, monitor.model, known_on):
            yield Sample("lamplighter_retrain_last_timestamp_seconds", promotion.known_on.timestamp())


def _run_samples(night: Night, started: float, failed: bool) -> Iterator[Sample]:
    now = time.time()
    yield Sample("lamplighter_run_last_timestamp_seconds", now)
    yield Sample("lamplighter_run_duration_seconds", now - started)
    succeeded = last_success(night.history, night.monitor.model) if failed else None
    if succeeded or not failed:
        success = succeeded.timestamp() if succeeded else now
        yield Sample("lamplighter_run_last_success_timestamp_seconds", success)


def _info(monitor: Monitor, versions: list[str]) -> Sample:
    tags = tuple((name, monitor.tags.get(name, "")) for name in INFO_LABELS)
    return Sample("lamplighter_model_info", 1.0, (("version", ",".join(versions)), *tags))


def _measured(night: Night, window: Window) -> list[Measurement]:
    return measurements_of(night.history, window, Filter(as_of=night.known_on))
