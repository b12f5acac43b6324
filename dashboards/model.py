"""The dashboard of one model, day by day: of what the monitors of a project measure, from the catalogue of gauges."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, statetimeline, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement, LineInterpolation, VisibilityMode
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    DynamicConfigValue,
    ValueMap,
    ValueMappingResult,
    VariableRefresh,
    VariableSort,
)

from dashboards.panels import CUSTOM, LIMIT, ROWS, SEGMENTS, Panel
from lamplighter.core.evaluation.gauges import BY_METRIC
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.vocabulary import known_metrics
from storage.project.observability import Observability

P = TypeVar("P", timeseries.Panel, statetimeline.Panel, stat.Panel)

NOT_IN_LEGEND = {"legend": True, "tooltip": False, "viz": False}
COLOURS = {"0": "green", "1": "red"}

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
    for metric in panel.banded:
        # A band is the upper line, filled down to the lower one.
        hidden = [DynamicConfigValue("custom.lineWidth", 0), DynamicConfigValue("custom.hideFrom", NOT_IN_LEGEND)]
        filled = [DynamicConfigValue("custom.fillBelowTo", f"{metric} lower")]
        built = built.override_by_name(f"{metric} lower", hidden)
        built = built.override_by_name(
            f"{metric} upper", [*hidden, *filled, DynamicConfigValue("custom.fillOpacity", 15)]
        )
    if any(query.gauge.name == LIMIT for query in panel.queries):
        dashed = [DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [10, 10]})]
        red = DynamicConfigValue("color", {"mode": "fixed", "fixedColor": "red"})
        built = built.override_by_regexp("/^limit of /", [*dashed, red])
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
