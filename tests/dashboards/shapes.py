"""Drawings of answers in SVG: lines, states, heat, bars and single numbers. They are not Grafana's."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import pairwise
from typing import Any

PALETTE = ("#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#96d98d", "#ffb357", "#c0d8ff")
COLOURS = {
    "green": "#4f9e4a", "red": "#d44a5a", "orange": "#d9822b", "yellow": "#cfa90f", "blue": "#5794f2",
    "text": "#ccccdc", "transparent": "transparent",
}  # fmt: skip
Points = list[tuple[float, float]]

SCALES = {
    "s": ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms")),
    "bytes": ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B")),
    "Bps": ((1e6, "MB/s"), (1e3, "kB/s"), (1, "B/s")),
    "short": ((1e9, "G"), (1e6, "M"), (1e4, "k"), (1, "")),
}
SUFFIX = {"reqps": " req/s", "cps": " /s", "celsius": " °C"}
EXACT = 1e15
"""Beyond this a number is an instant in milliseconds by mistake."""


def shown(value: float, unit: str) -> str:
    """A number in Grafana's unit, as a person reads it."""
    if math.isnan(value):
        return "NaN"
    if unit == "percentunit":
        return f"{100 * value:.3g} %"
    if unit == "dateTimeAsIso":
        return f"{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%d %H:%M}"
    for least, suffix in SCALES.get(unit, SCALES["short"]):
        if abs(value) >= least:
            # Four digits, and no exponent that a table would be full of.
            number = value / least if (suffix or unit == "s") else value
            return f"{number:.4g} {suffix}".strip() + SUFFIX.get(unit, "")
    return f"{value:.3g}{SUFFIX.get(unit, '')}"


