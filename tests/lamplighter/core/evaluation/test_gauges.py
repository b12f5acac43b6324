"""The catalogue of gauges, what is shown of a run, and what is left out when there is too much."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from lamplighter.core.evaluation.gauges import BY_METRIC, BY_NAME, GAUGES, Gauge, Sample, cap_series, measured_samples
from lamplighter.core.monitor import Monitor
from lamplighter.core.records.catalogue import (
    ARRIVAL_METRICS,
    FEATURE_METRICS,
    INPUT_METRICS,
    LABEL_METRICS,
    QUALITY_METRICS,
)
from lamplighter.core.records.measurement import Measurement
from storage.sinks.gauges import exposition

WITHOUT_A_GAUGE = {
    "item_share",  # a series an item: thousands
    "ap50",  # of single classes alone; map50 is the gauge of all
    "ap",
    "labels_missing",  # follows from coverage and rows
    "labels_corrected",  # shown where the history is
    "image_tile_covered_ratio",  # 16 series a camera
}

UNITS = ("_ratio", "_seconds", "_timestamp_seconds")


def sample(gauge: str, value: float = 1.0, **labels: str) -> Sample:
    return Sample(gauge, value, tuple(labels.items()))


def monitor(**values: object) -> Monitor:
    rows = {"parquet": "p", "time": "t", "id": "i", "prediction": "y"}
    return Monitor.model_validate({"model": "m", "kind": "classification", "predictions": rows} | values)


# The catalogue.


def test_names_are_unique() -> None:
    assert len({gauge.name for gauge in GAUGES}) == len(GAUGES) == len(BY_NAME)
    metrics = [gauge.metric for gauge in GAUGES if gauge.metric]
    assert len(set(metrics)) == len(metrics) == len(BY_METRIC)


@pytest.mark.parametrize("gauge", GAUGES, ids=lambda gauge: gauge.name)
def test_a_gauge_keeps_to_the_rules(gauge: Gauge) -> None:
    assert re.fullmatch(r"lamplighter_[a-z0-9]+(_[a-z0-9]+)*", gauge.name)
    assert not gauge.name.endswith(("_total", "_count", "_sum", "_bucket"))  # those are other types' suffixes
    assert gauge.help
    assert not gauge.help.endswith(("\n", " "))
    assert "model" not in gauge.labels
    assert len(set(gauge.labels)) == len(gauge.labels)
    assert all(re.fullmatch(r"[a-z][a-z_]*", label) and not label.startswith("__") for label in gauge.labels)
    # The limit of a check is of either.
    assert "check" in gauge.labels or not {"segment", "feature"} <= set(gauge.labels)


@pytest.mark.parametrize("gauge", GAUGES, ids=lambda gauge: gauge.name)
def test_the_unit_is_the_suffix(gauge: Gauge) -> None:
    is_share = re.search(r"\bshare\b", gauge.help) is not None or (
        gauge.metric in QUALITY_METRICS
        and (QUALITY_METRICS[gauge.metric].lower, QUALITY_METRICS[gauge.metric].upper) == (0, 1)
    )
    assert gauge.name.endswith("_ratio") == is_share or gauge.metric == "r2"  # r2 can be below 0
    is_time = gauge.help.startswith(("start of", "when", "how long"))
    assert gauge.name.endswith("_seconds") == is_time
    assert gauge.name.endswith("_timestamp_seconds") == gauge.help.startswith(("start of", "when"))


def test_every_metric_has_a_gauge_or_is_named_here() -> None:
    metrics = {*INPUT_METRICS, *LABEL_METRICS, *ARRIVAL_METRICS, *QUALITY_METRICS}
    assert metrics - set(BY_METRIC) == WITHOUT_A_GAUGE
    assert set(BY_METRIC) <= metrics


def test_metrics_of_columns_are_reported_by_column() -> None:
    assert {metric for metric, gauge in BY_METRIC.items() if "feature" in gauge.labels} == FEATURE_METRICS
    assert set(INPUT_METRICS) >= FEATURE_METRICS


def test_the_catalogues_share_no_name() -> None:
    names = [*INPUT_METRICS, *LABEL_METRICS, *ARRIVAL_METRICS, *QUALITY_METRICS]
    assert len(set(names)) == len(names)


# What is shown.


def test_the_whole_text() -> None:
    measurements = [
        Measurement(metric="f1", value=0.5, n=10),
        Measurement(metric="f1", segment="origin=JFK", value=0.25, n=5),
        Measurement(metric="f1", version="v1", value=0.75, n=5),
        Measurement(metric="roc_auc", reason="one class", n=10),
        Measurement(metric="rows", value=10.0, n=10),
        Measurement(metric="missing_ratio", feature='a "b"\\c\n', value=0.125, n=8),
        Measurement(metric="drift_statistic", feature="temp", method="Wasserstein distance (normed)", value=0.3),
        Measurement(metric="prediction_drift_detected", feature="late", version="v2", value=1.0),
        Measurement(metric="prediction_drift_detected", feature="late", version="v1", value=0.0),
        Measurement(metric="prediction_share", klass="1", value=0.2, n=10),
        Measurement(metric="labels_missing", value=3.0, n=10),
        Measurement(metric="mine", value=7.0, n=10, segment="origin=JFK"),
    ]
    own = monitor(metrics=[{"name": "mine", "function": "a.py:f"}])
    text = exposition("m", measured_samples(own, measurements)).decode()
    assert text == (
        "# HELP lamplighter_data_rows rows of the window, repeated ones left out\n"
        "# TYPE lamplighter_data_rows gauge\n"
        'lamplighter_data_rows{model="m"} 10.0\n'
        "# HELP lamplighter_data_missing_ratio share of nulls of a feature\n"
        "# TYPE lamplighter_data_missing_ratio gauge\n"
        'lamplighter_data_missing_ratio{feature="a \\"b\\"\\\\c\\n",model="m"} 0.125\n'
        "# HELP lamplighter_prediction_share_ratio share of each predicted class\n"
        "# TYPE lamplighter_prediction_share_ratio gauge\n"
        'lamplighter_prediction_share_ratio{class="1",model="m"} 0.2\n'
        "# HELP lamplighter_drift_statistic distance between reference and window of a feature\n"
        "# TYPE lamplighter_drift_statistic gauge\n"
        'lamplighter_drift_statistic{feature="temp",method="Wasserstein distance (normed)",model="m"} 0.3\n'
        "# HELP lamplighter_prediction_drift_detected 1 where a prediction or score drifted, else 0\n"
        "# TYPE lamplighter_prediction_drift_detected gauge\n"
        'lamplighter_prediction_drift_detected{feature="late",model="m"} 1.0\n'
        "# HELP lamplighter_quality_f1_ratio Harmonic mean of precision and recall.\n"
        "# TYPE lamplighter_quality_f1_ratio gauge\n"
        'lamplighter_quality_f1_ratio{class="",model="m",segment=""} 0.5\n'
        'lamplighter_quality_f1_ratio{class="",model="m",segment="origin=JFK"} 0.25\n'
        "# HELP lamplighter_quality_custom a custom metric\n"
        "# TYPE lamplighter_quality_custom gauge\n"
        'lamplighter_quality_custom{metric="mine",model="m",segment="origin=JFK"} 7.0\n'
    )


def every_gauge() -> list[Sample]:
    return [Sample(gauge.name, 1.0, tuple((label, label[0]) for label in gauge.labels)) for gauge in GAUGES]


@pytest.mark.skipif(
    shutil.which("promtool") is None and os.environ.get("CI") != "true",
    reason="promtool is not installed (Debian package prometheus)",
)
def test_promtool_has_nothing_to_say_about_the_catalogue() -> None:
    promtool = shutil.which("promtool")
    assert promtool, "CI needs promtool (Debian package prometheus)"
    checked = subprocess.run([promtool, "check", "metrics"], input=exposition("m", every_gauge()), capture_output=True)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


# What is left out.

MANY = [
    *(sample("lamplighter_quality_f1_ratio", segment=f"origin={i}", **{"class": ""}) for i in range(20)),
    *(sample("lamplighter_data_missing_ratio", feature=f"f{i}") for i in range(5)),
    *(sample("lamplighter_drift_statistic", i / 10, feature=f"f{i}", method="w") for i in range(5)),
    *(sample("lamplighter_drift_detected", float(i == 1), feature=f"f{i}") for i in range(5)),
    sample("lamplighter_prediction_drift_statistic", feature="late", method="w"),
    sample("lamplighter_prediction_share_ratio", **{"class": "1"}),
    sample("lamplighter_quality_f1_ratio", segment="", **{"class": ""}),
    sample("lamplighter_threshold", check="f1-below"),
    sample("lamplighter_incident_open", check="f1-below", severity="warning"),
    sample("lamplighter_model_info", version="v", owner="o", env="e", region="r"),
    sample("lamplighter_data_rows"),
]
TOTALS = {
    "lamplighter_prediction_drift_statistic",
    "lamplighter_quality_f1_ratio",
    "lamplighter_threshold",
    "lamplighter_incident_open",
    "lamplighter_model_info",
    "lamplighter_data_rows",
}


@pytest.mark.parametrize("most", [0, 1, 6, 9, 30, len(MANY), 500])
def test_never_more_than_the_cap_and_in_the_order_given(most: int) -> None:
    kept = cap_series(MANY, most)
    assert len(kept) == min(most, len(MANY))
    assert [MANY.index(one) for one in kept] == sorted(MANY.index(one) for one in kept)


def test_totals_and_answers_come_first() -> None:
    assert {one.gauge for one in cap_series(MANY, 6)} == TOTALS
    assert all(dict(one.labels).get("segment", "") == "" for one in cap_series(MANY, 6))


def test_then_the_features_that_moved_most_a_drifted_one_before_all() -> None:
    features = [dict(one.labels)["feature"] for one in cap_series(MANY, 6 + 9) if "feature" in dict(one.labels)]
    assert sorted(set(features)) == ["f1", "f3", "f4", "late"]
    assert features.count("f1") == features.count("f4") == features.count("f3") == 3


def test_classes_and_segments_come_last() -> None:
    kept = cap_series(MANY, 6 + 15 + 2)
    assert sum(dict(one.labels).get("segment", "") != "" for one in kept) == 2
    assert {one.gauge for one in kept} >= {"lamplighter_drift_statistic", "lamplighter_data_missing_ratio"}


def test_the_cap_of_500_holds_for_a_thousand_features() -> None:
    wide = [
        sample("lamplighter_data_rows"),
        *(sample("lamplighter_data_missing_ratio", feature=str(i)) for i in range(1000)),
    ]
    kept = cap_series(reversed(wide), 500)
    assert len(kept) == 500
    assert sample("lamplighter_data_rows") in kept


def limit(check: str, segment: str = "", feature: str = "") -> Sample:
    return sample("lamplighter_threshold", check=check, segment=segment, feature=feature, **{"class": ""})


def test_limits_of_declared_checks_stay_and_those_of_segments_go_with_their_segments() -> None:
    parts = [f"origin={i}" for i in range(400)]
    everything = [
        *(sample("lamplighter_quality_f1_ratio", segment=it, **{"class": ""}) for it in parts),
        *(limit(f"f1-low[{it}]", it) for it in parts),
        *(sample("lamplighter_interval_lower", metric="f1", segment=it, **{"class": ""}) for it in ["", *parts]),
        *(sample("lamplighter_data_missing_ratio", feature=f"f{i}") for i in range(50)),
        limit("missing-high", feature="f3"),
        sample("lamplighter_incident_open", check="f1-low[origin=399]", severity="warning"),
    ]
    kept = cap_series(everything, 3 + 50 + 6)
    assert limit("missing-high", feature="f3") in kept
    segments = [dict(it.labels)["segment"] for it in kept if dict(it.labels).get("segment")]
    assert sorted(segments) == ["origin=0"] * 3 + ["origin=399"] * 3
