"""The quality that is recorded, in Evidently's own metric types.

Evidently's quality presets would count again, over whatever rows they are given: over a sample other numbers than the
history has, and over all labelled rows the numbers of a cut at a score of 0.5, whatever the service did. But a result
of a stock metric holds any value. Here each takes the recorded one, and no row is read, so the page can say nothing
else than the history. What can only be drawn from rows, such as a ROC curve, is not shown.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from lamplighter.core.counts import most_frequent
from lamplighter.core.drift.columns import Undecided
from lamplighter.core.drift.result import Quality, ReportSection
from lamplighter.core.numbers import number_text, range_text
from lamplighter.core.quality.confusion import NO_PREDICTION, Confusion
from lamplighter.core.records.measurement import Measurement
from lamplighter.core.values.key_name import OTHER
from lamplighter.evidently.display import plain

SINGLE_VALUES = {
    "Accuracy": ("accuracy",),
    "Precision": ("precision", "precision_macro"),
    "Recall": ("recall", "recall_macro"),
    "F1Score": ("f1", "f1_macro"),
    "RocAuc": ("roc_auc",),
    "LogLoss": ("log_loss",),
    "RMSE": ("rmse",),
    "R2Score": ("r2",),
}
"""By Evidently's metric: ours, of which the first that is recorded counts; of many classes both mean the average."""

MEANS = {"MeanError": "bias", "MAE": "mae"}
"""By Evidently's metric of a mean and its standard deviation: ours of the mean."""

BY_LABEL = {"PrecisionByLabel": "precision", "RecallByLabel": "recall", "F1ByLabel": "f1"}
"""By Evidently's metric of single classes: ours."""

OF_SEGMENTS = ("f1", "accuracy", "roc_auc", "f1_macro", "mae", "rmse", "bias")
"""The most useful metrics of a segment, where they are recorded."""

SEGMENT_METRICS = 3
"""Metrics of a segment that stand beside each other: more do not fit a phone."""

DRAWN = 20
"""Classes that the matrix of confusion counts has rows for: with more their numbers cannot be read."""


def quality_section(quality: Quality) -> ReportSection:
    """Counters, a table of every metric, and for classes a table and the confusion counts.

    A value that is undefined has no result of Evidently's, which could not hold the reason; the tables give it. Nor
    has a mean of a single row, for Evidently wants the standard deviation beside it.

    Raises
    ------
    Undecided
        If nothing is recorded.
    """
    if not quality.measurements:
        raise Undecided(f"nothing is recorded of {quality.window}")
    overall = {found.metric: found for found in quality.measurements if not found.klass}
    by_class = {(found.klass, found.metric): found for found in quality.measurements if found.klass}
    results = dict(_result(name, values) for name, values in _recorded(overall, by_class))
    widgets = [*_overall(quality, overall), *_segments(quality), *_classes(by_class), *_confusion(quality.confusion)]
    return ReportSection(results, widgets)


def _recorded(
    overall: dict[str, Measurement], by_class: dict[tuple[str, str], Measurement]
) -> Iterator[tuple[str, list[Any]]]:
    """Evidently's metrics, and what each of them is to hold."""
    for name, ours in SINGLE_VALUES.items():
        found = _first(ours, overall)
        if found and found.value is not None:
            yield name, [found.value]
    for name, metric in MEANS.items():
        spread = _deviation(overall.get(metric), overall.get("mse"))
        if spread is not None:
            yield name, [overall[metric].value, spread]
    for name, metric in BY_LABEL.items():
        found_by_class = [(klass, found.value) for (klass, of), found in by_class.items() if of == metric]
        values = {plain(klass): value for klass, value in found_by_class if value is not None}
        if values:
            yield name, [values]


def _result(name: str, values: list[Any]) -> tuple[str, Any]:
    """The identifier of a metric, and a result that holds the values; Evidently's service finds it by its location."""
    from evidently import metrics

    calculation = getattr(metrics, name)().to_calculation()
    result = calculation.result(*values)
    result.set_metric_location(calculation.to_metric_config())
    return calculation.id, result


def _first(metrics: Iterable[str], overall: dict[str, Measurement]) -> Measurement | None:
    return next((overall[metric] for metric in metrics if metric in overall), None)


def _deviation(mean: Measurement | None, square: Measurement | None) -> float | None:
    """Standard deviation of errors whose mean and mean square are recorded, n - 1 in the denominator as Evidently's."""
    if mean is None or square is None or mean.value is None or square.value is None or mean.n < 2:
        return None
    return math.sqrt(max(square.value - mean.value**2, 0.0) * mean.n / (mean.n - 1))


