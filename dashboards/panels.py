"""What a board is made of, before Grafana's types: rows of panels, variables and marks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from dashboards.queries import PromQL, Query, Sql
from storage.project.observability import Observability

Colours = tuple[tuple[float | str | None, str], ...]
"""From which value on a colour holds; the first holds from the least. A text names a limit of the configuration."""

Words = tuple[tuple[str, str, str], ...]
"""Value, what is shown in its place, and its colour."""

PLAIN: Colours = ((None, "text"),)
ON_OR_OFF: Words = (("0", "ok", "green"), ("1", "open", "red"))

Shows = Literal["lines", "bars", "value", "gauge", "table", "heat", "states"]


@dataclass(frozen=True, slots=True)
class Column:
    """How a column of a table is shown, where its name alone does not say enough."""

    name: str
    unit: str = ""
    colours: Colours = ()
    words: Words = ()
    link: str = ""
    width: int = 0


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel.

    Attributes
    ----------
    id : int
        Stays when other panels come and go, so that links to it hold.
    title, description : str
        The description may name the number of the ``{largest}`` that are shown, and limits such as
        ``{live.latency_seconds}``.
    unit : str
        In Grafana's names.
    queries : tuple of Query
        All of PromQL or all of SQL.
    shows : str
        The kind of panel, a key of `dashboards.kinds.KINDS`.
    width, height : int
        Of the 24 columns of the grid, and in its rows.
    colours : Colours
    words : Words
    columns : tuple of Column
        Of a table.
    sort : str
        The column by which a table begins with the largest.
    matrix : tuple of str
        Columns of a query that become rows, columns and values of a table.
    bands : tuple of str
        Names of lines whose interval, the lines with ``lower`` and ``upper`` behind the name, is drawn as a band.
    stacked : bool
        Whether lines are stacked.
    is_near : bool
        Whether the axis does not begin at 0: a few hundredths count, or values are negative too.
    since : str
        How far back it looks, whatever the time range of the board is.
    has_logs : bool
        Whether it leads to the log lines of the chosen models.
    marked : str
        What a machine may not have, without which the panel is empty.
    """

    id: int
    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    shows: Shows = "lines"
    width: int = 12
    height: int = 8
    colours: Colours = ()
    words: Words = ()
    columns: tuple[Column, ...] = ()
    sort: str = ""
    matrix: tuple[str, str, str] | None = None
    bands: tuple[str, ...] = ()
    stacked: bool = False
    is_near: bool = False
    since: str = ""
    has_logs: bool = False
    marked: str = ""

    @property
    def is_of_the_history(self) -> bool:
        """Whether it asks PostgreSQL."""
        return isinstance(self.queries[0], Sql)

    def of(self, measured: frozenset[str]) -> Panel:
        """The panel with the queries that have something to show where these are measured."""
        return replace(self, queries=tuple(query for query in self.queries if query.is_shown(measured)))


@dataclass(frozen=True, slots=True)
class Row:
    """A row of panels under a title; a collapsed one is opened by who wants to see it."""

    id: int
    title: str
    panels: tuple[Panel, ...]
    collapsed: bool = False

    def of(self, measured: frozenset[str]) -> Row:
        """The row with the panels that have something to show where these are measured."""
        shown = (panel.of(measured) for panel in self.panels)
        return replace(self, panels=tuple(panel for panel in shown if panel.queries))


@dataclass(frozen=True, slots=True)
class Variable:
    """What is chosen at the top of a board: values of a label.

    Attributes
    ----------
    name, label : str
    query : PromQL
        Of Grafana's function ``label_values``.
    has_all : bool
        Whether several and all can be chosen.
    """

    name: str
    label: str
    query: PromQL
    has_all: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Moments that are drawn over all lines of a board."""

    name: str
    query: Query
    colour: str


@dataclass(frozen=True, slots=True)
class Board:
    """A board.

    Attributes
    ----------
    name : str
        Of its file, ``lamplighter-<name>.json``.
    title, description : str
    rows : tuple of Row
    variables : tuple of Variable
    marks : tuple of Mark
    since : str
        Where the time range begins.
    refresh : str
    """

    name: str
    title: str
    description: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()
    marks: tuple[Mark, ...] = ()
    since: str = "now-90d"
    refresh: str = ""

    def of(self, measured: frozenset[str]) -> Board:
        """The board with what has something to show where these are measured."""
        rows = tuple(row for row in (row.of(measured) for row in self.rows) if row.panels)
        return replace(self, rows=rows, marks=tuple(mark for mark in self.marks if mark.query.is_shown(measured)))


def uid_of(config: Observability, name: str) -> str:
    """By what links name a board; the model's is configured, and the others begin as it does.

    Examples
    --------
    >>> uid_of(Observability(), "model"), uid_of(Observability(dashboard_uid="eu-model"), "fleet")
    ('lamplighter-model', 'eu-fleet')
    """
    # Grafana takes at most 40 signs.
    return config.dashboard_uid if name == "model" else f"{config.dashboard_uid.removesuffix('-model')[:32]}-{name}"
