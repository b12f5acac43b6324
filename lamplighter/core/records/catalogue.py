"""The table of measurements: one row for everything that a run measures.

Evaluation, checks, reference pages, gauges, rules and dashboards read it from here; a new measurement is a new row.
"""

from __future__ import annotations

from collections.abc import Mapping

from lamplighter.core.records.image_statistics import IMAGE_STATISTICS, PRESETS, ImageStatistic
from lamplighter.core.records.metric import Better, Family, Metric

CLASSES = frozenset({"classification"})
NUMBERS = frozenset({"regression"})
LISTS = frozenset({"ranking"})
TEXTS = frozenset({"text"})
DETECTIONS = frozenset({"detection"})


def _count(family: Family, name: str, help: str, gauge: str = "", *labels: str) -> Metric:
    return Metric(name, family, help, 0, labels=labels, gauge=gauge and f"lamplighter_{gauge}")


def _share(
    family: Family, name: str, help: str, gauge: str, *labels: str, kinds: frozenset[str] | None = None
) -> Metric:
    return Metric(name, family, help, 0, 1, kinds=kinds, labels=labels, gauge=f"lamplighter_{gauge}")


def _drift(
    name: str, help: str, upper: float | None = None, labels: tuple[str, ...] = ("feature",), of_versions: bool = False
) -> Metric:
    gauge = f"lamplighter_{name}"
    return Metric(name, Family.DRIFT, help, 0, upper, labels=labels, gauge=gauge, of_versions=of_versions)


def _quality(
    name: str,
    kinds: frozenset[str],
    lower: float | None,
    upper: float | None,
    better: Better,
    interval: str,
    help: str,
    formula: str,
) -> Metric:
    # A share between 0 and 1 carries the suffix of one; other numbers are in the unit of the target.
    suffix = "_ratio" if (lower, upper) == (0, 1) else ""
    gauge = "" if name in OF_SINGLE_CLASSES else f"lamplighter_quality_{name.lower()}{suffix}"
    labels = ("segment", "class")
    return Metric(name, Family.QUALITY, help, lower, upper, better, kinds, labels, gauge, interval, formula)


def _image(name: str, statistic: ImageStatistic) -> Metric:
    help = f"mean over the images: {statistic.help[0].lower()}{statistic.help[1:].rstrip('.')}"
    gauge = f"lamplighter_{name}"
    return Metric(
        name, Family.DATA, help, statistic.lower, statistic.upper, statistic.better, labels=("segment",), gauge=gauge,
        interval="Student", formula=statistic.source,
    )  # fmt: skip


def _images(name: str, help: str) -> Metric:
    """A share of the images."""
    gauge = f"lamplighter_{name}"
    return Metric(name, Family.DATA, help, 0, 1, "lower", labels=("segment",), gauge=gauge, interval="Wilson")


METHOD = ("feature", "method")

OF_SINGLE_CLASSES = frozenset({"item_share", "ap50", "ap"})
"""Those of quality that are of single items or classes and never of all rows: too many for gauges."""

OF_TILES = frozenset({"image_tile_covered_ratio"})
"""Metrics of single classes that are recorded within segments."""

OF_CLASSES = frozenset({"prediction_share", *OF_SINGLE_CLASSES}) | OF_TILES
"""Metrics that are of single classes alone; those of `OF_ONE_CLASS` are of the positive class too."""

DATA, DRIFT, LABELS, ARRIVALS = Family.DATA, Family.DRIFT, Family.LABELS, Family.ARRIVALS

