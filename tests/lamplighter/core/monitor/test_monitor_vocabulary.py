"""Which metrics a monitor may name: those that its runs record."""

from __future__ import annotations

import pytest

from lamplighter.core.monitor.vocabulary import known_metrics
from lamplighter.core.records.catalogue import FEATURE_METRICS
from tests.lamplighter.core.monitor.files import AUTO, monitor_text, read, refusal, with_check


@pytest.mark.parametrize(
    ("check", "message"),
    [
        pytest.param("metric: f2, below: 1", "unknown metric 'f2'; did you mean 'f1'? known: rows, ", id="f2"),
        pytest.param(
            "metric: mae, below: 1", "metric 'mae' is of regression, and this monitor of classification;", id="mae"
        ),
        pytest.param(
            "metric: roc_auc, below: 1", "metric 'roc_auc' needs predictions.score, and this monitor", id="score"
        ),
        pytest.param("metric: unsure_ratio, above: 1", "metric 'unsure_ratio' needs predictions.unsure", id="unsure"),
    ],
)
def test_a_check_of_what_is_never_measured(check: str, message: str) -> None:
    found = refusal(with_check(check))
    assert found.startswith(":9: ")
    assert message in found


@pytest.mark.parametrize(
    ("kind", "metric", "kinds"),
    [
        ("regression", "f1", "classification and detection"),
        ("regression", "prediction_share", "classification and detection"),
        ("classification", "prediction_mean", "regression"),
        ("text", "prediction_mean", "regression"),
        ("ranking", "null_prediction_ratio", "classification and detection and regression"),
        ("classification", "item_share", "ranking"),
    ],
)
def test_a_metric_of_another_kind_of_model(kind: str, metric: str, kinds: str) -> None:
    message = refusal(with_check(f"metric: {metric}, above: 1, class: a", kind=kind))
    assert message.startswith(f":9: metric {metric!r} is of {kinds}, and this monitor of {kind}; ")


@pytest.mark.parametrize("metric", ["f1", "labels_coverage", "labels_late", "mine"])
def test_a_metric_that_needs_labels(metric: str) -> None:
    text = monitor_text(f"metrics: [{{name: mine, function: a.py:f}}]\nchecks:\n  - {{metric: {metric}, below: 1}}\n")
    message = refusal("".join(line for line in text.splitlines(keepends=True) if not line.startswith("labels")))
    assert message.startswith(f":6: metric {metric!r} needs labels, and this monitor has none; add it or")


@pytest.mark.parametrize(
    "metric", ["drift_share", "outside_ratio", "unseen_ratio", "prediction_drift_detected", "columns_new"]
)
def test_a_metric_that_needs_a_reference(metric: str) -> None:
    message = refusal(with_check(f"metric: {metric}, above: 1", "features: auto\n"))
    assert message.startswith(f":7: metric {metric!r} needs reference, and this monitor has none")


@pytest.mark.parametrize("metric", ["drift_share", "missing_ratio", "drift_detected"])
def test_a_metric_that_needs_features(metric: str) -> None:
    message = refusal(with_check(f"metric: {metric}, above: 1", "reference: {trailing: 28d}\n"))
    assert message.startswith(f":7: metric {metric!r} needs features, and this monitor has none")


@pytest.mark.parametrize("metric", ["labels_late", "labels_unknown"])
@pytest.mark.parametrize(
    ("labels", "needed"),
    [
        pytest.param("same_row: true", "labels in a table of their own", id="in the same row"),
        pytest.param("parquet: l.parquet", "labels.time or {day} in labels.parquet", id="undated files"),
        pytest.param("sql: {url: u, table: x}", "labels.time or {day} in labels.parquet", id="an undated table"),
    ],
)
def test_a_metric_of_arrivals_needs_to_know_when_labels_arrived(metric: str, labels: str, needed: str) -> None:
    text = with_check(f"metric: {metric}, above: 1", "").replace("parquet: l.parquet", labels)
    assert refusal(text).startswith(f":6: metric {metric!r} needs {needed}, and this monitor has none")


@pytest.mark.parametrize(
    ("kind", "metric", "needed"),
    [
        ("classification", "prediction_share", "predictions.prediction"),
        ("regression", "prediction_mean", "predictions.prediction"),
        ("regression", "null_prediction_ratio", "predictions.prediction"),
        ("regression", "prediction_drift_detected", "a prediction or score whose drift can be measured"),
        ("text", "repeated_ratio", "predictions.id"),
    ],
)
def test_a_metric_that_needs_a_column(kind: str, metric: str, needed: str) -> None:
    rest = f"reference: {{trailing: 28d}}\nchecks: [{{metric: {metric}, above: 1}}]\n"
    message = refusal(f"model: m\nkind: {kind}\npredictions: {{parquet: p, time: t}}\n{rest}")
    assert message.startswith(f":5: metric {metric!r} needs {needed}, and this monitor has none")


@pytest.mark.parametrize("kind", ["classification", "regression", "ranking", "text"])
def test_every_known_metric_is_accepted_in_a_check(kind: str) -> None:
    text = monitor_text(
        f"{AUTO}metrics: [{{name: mine, function: a.py:f}}]\nchecks:\n",
        kind=kind,
        predictions="score: s, unsure: [0.4, 0.6]",
        labels="time: arrived",
    )
    names = known_metrics(read(text + "  - {metric: rows, below: 1}\n"))
    assert {"rows", "drift_share", "labels_coverage", "labels_late", "mine", "unsure_ratio"} <= set(names)
    for name in names:
        column = "s" if name.startswith("prediction_") else "a"
        feature = f", feature: {column}" if name in FEATURE_METRICS else ""
        klass = ", class: a" if name in ("prediction_share", "item_share") else ""
        text += f"  - {{metric: {name}, above: 1{feature}{klass}}}\n"
    assert [check.metric for check in read(text).checks] == names


def test_a_metric_of_retraining_is_looked_up_too() -> None:
    message = refusal(monitor_text("retrain:\n  trainer: a.py:f\n  accept:\n    metric: f11\n"))
    assert message.startswith(":8: unknown metric 'f11'; did you mean 'f1'?")


def test_only_metrics_that_can_be_accepted_by_are_named() -> None:
    message = refusal(monitor_text("retrain:\n  trainer: a.py:f\n  accept:\n    metric: xyz\n"))
    assert "unknown metric 'xyz'; known: " in message
    assert not {"rows", "missing_ratio"} & set(message.replace(",", " ").split())
