"""Which metrics a monitor may name: what its kind, its columns and its labels allow to be measured.

A check of what is never recorded would stay undecided for ever, or pass for ever, without a message.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import TYPE_CHECKING

from lamplighter.core.hints import did_you_mean
from lamplighter.core.monitor.columns import answer_columns
from lamplighter.core.monitor.images import CROPS
from lamplighter.core.records.catalogue import (
    ARRIVAL_METRICS,
    DRIFT_METRICS,
    FEATURE_METRICS,
    INPUT_METRICS,
    LABEL_METRICS,
    METRICS,
    OF_IMAGES,
    OF_SINGLE_CLASSES,
    QUALITY_METRICS,
)
from lamplighter.core.records.image_statistics import PRESETS

if TYPE_CHECKING:
    from lamplighter.core.monitor.model import Monitor

Place = tuple[str | int, ...]
Fault = tuple[Place, str]

ACCEPT: Place = ("retrain", "accept", "metric")

OF_ALL_ROWS = frozenset({**INPUT_METRICS, **LABEL_METRICS, **ARRIVAL_METRICS}) - OF_IMAGES
OF_ANSWERS = frozenset(name for name in FEATURE_METRICS if name.startswith("prediction_"))
OF_FEATURES = FEATURE_METRICS - OF_ANSWERS
OF_CROPS = frozenset(name for name in OF_IMAGES if name.startswith(CROPS))
OF_FILES = frozenset({"images_missing", "images_unreadable_ratio", "image_tile_covered_ratio"})


def _has_preset(name: str, monitor: Monitor) -> bool:
    """Whether the scores of a preset of CleanVision are measured, or may be logged."""
    return monitor.images is not None and (monitor.images.path is None or name in monitor.images.cleanvision)


NEEDS: tuple[tuple[str, Collection[str], Callable[[Monitor], object]], ...] = (
    ("labels", {*QUALITY_METRICS, *LABEL_METRICS, *ARRIVAL_METRICS}, lambda monitor: monitor.labels),
    ("labels in a table of their own", ARRIVAL_METRICS, lambda monitor: monitor.labels and not monitor.labels.same_row),
    (
        "labels.time or {day} in labels.parquet",
        ARRIVAL_METRICS,
        lambda monitor: monitor.labels and monitor.labels.dated,
    ),
    (
        "predictions.prediction",
        {
            "prediction_share",
            "prediction_mean",
            "null_prediction_ratio",
            "boxes_per_image",
            "empty_prediction_ratio",
            "expected_precision",
        },
        lambda monitor: monitor.predictions.prediction,
    ),
    ("predictions.score", {"roc_auc", "pr_auc", "log_loss", "brier"}, lambda monitor: monitor.predictions.score),
    ("predictions.unsure", {"unsure_ratio"}, lambda monitor: monitor.predictions.unsure),
    ("predictions.id", {"repeated_ratio"}, lambda monitor: monitor.predictions.id),
    ("a prediction or score whose drift can be measured", OF_ANSWERS, lambda monitor: answer_columns(monitor)),
    ("features", {*OF_FEATURES, "drift_share"}, lambda monitor: monitor.features or monitor.images),
    ("images", OF_IMAGES, lambda monitor: monitor.images),
    (
        "images.crops",
        OF_CROPS,
        lambda monitor: monitor.images and (monitor.images.crops or monitor.images.path is None),
    ),
    *(
        (f"images.cleanvision with {row.name}", {row.score, row.ratio}, partial(_has_preset, row.name))
        for row in PRESETS.values()
    ),
    ("images.path", OF_FILES, lambda monitor: monitor.images and monitor.images.path),
    (
        "reference",
        {"outside_ratio", "outlier_ratio", "unseen_ratio", "columns_new", *DRIFT_METRICS},
        lambda monitor: monitor.reference,
    ),
)
"""What a monitor has to declare, for which metrics, and whether it does."""


def known_metrics(monitor: Monitor) -> list[str]:
    """Every metric that the runs of a monitor can measure.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y}}"
    >>> known = known_metrics(parse("m.yaml", text, environ={}))
    >>> "rows" in known, "prediction_mean" in known, "f1" in known
    (True, True, False)
    """
    names = [*INPUT_METRICS, *LABEL_METRICS, *ARRIVAL_METRICS, *(own.name for own in monitor.metrics), *QUALITY_METRICS]
    return [name for name in names if not (_is_of_another_kind(monitor, name) or _lacking(monitor, name))]


def metric_faults(monitor: Monitor) -> Iterator[Fault]:
    """Yield the place and the fault of every metric that is named and cannot be measured."""
    for i, own in enumerate(monitor.metrics):
        if own.name in METRICS:
            yield ("metrics", i, "name"), f"metric {own.name!r} exists already; choose another name"
    known = known_metrics(monitor)
    better = [name for name in known if name in METRICS and METRICS[name].better in ("higher", "lower")]
    of_all = [name for name in better if name not in OF_SINGLE_CLASSES]
    for at, name in _named(monitor):
        usable = of_all if at == ACCEPT else known
        if name not in known:
            yield at, _message(monitor, name, usable)
        elif name not in usable:
            of_one = "of single classes, and a gate needs one of all"
            what = of_one if name in better else "neither better when higher nor when lower"
            yield at, f"metric {name!r} is {what}; {did_you_mean(name, usable)}"


def _named(monitor: Monitor) -> Iterator[tuple[Place, str]]:
    yield from ((("checks", i, "metric"), check.metric) for i, check in enumerate(monitor.checks))
    if monitor.retrain and monitor.retrain.accept:
        yield ACCEPT, monitor.retrain.accept.metric


def _message(monitor: Monitor, name: str, known: list[str]) -> str:
    if _is_of_another_kind(monitor, name):
        kinds = " and ".join(sorted(METRICS[name].kinds or ()))
        what = f"metric {name!r} is of {kinds}, and this monitor of {monitor.kind.name}"
        return f"{what}; {did_you_mean(name, known)}"
    if lacking := _lacking(monitor, name):
        return f"metric {name!r} needs {lacking}, and this monitor has none; add it or name another metric"
    return f"unknown metric {name!r}; {did_you_mean(name, known)}"


def _is_of_another_kind(monitor: Monitor, name: str) -> bool:
    return name in METRICS and not METRICS[name].is_of(monitor.kind.name)


def _lacking(monitor: Monitor, name: str) -> str:
    """What a monitor would have to declare for a metric; empty where nothing is lacking."""
    if name in {own.name for own in monitor.metrics}:
        return "" if monitor.labels else "labels"
    return next((what for what, metrics, has in NEEDS if name in metrics and not has(monitor)), "")