_ROWS = (
    _count(DATA, "rows", "rows of the window, repeated ones left out", "data_rows"),
    _share(DATA, "repeated_ratio", "share of rows that repeat the id and version of another", "data_repeated_ratio"),
    _count(DATA, "columns_missing", "declared columns that are not there", "data_columns_missing"),
    _count(DATA, "columns_new", "columns that the reference does not have", "data_columns_new"),
    _count(DATA, "types_changed", "columns of another type than in the reference", "data_types_changed"),
    _share(DATA, "missing_ratio", "share of nulls of a feature", "data_missing_ratio", "feature"),
    _share(DATA, "infinite_ratio", "share of infinite values of a feature", "data_infinite_ratio", "feature"),
    _share(DATA, "outside_ratio", "share of values outside the reference's range", "data_outside_ratio", "feature"),
    _share(
        DATA, "outlier_ratio",
        "share of values beyond the reference's quartiles by more than three times their distance",
        "data_outlier_ratio", "feature",
    ),
    _share(DATA, "unseen_ratio", "share of values that the reference has not", "data_unseen_ratio", "feature"),
    _share(
        DATA, "null_prediction_ratio", "share of rows without a prediction",
        "prediction_null_ratio", kinds=CLASSES | NUMBERS | DETECTIONS,
    ),
    _share(DATA, "unsure_ratio", "share of scores within the declared band", "prediction_unsure_ratio"),
    _share(
        DATA, "prediction_share", "share of each predicted class", "prediction_share_ratio", "class",
        kinds=CLASSES | DETECTIONS,
    ),
    Metric(
        "boxes_per_image", DATA, "detections of an image that reach the confidence, on average", 0,
        kinds=DETECTIONS, gauge="lamplighter_prediction_boxes_per_image",
    ),
    _share(
        DATA, "empty_prediction_ratio", "share of images without any detection that reaches the confidence",
        "prediction_empty_ratio", kinds=DETECTIONS,
    ),
    _share(
        DATA, "expected_precision",
        "share of the detections that are right, by the mean score of those that reach the confidence",
        "prediction_expected_precision_ratio", kinds=DETECTIONS,
    ),
    Metric(
        "prediction_mean", DATA, "mean of the predicted numbers",
        kinds=NUMBERS, gauge="lamplighter_prediction_mean",
    ),
    Metric(
        "images_missing", DATA, "images whose file is not there", 0, None, "lower",
        labels=("segment",), gauge="lamplighter_images_missing",
    ),
    _images("images_unreadable_ratio", "share of the images whose file is there and cannot be read"),
    _images("image_dark_ratio", "share of the images that are dark"),
    _images("image_blurred_ratio", "share of the images that are blurred"),
    _images("image_occluded_ratio", "share of the images of which a part is covered"),
    *(
        _images(row.ratio, f"share of the images with CleanVision's is_{row.name}_issue: {row.help}")
        for row in PRESETS.values()
    ),
    Metric(
        "image_tile_covered_ratio", DATA, "share of the images in which a tile of the view is covered, and most of all",
        0, 1, "lower", labels=("segment", "class"), interval="Wilson",
        formula="tiles of image_occluded_tile, by camera; dark images do not count",
    ),
    *(_image(name, it) for name, it in IMAGE_STATISTICS.items() if it.is_number),
    _drift("drift_statistic", "distance between reference and window of a feature", None, METHOD),
    _drift("drift_p_value", "p-value of a feature's drift test", 1, METHOD),
    _drift("drift_detected", "1 where a feature drifted, else 0", 1),
    _share(DRIFT, "drift_share", "share of features that drifted", "drift_share_ratio"),
    _drift(
        "prediction_drift_statistic", "distance between reference and window of a prediction or score",
        None, METHOD, of_versions=True,
    ),
    _drift(
        "prediction_drift_p_value", "p-value of the drift test of a prediction or score", 1, METHOD, of_versions=True
    ),
    _drift("prediction_drift_detected", "1 where a prediction or score drifted, else 0", 1, of_versions=True),
    _share(LABELS, "labels_coverage", "share of rows whose label has arrived", "labels_coverage_ratio"),
    _count(LABELS, "labels_missing", "rows whose label has not arrived"),
    _count(LABELS, "labels_corrected", "labels that replaced an earlier, different one"),
    _count(
        ARRIVALS, "labels_unknown", "labels that arrived during the window for an id without a prediction",
        "labels_unknown",
    ),
    _count(
        ARRIVALS, "labels_late",
        "labels that arrived during the window after the window of their prediction was final", "labels_late",
    ),
    _quality(
        "accuracy", CLASSES, 0, 1, "higher", "Wilson",
        "Share of rows predicted right.",
        "sum of TP over classes / n",
    ),
    _quality(
        "balanced_accuracy", CLASSES, 0, 1, "higher", "Wilson, combined by MOVER",
        "Mean recall of the classes that occur in the labels.",
        "mean of TP / (TP + FN); Brodersen et al. 2010",
    ),
    _quality(
        "precision", CLASSES | DETECTIONS, 0, 1, "higher", "Wilson; of boxes a bootstrap over images",
        "Share of the rows, or boxes, predicted as the class that are of it.",
        "TP / (TP + FP)",
    ),
    _quality(
        "recall", CLASSES | DETECTIONS, 0, 1, "higher", "Wilson; of boxes a bootstrap over images",
        "Share of the rows, or boxes, of the class that are predicted as it.",
        "TP / (TP + FN)",
    ),
    _quality(
        "f1", CLASSES | DETECTIONS, 0, 1, "higher", "Wilson of the Jaccard index; of boxes a bootstrap over images",
        "Harmonic mean of precision and recall.",
        "2 TP / (2 TP + FP + FN); van Rijsbergen 1979",
    ),
    _quality(
        "precision_macro", CLASSES, 0, 1, "higher", "Wilson, combined by MOVER",
        "Mean precision of the classes that are predicted.",
        "mean of TP / (TP + FP)",
    ),
    _quality(
        "recall_macro", CLASSES, 0, 1, "higher", "Wilson, combined by MOVER",
        "Mean recall of the classes that are labelled.",
        "mean of TP / (TP + FN)",
    ),
    _quality(
        "f1_macro", CLASSES, 0, 1, "higher", "delta method, logit",
        "Mean F1 of the classes.",
        "mean of 2 TP / (2 TP + FP + FN); Takahashi et al. 2022",
    ),
    _quality(
        "precision_weighted", CLASSES, 0, 1, "higher", "delta method, logit",
        "Precision of the classes that are predicted, each weighted by its labels.",
        "sum of (TP + FN) / n * TP / (TP + FP)",
    ),
    _quality(
        "recall_weighted", CLASSES, 0, 1, "higher", "delta method, logit",
        "Recall of the classes, each weighted by its labels; equals accuracy.",
        "sum of (TP + FN) / n * TP / (TP + FN)",
    ),
    _quality(
        "f1_weighted", CLASSES, 0, 1, "higher", "delta method, logit",
        "F1 of the classes, each weighted by its labels.",
        "sum of (TP + FN) / n * 2 TP / (2 TP + FP + FN)",
    ),
    _quality(
        "roc_auc", CLASSES, 0, 1, "higher", "DeLong, logit",
        "Chance that a row of the class scores above a row of another; of several classes the mean.",
        "midranks; DeLong, DeLong and Clarke-Pearson 1988",
    ),
    _quality(
        "pr_auc", CLASSES, 0, 1, "higher", "Boyd, logit; none over several classes",
        "Average precision of the scores; of several classes the mean.",
        "sum over thresholds of (R[i] - R[i-1]) P[i]; Boyd, Eng and Page 2013",
    ),
    _quality(
        "log_loss", CLASSES, 0, None, "lower", "Student",
        "Mean surprise of the probabilities, in nats.",
        "mean of -log(probability of the label), cut at the epsilon of the scores' type",
    ),
    _quality(
        "brier", CLASSES, 0, 2, "lower", "Student",
        "Mean squared distance of the probabilities from the answer; at most 1 with two classes.",
        "mean of (p - y) ** 2, with more than two classes summed over them; Brier 1950",
    ),
    _quality(
        "mae", NUMBERS, 0, None, "lower", "Student",
        "Mean distance of the predictions from the labels, in the target's unit.",
        "mean of |y_pred - y_true|",
    ),
    _quality(
        "mse", NUMBERS, 0, None, "lower", "Student",
        "Mean squared distance of the predictions from the labels.",
        "mean of (y_pred - y_true) ** 2",
    ),
    _quality(
        "rmse", NUMBERS, 0, None, "lower", "Student of the mse",
        "Root of the mean squared distance, in the target's unit.",
        "sqrt(mse)",
    ),
    _quality(
        "r2", NUMBERS, None, 1, "higher", "delta method",
        "Share of the variance of the labels that the predictions explain.",
        "1 - sum of (y_pred - y_true) ** 2 / sum of (y_true - mean) ** 2",
    ),
    _quality(
        "median_absolute_error", NUMBERS, 0, None, "lower", "order statistics",
        "Median distance of the predictions from the labels, in the target's unit.",
        "median of |y_pred - y_true|",
    ),
    _quality(
        "bias", NUMBERS, None, None, "zero", "Student",
        "How much too high the predictions are on average, in the target's unit.",
        "mean of y_pred - y_true",
    ),
    *(
        _quality(
            f"residual_q{percent:02d}", NUMBERS, None, None, "zero", "order statistics",
            f"The residual that {percent} % of the rows stay below, in the target's unit.",
            f"{percent / 100} quantile of y_pred - y_true, linear; Hyndman and Fan 1996, type 7",
        )
        for percent in (5, 25, 50, 75, 95)
    ),
    _quality(
        "target_distance", NUMBERS, 0, None, "lower", "none",
        "Distance between the distributions of labels and predictions, in the target's unit.",
        "Wasserstein-1: mean of |sorted y_true - sorted y_pred|",
    ),
    _quality(
        "top_k_accuracy", LISTS, 0, 1, "higher", "Wilson",
        "Share of rows with a relevant item in the first k.",
        "rows with a hit / n",
    ),
    _quality(
        "ndcg", LISTS, 0, 1, "higher", "Student",
        "How near to the top the relevant items are in the first k.",
        "mean of DCG / best DCG, DCG = sum of 1 / log2(place + 1); Järvelin and Kekäläinen 2002",
    ),
    _quality(
        "mrr", LISTS, 0, 1, "higher", "Student",
        "Mean reciprocal place of the first relevant item in the first k, 0 without one.",
        "mean of 1 / place; Voorhees 1999",
    ),
    _quality(
        "item_share", LISTS, 0, 1, "neither", "Wilson",
        "Share of the first k places that the item holds.",
        "lists that show the item / places filled",
    ),
    _quality(
        "bleu", TEXTS, 0, 100, "higher", "delta method, logarithm",
        "Overlap of 1- to 4-grams with the references, over all texts together.",
        "sacrebleu, 13a tokens, in scripts without spaces characters, exp smoothing; Papineni et al. 2002, Post 2018",
    ),
    _quality(
        "rouge1", TEXTS, 0, 1, "higher", "Student",
        "Mean overlap of words with the references.",
        "F-measure, no stemmer; words in any script; Lin 2004",
    ),
    _quality(
        "rouge2", TEXTS, 0, 1, "higher", "Student",
        "Mean overlap of pairs of words with the references.",
        "F-measure, no stemmer; words in any script; Lin 2004",
    ),
    _quality(
        "rougeL", TEXTS, 0, 1, "higher", "Student",
        "Mean overlap of the longest common sequence of words with the references.",
        "F-measure, no stemmer; words in any script; Lin 2004",
    ),
    *(
        _quality(
            name, DETECTIONS, 0, 1, "higher", "bootstrap over images", help, f"{formula}; Lin et al. 2014 (COCO)",
        )
        for name, help, formula in (
            (
                "map50", "Mean average precision of the classes, at an overlap of 0.5.",
                "mean of AP over classes, IoU 0.5",
            ),
            (
                "map50_95", "Mean average precision of the classes, at overlaps of 0.5 to 0.95.",
                "mean of AP over classes and IoU 0.5, 0.55, ... 0.95",
            ),
            (
                "map_small", "The same as map50_95 of objects smaller than 32 x 32 pixels.",
                "area of the box up to 32 ** 2",
            ),
            (
                "map_medium", "The same as map50_95 of objects of 32 x 32 to 96 x 96 pixels.",
                "area of the box from 32 ** 2 to 96 ** 2",
            ),
            (
                "map_large", "The same as map50_95 of objects larger than 96 x 96 pixels.",
                "area of the box from 96 ** 2",
            ),
            (
                "ap50", "Average precision of a class, at an overlap of 0.5.",
                "mean over 101 recalls of the best precision at that recall or beyond, IoU 0.5",
            ),
            (
                "ap", "Average precision of a class, at overlaps of 0.5 to 0.95.",
                "mean of the same over IoU 0.5, 0.55, ... 0.95",
            ),
        )
    ),
)  # fmt: skip

METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _ROWS}
"""Every measurement, by its name."""


def _of(*families: Family) -> dict[str, Metric]:
    return {name: metric for name, metric in METRICS.items() if metric.family in families}


QUALITY_METRICS = _of(Family.QUALITY)
INPUT_METRICS = _of(Family.DATA, Family.DRIFT)
"""Metrics of the window of a run."""
LABEL_METRICS = _of(Family.LABELS)
ARRIVAL_METRICS = _of(Family.ARRIVALS)
DRIFT_METRICS = frozenset(_of(Family.DRIFT))
"""Those of `INPUT_METRICS` that compare the window with the reference."""
FEATURE_METRICS = frozenset(name for name, metric in METRICS.items() if "feature" in metric.labels)
"""Those of `INPUT_METRICS` that are of single columns."""
OF_IMAGES = frozenset(name for name, metric in METRICS.items() if metric.family is DATA and "segment" in metric.labels)
"""Those of `INPUT_METRICS` that are of the images of a window, and of those of a segment."""
OF_ONE_CLASS = frozenset({"precision", "recall", "f1"})
"""Those of `QUALITY_METRICS` that are of a class that is named, or of the positive one: `RATIOS` computes them."""
OF_EACH_CLASS: Mapping[str, str] = {
    "accuracy": "recall",
    "balanced_accuracy": "recall",
    **{f"{name}_{mean}": name for name in ("precision", "recall", "f1") for mean in ("macro", "weighted")},
    "map50": "ap50",
    "map50_95": "ap",
}
"""What a metric of all classes is an average of, or a share: the metric that each of them has alone."""
OF_VERSIONS = tuple(name for name, metric in METRICS.items() if metric.of_versions)
