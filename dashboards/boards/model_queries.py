"""What panels of a model ask of the gauges of its runs."""

from __future__ import annotations

from dashboards.boards.expressions import newest
from dashboards.queries import CUSTOM, SEGMENTS, PromQL, unit_of
from lamplighter.core.evaluation.gauges import BY_METRIC

OF_THE_MODEL = 'model="$model"'
OVERALL = 'segment="", class=""'
OF_SEGMENTS = 'segment!="", class=""'
OF_VALUES = 'form!~"slope|missing"'
"""Limits on slopes and on absence have another unit than the value."""

OF_TOTALS = f'{OVERALL}, version="", {OF_VALUES}'
HIGHEST, LOWEST = "topk(largest, {})", "bottomk(largest, {})"
LIMIT_LEGEND = "limit of {{check}} ({{direction}})"


def of_the_model(gauge: str, where: str = "") -> str:
    """The newest values of a gauge of the chosen model, instants in the milliseconds that Grafana takes."""
    scale = " * 1000" if unit_of(gauge) == "dateTimeAsIso" else ""
    return newest(gauge, f"{OF_THE_MODEL}, {where}" if where else OF_THE_MODEL) + scale


def measured(metric: str, legend: str = "", around: str = "{}", where: str = "", needs: tuple[str, ...] = ()) -> PromQL:
    """The gauge of a measurement."""
    text = around.format(of_the_model(BY_METRIC[metric].name, where))
    return PromQL(text, legend or metric, (metric, *needs))


def with_limits(metrics: tuple[str, ...], banded: tuple[str, ...]) -> tuple[PromQL, ...]:
    """Metrics of all rows, with the bounds of the intervals of some, and the limits of the checks on all."""
    every, some = (
        f'metric=~"{"|".join(names)}", {OVERALL}' for names in (metrics, [it for it in metrics if it in banded])
    )
    of = tuple(it for it in metrics if it in banded)
    limits = of_the_model("lamplighter_threshold", f'{every}, version="", {OF_VALUES}')
    return (
        *(measured(metric, where=OVERALL) for metric in metrics),
        PromQL(of_the_model("lamplighter_interval_lower", some), "{{metric}} lower", of=of),
        PromQL(of_the_model("lamplighter_interval_upper", some), "{{metric}} upper", of=of),
        PromQL(limits, LIMIT_LEGEND, of=metrics),
    )


def of_segments(metric: str, around: str) -> tuple[PromQL, ...]:
    """The segments of a metric that are worst, with the limits of the checks on these."""
    shown = measured(metric, "{{segment}}", around, OF_SEGMENTS, (SEGMENTS,))
    limits = of_the_model("lamplighter_threshold", f'metric="{metric}", {OF_SEGMENTS}, version="", {OF_VALUES}')
    return shown, PromQL(f"{limits} and on (segment) {shown.text}", LIMIT_LEGEND, (metric, SEGMENTS))


def custom() -> tuple[PromQL, ...]:
    """The project's own metrics, with the limits of the checks on them."""
    shown = of_the_model("lamplighter_quality_custom", 'segment=""')
    limits = of_the_model("lamplighter_threshold", OF_TOTALS)
    return (
        PromQL(shown, "{{metric}}", (CUSTOM,)),
        PromQL(f"{limits} and on (metric) {shown}", LIMIT_LEGEND, (CUSTOM,)),
    )
