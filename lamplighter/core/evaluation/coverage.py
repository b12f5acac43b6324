"""How much of the truth has arrived."""

from __future__ import annotations

from datetime import datetime, timedelta

from lamplighter.core.evaluation.data import NO_ROWS
from lamplighter.core.monitor import Monitor
from lamplighter.core.records.measurement import Measurement, State
from lamplighter.core.time.window import Window

PATIENCE = timedelta(days=30)
"""How long a window waits beyond its time for label files that are broken or missing: a month is enough to notice."""


def state_of(monitor: Monitor, window: Window, now: datetime, *, unreadable: bool = False) -> State:
    """Final once every label that counts may have arrived; provisional before.

    Where label files are unreadable or missing, a window waits longer for them to be delivered.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: regression, predictions: {parquet: p.parquet, time: t, prediction: y, id: i}, "
    >>> monitor = parse("m.yaml", text + "labels: {parquet: l.parquet, target: z, mature_after: 3d}}", environ={})
    >>> window = monitor.window(datetime.fromisoformat("2026-03-08T05:00Z"))
    >>> [state_of(monitor, window, window.end + timedelta(days=days)).value for days in (2, 3)]
    ['provisional', 'final']
    """
    assert monitor.labels is not None
    patience = monitor.labels.mature_after + (PATIENCE if unreadable else timedelta())
    return State.FINAL if now >= window.after_end(patience) else State.PROVISIONAL


def coverage_measurements(rows: int, labelled: int, corrected: int, state: State, lost: str = "") -> list[Measurement]:
    """Rows with, without and with corrected labels; ``lost`` says why it is not known how many rows there are.

    Examples
    --------
    >>> [measurement.value for measurement in coverage_measurements(10, 8, 1, State.FINAL)]
    [0.8, 2.0, 1.0]
    >>> coverage_measurements(0, 0, 0, State.FINAL, "no file of the window can be read")[0].reason
    'no file of the window can be read'
    """
    return [
        Measurement(
            metric="labels_coverage",
            value=labelled / rows if rows else None,
            n=rows,
            state=state,
            reason="" if rows else lost or NO_ROWS,
        ),
        Measurement(metric="labels_missing", value=float(rows - labelled), n=rows, state=state),
        Measurement(metric="labels_corrected", value=float(corrected), n=labelled, state=state),
    ]


def arrival_measurements(late: int, unknown: int) -> list[Measurement]:
    """Labels that arrived during a window and count for none: they came too late, or their id has no prediction.

    Examples
    --------
    >>> [(it.metric, it.value) for it in arrival_measurements(late=2, unknown=1)]
    [('labels_late', 2.0), ('labels_unknown', 1.0)]
    """
    return [
        Measurement(metric="labels_late", value=float(late), n=late),
        Measurement(metric="labels_unknown", value=float(unknown), n=unknown),
    ]


def undated() -> list[Measurement]:
    """The same where the arrival of labels is unknown.

    Examples
    --------
    >>> [(it.metric, it.value) for it in undated()]
    [('labels_late', None), ('labels_unknown', None)]
    """
    reason = "nothing tells when a label arrived; give labels.time or {day} in its path"
    return [Measurement(metric=name, reason=reason) for name in ("labels_late", "labels_unknown")]
