"""A board as Grafana imports it."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    GridPos,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from dashboards.kinds import Sources, built, link_to_boards, target
from dashboards.panels import Board, Panel, Row, Variable, uid_of
from dashboards.queries import Sql
from storage.project.observability import Observability

PROMETHEUS, POSTGRESQL = "prometheus", "grafana-postgresql-datasource"
WIDTH = 24
MARKS_EVERY = "1h"
"""How far apart Prometheus is asked for marks: what lasts shorter is not seen."""


def board_json(board: Board, config: Observability) -> str:
    """A board of a project as a file.

    Grafana's first schema of boards: file provisioning refuses the second (docs/adr/0028).

    Examples
    --------
    >>> import json
    >>> from dashboards.boards import BOARDS
    >>> found = json.loads(board_json(BOARDS["fleet"], Observability()))
    >>> found["uid"], found["schemaVersion"]
    ('lamplighter-fleet', 42)
    """
    uids = config.datasource_uid or "${datasource}", config.postgresql_uid or "${history}"
    sources = Sources(DataSourceRef(PROMETHEUS, uids[0]), DataSourceRef(POSTGRESQL, uids[1]))
    title = config.dashboard_title if board.name == "model" else board.title
    made = dashboard.Dashboard(title).uid(uid_of(config, board.name)).description(board.description)
    made = made.tags(["lamplighter"]).time(board.since, "now").tooltip(DashboardCursorSync.CROSSHAIR)
    made = made.link(link_to_boards())
    made = made.refresh(board.refresh) if board.refresh else made
    panels = [panel for row in board.rows for panel in row.panels]
    if not config.datasource_uid:
        made = made.with_variable(_source("datasource", "Prometheus", PROMETHEUS))
    if not config.postgresql_uid and any(panel.is_of_the_history for panel in panels):
        made = made.with_variable(_source("history", "History", POSTGRESQL))
    for variable in board.variables:
        made = made.with_variable(_variable(variable, config, sources))
    for mark in board.marks:
        source = sources.of(Panel(0, mark.name, "", "", (mark.query,)))
        asked = target(mark.query, config, source, "A", "marks")
        query = dashboard.AnnotationQuery().name(mark.name).datasource(source).enable(True).icon_color(mark.colour)
        query = query if isinstance(mark.query, Sql) else query.step(MARKS_EVERY)
        made = made.annotation(query.target(asked))
    y = 0
    for row in board.rows:
        y = _add(made, row, y, config, sources)
    return JSONEncoder(sort_keys=True, indent=2).encode(made.build()) + "\n"


def _add(made: dashboard.Dashboard, row: Row, y: int, config: Observability, sources: Sources) -> int:
    """Add a row below what is there; returns where the next one begins."""
    head = dashboard.Row(row.title).id(row.id).grid_pos(GridPos(h=1, w=WIDTH, x=0, y=y)).collapsed(row.collapsed)
    places, below = _places(row.panels, y + 1)
    panels = [built(panel, config, sources).grid_pos(place) for panel, place in zip(row.panels, places, strict=True)]
    if row.collapsed:
        for panel in panels:
            head = head.with_panel(panel)
    made.with_row(head)
    if not row.collapsed:
        for panel in panels:
            made.with_panel(panel)
    # Below a collapsed row the grid goes on at once.
    return y + 1 if row.collapsed else below


def _places(panels: tuple[Panel, ...], y: int) -> tuple[list[GridPos], int]:
    """From left to right, and below when the width is full; and where that ends."""
    places: list[GridPos] = []
    x, height = 0, 0
    for panel in panels:
        if x + panel.width > WIDTH:
            x, y, height = 0, y + height, 0
        places.append(GridPos(h=panel.height, w=panel.width, x=x, y=y))
        x, height = x + panel.width, max(height, panel.height)
    return places, y + height


def _source(name: str, label: str, plugin: str) -> dashboard.DatasourceVariable:
    return dashboard.DatasourceVariable(name).label(label).type(plugin)


def _variable(variable: Variable, config: Observability, sources: Sources) -> dashboard.QueryVariable:
    made = (
        dashboard.QueryVariable(variable.name)
        .label(variable.label)
        .datasource(sources.prometheus)
        .query(variable.query.rendered(config))
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )
    if variable.has_all:
        # With `.*` all means also what has no such label, as the plainest exporter.
        everything = VariableOption(text=["All"], value=["$__all"], selected=True)
        made = made.multi(True).include_all(True).all_value(".*").current(everything)
    return made