def _overall(quality: Quality, overall: dict[str, Measurement]) -> Iterator[Any]:
    """A heading, the usual metrics as Evidently's counters, and every metric in a table."""
    from evidently.legacy.renderers.html_widgets import CounterData, counter, header_text, table_data

    yield header_text(label=plain(f"Quality of {quality.window}, {quality.measurements[0].state}"))
    usual = [*(_first(ours, overall) for ours in SINGLE_VALUES.values()), *map(overall.get, MEANS.values())]
    counters = [CounterData(it.metric, number_text(it.value)) for it in usual if it and it.value is not None]
    if counters:
        yield counter(counters=counters)
    yield table_data(
        column_names=["metric", "value", "95 % interval", "rows"], data=[_row(found) for found in overall.values()]
    )


def _row(found: Measurement) -> list[str]:
    """One metric as the table has it."""
    metric = f"{found.metric} ({found.method})" if found.method else found.metric
    bounds = "" if found.lower is None or found.upper is None else range_text(found.lower, found.upper)
    return [plain(metric), _text(found), bounds, f"{found.n:,}"]


def _text(found: Measurement | None) -> str:
    """The value, or why there is none."""
    if found is None:
        return ""
    return plain(f"undefined: {found.reason}") if found.value is None else number_text(found.value)


def _segments(quality: Quality) -> Iterator[Any]:
    """The usual metrics of each segment, those with the most rows first; a table for each column."""
    if not quality.segments:
        return
    from evidently.legacy.renderers.html_widgets import header_text, table_data

    found: dict[str, dict[str, Measurement]] = {}
    for it in quality.segments:
        found.setdefault(it.segment, {})[it.metric] = it
    there = dict.fromkeys(it.metric for it in quality.segments)
    metrics = [name for name in dict.fromkeys((*OF_SEGMENTS, *there)) if name in there][:SEGMENT_METRICS]
    by_column: dict[str, list[str]] = {}
    for segment in sorted(found, key=lambda name: (-max(it.n for it in found[name].values()), name)):
        by_column.setdefault(segment.partition("=")[0], []).append(segment)
    for column, segments in by_column.items():
        yield header_text(label=plain(f"Quality by {column}"))
        yield table_data(
            column_names=["segment", "rows", *metrics], data=[_segment(name, found[name], metrics) for name in segments]
        )


def _segment(name: str, measured: dict[str, Measurement], metrics: Sequence[str]) -> list[str]:
    rows = max(it.n for it in measured.values())
    return [plain(name.partition("=")[2]), f"{rows:,}", *(_text(measured.get(metric)) for metric in metrics)]


def _classes(by_class: dict[tuple[str, str], Measurement]) -> Iterator[Any]:
    """Precision, recall and F1 of each class."""
    from evidently.legacy.renderers.html_widgets import header_text, table_data

    metrics = [*BY_LABEL.values()]
    names = sorted({klass for klass, metric in by_class if metric in metrics})
    if names:
        yield header_text(label="Quality by class")
        yield table_data(
            column_names=["class", *metrics],
            data=[[plain(name), *(_text(by_class.get((name, metric))) for metric in metrics)] for name in names],
        )


def _confusion(counts: Sequence[Confusion]) -> Iterator[Any]:
    """How often each class was predicted for each true one; beyond the largest classes the rest are one."""
    if not counts:
        return
    from evidently.legacy.renderers.html_widgets import header_text, plotly_figure
    from plotly import graph_objects

    true, predicted, cells = _cells(counts)
    table = [[cells[row, column] for column in predicted] for row in true]
    heatmap = graph_objects.Heatmap(x=predicted, y=true, z=table, text=table, texttemplate="%{text}")
    # From white for none: plotly's own scale begins at the smallest count.
    heatmap.update(colorscale="Blues", showscale=False, zmin=0, zmax=max(map(max, table)))
    figure = graph_objects.Figure(heatmap)
    # Classes that look like numbers are names all the same.
    figure.update_xaxes(type="category", title="predicted class")
    figure.update_yaxes(type="category", title="true class", autorange="reversed")
    yield header_text(label="Confusion counts")
    yield plotly_figure(title="", figure=figure)


def _cells(counts: Sequence[Confusion]) -> tuple[list[str], list[str], Counter[tuple[str, str]]]:
    """True classes, predicted classes, and the rows of each pair of them."""
    sizes: Counter[str] = Counter()
    for cell in counts:
        sizes.update({cell.y_true: cell.n})
        sizes.update({cell.y_pred: cell.n})
    del sizes[NO_PREDICTION]
    names = {name: plain(name) for name in most_frequent(sizes, DRAWN)} | {NO_PREDICTION: "no prediction"}
    cells: Counter[tuple[str, str]] = Counter()
    for cell in counts:
        cells[names.get(cell.y_true, OTHER), names.get(cell.y_pred, OTHER)] += cell.n
    true = sorted({name for pair in cells for name in pair} - {names[NO_PREDICTION]})
    missing = [names[NO_PREDICTION]] if any(cell.y_pred == NO_PREDICTION for cell in counts) else []
    return true, [*true, *missing], cells
