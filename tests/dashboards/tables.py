"""Tables of answers: what Grafana's transformations make of several queries, in HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from html import escape
from typing import Any

from tests.dashboards.shapes import mapped, shown, threshold_colour, unit_of

Row = dict[str, Any]
MOST = 12
"""Rows that are drawn."""


def rows_of(panel: Mapping[str, Any], answers: Sequence[Sequence[Mapping[str, Any]]]) -> list[Row]:
    """The rows after the panel's transformations, as merge, organize and groupingToMatrix make them."""
    options = {it["id"]: it["options"] for it in panel.get("transformations") or ()}
    if "groupingToMatrix" in options:
        return _matrix([dict(row) for row in answers[0]], options["groupingToMatrix"])
    if "organize" not in options:
        return [dict(row) for row in answers[0]]
    single = len(panel["targets"]) == 1
    frames = [
        [
            {**found["metric"], ("Value" if single else f"Value #{target['refId']}"): float(found["value"][1])}
            for found in answer
        ]
        for target, answer in zip(panel["targets"], answers, strict=True)
    ]
    organize = options["organize"]
    merged = _merged([frame for frame in frames if frame])
    names = {name: organize["renameByName"].get(name, name) for row in merged for name in row}
    hidden = {*organize["excludeByName"], "__name__", "job", "alertstate"} if single else {*organize["excludeByName"]}
    place = organize["indexByName"]
    kept = sorted((name for name in names if name not in hidden), key=lambda name: place.get(name, 99))
    return [{names[name]: row.get(name) for name in kept} for row in merged]


def _merged(frames: list[list[Row]]) -> list[Row]:
    """Rows of all frames that agree in the fields that all frames have become one."""
    shared = set.intersection(*({name for row in frame for name in row} for frame in frames))
    found: dict[tuple[Any, ...], Row] = {}
    for frame in frames:
        for row in frame:
            key = tuple(row.get(name) for name in sorted(shared))
            found.setdefault(key, {}).update(row)
    return list(found.values())


def _matrix(rows: list[Row], options: Mapping[str, str]) -> list[Row]:
    row, column, value = options["rowField"], options["columnField"], options["valueField"]
    corner = f"{row}\\{column}"
    columns = sorted({it[column] for it in rows})
    cells = {(it[row], it[column]): it[value] for it in rows}
    return [
        {corner: one, **{it: cells.get((one, it), 0) for it in columns}} for one in sorted({it[row] for it in rows})
    ]


def table(panel: Mapping[str, Any], answers: Sequence[Sequence[Mapping[str, Any]]]) -> str:
    """The table of a panel."""
    rows = rows_of(panel, answers)
    if order := panel["options"].get("sortBy"):
        name = order[0]["displayName"]
        rows.sort(key=lambda row: -1.0 if row.get(name) is None else row[name], reverse=True)
    overrides = {
        it["matcher"]["options"]: {one["id"]: one["value"] for one in it["properties"]}
        for it in panel["fieldConfig"]["overrides"]
    }
    shaded = "continuous" in panel["fieldConfig"]["defaults"].get("color", {}).get("mode", "")
    most = max((value for row in rows for value in row.values() if isinstance(value, int)), default=1) if shaded else 0
    names = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(_cell(row.get(name), overrides.get(name, {}), panel, most) for name in names) + "</tr>"
        for row in rows[:MOST]
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: Any, properties: Mapping[str, Any], panel: Mapping[str, Any], most: int) -> str:
    if value is None:
        return "<td></td>"
    unit = properties.get("unit", unit_of(panel))
    if isinstance(value, datetime | date):
        words = f"{value:%Y-%m-%d %H:%M}"
    elif isinstance(value, int | float):
        words = shown(float(value), unit)
    else:
        words = str(value)
    colour = ""
    key = f"{value:g}" if isinstance(value, int | float) else str(value)
    if found := mapped(properties.get("mappings", ()), key):
        words, colour = found
    elif "thresholds" in properties and isinstance(value, int | float):
        colour = threshold_colour(properties["thresholds"]["steps"], value)
    if most and isinstance(value, int):
        colour = f"rgba(87,148,242,{value / most:.2f})"
    style = f' class="filled" style="background:{colour}"' if colour and colour != "transparent" else ""
    return f"<td{style}>{escape(words)}</td>"
