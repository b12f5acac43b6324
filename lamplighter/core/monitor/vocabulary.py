"""Which metrics a monitor may name: what its kind, its columns and its labels allow to be measured."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

from lamplighter.core.catalogue import ARRIVAL_METRICS, INPUT_METRICS, LABEL_METRICS
from lamplighter.core.quality import METRICS

if TYPE_CHECKING:
    from lamplighter.core.monitor.model import Monitor


def known_metrics(monitor: Monitor) -> list[str]:
    """Every metric that the nights of a monitor can record."""
    names = list(INPUT_METRICS)
    if monitor.labels:
        names += [*LABEL_METRICS, *ARRIVAL_METRICS, *(own.name for own in monitor.metrics)]
        names += [name for name, metric in METRICS.items() if monitor.kind.value in metric.kinds]
    return names


def check_metrics(monitor: Monitor) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the place and the fault of every metric that cannot be measured."""
    known = known_metrics(monitor)
    for i, own in enumerate(monitor.metrics):
        if own.name in METRICS or own.name in {**INPUT_METRICS, **LABEL_METRICS, **ARRIVAL_METRICS}:
            yield ("metrics", i, "name"), f"metric {own.name!r} exists already; choose another name"
    named: list[tuple[tuple[str | int, ...], str]] = [
        (("checks", i, "metric"), check.metric) for i, check in enumerate(monitor.checks)
    ]
    if monitor.retrain and monitor.retrain.accept:
        named.append((("retrain", "accept", "metric"), monitor.retrain.accept.metric))
    for location, name in named:
        if name in known:
            continue
        if name in METRICS and monitor.kind.value in METRICS[name].kinds:
            yield location, f"metric {name!r} needs labels, and this monitor has none; add labels or drop the check"
            continue
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        yield location, f"unknown metric {name!r}; {hint}known: {', '.join(known)}"
