"""The panels of the dashboard of a model: what each shows, in PromQL over the catalogue of gauges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lamplighter.core.evaluation.gauges import BY_METRIC, BY_NAME, Gauge
from lamplighter.core.time.duration import format_duration
from storage.project.observability import Observability

UNITS = {"_timestamp_seconds": "dateTimeAsIso", "_seconds": "s", "_ratio": "percentunit"}
SEGMENTS, CUSTOM = "segments", "custom metrics"
"""What a query may need beside a measurement."""


@dataclass(frozen=True, slots=True)
class Query:
    """What a line of a panel shows.

    Attributes
    ----------
    gauge : Gauge
    legend : str
        In Grafana's templates.
    where : str
        Matchers beside the model's.
    around : str
        What is done with the ``{newest}`` value, of which the ``{largest}`` are shown.
    needs : str
        What a monitor has to have beside the measurement, if anything.
    of : tuple of str
        Metrics of which one has to be measured, where the gauge is about them; the unit is theirs.
    among : tuple of Query and str
        Another query, and the label by which the line has to belong to one of its lines.
    """

    gauge: Gauge
    legend: str
    where: str = ""
    around: str = "{newest}"
    needs: str = ""
    of: tuple[str, ...] = ()
    among: tuple[Query, str] | None = None

    def expr(self, config: Observability) -> str:
        """In PromQL. A past that was filled in holds one sample a day, and Prometheus looks back five minutes."""
        selector = config.selector(self.gauge.name, 'model="$model"', self.where)
        newest = f"last_over_time({selector}[{format_duration(config.look_back)}])"
        # Grafana takes instants in milliseconds.
        scale = " * 1000" if self.unit == "dateTimeAsIso" else ""
        shown = self.around.format(newest=newest, largest=config.largest) + scale
        if self.among is None:
            return shown
        query, label = self.among
        return f"{shown} and on ({label}) {query.expr(config)}"

    def is_shown(self, measured: frozenset[str]) -> bool:
        """Whether there is something to show where these metrics are measured."""
        return {self.gauge.metric, self.needs} - {""} <= measured and (not self.of or not measured.isdisjoint(self.of))

    @property
    def unit(self) -> str:
        """Grafana's name of the gauge's unit."""
        name = BY_METRIC[self.of[0]].name if self.of else self.gauge.name
        return next((unit for suffix, unit in UNITS.items() if name.endswith(suffix)), "short")


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel; its id stays when others come and go, so that links to it hold.

    The description may name the number of the ``{largest}`` that are shown.
    """

    id: int
    title: str
    description: str
    queries: tuple[Query, ...]
    shows: Literal["lines", "states", "value"] = "lines"
    width: int = 12

    @property
    def banded(self) -> tuple[str, ...]:
        """The metrics whose interval is drawn."""
        return next((query.of for query in self.queries if query.gauge.name == UPPER), ())

    @property
    def unit(self) -> str:
        """The unit of all its queries."""
        units = {query.unit for query in self.queries}
        if len(units) != 1:
            raise ValueError(f"panel {self.title!r} mixes units {sorted(units)}; give each a panel of its own")
        return units.pop()


def _totals(*metrics: str) -> tuple[Query, ...]:
    return tuple(Query(BY_METRIC[metric], metric, 'segment="", class=""') for metric in metrics)


def _of(metric: str, legend: str = "", around: str = "{newest}", where: str = "", needs: str = "") -> tuple[Query, ...]:
    return (Query(BY_METRIC[metric], legend or metric, where, around, needs),)


LIMIT, LOWER, UPPER = "lamplighter_threshold", "lamplighter_interval_lower", "lamplighter_interval_upper"
LIMIT_LEGEND = "limit of {{check}} ({{direction}})"
OF_VALUES = 'form!~"slope|missing"'
"""Limits on slopes and on absence have another unit than the value."""


def _with_limits(*metrics: str) -> tuple[Query, ...]:
    """Metrics of all rows, with the band of each one's interval and the limits of the checks on it."""
    where = f'metric=~"{"|".join(metrics)}", segment="", class=""'
    return (
        *_totals(*metrics),
        Query(BY_NAME[LOWER], "{{metric}} lower", where, of=metrics),
        Query(BY_NAME[UPPER], "{{metric}} upper", where, of=metrics),
        Query(BY_NAME[LIMIT], LIMIT_LEGEND, f'{where}, version="", {OF_VALUES}', of=metrics),
    )


def _segments(metric: str, around: str) -> tuple[Query, ...]:
    """The segments of a metric that are worst, with the limits of the checks on these."""
    shown = _of(metric, "{{segment}}", around, OF_SEGMENTS, SEGMENTS)
    where = f'metric="{metric}", {OF_SEGMENTS}, version="", {OF_VALUES}'
    limits = Query(BY_NAME[LIMIT], LIMIT_LEGEND, where, needs=SEGMENTS, of=(metric,), among=(shown[0], "segment"))
    return (*shown, limits)


