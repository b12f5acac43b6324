"""The live metrics of a model as series of Prometheus: made from their table, bounded in number, each name once."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
import weakref
from bisect import bisect_left
from collections import Counter as Counted
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from math import isfinite
from typing import Any, Self

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector, CollectorRegistry

from lamplighter.core.records.live import LIVE, MOST_VALUES, OTHER, LiveMetric
from lamplighter.errors import LamplighterError
from lamplighter.serving.faults import reported
from lamplighter.serving.several_workers import of_several_workers

logger = logging.getLogger("lamplighter.serving")

OF_OTHERS = frozenset({"log", "psutil", "gpu"})
"""What `needs` says of metrics that are not the instruments' of a model."""

OF_INSTRUMENTS: tuple[LiveMetric, ...] = tuple(metric for metric in LIVE if metric.needs not in OF_OTHERS)

OF_VERSIONS = frozenset(metric.name for metric in OF_INSTRUMENTS if "version" in metric.labels)

ACROSS_WORKERS: Mapping[str, str] = {
    "requests_in_flight": "livesum",
    "inference_last_prediction_timestamp_seconds": "max",
    "model_service_info": "livemax",
    "model_service_champion_refused": "livemax",
    "service_start_timestamp_seconds": "livemin",
}
"""What a gauge of several workers is. One that begins with `live` forgets a worker that is gone."""


class BatchHistogram(Histogram):
    """A histogram that takes all numbers of a batch at once.

    Examples
    --------
    >>> sizes = BatchHistogram("sizes", "how large", buckets=(1, 10), registry=None)
    >>> sizes.observe_all([0.5, 5, float("inf")])
    >>> [(sample.name, sample.value) for sample in sizes.collect()[0].samples][:5]
    [('sizes_bucket', 1.0), ('sizes_bucket', 2.0), ('sizes_bucket', 3.0), ('sizes_count', 3.0), ('sizes_sum', 5.5)]
    """

    def observe_all(self, numbers: Sequence[float]) -> None:
        """Count numbers, none of them NaN; what is infinite is in an outer bucket and not in the sum."""
        for place, count in Counted(map(partial(bisect_left, self._upper_bounds), numbers)).items():
            self._buckets[place].inc(count)
        self._sum.inc(float(sum(filter(isfinite, numbers))))


class Bounded:
    """The values of a label, of which those beyond the most become `other`, with one line in the log.

    Of several workers, each begins with the values that are counted already: otherwise every worker that is
    recycled would add as many.

    Examples
    --------
    >>> routes = Bounded("route", "churn", most=2)
    >>> [routes.of(route) for route in ("/a", "/b", "/c", "/a")]
    ['/a', '/b', 'other', '/a']
    """

    def __init__(self, label: str, model: str, most: int = MOST_VALUES) -> None:
        self._label, self._model, self._most = label, model, most
        self._seen: set[str] = set()
        self._warned = False

    def know(self, values: Iterable[str]) -> None:
        """Begin with some values, as far as there is room."""
        self._seen.update(sorted(set(values) - self._seen - {OTHER})[: max(self._most - len(self._seen), 0)])

    def of(self, value: str) -> str:
        """The value, or `other`."""
        if value in self._seen:
            return value
        if len(self._seen) < self._most:
            self._seen.add(value)
            return value
        if not self._warned:
            self._warned = True
            what = "%s: the label %r has %d values; further ones, such as %r, are counted as %r"
            logger.warning(what, self._model, self._label, self._most, value, OTHER)
        return OTHER


