"""What a night records beside quality: the metrics of inputs and labels, each named once.

`INPUT_METRICS` and `ARRIVAL_METRICS` are of the window that a night is about, `LABEL_METRICS` of every window
whose labels are awaited. The metrics of quality stand in `lamplighter.core.quality.catalogue.METRICS`.
"""

from __future__ import annotations

from enum import StrEnum


class Family(StrEnum):
    """What a measurement belongs to; a night records each family of a window as a whole."""

    DATA = "data"
    DRIFT = "drift"
    QUALITY = "quality"
    ARRIVALS = "arrivals"


INPUT_METRICS = {
    "rows": "rows of the window, repeated ones left out",
    "repeated_ratio": "share of rows that repeat the id and version of another",
    "columns_missing": "declared columns that are not there",
    "columns_new": "columns that the reference does not have",
    "types_changed": "columns of another type than in the reference",
    "missing_ratio": "share of nulls of a feature",
    "infinite_ratio": "share of infinite values of a numeric feature",
    "outside_ratio": "share of values outside the range of the reference",
    "outlier_ratio": "share of values beyond the reference's quartiles by more than three times their distance",
    "unseen_ratio": "share of values that the reference has not",
    "null_prediction_ratio": "share of rows without a prediction",
    "unsure_ratio": "share of scores within the declared band",
    "prediction_share": "share of each predicted class",
    "prediction_mean": "mean of the predicted numbers",
    "drift_statistic": "distance between reference and window of a feature",
    "drift_p_value": "p-value of a feature's drift test",
    "drift_detected": "1 where a feature drifted, else 0",
    "drift_share": "share of features that drifted",
    "prediction_drift_statistic": "distance between reference and window of a prediction or score",
    "prediction_drift_p_value": "p-value of the drift test of a prediction or score",
    "prediction_drift_detected": "1 where a prediction or score drifted, else 0",
}

DRIFT_METRICS = frozenset(name for name in INPUT_METRICS if "drift" in name)
"""Those of `INPUT_METRICS` that compare the window with the reference."""

FEATURE_METRICS = frozenset(
    {
        "missing_ratio",
        "infinite_ratio",
        "outside_ratio",
        "outlier_ratio",
        "unseen_ratio",
        "drift_statistic",
        "drift_p_value",
        "drift_detected",
        "prediction_drift_statistic",
        "prediction_drift_p_value",
        "prediction_drift_detected",
    }
)
"""Those of `INPUT_METRICS` that are of single columns."""

OF_VERSIONS = ("prediction_drift_statistic", "prediction_drift_p_value", "prediction_drift_detected")
"""Metrics that are recorded for each version and not over all of them: a version has a reference of its own.

Where one number is wanted, such as by a check or a gauge, the version with the most rows speaks.
"""

LABEL_METRICS = {
    "labels_coverage": "share of rows whose label has arrived",
    "labels_missing": "rows whose label has not arrived",
    "labels_corrected": "labels that replaced an earlier, different one",
}

ARRIVAL_METRICS = {
    "labels_unknown": "labels that arrived during the window for an id that nobody predicted",
    "labels_late": "labels that arrived during the window after the window of their prediction was final",
}
