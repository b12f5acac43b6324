"""What the monitors of a project measure, by which boards choose their panels."""

from __future__ import annotations

from collections.abc import Iterable

from dashboards.queries import CUSTOM, HISTORY, SEGMENTS
from lamplighter.core.evaluation.gauges import BY_METRIC
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.vocabulary import known_metrics

EVERYTHING = frozenset({*BY_METRIC, SEGMENTS, CUSTOM, HISTORY})
"""What models of all kinds measure together, recorded in PostgreSQL."""


def measured_by(monitors: Iterable[Monitor], in_postgresql: bool = False) -> frozenset[str]:
    """What some monitors measure: names of metrics, and whether there are segments, custom metrics and a history.

    Examples
    --------
    >>> measured = measured_by([monitor])
    >>> "f1" in measured, "mae" in measured, CUSTOM in measured, HISTORY in measured
    (True, False, False, False)
    """
    found: set[str] = {HISTORY} if in_postgresql else set()
    for monitor in monitors:
        found |= {*known_metrics(monitor)}
        found |= {name for name, there in ((SEGMENTS, monitor.segments), (CUSTOM, monitor.metrics)) if there}
    return frozenset(found)
