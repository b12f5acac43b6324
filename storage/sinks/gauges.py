"""Gauges out, as a projection of the history, to the sink that the settings name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from lamplighter.core.evaluation.gauges import GAUGES, Sample
from lamplighter.errors import PublishError
from storage.project.folder import Project
from storage.project.private_files import write_private
from storage.project.settings import GAUGE_SINKS, gauge_sink_of
from storage.sinks.textfile import remove


class GaugeSink(Protocol):
    """Where gauges go: a module with these two functions, and a row in `storage.project.settings.GAUGE_SINKS`."""

    def publish(self, project: Project, model: str, text: bytes) -> str:
        """Put the gauges of a model, in Prometheus' text format, in place of those before.

        Returns where they went, or nothing where the copy of the home is all there is. Raises `PublishError`.
        """

    def withdraw(self, project: Project, model: str) -> None:
        """Remove the gauges of a model. Raises `PublishError`."""


def sink_of(project: Project) -> GaugeSink:
    """The sink that the settings of a project name; only its module is imported.

    Examples
    --------
    >>> sink_of(project).__name__
    'storage.sinks.textfile'
    """
    return cast(GaugeSink, import_module(GAUGE_SINKS[gauge_sink_of(project.settings)]))


class _Samples(Collector):
    """Exposes samples in the order of the catalogue."""

    def __init__(self, model: str, samples: Iterable[Sample]) -> None:
        self.model = model
        self.by_gauge: dict[str, list[Sample]] = {}
        for sample in samples:
            self.by_gauge.setdefault(sample.gauge, []).append(sample)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for gauge in GAUGES:
            if gauge.name in self.by_gauge:
                family = GaugeMetricFamily(gauge.name, gauge.help, labels=("model", *gauge.labels))
                for sample in self.by_gauge[gauge.name]:
                    family.add_metric([self.model, *(value for _, value in sample.labels)], sample.value)
                yield family


def exposition(model: str, samples: Iterable[Sample]) -> bytes:
    """Samples in Prometheus' text format.

    Examples
    --------
    >>> print(exposition("m", [Sample("lamplighter_data_rows", 3.0)]).decode(), end="")
    # HELP lamplighter_data_rows rows of the window, repeated ones left out
    # TYPE lamplighter_data_rows gauge
    lamplighter_data_rows{model="m"} 3.0
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Samples(model, samples))
    return generate_latest(registry)


def publish(project: Project, model: str, samples: Iterable[Sample]) -> str:
    """Publish the gauges of a model in place of those published before.

    Returns
    -------
    str
        Where they went.

    Raises
    ------
    PublishError
        After the last retry.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = publish(Project.open(folder), "churn", [Sample("lamplighter_data_rows", 100.0)])
    ...     print(Path(path).read_text())
    # HELP lamplighter_data_rows rows of the window, repeated ones left out
    # TYPE lamplighter_data_rows gauge
    lamplighter_data_rows{model="churn"} 100.0
    <BLANKLINE>
    """
    text = exposition(model, samples)
    # The home keeps what was published last; it also shows which models have gauges out there.
    kept = _kept(project) / f"{model}.prom"
    try:
        write_private(kept, text)
    except OSError as error:
        what = f"{kept} cannot be written: {error.strerror}"
        raise PublishError(what, where="gauges", fix="free or allow it") from None
    return sink_of(project).publish(project, model, text) or str(kept)


def withdraw_retired(project: Project, models: Iterable[str]) -> list[str]:
    """Remove the gauges of models that the project no longer has; their history stays.

    Raises
    ------
    PublishError
        If the Pushgateway does not remove them; the next run tries again.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     shop = Project.open(folder)
    ...     _ = publish(shop, "churn", []), publish(shop, "old", [])
    ...     print(withdraw_retired(shop, ["churn"]))
    ['old']
    """
    known = set(models)
    retired = sorted(path.stem for path in _kept(project).glob("*.prom") if path.stem not in known)
    for model in retired:
        sink_of(project).withdraw(project, model)
        remove(_kept(project) / f"{model}.prom")
    return retired


def _kept(project: Project) -> Path:
    return project.home / "gauges"
