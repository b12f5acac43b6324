"""Whether a check reads a part of its metric that is recorded: of a column, of a class, of a segment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lamplighter.core.hints import did_you_mean
from lamplighter.core.monitor.columns import answer_columns, kinds_of_feature, named_features, taken_columns
from lamplighter.core.monitor.vocabulary import OF_ALL_ROWS, OF_ANSWERS, Fault
from lamplighter.core.records.catalogue import FEATURE_METRICS, OF_CLASSES, OF_ONE_CLASS, OF_TILES
from lamplighter.core.values.plain import BINARY

if TYPE_CHECKING:
    from lamplighter.core.monitor.checks import Check
    from lamplighter.core.monitor.model import Monitor
    from lamplighter.core.profiles.profile import ColumnKind

OF_KIND: dict[str, ColumnKind] = dict.fromkeys(("infinite_ratio", "outside_ratio", "outlier_ratio"), "numeric")
OF_KIND |= {"unseen_ratio": "categorical"}
"""The kind of the features that a metric is recorded for; others are for both."""

OF_SHOWN_NUMBERS = frozenset({"outside_ratio", "outlier_ratio"})
"""Metrics that a private column has none of."""


def part_faults(monitor: Monitor) -> Iterator[Fault]:
    """Yield the place and the fault of every check of a part that is never recorded."""
    for i, check in enumerate(monitor.checks):
        for faults in (_feature_faults, _class_faults, _segment_faults):
            for key, message in faults(monitor, check):
                yield ("checks", i, key), message


def _feature_faults(monitor: Monitor, check: Check) -> Iterator[tuple[str, str]]:
    name, metric = check.feature, check.metric
    if metric not in FEATURE_METRICS:
        if name:
            yield "feature", f"metric {metric!r} is not of single columns; leave feature out"
    elif not name:
        yield "metric", f"metric {metric!r} is of single columns; name one as feature"
    elif metric in OF_ANSWERS:
        answers = answer_columns(monitor)
        if name not in answers:
            yield "feature", f"feature {name!r} is no answer whose drift is measured; {did_you_mean(name, answers)}"
    elif not (kinds := kinds_of_feature(monitor, name)):
        yield "feature", f"{name!r} is no feature of this monitor; {_features(monitor, name)}"
    elif OF_KIND.get(metric, kinds[0]) not in kinds:
        yield "feature", f"metric {metric!r} is of {OF_KIND[metric]} features, and {name!r} is {kinds[0]}; name another"
    elif metric in OF_SHOWN_NUMBERS and name in monitor.private:
        yield "feature", f"metric {metric!r} is not measured of a private column such as {name!r}; name another"


def _features(monitor: Monitor, name: str) -> str:
    if monitor.features and monitor.features.auto:
        role = "it has another role" if name in taken_columns(monitor) else "features.exclude leaves it out"
        return f"{role}, so name another"
    return did_you_mean(name, named_features(monitor))


def _class_faults(monitor: Monitor, check: Check) -> Iterator[tuple[str, str]]:
    metric, scores = check.metric, monitor.predictions.score
    classes = sorted(scores) if isinstance(scores, dict) else []
    if check.klass and metric not in OF_CLASSES and metric not in OF_ONE_CLASS:
        yield "class", f"metric {metric!r} is not of single classes; leave class out"
    elif metric in OF_CLASSES and not check.klass:
        yield "metric", f"metric {metric!r} is of single classes; name one as class"
    elif metric in OF_ONE_CLASS and not (check.klass or monitor.predictions.positive or BINARY.issuperset(classes)):
        what = f"metric {metric!r} is of one class, and nothing says which of {', '.join(classes)}"
        yield "metric", f"{what}; name it as class, or give predictions.positive"


def _segment_faults(monitor: Monitor, check: Check) -> Iterator[tuple[str, str]]:
    column, equals, _ = check.segment.partition("=")
    if not check.segment:
        return
    if not equals:
        yield "segment", f"{check.segment!r} is not a segment; write column=value"
    elif column not in monitor.segments:
        yield "segment", f"segment {check.segment!r} is of no declared column; {did_you_mean(column, monitor.segments)}"
    elif check.metric in OF_ALL_ROWS:
        yield "segment", f"metric {check.metric!r} is of all rows; leave segment out"
    elif check.klass and check.metric not in OF_TILES:
        yield "segment", "classes are measured over all rows, not within segments; leave class or segment out"
