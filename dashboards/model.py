"""The dashboard of one model, day by day: of what the monitors of a project measure, from the catalogue of gauges."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
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
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.vocabulary import known_metrics
from lamplighter.core.time.duration import format_duration
from storage.project.observability import Observability

P = TypeVar("P", timeseries.Panel, statetimeline.Panel, stat.Panel)

UNITS = {"_timestamp_seconds": "dateTimeAsIso", "_seconds": "s", "_ratio": "percentunit"}
COLOURS = {"0": "green", "1": "red"}
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
    """

    gauge: Gauge
    legend: str
    where: str = ""
    around: str = "{newest}"
    needs: str = ""

    def expr(self, config: Observability) -> str:
        """In PromQL. A past that was filled in holds one sample a day, and Prometheus looks back five minutes."""
        selector = config.selector(self.gauge.name, 'model="$model"', self.where)
        newest = f"last_over_time({selector}[{format_duration(config.look_back)}])"
        # Grafana takes instants in milliseconds.
        scale = " * 1000" if self.unit == "dateTimeAsIso" else ""
        return self.around.format(newest=newest, largest=config.largest) + scale

    def is_shown(self, measured: frozenset[str]) -> bool:
        """Whether there is something to show where these metrics are measured."""
        return {self.gauge.metric, self.needs} - {""} <= measured

    @property
    def unit(self) -> str:
        """Grafana's name of the gauge's unit."""
        return next((unit for suffix, unit in UNITS.items() if self.gauge.name.endswith(suffix)), "short")


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
                "The {largest} lowest of the same window.",
                _of("f1", "{{segment}}", LOWEST, OF_SEGMENTS, SEGMENTS),
            ),
            Panel(
                6,
                "Error by segment",
                "Mean absolute error; the {largest} highest of the same window.",
                _of("mae", "{{segment}}", HIGHEST, OF_SEGMENTS, SEGMENTS),
            ),
            Panel(
                7,
                "Custom metrics",
                "Of the same window, as the project's own functions compute them.",
                (Query(BY_NAME["lamplighter_quality_custom"], "{{metric}}", 'segment=""', needs=CUSTOM),),
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


EVERYTHING = frozenset({*BY_METRIC, SEGMENTS, CUSTOM})
"""What models of all kinds measure together."""


def measured_by(monitors: Iterable[Monitor]) -> frozenset[str]:
    """What some monitors measure: names of metrics, and whether there are segments and custom metrics.

    Examples
    --------
    >>> measured = measured_by([monitor])
    >>> "f1" in measured, "mae" in measured, CUSTOM in measured
    (True, False, False)
    """
    found: set[str] = set()
    for monitor in monitors:
        found |= {*known_metrics(monitor)}
        found |= {name for name, there in ((SEGMENTS, monitor.segments), (CUSTOM, monitor.metrics)) if there}
    return frozenset(found)


def dashboard_json(config: Observability | None = None, measured: frozenset[str] = EVERYTHING) -> str:
    """The dashboard, as Grafana imports it.

    Parameters
    ----------
    config : Observability, optional
        By default what the committed file is rendered with.
    measured : frozenset of str
        As `measured_by` has it: what is not measured has no panel.

    Examples
    --------
    >>> "F1 by segment" in dashboard_json(), "Error" in dashboard_json(measured=measured_by([monitor]))
    (True, False)
    """
    config = config or Observability()
    source = DataSourceRef(type_val="prometheus", uid=config.datasource_uid or "${datasource}")
    board = (
        dashboard.Dashboard(config.dashboard_title)
        .uid(config.dashboard_uid)
        .description("What the runs of one model found. Rendered by `lamplighter render`.")
        .tags(["lamplighter"])
        .time("now-90d", "now")
        .tooltip(DashboardCursorSync.CROSSHAIR)
    )
    if not config.datasource_uid:
        chosen = dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")
        board = board.with_variable(chosen)
    board = board.with_variable(
        dashboard.QueryVariable("model")
        .label("Model")
        .datasource(source)
        .query(f"label_values({config.selector('lamplighter_run_last_timestamp_seconds')}, model)")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )
    for row_id, title, panels in ROWS:
        shown = [panel for panel in (_shown(panel, measured) for panel in panels) if panel.queries]
        board = board.with_row(dashboard.Row(title).id(row_id)) if shown else board
        for panel in shown:
            board = board.with_panel(BUILDERS[panel.shows](panel, config, source))
    return JSONEncoder(sort_keys=True, indent=2).encode(board.build()) + "\n"


def _shown(panel: Panel, measured: frozenset[str]) -> Panel:
    return replace(panel, queries=tuple(query for query in panel.queries if query.is_shown(measured)))


def _lines(panel: Panel, config: Observability, source: DataSourceRef) -> timeseries.Panel:
    built = timeseries.Panel().line_interpolation(LineInterpolation.STEP_AFTER).legend(_legend())
    built = built.min(0) if panel.unit == "percentunit" else built
    return _filled(built, panel, config, source)


def _states(panel: Panel, config: Observability, source: DataSourceRef) -> statetimeline.Panel:
    colours = {value: ValueMappingResult(color=colour) for value, colour in COLOURS.items()}
    built = statetimeline.Panel().mappings([ValueMap(options=colours)]).show_value(VisibilityMode.NEVER)
    return _filled(built, panel, config, source)


def _value(panel: Panel, config: Observability, source: DataSourceRef) -> stat.Panel:
    return _filled(stat.Panel(), panel, config, source)


BUILDERS: dict[
    str, Callable[[Panel, Observability, DataSourceRef], timeseries.Panel | statetimeline.Panel | stat.Panel]
] = {
    "lines": _lines,
    "states": _states,
    "value": _value,
}


def _legend() -> common.VizLegendOptions:
    legend = common.VizLegendOptions().show_legend(True)
    return legend.display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)


def _filled(built: P, panel: Panel, config: Observability, source: DataSourceRef) -> P:
    """What all kinds of panels have."""
    description = panel.description.format(largest=config.largest)
    built = built.id(panel.id).title(panel.title).description(description).unit(panel.unit)
    built = built.datasource(source).span(panel.width).height(8)
    for i, query in enumerate(panel.queries):
        target = prometheus.Dataquery().expr(query.expr(config)).legend_format(query.legend).ref_id(chr(ord("A") + i))
        built = built.with_target(target)
    return built
