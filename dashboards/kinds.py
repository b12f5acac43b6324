"""How each kind of panel is built with Grafana's types: one function for each."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from urllib.parse import quote

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    gauge,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    GraphThresholdsStyleMode,
    HeatmapCellLayout,
    LegendDisplayMode,
    LegendPlacement,
    LineInterpolation,
    ScaleDistribution,
    SortOrder,
    StackingMode,
    TableColoredBackgroundCellOptions,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.panels import Colours, Column, Panel, Words, uid_of
from dashboards.provisioning import LOGS_UID
from dashboards.queries import PromQL, Query, Sql
from storage.project.observability import Observability

Built = Any
"""A builder of one of Grafana's panels; they share their methods and no type."""

NEWEST = frozenset({"bars", "value", "gauge"})
"""Kinds that show the value at the end of the time range alone."""

MOST_POINTS = 250
"""Points of a line of values by the day."""

NOT_IN_LEGEND = {"legend": True, "tooltip": False, "viz": False}


@dataclass(frozen=True, slots=True)
class Sources:
    """The data sources of a board."""

    prometheus: DataSourceRef
    history: DataSourceRef

    def of(self, panel: Panel) -> DataSourceRef:
        """The one that a panel asks."""
        return self.history if panel.is_of_the_history else self.prometheus


class SqlTarget(Dataquery, Builder["SqlTarget"]):
    """A query of Grafana's PostgreSQL, for which the SDK has no type."""

    def __init__(self, query: Sql, source: DataSourceRef, ref: str) -> None:
        self.query, self.source, self.ref = query, source, ref

    def build(self) -> SqlTarget:
        """Itself; it is its own builder."""
        return self

    def to_json(self) -> dict[str, object]:
        """As the plugin reads it."""
        return {
            "datasource": self.source,
            "editorMode": "code",
            "format": self.query.shape,
            "rawQuery": True,
            "rawSql": self.query.text,
            "refId": self.ref,
        }


def target(query: Query, config: Observability, source: DataSourceRef, ref: str, shows: str) -> Builder[Dataquery]:
    """A query as Grafana sends it."""
    if isinstance(query, Sql):
        return SqlTarget(query, source, ref)
    asked = prometheus.Dataquery().expr(query.rendered(config)).ref_id(ref)
    # In a table the legend names the column, and labels are columns of their own.
    asked = asked.legend_format("" if shows == "table" else query.legend)
    if shows == "table":
        return asked.format(PromQueryFormat.TABLE).instant()
    if shows == "heat":
        return asked.format(PromQueryFormat.HEATMAP).range()
    # An exemplar leads from a slow request to its trace.
    asked = asked.exemplar(True) if "_bucket" in query.text and shows == "lines" else asked
    return asked.instant() if shows in NEWEST else asked.range()


def steps(colours: Colours, config: Observability) -> dashboard.ThresholdsConfig:
    """Colours by value."""
    thresholds = [
        Threshold(value=attrgetter(value)(config) if isinstance(value, str) else value, color=colour)
        for value, colour in colours
    ]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(thresholds)


def mappings(words: Words) -> list[ValueMap]:
    """Words and colours in place of values."""
    named = {
        value: ValueMappingResult(text=text, color=colour, index=i) for i, (value, text, colour) in enumerate(words)
    }
    return [ValueMap(options=named)]


def legend() -> common.VizLegendOptions:
    """Below, as a list."""
    shown = common.VizLegendOptions().show_legend(True)
    return shown.display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)


