"""The dashboard of one model, day by day, from the catalogue of gauges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, statetimeline, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement, LineInterpolation, VisibilityMode
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    ValueMap,
    ValueMappingResult,
    VariableRefresh,
    VariableSort,
)

from lamplighter.core.evaluation.gauges import BY_METRIC, BY_NAME, Gauge

P = TypeVar("P", timeseries.Panel, statetimeline.Panel, stat.Panel)

UID = "lamplighter-model"
SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")

# A past that was filled in holds one sample a day, and Prometheus looks back five minutes by default.
LOOK_BACK = "26h"
MOST = 10
UNITS = {"_timestamp_seconds": "dateTimeAsIso", "_seconds": "s", "_ratio": "percentunit"}
COLOURS = {"0": "green", "1": "red"}


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
        What is done with the newest value, which stands for ``{}``.
    """

    gauge: Gauge
    legend: str
    where: str = ""
    around: str = "{}"

    @property
    def expr(self) -> str:
        """In PromQL."""
        matchers = ", ".join(part for part in ('model="$model"', self.where) if part)
        newest = f"last_over_time({self.gauge.name}{{{matchers}}}[{LOOK_BACK}])"
        # Grafana takes instants in milliseconds.
        return self.around.format(newest) + (" * 1000" if self.unit == "dateTimeAsIso" else "")

    @property
    def unit(self) -> str:
        """Grafana's name of the gauge's unit."""
        return next((unit for suffix, unit in UNITS.items() if self.gauge.name.endswith(suffix)), "short")


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel; its id stays when others come and go, so that links to it hold."""

    id: int
    title: str
    description: str
    queries: tuple[Query, ...]
    shows: Literal["lines", "states", "value"] = "lines"
    width: int = 12

    @property
    def unit(self) -> str:
        """The unit of all its queries."""
        units = {query.unit for query in self.queries}
        if len(units) != 1:
            raise ValueError(f"panel {self.title!r} mixes units {sorted(units)}; give each a panel of its own")
        return units.pop()


def _totals(*metrics: str) -> tuple[Query, ...]:
    return tuple(Query(BY_METRIC[metric], metric, 'segment="", class=""') for metric in metrics)


def _of(metric: str, legend: str = "", around: str = "{}", where: str = "") -> tuple[Query, ...]:
    return (Query(BY_METRIC[metric], legend or metric, where, around),)


def _named(name: str, legend: str) -> tuple[Query, ...]:
    return (Query(BY_NAME[name], legend),)


HIGHEST = f"topk({MOST}, {{}})"
LOWEST = f"bottomk({MOST}, {{}})"

ROWS: tuple[tuple[int, str, tuple[Panel, ...]], ...] = (
    (
        1,
        "Quality",
        (
            Panel(
                2,
                "Quality",
                "Of the newest window whose labels are final or cover enough; higher is better.",
                _totals("accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc", "ndcg", "mrr", "rougeL"),
            ),
            Panel(
                3,
                "Error",
                "Of the same window, in the unit of the target. Bias is how much too high the predictions are.",
                _totals("mae", "rmse", "bias"),
            ),
            Panel(
                4,
                "F1 by segment",
                f"The {MOST} lowest of the same window.",
                _of("f1", "{{segment}}", LOWEST, 'segment!="", class=""'),
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
                f"Distance between reference and window; the {MOST} largest. Methods have scales of their own.",
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
                f"Share of the predictions; the {MOST} largest.",
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
                f"Share of nulls; the {MOST} features with most.",
                _of("missing_ratio", "{{feature}}", HIGHEST),
            ),
            Panel(
                23,
                "Values that the reference has not",
                f"Share of the values of a feature; the {MOST} features with most.",
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
                _named("lamplighter_quality_window_timestamp_seconds", "window"),
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


def dashboard_json() -> str:
    """The dashboard, as Grafana imports it."""
    board = (
        dashboard.Dashboard("Lamplighter: a model, day by day")
        .uid(UID)
        .description("What the runs of one model found. Rendered by `lamplighter render --checkout`.")
        .tags(["lamplighter"])
        .time("now-90d", "now")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
        .with_variable(
            dashboard.QueryVariable("model")
            .label("Model")
            .datasource(SOURCE)
            .query(f"label_values({BY_NAME['lamplighter_run_last_timestamp_seconds'].name}, model)")
            .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(VariableSort.ALPHABETICAL_ASC)
        )
    )
    for row_id, title, panels in ROWS:
        board = board.with_row(dashboard.Row(title).id(row_id))
        for panel in panels:
            board = board.with_panel(BUILDERS[panel.shows](panel))
    return JSONEncoder(sort_keys=True, indent=2).encode(board.build()) + "\n"


def _lines(panel: Panel) -> timeseries.Panel:
    built = timeseries.Panel().line_interpolation(LineInterpolation.STEP_AFTER).legend(_legend())
    built = built.min(0) if panel.unit == "percentunit" else built
    return _filled(built, panel)


def _states(panel: Panel) -> statetimeline.Panel:
    colours = {value: ValueMappingResult(color=colour) for value, colour in COLOURS.items()}
    built = statetimeline.Panel().mappings([ValueMap(options=colours)]).show_value(VisibilityMode.NEVER)
    return _filled(built, panel)


def _value(panel: Panel) -> stat.Panel:
    return _filled(stat.Panel(), panel)


BUILDERS: dict[str, Callable[[Panel], timeseries.Panel | statetimeline.Panel | stat.Panel]] = {
    "lines": _lines,
    "states": _states,
    "value": _value,
}


def _legend() -> common.VizLegendOptions:
    legend = common.VizLegendOptions().show_legend(True)
    return legend.display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)


def _filled(built: P, panel: Panel) -> P:
    """What all kinds of panels have."""
    built = built.id(panel.id).title(panel.title).description(panel.description).unit(panel.unit)
    built = built.datasource(SOURCE).span(panel.width).height(8)
    for i, query in enumerate(panel.queries):
        target = prometheus.Dataquery().expr(query.expr).legend_format(query.legend).ref_id(chr(ord("A") + i))
        built = built.with_target(target)
    return built