class ModelSeries:
    """The live metrics of one model; its instruments share them.

    Parameters
    ----------
    model : str
    buckets : mapping of name to bounds
        Of the histograms.
    """

    def __init__(self, model: str, buckets: Mapping[str, Sequence[float]]) -> None:
        self.model, self.buckets = model, dict(buckets)
        self.routes, self.classes, self._versions = (Bounded(label, model) for label in ("route", "class", "version"))
        self._served: dict[str, None] = {}
        self._children: set[tuple[str, tuple[str, ...]]] = set()
        self._metrics = {metric.name: _made(metric, buckets) for metric in OF_INSTRUMENTS}
        self._lock = threading.Lock()
        self._shown: Counted[str] = Counted()
        self._announce()

    def child(self, name: str, *labels: str) -> Any:
        """A series, by the values of its labels after `model`."""
        self._children.add((name, labels))
        return self._metrics[name].labels(self.model, *labels)

    def version(self, version: str) -> str:
        """The label of a version that is served from now on; where there are too many, the oldest is forgotten.

        A service that loads a version each hour would have no label left for the one that it serves, and the oldest
        is the one that no panel shows. A file of a worker cannot forget; there what is too much is `other`.
        """
        if of_several_workers():
            return self._versions.of(version)
        with self._lock:
            self._served.pop(version, None)
            self._served[version] = None
            oldest = next((each for each in self._served if not self._shown[each]), version)
            if len(self._served) > MOST_VALUES and oldest != version:
                del self._served[oldest]
                for name, labels in list(self._children):
                    if name in OF_VERSIONS and labels[0] == oldest:
                        self._remove(name, *labels)
        return version

    def here(self) -> Self:
        """These series in this process: a fork has none of its parent's requests, and files of its own.

        Asked for when something begins, and not by a hook of the fork: that might wait for a lock that another thread
        of the parent held at that moment, and that nothing in the child gives back.
        """
        if os.getpid() != self._pid:
            try:
                self._announce()
            except Exception as fault:
                reported(self.model, fault)
        return self

    def _announce(self) -> None:
        self._pid = os.getpid()
        if of_several_workers():
            from lamplighter.serving.workers import counted_labels

            self.routes.know(counted_labels(self.model, "route", "requests_total"))
            self.classes.know(counted_labels(self.model, "class", "inference_predicted_class_total"))
        self.child("service_start_timestamp_seconds").set(time.time())
        self.child("requests_in_flight").set(0)
        for version in +self._shown:
            self.child("model_service_info", version).set(1)

    def show(self, version: str) -> None:
        """Say that the service serves a version."""
        with self._lock:
            self._shown[version] += 1
            self.child("model_service_info", version).set(1)

    def hide(self, version: str) -> None:
        """Say so no longer, unless other instruments of the model serve it."""
        with self._lock:
            if self._shown[version] > 1:
                self._shown[version] -= 1
                return
            del self._shown[version]
            if of_several_workers():
                # A file of a worker cannot lose a series; what is 0 is left out when the files are read.
                self.child("model_service_info", version).set(0)
            else:
                self._remove("model_service_info", version)

    def _remove(self, name: str, *labels: str) -> None:
        if (name, labels) in self._children:
            self._children.discard((name, labels))
            self._metrics[name].remove(self.model, *labels)

    def collect(self) -> Iterator[Metric]:
        """One family for each metric."""
        for metric in self._metrics.values():
            yield from metric.collect()


def _made(metric: LiveMetric, buckets: Mapping[str, Sequence[float]]) -> Any:
    if metric.kind == "counter":
        return Counter(metric.name, metric.help, metric.labels, registry=None)
    if metric.kind == "gauge":
        mode: Any = ACROSS_WORKERS[metric.name]
        return Gauge(metric.name, metric.help, metric.labels, registry=None, multiprocess_mode=mode)
    return BatchHistogram(metric.name, metric.help, metric.labels, registry=None, buckets=buckets[metric.name])


class LiveCollector(Collector):
    """The series of all models of a registry: each name once, whatever buckets each model has."""

    def __init__(self) -> None:
        self.models: dict[str, ModelSeries] = {}
        self.machine: Collector | None = None

    def describe(self) -> list[Metric]:
        """The names, so that a registry refuses another metric of the same name."""
        return [
            Metric(metric.name.removesuffix("_total") if metric.kind == "counter" else metric.name, "", metric.kind)
            for metric in OF_INSTRUMENTS
        ]

    def collect(self) -> Iterator[Metric]:
        """All series, without `_created`, which would be one more for each of them."""
        families: dict[str, Metric] = {}
        for series in list(self.models.values()):
            for metric in series.collect():
                family = families.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
                family.samples += [sample for sample in metric.samples if not sample.name.endswith("_created")]
        yield from (family for family in families.values() if family.samples)


_collectors: weakref.WeakKeyDictionary[CollectorRegistry, LiveCollector] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def machine_of(registry: CollectorRegistry) -> Collector | None:
    """What looks at the machine for a registry, if instruments have asked for it."""
    collector = _collectors.get(registry)
    return None if collector is None else collector.machine


def collector_of(registry: CollectorRegistry) -> LiveCollector:
    """The one collector that a registry has.

    Raises
    ------
    LamplighterError
        If the registry has another metric of one of the names.
    """
    with _lock:
        if registry not in _collectors:
            collector = LiveCollector()
            try:
                registry.register(collector)
            except ValueError as error:
                raise LamplighterError(
                    f"metrics of these names are registered already: {_names_in(error)}",
                    fix="register each once, or give ModelInstruments a registry of its own",
                ) from None
            _collectors[registry] = collector
        return _collectors[registry]


def _names_in(error: ValueError) -> str:
    # Newer versions of prometheus_client have them as an attribute as well.
    return ", ".join(sorted(re.findall(r"'([^']+)'", str(error)))) or str(error)


def series_of(model: str, buckets: Mapping[str, Sequence[float]], registry: CollectorRegistry) -> ModelSeries:
    """The series of a model in a registry, made at the first call.

    Raises
    ------
    LamplighterError
        If they have other buckets already: a histogram cannot change them.
    """
    models = collector_of(registry).models
    with _lock:
        if model not in models:
            models[model] = ModelSeries(model, buckets)
        series = models[model]
    if different := [name for name, bounds in buckets.items() if tuple(series.buckets[name]) != tuple(bounds)]:
        raise LamplighterError(
            f"it has instruments already, with other buckets of {', '.join(different)}",
            where=model,
            fix="declare the same limits and bounds, or use the same ModelInstruments",
        )
    return series
