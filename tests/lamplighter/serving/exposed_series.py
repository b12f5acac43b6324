"""What a registry exposes, read as Prometheus reads it."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

Labels = frozenset[tuple[str, str]]


def series_in(registry: CollectorRegistry) -> dict[tuple[str, Labels], float]:
    """All series, by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    """The sum of the series of a name that have some labels; None where there is none."""
    wanted = {(key.rstrip("_"), text) for key, text in labels.items()}
    found = [number for (series, own), number in series_in(registry).items() if series == name and wanted <= own]
    return sum(found) if found else None
