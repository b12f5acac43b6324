"""What the queries of a board answer, asked as Grafana asks them: with variables and macros replaced."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from storage.history import History
from tests.dashboards.prometheus_server import PrometheusServer

POINTS = 120
"""Points of a line; Grafana asks for one for each pixel or two."""

INSTANT = ("table", "stat", "gauge", "bargauge")


@dataclass(frozen=True)
class Screen:
    """A board that is looked at: at a time, over a span, with some values chosen.

    Attributes
    ----------
    server : PrometheusServer
    history : History
    end : datetime
    span : timedelta
    chosen : mapping of str to str
        Values of variables; what is not chosen is all.
    """

    server: PrometheusServer
    history: History
    end: datetime
    span: timedelta
    chosen: Mapping[str, str]

    @property
    def start(self) -> datetime:
        return self.end - self.span

    def filled(self, text: str) -> str:
        """A text of a query after Grafana has replaced what it replaces."""
        step = max(self.span.total_seconds() / POINTS, 60)
        moments = {"$__from": self.start.timestamp() * 1000, "$__to": self.end.timestamp() * 1000}
        for name, moment in moments.items():
            text = text.replace(name, f"{moment:.0f}")
        text = text.replace("$__rate_interval", f"{max(4 * 30, int(step))}s").replace("$__interval", f"{int(step)}s")
        text = text.replace("$__range", f"{int(self.span.total_seconds())}s")
        bounds = f"BETWEEN '{self.start.isoformat()}' AND '{self.end.isoformat()}'"
        text = text.replace("$__timeFrom()", f"'{self.start.isoformat()}'")
        text = text.replace("$__timeTo()", f"'{self.end.isoformat()}'")
        text = re.sub(r"\$__timeFilter\(([^)]*)\)", rf"\1 {bounds}", text)
        text = re.sub(r"\$\{(\w+):sqlstring\}", lambda found: f"'{self.chosen[found[1]]}'", text)
        return re.sub(r"\$([a-z]\w*)", lambda found: self.chosen.get(found[1], ".*"), text)

    def answers(self, panel: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
        """What each query of a panel answers: rows of SQL, or series with `metric` and `value` or `values`."""
        return [self.answer(panel, target) for target in panel["targets"]]

    def answer(self, panel: Mapping[str, Any], target: Mapping[str, Any]) -> list[dict[str, Any]]:
        if "rawSql" in target:
            with self.history.reading() as connection:
                found = connection.execute(sa.text(self.filled(target["rawSql"]).replace(":", "\\:")))
                return [dict(row) for row in found.mappings()]
        query, end = self.filled(target["expr"]), self.end.timestamp()
        if panel["type"] in INSTANT:
            return self.server.now(query, end)
        step = 3600 if panel.get("step") == "1h" else max(self.span.total_seconds() / POINTS, 30)
        return self.server.over(query, self.start.timestamp(), end, step)
