"""A live past: what Prometheus would hold of two instances of a service, made from the table of live metrics.

Every metric of the table is exposed, but those of a GPU, which this machine has not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import product

from lamplighter.core.records.live import LATENCY_BUCKETS, LIVE, LiveMetric
from tests.dashboards.recorded_world import Sample

EVERY, SPAN = 30, timedelta(hours=3)
INSTANCES = ("10.0.0.4:8000", "10.0.0.5:8000")
JOB = "model-service"
SLOW = (0.55, 0.75)
"""The part of the time in which one instance is slow and fails."""

VALUES: Mapping[str, tuple[str, ...]] = {
    "model": ("churn",),
    "version": ("v2",),
    "method": ("POST",),
    "route": ("/predict", "/health"),
    "class": ("leaves", "stays"),
    "reason": ("client", "model", "timeout"),
    "cause": ("full",),
    "path": ("/",),
    "status": ("200", "422", "500"),
}
STATUS_OF_INFERENCES = ("ok", "failed")
RARE = {"422": 0.02, "500": 0.004, "failed": 0.01, "client": 0.005, "model": 0.003, "timeout": 0.002, "/health": 0.05}
PER_SECOND = {
    "inference_null_predictions_total": 0.6,
    "inference_unsure_predictions_total": 5.0,
    "prediction_log_dropped_rows_total": 0.01,
    "prediction_log_failures_total": 0.001,
    "host_network_receive_bytes_total": 60_000.0,
    "host_network_transmit_bytes_total": 90_000.0,
}
MEDIAN = {
    "request_processing_seconds": 0.06,
    "inference_duration_seconds": 0.035,
    "preprocess_duration_seconds": 0.008,
    "postprocess_duration_seconds": 0.004,
    "inference_batch_size": 4.0,
    "inference_prediction_value": 40.0,
}
LEVEL = {
    "service_cpu_ratio": 0.8,
    "service_memory_bytes": 420e6,
    "service_open_files": 38.0,
    "host_cpu_ratio": 0.5,
    "host_memory_used_ratio": 0.62,
    "host_disk_used_ratio": 0.41,
    "host_disk_free_bytes": 41e9,
    "requests_in_flight": 3.0,
    "prediction_log_queue_rows": 40.0,
    "model_service_info": 1.0,
    "model_service_champion_refused": 0.0,
}


def labels_of(metric: LiveMetric) -> Iterator[dict[str, str]]:
    """The labels of each series of a metric."""
    values = [
        STATUS_OF_INFERENCES if (label, metric.name) == ("status", "inference_requests_total") else VALUES[label]
        for label in metric.labels
    ]
    for found in product(*values):
        yield dict(zip(metric.labels, found, strict=True))


def is_slow(instance: str, share: float) -> bool:
    """Whether an instance is in its slow phase."""
    return instance == INSTANCES[1] and SLOW[0] < share < SLOW[1]


def live_samples(end: datetime) -> Iterator[Sample]:
    """Samples until an instant, of all metrics of the table and of what Prometheus adds."""
    steps = int(SPAN.total_seconds()) // EVERY
    for instance, metric in product(INSTANCES, [metric for metric in LIVE if metric.needs != "gpu"]):
        for labels in labels_of(metric):
            total = [0.0] * (len(LATENCY_BUCKETS) + 3)
            for i in range(steps + 1):
                at = end.timestamp() - SPAN.total_seconds() + i * EVERY
                slow = is_slow(instance, i / steps)
                named = {**labels, "job": JOB, "instance": instance}
                yield from _samples(metric, named, total, at, slow, end)
    yield from _of_prometheus(end, steps)


def _samples(
    metric: LiveMetric, labels: dict[str, str], total: list[float], at: float, slow: bool, end: datetime
) -> Iterator[Sample]:
    wave = 1 + 0.3 * math.sin(at / 1700)
    often = math.prod(RARE.get(value, 1.0) for value in labels.values())
    often *= 8 if slow and labels.get("status") in ("500", "failed") else 1
    if metric.kind == "histogram":
        yield from _histogram(metric, labels, total, at, slow, often * wave * 12 * EVERY)
    elif metric.kind == "counter":
        total[0] += PER_SECOND.get(metric.name, 12.0) * often * wave * EVERY
        yield metric.name, tuple(labels.items()), total[0], at
    else:
        yield metric.name, tuple(labels.items()), _level(metric, at, slow, wave, end), at


def _level(metric: LiveMetric, at: float, slow: bool, wave: float, end: datetime) -> float:
    if metric.name == "service_start_timestamp_seconds":
        return end.timestamp() - 3 * 86_400
    if metric.name.endswith("_timestamp_seconds"):
        return at - 2
    level = LEVEL.get(metric.name, 1.0)
    return level if metric.name == "model_service_info" else level * (1 + (wave - 1) * 0.3) * (1.5 if slow else 1)


def _histogram(
    metric: LiveMetric, labels: dict[str, str], total: list[float], at: float, slow: bool, events: float
) -> Iterator[Sample]:
    bounds = LATENCY_BUCKETS if metric.name.endswith("_seconds") else tuple(2.0**i for i in range(len(LATENCY_BUCKETS)))
    middle = MEDIAN.get(metric.name, 1.0) * (12 if slow and metric.name.endswith("_seconds") else 1)
    for i, bound in enumerate((*bounds, math.inf)):
        below = 0.5 * (1 + math.erf(math.log(bound / middle) / (0.6 * math.sqrt(2)))) if bound < math.inf else 1.0
        total[i] += events * below
        le = "+Inf" if bound == math.inf else f"{bound:g}"
        yield f"{metric.name}_bucket", (*labels.items(), ("le", le)), total[i], at
    total[-2] += events * middle * math.exp(0.18)
    total[-1] += events
    yield f"{metric.name}_sum", tuple(labels.items()), total[-2], at
    yield f"{metric.name}_count", tuple(labels.items()), total[-1], at


SERVERS = {"prometheus": "localhost:9090", "pushgateway": "localhost:9091", "alertmanager": "localhost:9093"}


def _of_prometheus(end: datetime, steps: int) -> Iterator[Sample]:
    """What Prometheus says of its targets, its alerts and itself, and what the servers beside it say."""
    firing = {"alertname": "LamplighterRequestsSlow", "alertstate": "firing", "severity": "warning", "model": "churn"}
    for i in range(steps + 1):
        at = end.timestamp() - SPAN.total_seconds() + i * EVERY
        for instance in INSTANCES:
            yield "up", (("job", JOB), ("instance", instance)), 1.0, at
        for job, instance in SERVERS.items():
            yield "up", (("job", job), ("instance", instance)), 1.0, at
        if is_slow(INSTANCES[1], i / steps) or i > steps - 4:
            yield "ALERTS", tuple(firing.items()), 1.0, at
        whose = (("job", JOB), ("model", "churn"))
        yield "service:request_processing_seconds:quantile_day", whose, 0.4, at
        yield "service:request_errors:ratio_day", whose, 0.004, at
        own = (("job", "prometheus"), ("instance", SERVERS["prometheus"]))
        yield "prometheus_tsdb_head_series", own, 9000.0 + i, at
        yield "prometheus_notifications_dropped_total", own, 0.0, at
        yield "prometheus_rule_evaluation_failures_total", own, 0.0, at
        gateway = (("job", "lamplighter"), ("model", "churn"), ("instance", ""))
        yield "push_time_seconds", gateway, end.timestamp() - 14_400, at
        yield "push_failure_time_seconds", gateway, 0.0, at
        manager = (("job", "alertmanager"), ("instance", SERVERS["alertmanager"]))
        yield "alertmanager_alerts", (*manager, ("state", "active")), 1.0, at
        yield "alertmanager_notifications_failed_total", (*manager, ("integration", "email")), 0.0, at