def named(target: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    """What the legend calls a series."""
    legend = str(target.get("legendFormat", ""))
    if legend:
        return re.sub(r"{{(\w+)}}", lambda found: labels.get(found[1], ""), legend)
    return ", ".join(value for name, value in labels.items() if name != "__name__")


def threshold_colour(steps: Iterable[Mapping[str, Any]], value: float) -> str:
    """The colour of a value."""
    found = "text"
    for step in steps:
        if step["value"] is None or value >= step["value"]:
            found = step["color"]
    return COLOURS.get(found, found)


def mapped(mappings: Iterable[Mapping[str, Any]], value: str) -> tuple[str, str] | None:
    """The word and the colour that stand for a value."""
    for mapping in mappings:
        if value in mapping["options"]:
            found = mapping["options"][value]
            return found.get("text", value), COLOURS.get(found["color"], found["color"])
    return None


def _path(points: Points, steps: bool, gap: float) -> str:
    parts, before = [], None
    for x, y in points:
        if before is None or x - before[0] > gap:
            parts.append(f"M{x:.1f} {y:.1f}")
        elif steps:
            parts.append(f"H{x:.1f}V{y:.1f}")
        else:
            parts.append(f"L{x:.1f} {y:.1f}")
        before = x, y
    return "".join(parts)


class Axes:
    """A plane with times from left to right and values upwards."""

    def __init__(
        self, width: int, height: int, span: tuple[float, float], least: float, most: float, unit: str
    ) -> None:
        self.width, self.height, self.span, self.unit = width, height, span, unit
        pad = (most - least) * 0.05 or abs(most) * 0.1 or 1
        # What cannot be negative has no negative axis.
        self.least, self.most = (max(least - pad, 0.0) if least >= 0 else least - pad), most + pad
        self.left, self.bottom = 68, 18

    def x(self, moment: float) -> float:
        start, end = self.span
        return self.left + (moment - start) / (end - start) * (self.width - self.left - 6)

    def y(self, value: float) -> float:
        share = (value - self.least) / (self.most - self.least)
        return (self.height - self.bottom) - share * (self.height - self.bottom - 6)

    def grid(self) -> str:
        parts = []
        for i in range(4):
            value = self.least + (self.most - self.least) * i / 3
            y = self.y(value)
            parts.append(f'<path d="M{self.left} {y:.1f}H{self.width}" class="grid"/>')
            parts.append(
                f'<text x="{self.left - 5}" y="{y + 4:.1f}" text-anchor="end">{shown(value, self.unit)}</text>'
            )
        return "".join(parts) + self.times()

    def times(self) -> str:
        start, end = self.span
        form = "%H:%M" if end - start < 2 * 86_400 else "%d %b"
        parts = []
        for i in range(5):
            moment = start + (end - start) * (i + 0.5) / 5
            words = f"{datetime.fromtimestamp(moment, UTC):{form}}"
            parts.append(f'<text x="{self.x(moment):.1f}" y="{self.height - 4}" text-anchor="middle">{words}</text>')
        return "".join(parts)


Series = tuple[str, Points]
"""A name, and moments with values."""


def lines(panel: Mapping[str, Any], series: Sequence[Series], span: tuple[float, float], size: tuple[int, int],
          marks: Sequence[tuple[float, str, str]]) -> str:  # fmt: skip
    """Lines over time, with bands, stacks, dashed limits and marks."""
    custom = panel["fieldConfig"]["defaults"].get("custom", {})
    stacked = custom.get("stacking", {}).get("mode") == "normal"
    drawn = _stacked(series) if stacked else list(series)
    values = [value for _, points in drawn for _, value in points if math.isfinite(value)] or [0.0, 1.0]
    floor = panel["fieldConfig"]["defaults"].get("min")
    axes = Axes(*size, span, min([*values, *([0.0] if floor == 0 or stacked else [])]), max(values), unit_of(panel))
    parts = [axes.grid()]
    for moment, colour, _ in marks:
        if span[0] <= moment <= span[1]:
            x, tint = axes.x(moment), COLOURS.get(colour, colour)
            parts.append(
                f'<path d="M{x:.1f} 4V{axes.height - 18}" stroke="{tint}" stroke-dasharray="3 3" fill="none"/>'
            )
    for step in (panel["fieldConfig"]["defaults"].get("thresholds") or {}).get("steps", ()):
        if step["value"] is not None and axes.least < step["value"] < axes.most and custom.get("thresholdsStyle"):
            y, tint = axes.y(step["value"]), COLOURS.get(step["color"], "red")
            parts.append(
                f'<path d="M{axes.left} {y:.1f}H{axes.width}" stroke="{tint}" stroke-dasharray="8 4" fill="none"/>'
            )
    legend = []
    steps = custom.get("lineInterpolation") == "stepAfter"
    bands = {name.removesuffix(" upper"): points for name, points in drawn if name.endswith(" upper")}
    visible = [it for it in drawn if not re.search(" (lower|upper)$", it[0])]
    for i, (name, points) in enumerate(visible):
        limit = name.startswith("limit of ")
        colour = COLOURS["red"] if limit else PALETTE[i % len(PALETTE)]
        gap = (span[1] - span[0]) * (0.2 if steps else 0.05)
        placed = [(axes.x(x), axes.y(y)) for x, y in points if math.isfinite(y)]
        lower = dict(next((points for other, points in drawn if other == f"{name} lower"), []))
        if name in bands and lower:
            top = [(axes.x(x), axes.y(y)) for x, y in bands[name]]
            low = [(axes.x(x), axes.y(lower[x])) for x, _ in bands[name] if x in lower]
            outline = "L".join(f"{x:.1f} {y:.1f}" for x, y in (*top, *reversed(low)))
            parts.append(f'<path d="M{outline}Z" fill="{colour}" opacity="0.15"/>')
        if stacked and placed:
            area = _path(placed, steps, math.inf) + f"V{axes.y(0):.1f}H{placed[0][0]:.1f}Z"
            parts.append(f'<path d="{area}" fill="{colour}" opacity="0.12"/>')
        dash = ' stroke-dasharray="6 4"' if limit else ""
        width = gap / (span[1] - span[0]) * axes.width
        parts.append(
            f'<path d="{_path(placed, steps, width)}" stroke="{colour}" fill="none" stroke-width="1.5"{dash}/>'
        )
        if len(placed) < 40:
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{colour}"/>' for x, y in placed]
        legend.append((name, colour))
    return _svg(size, parts) + _legend(legend)


def _stacked(series: Sequence[Series]) -> list[Series]:
    below: dict[float, float] = {}
    found: list[Series] = []
    for name, points in series:
        lifted = []
        for moment, value in points:
            below[moment] = below.get(moment, 0.0) + (value if math.isfinite(value) else 0.0)
            lifted.append((moment, below[moment]))
        found.append((name, lifted))
    return found


def states(panel: Mapping[str, Any], series: Sequence[Series], span: tuple[float, float], size: tuple[int, int]) -> str:
    """A row for each series, coloured by its value over time."""
    width, height = size
    axes = Axes(width, height, span, 0, 1, "short")
    axes.left = 150
    each = (height - 24) / max(len(series), 1)
    parts = [axes.times()]
    for i, (name, points) in enumerate(series):
        y = 2 + i * each
        parts.append(
            f'<text x="{axes.left - 6}" y="{y + each / 2 + 4:.1f}" text-anchor="end">{escape(name[:24])}</text>'
        )
        for moment, until, value in _spells(points, span):
            _, colour = mapped(panel["fieldConfig"]["defaults"].get("mappings", ()), f"{value:g}") or ("", "#666")
            end = min(axes.x(until), width)
            parts.append(
                f'<rect x="{axes.x(moment):.1f}" y="{y:.1f}" width="{end - axes.x(moment):.1f}" '
                f'height="{each * 0.8:.1f}" fill="{colour}"/>'
            )
    return _svg(size, parts)


def _spells(points: Points, span: tuple[float, float]) -> list[tuple[float, float, float]]:
    """From when until when a value held."""
    step = min((after[0] - before[0] for before, after in pairwise(points)), default=span[1] - span[0])
    found: list[tuple[float, float, float]] = []
    for moment, value in points:
        if found and found[-1][2] == value and moment - found[-1][1] < step / 2:
            found[-1] = found[-1][0], moment + step, value
        else:
            found.append((moment, moment + step, value))
    return found


def heat(series: Sequence[Series], span: tuple[float, float], size: tuple[int, int]) -> str:
    """Buckets upwards, times to the right, and the more in a cell the darker it is."""
    ordered = sorted(series, key=lambda it: float(it[0].replace("+Inf", "inf")))
    cells: list[tuple[int, float, float]] = []
    before: dict[float, float] = {}
    for i, (_, points) in enumerate(ordered):
        cells += [(i, moment, max(value - before.get(moment, 0.0), 0.0)) for moment, value in points]
        before = dict(points)
    most = max((value for *_, value in cells), default=1) or 1
    axes = Axes(*size, span, 0, 1, "short")
    each = (axes.height - 24) / max(len(ordered), 1)
    moments = sorted({moment for _, moment, _ in cells})
    wide = axes.x(moments[1]) - axes.x(moments[0]) + 0.3 if len(moments) > 1 else 4
    parts = [axes.times()]
    for i, moment, value in cells:
        if value > most / 500:
            y = axes.height - 20 - (i + 1) * each
            opacity = (value / most) ** 0.4
            parts.append(
                f'<rect x="{axes.x(moment):.1f}" y="{y:.1f}" width="{wide:.1f}" height="{each - 0.5:.1f}" '
                f'fill="#ff9830" opacity="{opacity:.2f}"/>'
            )
    for i, (name, _) in enumerate(ordered):
        if i % 2 == 0:
            label = name if name == "+Inf" else shown(float(name), "s")
            y = axes.height - 20 - (i + 0.3) * each
            parts.append(f'<text x="{axes.left - 5}" y="{y:.1f}" text-anchor="end">{label}</text>')
    return _svg(size, parts)


def bars(panel: Mapping[str, Any], values: Sequence[tuple[str, float]], size: tuple[int, int]) -> str:
    """A bar for each value."""
    defaults = panel["fieldConfig"]["defaults"]
    most = defaults.get("max") or max((value for _, value in values), default=1) or 1
    steps = (defaults.get("thresholds") or {}).get("steps", [{"value": None, "color": "blue"}])
    rows = []
    for name, value in values:
        least = defaults.get("min") or 0
        width = max(0.0, min(100.0, 100 * (value - least) / (most - least)))
        colour = threshold_colour(steps, value)
        rows.append(
            f'<div class="bar"><span>{escape(name)}</span><i><b style="width:{width:.1f}%;background:{colour}"></b></i>'
            f"<em>{shown(value, unit_of(panel))}</em></div>"
        )
    return "".join(rows)


def numbers(panel: Mapping[str, Any], values: Sequence[tuple[str, float]]) -> str:
    """Large numbers; a gauge has its share drawn below."""
    defaults = panel["fieldConfig"]["defaults"]
    steps = (defaults.get("thresholds") or {}).get("steps", [{"value": None, "color": "text"}])
    parts = []
    for name, value in values:
        colour = threshold_colour(steps, value)
        label = f"<small>{escape(name)}</small>" if len(values) > 1 or name else ""
        share = f'<i><b style="width:{100 * min(max(value, 0), 1):.0f}%;background:{colour}"></b></i>'
        parts.append(
            f'<div class="number" style="color:{colour}">{label}{shown(value, unit_of(panel))}'
            f"{share if panel['type'] == 'gauge' else ''}</div>"
        )
    return f'<div class="numbers">{"".join(parts)}</div>'


def unit_of(panel: Mapping[str, Any]) -> str:
    """The unit of a panel."""
    return str(panel["fieldConfig"]["defaults"]["unit"])


def _svg(size: tuple[int, int], parts: Iterable[str]) -> str:
    width, height = size
    return f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}">{"".join(parts)}</svg>'


def _legend(entries: Sequence[tuple[str, str]]) -> str:
    items = "".join(f'<span><u style="background:{colour}"></u>{escape(name)}</span>' for name, colour in entries)
    return f'<div class="legend">{items}</div>'
