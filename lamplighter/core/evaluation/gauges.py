"""The catalogue of gauges, and which recorded numbers they show.

Publisher, reference page, rules and dashboards read it from here. The first label of every gauge is ``model``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lamplighter.core.monitor import Monitor
from lamplighter.core.records.catalogue import METRICS, OF_VERSIONS
from lamplighter.core.records.measurement import Measurement


@dataclass(frozen=True, slots=True)
class Gauge:
    """A gauge.

    Attributes
    ----------
    name, help : str
    metric : str
        The recorded metric that it shows; empty when it shows something else than a measurement.
    labels : tuple of str
        Beside ``model``.
    """

    name: str
    help: str
    metric: str = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of a gauge, with the labels beside ``model``."""

    gauge: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


INFO = ("version", "owner", "env", "region")

OF_INTERVALS = ("metric", "segment", "class")
OF_LIMITS = ("check", "metric", "segment", "feature", "class", "version", "form", "direction")

GAUGES: tuple[Gauge, ...] = (
    *(Gauge(metric.gauge, metric.help, name, metric.labels) for name, metric in METRICS.items() if metric.gauge),
    Gauge("lamplighter_quality_custom", "a custom metric", "", ("metric", "segment")),
    Gauge("lamplighter_quality_window_timestamp_seconds", "start of the window that quality is shown of"),
    Gauge("lamplighter_interval_lower", "lower bound of the 95 % interval of a metric", "", OF_INTERVALS),
    Gauge("lamplighter_interval_upper", "upper bound of the 95 % interval of a metric", "", OF_INTERVALS),
    Gauge("lamplighter_threshold", "a bound that a check was last judged by", "", OF_LIMITS),
    Gauge(
        "lamplighter_incident_open",
        "1 while the incident of a check is open; `via` is who notifies: apprise, alertmanager, or muted for none",
        "",
        ("check", "severity", "via"),
    ),
    Gauge("lamplighter_messages_undelivered", "messages that were sent without success, or wait since an earlier run"),
    Gauge("lamplighter_checks_undecided", "checks that the newest run left undecided, by cause", "", ("cause",)),
    Gauge("lamplighter_reference_ratio", "a share that the reference measures", "", ("metric",)),
    Gauge("lamplighter_retrain_recommended", "1 while the incident of a check that requests a retraining is open"),
    Gauge("lamplighter_retrain_last_timestamp_seconds", "when the present champion was promoted"),
    Gauge("lamplighter_run_last_timestamp_seconds", "when a run last ended"),
    Gauge("lamplighter_run_last_success_timestamp_seconds", "when a run last ended without a failure"),
    Gauge("lamplighter_run_evaluated_day_timestamp_seconds", "start of the window of the last run"),
    Gauge("lamplighter_run_duration_seconds", "how long the last run took until it published"),
    Gauge("lamplighter_model_info", "always 1; its labels describe the model", "", INFO),
)

BY_METRIC: Mapping[str, Gauge] = {gauge.metric: gauge for gauge in GAUGES if gauge.metric}
BY_NAME: Mapping[str, Gauge] = {gauge.name: gauge for gauge in GAUGES}


def measured_samples(monitor: Monitor, measurements: Iterable[Measurement]) -> Iterator[Sample]:
    """The samples of recorded measurements; undefined values and single versions show nothing.

    A prediction's drift belongs to a version; of several served side by side the one with the most rows is shown.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}}"
    >>> measured = [Measurement(metric="rows", value=98.0, n=98), Measurement(metric="mae", reason="no label")]
    >>> [(it.gauge, it.value) for it in measured_samples(parse("m.yaml", text, environ={}), measured)]
    [('lamplighter_data_rows', 98.0)]
    """
    custom = {metric.name for metric in monitor.metrics}
    shown: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    for measurement in sorted(measurements, key=_rows_of_version, reverse=True):
        of_version = measurement.version and measurement.metric not in OF_VERSIONS
        if measurement.value is None or of_version:
            continue
        is_custom = measurement.metric in custom
        gauge = BY_NAME["lamplighter_quality_custom"] if is_custom else BY_METRIC.get(measurement.metric)
        if gauge is None:
            continue
        labels = tuple((name, _part(measurement, name)) for name in gauge.labels)
        sample = Sample(gauge.name, measurement.value, labels)
        if (sample.gauge, sample.labels) not in shown:
            shown.add((sample.gauge, sample.labels))
            yield sample


def _rows_of_version(measurement: Measurement) -> int:
    """Brings the version that speaks for all to the front, and leaves the rest in its order."""
    return measurement.n if measurement.metric in OF_VERSIONS else 0


def _part(measurement: Measurement, label: str) -> str:
    return str(measurement.klass if label == "class" else getattr(measurement, label))


def cap_series(samples: Iterable[Sample], most: int) -> list[Sample]:
    """At most ``most`` samples: totals, declared checks and answers first, then intervals of totals, then features.

    Of features those that moved most come first. Then come the classes and segments that a check of every segment
    judges, those with an open incident first and each with its limit and interval, and then the others.

    Examples
    --------
    >>> kept = cap_series([Sample("a", 1.0, (("segment", "x=1"),)), Sample("b", 1.0)], most=1)
    >>> kept[0].gauge
    'b'
    """
    everything = list(samples)
    drifted, distance = (
        {dict(sample.labels)["feature"]: sample.value for sample in everything if sample.gauge == name}
        for name in ("lamplighter_drift_detected", "lamplighter_drift_statistic")
    )

    def moved(feature: str) -> tuple[float, float, str]:
        return -drifted.get(feature, 0.0), -distance.get(feature, 0.0), feature

    ranked = {feature: rank for rank, feature in enumerate(sorted({*drifted, *distance}, key=moved))}

    judged = _judged_parts(everything)

    def importance(sample: Sample) -> tuple[int, int]:
        labels = {name: value for name, value in sample.labels if value}
        is_limit = sample.gauge == "lamplighter_threshold"
        if is_limit and "[" not in labels["check"]:
            return 0, 0
        if "feature" in labels and not is_limit and not sample.gauge.startswith("lamplighter_prediction_"):
            return 2, ranked.get(labels["feature"], len(ranked))
        if labels.keys() & {"segment", "class"}:
            return 3, judged.get((labels.get("segment", ""), labels.get("class", "")), len(judged))
        return (1, 0) if sample.gauge.startswith("lamplighter_interval_") else (0, 0)

    chosen = sorted(range(len(everything)), key=lambda i: (importance(everything[i]), i))[:most]
    return [everything[i] for i in sorted(chosen)]


def _judged_parts(samples: Iterable[Sample]) -> dict[tuple[str, str], int]:
    """The ranks of the segments and classes that have a limit: what fails is what a person looks at first."""
    labelled = [(sample.gauge, dict(sample.labels), sample.value) for sample in samples]
    failing = {labels["check"] for gauge, labels, value in labelled if gauge == "lamplighter_incident_open" and value}
    ranks: dict[tuple[str, str], tuple[bool, str, str]] = {}
    for gauge, labels, _ in labelled:
        part = labels.get("segment", ""), labels.get("class", "")
        if gauge == "lamplighter_threshold" and any(part):
            rank = (labels["check"] not in failing, *part)
            ranks[part] = min(rank, ranks.get(part, rank))
    return {part: place for place, part in enumerate(sorted(ranks, key=lambda it: ranks[it]))}