def _lines(panel: Panel, config: Observability) -> Built:
    built = timeseries.Panel().legend(legend())
    built = built.tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    daily = panel.is_of_the_history or any("[look_back]" in query.text for query in panel.queries)
    # A value of a day does not change between two pixels, and a thousand models are many series.
    built = built.max_data_points(MOST_POINTS) if daily else built
    built = built.line_interpolation(LineInterpolation.STEP_AFTER if daily else LineInterpolation.LINEAR)
    built = built.show_points(VisibilityMode.ALWAYS if panel.is_of_the_history else VisibilityMode.AUTO)
    built = built.min(0) if panel.unit == "percentunit" and not panel.is_near else built
    if panel.colours:
        line = common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        built = built.thresholds_style(line)
    if panel.stacked:
        stacking = common.StackingConfig().mode(StackingMode.NORMAL).group("A")
        built = built.stacking(stacking).fill_opacity(40)
    for name in panel.bands:
        # A band is the upper line, filled down to the lower one.
        hidden = [DynamicConfigValue("custom.lineWidth", 0), DynamicConfigValue("custom.hideFrom", NOT_IN_LEGEND)]
        filled = [DynamicConfigValue("custom.fillBelowTo", f"{name} lower")]
        built = built.override_by_name(f"{name} lower", hidden)
        opacity = DynamicConfigValue("custom.fillOpacity", 15)
        built = built.override_by_name(f"{name} upper", [*hidden, *filled, opacity])
    if any(isinstance(query, PromQL) and query.legend.startswith("limit of ") for query in panel.queries):
        dashed = DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [10, 10]})
        red = DynamicConfigValue("color", {"mode": "fixed", "fixedColor": "red"})
        built = built.override_by_regexp("/^limit of /", [dashed, red])
    return built


def _bars(panel: Panel, config: Observability) -> Built:
    built = bargauge.Panel().orientation(VizOrientation.HORIZONTAL)
    if panel.is_near:
        return built.min(-1).max(1)
    return built.min(0).max(1) if panel.unit == "percentunit" else built.min(0)


def _value(panel: Panel, config: Observability) -> Built:
    mode = BigValueColorMode.VALUE if panel.colours or panel.words else BigValueColorMode.NONE
    return stat.Panel().color_mode(mode).graph_mode(BigValueGraphMode.NONE)


def _gauge(panel: Panel, config: Observability) -> Built:
    return gauge.Panel().min(0).max(1)


def _states(panel: Panel, config: Observability) -> Built:
    return statetimeline.Panel().show_value(VisibilityMode.NEVER).legend(legend()).row_height(0.8)


def _heat(panel: Panel, config: Observability) -> Built:
    colour = heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(64)
    rows = heatmap.RowsHeatmapOptions().layout(HeatmapCellLayout.AUTO)
    axis = heatmap.YAxisConfig().unit(panel.unit)
    scale = common.ScaleDistributionConfig().type(ScaleDistribution.LINEAR)
    return heatmap.Panel().calculate(False).color(colour).rows_frame(rows).y_axis(axis).scale_distribution(scale)


def _table(panel: Panel, config: Observability) -> Built:
    built = table.Panel()
    if panel.sort:
        built = built.sort_by([common.TableSortByFieldState().display_name(panel.sort).desc(True)])
    for column in panel.columns:
        if properties := _of_column(column, config):
            built = built.override_by_name(column.name, properties)
    if panel.matrix:
        shaded = TableColoredBackgroundCellOptions()
        scheme = dashboard.FieldColor().mode(FieldColorModeId.CONTINUOUS_BLUES)
        built = built.cell_options(shaded).color_scheme(scheme)
    for change in _changes(panel):
        built = built.with_transformation(change)
    return built


def _of_column(column: Column, config: Observability) -> list[DynamicConfigValue]:
    found = [DynamicConfigValue("unit", column.unit)] if column.unit else []
    if column.colours:
        found.append(DynamicConfigValue("thresholds", steps(column.colours, config).build()))
    if column.words:
        found.append(DynamicConfigValue("mappings", mappings(column.words)))
    if column.colours or column.words:
        found.append(DynamicConfigValue("custom.cellOptions", {"type": "color-background", "mode": "basic"}))
    if column.link:
        board, _, label = column.link.partition(":")
        value = "${__data.fields." + label + "}"
        url = f"/d/{uid_of(config, board)}?var-{label}={value}&${{__url_time_range}}"
        found.append(DynamicConfigValue("links", [{"title": f"Open {value}", "url": url}]))
    if column.width:
        found.append(DynamicConfigValue("custom.width", column.width))
    return found


