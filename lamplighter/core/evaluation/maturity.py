"""When the labels of a window have had their time. Commands that only show checks read it, so it needs no numpy."""

from __future__ import annotations

from datetime import datetime

from lamplighter.core.monitor import Monitor
from lamplighter.core.time.window import Window


def matured(window: Window, monitor: Monitor) -> datetime:
    """When the last label that counts for a window may arrive.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y, id: i}, "
    >>> monitor = parse("m.yaml", text + "labels: {parquet: l.parquet, target: z, mature_after: 3d}}", environ={})
    >>> matured(monitor.window(datetime.fromisoformat("2026-03-08T05:00Z")), monitor).isoformat()
    '2026-03-11T00:00:00+00:00'
    """
    assert monitor.labels is not None
    return window.after_end(monitor.labels.mature_after)
