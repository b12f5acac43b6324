"""Which metrics a monitor may name: what its kind, its columns and its labels allow to be measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lamplighter.core.catalogue import ARRIVAL_METRICS, FEATURE_METRICS, INPUT_METRICS, LABEL_METRICS
from lamplighter.core.nearest import among
from lamplighter.core.quality import METRICS

if TYPE_CHECKING:
    from lamplighter.core.monitor.checks import Check
    from lamplighter.core.monitor.model import Monitor

Fault = tuple[tuple[str | int, ...], str]

OF_SCORES = frozenset({"roc_auc", "pr_auc", "log_loss", "brier"})
OF_LABELS = {**LABEL_METRICS, **ARRIVAL_METRICS}
OF_A_REFERENCE = {"outside_ratio", "outlier_ratio", "unseen_ratio", *(m for m in INPUT_METRICS if "drift" in m)}
OF_CLASSES = frozenset({"prediction_share", "item_share"})


def known_metrics(monitor: Monitor) -> list[str]:
    """Every metric that the nights of a monitor can record."""
    names = [*INPUT_METRICS, *OF_LABELS, *(own.name for own in monitor.metrics)]
    names += [name for name, metric in METRICS.items() if monitor.kind.value in metric.kinds]
    return [name for name in names if not _lacking(monitor, name)]


def check_metrics(monitor: Monitor) -> Iterator[Fault]:
    """Yield the place and the fault of every metric that cannot be measured."""
    for i, own in enumerate(monitor.metrics):
        if own.name in {**METRICS, **INPUT_METRICS, **OF_LABELS}:
            yield ("metrics", i, "name"), f"metric {own.name!r} exists already; choose another name"
    for i, check in enumerate(monitor.checks):
        at = ("checks", i)
        yield from _metric_faults(monitor, check.metric, (*at, "metric"))
        yield from (((*at, *inner), message) for inner, message in _part_faults(monitor, check))
    if monitor.retrain and monitor.retrain.accept:
        yield from _metric_faults(monitor, monitor.retrain.accept.metric, ("retrain", "accept", "metric"))


def _metric_faults(monitor: Monitor, name: str, at: tuple[str | int, ...]) -> Iterator[Fault]:
    known = known_metrics(monitor)
    if name in known:
        return
    if name in METRICS and monitor.kind.value not in METRICS[name].kinds:
        kinds = " and ".join(sorted(METRICS[name].kinds))
        yield at, f"metric {name!r} is of {kinds}, and this monitor of {monitor.kind.value}; {among(name, known)}"
    elif lacking := _lacking(monitor, name):
        yield at, f"metric {name!r} needs {lacking}, and this monitor has none; add it or name another metric"
    else:
        yield at, f"unknown metric {name!r}; {among(name, known)}"


def _lacking(monitor: Monitor, name: str) -> str:
    """What a monitor would have to declare for a metric; empty where nothing is lacking."""
    of_quality = name in METRICS or name in {own.name for own in monitor.metrics}
    if (of_quality or name in OF_LABELS) and not monitor.labels:
        return "labels"
    if name in OF_SCORES and not monitor.predictions.score:
        return "predictions.score"
    if name == "unsure_ratio" and not monitor.predictions.unsure:
        return "predictions.unsure"
    if name in OF_A_REFERENCE and not monitor.reference:
        return "reference"
    return ""


def _part_faults(monitor: Monitor, check: Check) -> Iterator[Fault]:
    """Whether the check reads a part of the metric that is recorded."""
    if check.metric in FEATURE_METRICS and not check.feature:
        yield ("metric",), f"metric {check.metric!r} is of single columns; name one as feature"
    if check.feature and check.metric not in FEATURE_METRICS:
        yield ("feature",), f"metric {check.metric!r} is not of single columns; leave feature out"
    if check.metric in OF_CLASSES and not check.klass:
        yield ("metric",), f"metric {check.metric!r} is of single classes; name one as class"
    if check.klass and check.metric in {**INPUT_METRICS, **OF_LABELS} and check.metric not in OF_CLASSES:
        yield ("class",), f"metric {check.metric!r} is not of single classes; leave class out"
    column, equals, _ = check.segment.partition("=")
    if check.segment and not equals:
        yield ("segment",), f"{check.segment!r} is not a segment; write column=value"
    elif check.segment and column not in monitor.segments:
        yield ("segment",), f"segment {check.segment!r} is of no declared column; {among(column, monitor.segments)}"
    elif check.segment and check.metric in {**INPUT_METRICS, **OF_LABELS}:
        yield ("segment",), f"metric {check.metric!r} is of all rows; leave segment out"
