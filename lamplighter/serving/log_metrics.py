"""The live metrics of a prediction log."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from lamplighter.core.records.live import LIVE

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

LOG_METRICS = tuple(metric for metric in LIVE if metric.needs == "log")

_MADE: MutableMapping[CollectorRegistry, dict[str, Any]] = WeakKeyDictionary()
"""A registry takes a name once, and several logs, each of another model, share it."""

_HELD: MutableMapping[LogMetrics, tuple[Any, int, int]] = WeakKeyDictionary()
"""How many rows each log holds, with its gauge and the process: a fork has none of its parent's."""


class LogMetrics:
    """Counts what a prediction log does; without a model it counts nothing.

    Parameters
    ----------
    model : str
        The value of the label `model`; empty for no metrics.
    registry : CollectorRegistry, optional
        By default that of the process.

    Examples
    --------
    >>> from prometheus_client import CollectorRegistry
    >>> registry = CollectorRegistry()
    >>> LogMetrics("churn", registry).dropped("full", 2)
    >>> registry.get_sample_value("prediction_log_dropped_rows_total", {"model": "churn", "cause": "full"})
    2.0
    """

    def __init__(self, model: str, registry: CollectorRegistry | None = None) -> None:
        self._model = model
        self._metrics = _metrics_of(registry) if model else {}
        if model:
            # So that a rate has a beginning, and an absent series means an absent log.
            for name in ("prediction_log_rows_total", "prediction_log_failures_total"):
                self._metrics[name].labels(model)
            for cause in ("full", "refused"):
                self._metrics["prediction_log_dropped_rows_total"].labels(model, cause)
            self.waiting(0)

    def wrote(self, rows: int) -> None:
        """Rows were written."""
        if self._model:
            self._metrics["prediction_log_rows_total"].labels(self._model).inc(rows)

    def dropped(self, cause: str, rows: int = 1) -> None:
        """Rows were lost, because the queue was `full` or the place `refused` them."""
        if self._model:
            self._metrics["prediction_log_dropped_rows_total"].labels(self._model, cause).inc(rows)

    def failed(self) -> None:
        """A write failed."""
        if self._model:
            self._metrics["prediction_log_failures_total"].labels(self._model).inc()

    def waiting(self, rows: int) -> None:
        """So many rows wait to be written, beside those of other logs of the model in this process."""
        if not self._model:
            return
        gauge, process = self._metrics["prediction_log_queue_rows"].labels(self._model), os.getpid()
        _HELD[self] = (gauge, process, rows)
        # A log that is made meanwhile changes what is summed up; its thread says the sum within a second.
        with suppress(RuntimeError):
            gauge.set(sum(held for of, pid, held in list(_HELD.values()) if of is gauge and pid == process))


def _metrics_of(registry: CollectorRegistry | None) -> dict[str, Any]:
    # A log that counts nothing is logged without the library.
    from prometheus_client import REGISTRY, Counter, Gauge

    registry = REGISTRY if registry is None else registry
    made = _MADE.get(registry)
    if made is None:
        made = {}
        for metric in LOG_METRICS:
            if metric.kind == "counter":
                made[metric.name] = Counter(metric.name, metric.help, metric.labels, registry=registry)
            else:
                # Of several workers those that live: what a dead one held is gone.
                made[metric.name] = Gauge(
                    metric.name, metric.help, metric.labels, registry=registry, multiprocess_mode="livesum"
                )
        _MADE[registry] = made
    return made
