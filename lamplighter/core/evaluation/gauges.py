"""The catalogue of gauges, and which recorded numbers they show.

Publisher, reference page, rules and dashboards read it from here. The first label of every gauge is ``model``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lamplighter.core.monitor import Monitor
from lamplighter.core.quality.catalogue import METRICS
from lamplighter.core.records.catalogue import OF_VERSIONS
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


def _quality_gauge(metric: str) -> Gauge:
    # A share between 0 and 1 carries the suffix of one; other numbers are in the unit of the target.
    is_ratio = (METRICS[metric].lower, METRICS[metric].upper) == (0.0, 1.0)
    name = f"lamplighter_quality_{metric.lower()}{'_ratio' if is_ratio else ''}"
    return Gauge(name, METRICS[metric].help, metric, ("segment", "class"))


FEATURE = ("feature",)
ANSWER = ("feature", "method")
INFO = ("version", "owner", "env", "region")

GAUGES: tuple[Gauge, ...] = (
    *(_quality_gauge(metric) for metric in METRICS if metric != "item_share"),
    Gauge("lamplighter_quality_own", "a metric of the user's own", "", ("metric", "segment")),
    Gauge("lamplighter_quality_window_timestamp_seconds", "start of the window that quality is shown of"),
    Gauge("lamplighter_labels_coverage_ratio", "share of rows whose label has arrived", "labels_coverage"),
    Gauge("lamplighter_labels_late", "labels that came after their window was final", "labels_late"),
    Gauge("lamplighter_labels_unknown", "labels of ids that nobody predicted", "labels_unknown"),
    Gauge("lamplighter_drift_share_ratio", "share of features that drifted", "drift_share"),
    Gauge("lamplighter_drift_statistic", "distance between reference and window", "drift_statistic", ANSWER),
    Gauge("lamplighter_drift_p_value", "p-value of the drift test", "drift_p_value", ANSWER),
    Gauge("lamplighter_drift_detected", "1 where a feature drifted", "drift_detected", FEATURE),
    Gauge("lamplighter_prediction_drift_statistic", "distance of the answers", "prediction_drift_statistic", ANSWER),
    Gauge("lamplighter_prediction_drift_p_value", "p-value of the answers", "prediction_drift_p_value", ANSWER),
    Gauge("lamplighter_prediction_drift_detected", "1 where answers drifted", "prediction_drift_detected", FEATURE),
    Gauge("lamplighter_prediction_share_ratio", "share of each predicted class", "prediction_share", ("class",)),
    Gauge("lamplighter_prediction_mean", "mean of the predicted numbers", "prediction_mean"),
    Gauge("lamplighter_prediction_null_ratio", "share of rows without a prediction", "null_prediction_ratio"),
    Gauge("lamplighter_prediction_unsure_ratio", "share of scores in the unsure band", "unsure_ratio"),
    Gauge("lamplighter_data_rows", "rows of the window", "rows"),
    Gauge("lamplighter_data_repeated_ratio", "share of rows that repeat an id", "repeated_ratio"),
    Gauge("lamplighter_data_columns_missing", "declared columns that are not there", "columns_missing"),
    Gauge("lamplighter_data_columns_new", "columns that the reference does not have", "columns_new"),
    Gauge("lamplighter_data_types_changed", "columns of another type than in the reference", "types_changed"),
    Gauge("lamplighter_data_missing_ratio", "share of nulls", "missing_ratio", FEATURE),
    Gauge("lamplighter_data_infinite_ratio", "share of infinite values", "infinite_ratio", FEATURE),
    Gauge("lamplighter_data_outside_ratio", "share outside the reference's range", "outside_ratio", FEATURE),
    Gauge("lamplighter_data_outlier_ratio", "share beyond the reference's fences", "outlier_ratio", FEATURE),
    Gauge("lamplighter_data_unseen_ratio", "share of values that the reference has not", "unseen_ratio", FEATURE),
    Gauge("lamplighter_threshold", "limit of a check", "", ("check",)),
    Gauge("lamplighter_incident_open", "1 while the incident of a check is open", "", ("check", "severity")),
    Gauge("lamplighter_checks_undecided", "checks that the newest run left undecided, by cause", "", ("cause",)),
    Gauge("lamplighter_retrain_recommended", "1 while the incident of a check that calls for it is open"),
    Gauge("lamplighter_retrain_last_timestamp_seconds", "when the present champion was promoted"),
    Gauge("lamplighter_run_last_timestamp_seconds", "when a night last ended"),
    Gauge("lamplighter_run_last_success_timestamp_seconds", "when a night last ended without a failure"),
    Gauge("lamplighter_run_evaluated_day_timestamp_seconds", "start of the window that the last night was about"),
    Gauge("lamplighter_run_duration_seconds", "how long the last night took until it published"),
    Gauge("lamplighter_model_info", "always 1; its labels describe the model", "", INFO),
)

BY_METRIC: Mapping[str, Gauge] = {gauge.metric: gauge for gauge in GAUGES if gauge.metric}
BY_NAME: Mapping[str, Gauge] = {gauge.name: gauge for gauge in GAUGES}


def measured_samples(monitor: Monitor, measurements: Iterable[Measurement]) -> Iterator[Sample]:
    """The samples of recorded measurements; undefined values and single versions show nothing.

    A prediction's drift belongs to a version; of several served side by side the one with the most rows is shown.
    """
    own = {metric.name for metric in monitor.metrics}
    shown: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    for measurement in sorted(measurements, key=_rows_of_version, reverse=True):
        of_version = measurement.version and measurement.metric not in OF_VERSIONS
        if measurement.value is None or of_version:
            continue
        gauge = BY_NAME["lamplighter_quality_own"] if measurement.metric in own else BY_METRIC.get(measurement.metric)
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


def fitted(samples: Iterable[Sample], most: int) -> list[Sample]:
    """At most ``most`` samples: totals and answers first, then the features that moved most, then classes and segments.

    Examples
    --------
    >>> kept = fitted([Sample("a", 1.0, (("segment", "x=1"),)), Sample("b", 1.0)], most=1)
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

    def importance(sample: Sample) -> tuple[int, int]:
        labels = {name for name, value in sample.labels if value}
        if "feature" in labels and not sample.gauge.startswith("lamplighter_prediction_"):
            return 1, ranked.get(dict(sample.labels)["feature"], len(ranked))
        return (2, 0) if labels & {"segment", "class"} else (0, 0)

    chosen = sorted(range(len(everything)), key=lambda i: (importance(everything[i]), i))[:most]
    return [everything[i] for i in sorted(chosen)]