def _custom() -> tuple[Query, ...]:
    shown = Query(BY_NAME["lamplighter_quality_custom"], "{{metric}}", 'segment=""', needs=CUSTOM)
    where = f'segment="", class="", version="", {OF_VALUES}'
    return shown, Query(BY_NAME[LIMIT], LIMIT_LEGEND, where, needs=CUSTOM, among=(shown, "metric"))


def _named(name: str, legend: str, needs: str = "") -> tuple[Query, ...]:
    return (Query(BY_NAME[name], legend, needs=needs),)


HIGHEST, LOWEST = "topk({largest}, {newest})", "bottomk({largest}, {newest})"
OF_SEGMENTS = 'segment!="", class=""'

ROWS: tuple[tuple[int, str, tuple[Panel, ...]], ...] = (
    (
        1,
        "Quality",
        (
            Panel(
                2,
                "Quality",
                "Of the newest window whose labels are final or cover enough; higher is better. "
                "The bands are 95 % intervals; dashed lines are limits of checks.",
                _with_limits("accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc", "ndcg", "mrr", "rougeL"),
            ),
            Panel(
                3,
                "Error",
                "Of the same window, in the unit of the target. Bias is how much too high the predictions are. "
                "The bands are 95 % intervals; dashed lines are limits of checks.",
                _with_limits("mae", "rmse", "bias"),
            ),
            Panel(
                4,
                "F1 by segment",
                "The {largest} lowest of the same window; dashed lines are limits of checks.",
                _segments("f1", LOWEST),
            ),
            Panel(
                6,
                "Error by segment",
                "Mean absolute error; the {largest} highest of the same window; dashed lines are limits of checks.",
                _segments("mae", HIGHEST),
            ),
            Panel(
                7,
                "Custom metrics",
                "Of the same window, as the project's own functions compute them; dashed lines are limits of checks.",
                _custom(),
            ),
            Panel(
                5,
                "Checks that fail",
                "As judged by the last run.",
                _named("lamplighter_incident_open", "{{check}} ({{severity}})"),
                shows="states",
            ),
        ),
    ),
    (
        10,
        "Drift",
        (
            Panel(11, "Features that drifted", "Share of the features.", _of("drift_share")),
            Panel(
                12,
                "Drift of features",
                "Distance between reference and window; the {largest} largest. Methods have scales of their own.",
                _of("drift_statistic", "{{feature}} ({{method}})", HIGHEST),
            ),
            Panel(
                13,
                "Drift of predictions and scores",
                "Distance between reference and window.",
                _of("prediction_drift_statistic", "{{feature}} ({{method}})"),
            ),
            Panel(
                14,
                "Predicted classes",
                "Share of the predictions; the {largest} largest.",
                _of("prediction_share", "{{class}}", HIGHEST),
            ),
        ),
    ),
    (
        20,
        "Data",
        (
            Panel(21, "Rows", "Rows of the window, repeated ones left out.", _of("rows")),
            Panel(
                22,
                "Missing values",
                "Share of nulls; the {largest} features with most.",
                _of("missing_ratio", "{{feature}}", HIGHEST),
            ),
            Panel(
                23,
                "Values that the reference has not",
                "Share of the values of a feature; the {largest} features with most.",
                _of("unseen_ratio", "{{feature}}", HIGHEST),
            ),
            Panel(
                24,
                "Predictions: none, unsure, repeated",
                "Shares of the rows without a prediction, with a score in the unsure band, or that repeat an id.",
                _of("null_prediction_ratio", "none")
                + _of("unsure_ratio", "unsure")
                + _of("repeated_ratio", "repeated"),
            ),
        ),
    ),
    (
        30,
        "Labels",
        (
            Panel(
                31,
                "Coverage",
                "Share of the rows of the window that quality is shown of whose label has arrived.",
                _of("labels_coverage"),
            ),
            Panel(
                32,
                "Labels that count for nothing",
                "Labels that arrived too late during the run's window, or whose id has no prediction.",
                _of("labels_late", "late") + _of("labels_unknown", "unknown"),
            ),
        ),
    ),
    (
        40,
        "Runs",
        (
            Panel(
                41,
                "Last success",
                "When a run last ended without a failure.",
                _named("lamplighter_run_last_success_timestamp_seconds", "last success"),
                shows="value",
                width=6,
            ),
            Panel(
                42,
                "Window of the last run",
                "Start of the window of the last run.",
                _named("lamplighter_run_evaluated_day_timestamp_seconds", "window"),
                shows="value",
                width=6,
            ),
            Panel(
                43,
                "Window of quality",
                "When the window began that quality is shown of; it waits for its labels.",
                _named("lamplighter_quality_window_timestamp_seconds", "window", needs="labels_coverage"),
                shows="value",
                width=6,
            ),
            Panel(
                44,
                "Duration",
                "How long a run took until it published.",
                _named("lamplighter_run_duration_seconds", "seconds"),
                width=6,
            ),
        ),
    ),
)
