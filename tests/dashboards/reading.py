"""Boards as they are in their files: what tests read of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dashboards.files import dashboard_files
from dashboards.measured import EVERYTHING
from storage.project.observability import Observability

PROMETHEUS, POSTGRESQL = "prometheus", "grafana-postgresql-datasource"


@dataclass(frozen=True)
class Asked:
    """A query of a panel as Grafana has it."""

    board: str
    panel: Mapping[str, Any]
    target: Mapping[str, Any]

    @property
    def is_sql(self) -> bool:
        return "rawSql" in self.target

    @property
    def text(self) -> str:
        return str(self.target["rawSql"] if self.is_sql else self.target["expr"])

    @property
    def where(self) -> str:
        """For messages of tests."""
        return f"{self.board} / {self.panel['title']} / {self.target['refId']}"


def boards(config: Observability | None = None, measured: frozenset[str] = EVERYTHING) -> dict[str, dict[str, Any]]:
    """The boards by name."""
    files = dashboard_files(config, measured)
    found = {name: text for name, text in files.items() if name.endswith(".json")}
    return {name.removeprefix("lamplighter-").removesuffix(".json"): json.loads(text) for name, text in found.items()}


def everything_on(board: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows and panels, those in collapsed rows too."""
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels") or ()


def panels_of(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Panels without rows."""
    return [panel for panel in everything_on(board) if panel["type"] != "row"]


def asked(found: Mapping[str, Mapping[str, Any]]) -> list[Asked]:
    """Every query of every panel of some boards."""
    return [
        Asked(name, panel, target)
        for name, board in found.items()
        for panel in panels_of(board)
        for target in panel["targets"]
    ]