def _changes(panel: Panel) -> list[DataTransformerConfig]:
    """What makes one table of the answers to several queries."""
    if panel.matrix:
        row, column, value = panel.matrix
        options: dict[str, object] = {"rowField": row, "columnField": column, "valueField": value}
        return [DataTransformerConfig(id_val="groupingToMatrix", options={**options, "emptyValue": "zero"})]
    if panel.is_of_the_history:
        return []
    names = {
        "Value" if len(panel.queries) == 1 else f"Value #{ref}": query.legend
        for ref, query in zip(refs(panel), panel.queries, strict=True)
        if isinstance(query, PromQL)
    }
    order = {name: i for i, name in enumerate([column.name for column in panel.columns])}
    shown = {label: order[name] for label, name in names.items() if name in order}
    by_name = {name: place for name, place in order.items() if name not in names.values()}
    # A query without a legend has its labels to show and no value.
    hidden = {"Time": True, **{label: True for label, name in names.items() if not name}}
    names = {label: name for label, name in names.items() if name}
    organized = {"excludeByName": hidden, "renameByName": names, "indexByName": {**by_name, **shown}}
    merged = [DataTransformerConfig(id_val="merge", options={})] if len(panel.queries) > 1 else []
    return [*merged, DataTransformerConfig(id_val="organize", options=organized)]


KINDS: dict[str, Callable[[Panel, Observability], Built]] = {
    "lines": _lines,
    "bars": _bars,
    "value": _value,
    "gauge": _gauge,
    "table": _table,
    "heat": _heat,
    "states": _states,
}


def refs(panel: Panel) -> list[str]:
    """The letters by which the queries of a panel are named."""
    return [chr(ord("A") + i) for i in range(len(panel.queries))]


def built(panel: Panel, config: Observability, sources: Sources) -> Built:
    """A panel with what all kinds have."""
    source = sources.of(panel)
    description = panel.description.format(largest=config.largest, live=config.live)
    made = KINDS[panel.shows](panel, config).id(panel.id).title(panel.title).description(description)
    made = made.unit(panel.unit).datasource(source)
    if panel.colours:
        made = made.thresholds(steps(panel.colours, config))
        if panel.shows in ("bars", "gauge", "value", "states"):
            made = made.color_scheme(dashboard.FieldColor().mode(FieldColorModeId.THRESHOLDS))
    made = made.links([link_to_logs()]) if panel.has_logs else made
    made = made.time_from(panel.since) if panel.since else made
    if panel.words:
        made = made.mappings(mappings(panel.words))
    for ref, query in zip(refs(panel), panel.queries, strict=True):
        made = made.with_target(target(query, config, source, ref, panel.shows))
    return made


def link_to_logs() -> dashboard.DashboardLink:
    """Grafana's Explore with the lines of the chosen models in the time range; a line leads to its trace."""
    source = {"type": "loki", "uid": LOGS_UID}
    query = {"refId": "A", "datasource": source, "expr": '{job="lamplighter", model=~"${model:regex}"}'}
    span = {"from": "${__from}", "to": "${__to}"}
    panes = {"logs": {"datasource": LOGS_UID, "queries": [query], "range": span}}
    # Variables stay as they are, since Grafana puts values in their place.
    url = f"/explore?schemaVersion=1&panes={quote(json.dumps(panes), safe='${}:_')}"
    return dashboard.DashboardLink("Log lines, where Loki runs").type(DashboardLinkType.LINK).url(url)


def link_to_boards() -> dashboard.DashboardLink:
    """A list of the other boards, which keeps the time range and what is chosen."""
    link = dashboard.DashboardLink("Lamplighter").type(DashboardLinkType.DASHBOARDS).tags(["lamplighter"])
    return link.as_dropdown(True).include_vars(True).keep_time(True).icon("external link")
