"""Panels of the measurements that no other panel shows: each is made from its row of the table."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping

from dashboards.boards.model_queries import HIGHEST, measured
from dashboards.panels import Panel, Row
from dashboards.queries import Sql, unit_of
from lamplighter.core.evaluation.gauges import BY_METRIC
from lamplighter.core.records.catalogue import METRICS
from lamplighter.core.records.metric import Metric

FIRST_ID = 1000

TITLES: Mapping[str, str] = {
    "quality": "More on quality",
    "drift": "More on drift",
    "data": "More on data",
    "labels": "More on labels",
    "arrivals": "More on labels that arrive",
}
BETTER: Mapping[str, str] = {"higher": " Higher is better.", "lower": " Lower is better.", "zero": " Best at 0."}


def more_rows(shown: Iterable[Row]) -> tuple[Row, ...]:
    """A collapsed row for each family of measurements, with a panel for each that is not among what is shown.

    Examples
    --------
    >>> [(row.title, len(row.panels) > 1) for row in more_rows(())][-2:]
    [('More on labels', False), ('More on quality', True)]
    """
    found: dict[str, list[Panel]] = {}
    gauges = set(_names(shown))
    for metric in METRICS.values():
        if metric.gauge and metric.gauge not in gauges:
            found.setdefault(metric.family.value, []).append(panel_of(metric))
    return tuple(
        Row(FIRST_ID + i, TITLES[family], tuple(panels), collapsed=True)
        for i, (family, panels) in enumerate(sorted(found.items()))
    )


def _names(rows: Iterable[Row]) -> Iterable[str]:
    queries = (query for row in rows for panel in row.panels for query in panel.queries)
    for query in queries:
        if not isinstance(query, Sql):
            yield from re.findall(r"lamplighter_\w+", query.text)


def panel_id(metric: str) -> int:
    """The id of a metric's panel, which stays when other rows come and go.

    Examples
    --------
    >>> panel_id("log_loss")
    127560
    """
    return FIRST_ID + 100 + zlib.crc32(metric.encode()) % 1_000_000


def panel_of(metric: Metric) -> Panel:
    """The panel of a measurement.

    Examples
    --------
    >>> panel = panel_of(METRICS["log_loss"])
    >>> panel.title, panel.unit, panel.description
    ('Log loss', 'short', 'Mean surprise of the probabilities, in nats. Lower is better.')
    """
    # Of segments and classes there may be many: those of quality have panels of their own.
    parts = () if "segment" in metric.labels else metric.labels
    legend = " ".join(f"{{{{{label}}}}}" for label in parts) or metric.name
    around = HIGHEST if parts else "{}"
    where = "" if parts else ", ".join(f'{label}=""' for label in metric.labels)
    help = metric.help[:1].upper() + metric.help[1:].rstrip(".") + "."
    most = " The {largest} largest." if parts else ""
    return Panel(
        panel_id(metric.name),
        metric.name.replace("_", " ").capitalize(),
        f"{help}{most}{BETTER.get(metric.better, '')}",
        unit_of(BY_METRIC[metric.name].name),
        (measured(metric.name, legend, around, where),),
        width=8,
        height=7,
    )
