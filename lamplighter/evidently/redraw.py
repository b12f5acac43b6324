"""Evidently's widgets, corrected where they mislead.

A window and its reference are never of one size, so their bars are shares and not counts. A null category is
written out: as NaN it leaves the whole chart empty. The rows are a sample without an order, so they are no time axis.
What Evidently says about columns, such as `id column: None`, describes the sample and not the monitor, which may well
declare one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from lamplighter.core.values.key_name import OTHER

NULLS = "(null)"
SHARES = "share, %"
ROWS_SHOWN = 25
"""Columns on the first page of the drift table."""

NOT_OF_THE_MONITOR = frozenset(
    {"id column", "target column", "prediction column", "date column", "text columns", "datetime columns"}
)
"""Rows of the summary that say how Evidently was called."""

RENAMED = {"number of rows": "rows of the sample", "number of columns": "columns shown"}

TIME_AXIS = "DATA DRIFT"
"""The part of a column's details that draws the sample by its row numbers."""

PRIVATE = {
    "num": "num; private, so in standard deviations from the mean of the reference",
    "cat": "cat; private, so values are numbered by how frequent they are in the reference",
}
"""By Evidently's name of a kind: how a private column is shown."""


def redrawn(widgets: Sequence[Any], private: Collection[str], order: Sequence[str]) -> list[Any]:
    """The widgets of Evidently, changed in place.

    Parameters
    ----------
    widgets : sequence of BaseWidgetInfo
    private : collection of str
        Names of the columns that are not shown in the clear, as the widgets have them.
    order : sequence of str
        Columns in the order that the drift table is to have.
    """
    for widget in widgets:
        for found in _nested(widget):
            if found.type == "rich_data":
                _column(found.params, private)
            elif found.type == "big_table":
                _drift_table(found, private, order)
            elif found.type == "table":
                _facts(found.params)
    return [*widgets]


def _nested(widget: Any) -> Iterator[Any]:
    yield widget
    for inner in widget.widgets:
        yield from _nested(inner)


def _column(params: dict[str, Any], private: Collection[str]) -> None:
    """The summary of a column."""
    if params["header"] in private:
        params["description"] = PRIVATE.get(params["description"], params["description"])
    # The rest of the values is one bar, and no value.
    rest = f"Label: {OTHER} count"
    params["metrics"] = [
        row for row in params["metrics"] if not any(str(_get(row, "values")[i]).startswith(rest) for i in (0, 1))
    ]
    if params.get("graph"):
        _shares(params["graph"])


def _get(row: Any, name: str) -> Any:
    return row[name] if isinstance(row, dict) else getattr(row, name)


def _drift_table(widget: Any, private: Collection[str], order: Sequence[str]) -> None:
    """The table of columns: verdict and score first, small charts over the same bins, and no time axis."""
    params = widget.params
    graphs = {graph.id: graph for graph in widget.additionalGraphs}
    dropped = set()
    for row in params["data"]:
        parts = row["details"]["parts"]
        kept = [part for part in parts if part["title"] != TIME_AXIS]
        dropped |= {part["id"] for part in parts if part["title"] == TIME_AXIS}
        row["details"]["parts"] = kept
        for part in kept:
            _shares(graphs[part["id"]].params)
            _small_charts(row, graphs[part["id"]].params["data"])
        if row["column_name"] in private:
            row["column_type"] = PRIVATE.get(row["column_type"], row["column_type"])
    widget.additionalGraphs = [graph for graph in widget.additionalGraphs if graph.id not in dropped]
    place = {name: i for i, name in enumerate(order)}
    params["data"].sort(key=lambda row: place.get(row["column_name"], len(place)))
    params["rowsPerPage"] = ROWS_SHOWN
    params["columns"].sort(key=lambda column: COLUMNS.get(_get(column, "field"), len(COLUMNS)))


COLUMNS = {
    name: i
    for i, name in enumerate(
        ("column_name", "data_drift", "drift_score", "reference_distribution", "current_distribution")
    )
}
"""The columns that a narrow screen shows without scrolling come first."""


def _small_charts(row: dict[str, Any], traces: Sequence[dict[str, Any]]) -> None:
    """Both small charts of a row by the bars of its large one, which has the same bins for both sides."""
    sides = {trace["name"]: dict(zip(map(str, trace["x"]), trace["y"], strict=False)) for trace in traces}
    if {*sides} != {"reference", "current"}:
        return
    bars = [*dict.fromkeys([*sides["reference"], *sides["current"]])]
    for side, shares in sides.items():
        row[f"{side}_distribution"] = {"x": bars, "y": [shares.get(bar, 0.0) for bar in bars]}


def _shares(figure: dict[str, Any]) -> None:
    """Keep of a chart with two views the one of shares."""
    shown = _shown_by(figure["layout"].get("updatemenus") or [], "perc")
    if shown:
        figure["data"] = [trace for trace, is_shown in zip(figure["data"], shown, strict=False) if is_shown]
        for trace in figure["data"]:
            trace["visible"] = True
        del figure["layout"]["updatemenus"]
        figure["layout"].setdefault("yaxis", {})["title"] = {"text": SHARES}
    is_category = False
    for trace in figure["data"]:
        names = [NULLS if _is_null(value) else value for value in trace.get("x", [])]
        if any(isinstance(value, str) for value in names):
            is_category, trace["x"] = True, names
    if is_category:
        # Categories that look like numbers are names all the same.
        figure["layout"].setdefault("xaxis", {})["type"] = "category"


def _shown_by(menus: Sequence[dict[str, Any]], label: str) -> list[bool]:
    """Which traces a button of a chart shows; empty where it has no such button."""
    for menu in menus:
        for button in menu.get("buttons", []):
            if button.get("label") == label:
                return [bool(shown) for shown in button["args"][0]["visible"]]
    return []


def _is_null(value: Any) -> bool:
    # NaN alone differs from itself.
    return value is None or value != value


def _facts(params: dict[str, Any]) -> None:
    """The summary of the whole sample."""
    if {"id column", "number of rows"} <= {row[0] for row in params["data"]}:
        kept = [row for row in params["data"] if row[0] not in NOT_OF_THE_MONITOR]
        params["data"] = [[RENAMED.get(row[0], row[0]), *row[1:]] for row in kept]
