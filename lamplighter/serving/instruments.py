"""The instruments of a model service: what a model answers, how long it takes, and where it fails."""

from __future__ import annotations

import inspect
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from importlib import import_module
from math import isfinite
from types import ModuleType
from typing import Any, Literal, ParamSpec, TypeVar, cast

from prometheus_client import REGISTRY, CollectorRegistry

from lamplighter.core.records.live import LIVE, Reason, latency_buckets
from lamplighter.core.values.key_name import storable
from lamplighter.errors import LamplighterError
from lamplighter.serving.answers import class_name
from lamplighter.serving.inference import Inference, Stage, reason_of
from lamplighter.serving.machine import watch_machine
from lamplighter.serving.series import ModelSeries, series_of
from lamplighter.serving.several_workers import WORKERS
from lamplighter.serving.version_series import VersionSeries
from lamplighter.telemetry.spans import start_tracing

P = ParamSpec("P")
R = TypeVar("R")

TIMES = tuple(metric.name for metric in LIVE if metric.kind == "histogram" and metric.name.endswith("_seconds"))

BATCH_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)

_SIZES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1e3, 3e3, 1e4, 3e4, 1e5, 1e6)
NUMBER_BUCKETS = (*(-size for size in reversed(_SIZES)), 0.0, *_SIZES)
"""Bounds for numbers of which nothing is declared: they show the sign and the order of magnitude."""


class ModelInstruments:
    """Counts and times what a model does, whatever framework serves it.

    Parameters
    ----------
    model : str
        Its name, as in its monitor file.
    version : str
        The version that answers; see `serve` for another one later.
    kind : {"classification", "regression"}, optional
        Classes are counted one by one, numbers in a histogram. Without a kind, and without classes and bounds, only
        rows are counted.
    classes : iterable, optional
        The classes, which have a series from the start. Others are counted as they come, up to 100 in all.
    bounds : iterable of float, optional
        Bounds of the buckets of predicted numbers, rising. By default 33 that show sign and order of magnitude.
    unsure : tuple of float, optional
        The band of scores, bounds included, whose rows count as unsure; as `predictions.unsure` of the monitor.
    limits : iterable of float
        Times in seconds that an alert is about: each gets buckets on both sides. 1 s has them always.
    reasons : mapping of exception to Reason, optional
        Why an inference failed, where its exception does not say so itself.
    disks : iterable of str
        Paths whose disks are looked at, such as that of the prediction log.
    registry : CollectorRegistry
        By default the one that `prometheus_client` shares, which a service exposes anyway.

    Raises
    ------
    LamplighterError
        If there is no version, a limit or bound cannot be meant, or the registry has other metrics of these names.

    Examples
    --------
    >>> instruments = ModelInstruments("churn", "12", classes=[0, 1], registry=CollectorRegistry())
    >>> with instruments.inference() as answered:
    ...     answered([0, 1, 1], [0.1, 0.8, 0.6])

    A function that returns its predictions needs no block:

    >>> @instruments.predictor
    ... def predict(rows):
    ...     return [0 for row in rows]
    >>> predict(["a", "b"])
    [0, 0]
    """

    def __init__(
        self,
        model: str,
        version: str,
        *,
        kind: Literal["classification", "regression"] | None = None,
        classes: Iterable[object] | None = None,
        bounds: Iterable[float] | None = None,
        unsure: tuple[float, float] | None = None,
        limits: Iterable[float] = (),
        reasons: Mapping[type[BaseException], Reason] | None = None,
        disks: Iterable[str] = ("/",),
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        start_tracing()
        self.model = model = _text(model, "the name of the model", "churn")
        self.registry = registry
        if kind not in (None, "classification", "regression"):
            what = f"answers of kind {kind!r} are not counted by their values"
            raise LamplighterError(what, where=model, fix="leave kind out, or write classification or regression")
        self._numbers = kind == "regression" or bounds is not None
        self._by_class = kind == "classification" or classes is not None
        if self._numbers and self._by_class:
            raise LamplighterError("it has classes and numbers", where=model, fix="declare classes or bounds")
        self._unsure = _band(unsure, model)
        self._declared = [class_name(value) for value in classes or ()]
        self._reasons = dict(reasons or {})
        self._lock = threading.Lock()
        times = latency_buckets(*_rising(sorted(limits), "limits", model, above=0))
        buckets: dict[str, Sequence[float]] = dict.fromkeys(TIMES, times)
        buckets["inference_batch_size"] = BATCH_SIZES
        numbers = NUMBER_BUCKETS if bounds is None else tuple(bounds)
        if not numbers:
            raise LamplighterError("bounds are empty", where=model, fix="give at least one number")
        buckets["inference_prediction_value"] = _rising(numbers, "bounds", model)
        workers = _workers()
        if workers is not None:
            workers.join()
        self.series: ModelSeries = series_of(model, buckets, registry)
        self.of_version: VersionSeries = self._version(version)
        self.of_version.shown()
        watch_machine(registry, disks)
        if workers is not None:
            workers.tidy()

    def _version(self, version: str) -> VersionSeries:
        text = _text(version, f"the version of {self.model}", "2026-11-26")
        return VersionSeries(
            self.series,
            text,
            numbers=self._numbers,
            classes=self._by_class,
            unsure=self._unsure,
            declared=self._declared,
        )

    @property
    def version(self) -> str:
        """The version that answers."""
        return self.of_version.version

    def serve(self, version: str) -> None:
        """Say that another version answers from now on; of the one that answers already, nothing changes.

        An inference that runs counts for the version that it began with.
        """
        with self._lock:
            if str(version) == self.version:
                return
            before, self.of_version = self.of_version, self._version(version)
            self.of_version.shown()
            before.hidden()

    def close(self) -> None:
        """Say that the model is served no longer, as before it is served under another name; what it counted stays."""
        self.of_version.hidden()

    def inference(self, rows: int | None = None) -> Inference:
        """A block in which the model is asked; see `Inference`.

        Parameters
        ----------
        rows : int, optional
            How many rows it is asked about; by default as many as it answered.
        """
        return Inference(self, rows)

    def preprocessing(self) -> Stage:
        """A block in which inputs are prepared; an exception is the client's where its type does not say otherwise."""
        return Stage(self, "preprocess", Reason.CLIENT)

    def postprocessing(self) -> Stage:
        """A block in which outputs become an answer; an exception is the server's by default."""
        return Stage(self, "postprocess", Reason.SERVER)

    def predictor(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorate a function, plain or async, that returns its predictions: each call of it is one inference.

        Where it returns an iterator, that is read to its end, and one over the same predictions is returned.

        Raises
        ------
        LamplighterError
            If it is a generator: the call of one returns before the model is asked.
        """
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            what = f"{getattr(function, '__name__', function)} is a generator, whose predictions come after its call"
            raise LamplighterError(
                what, where=self.model, fix="return a list, or use a block: with instruments.inference() as answered"
            )
        observed: Callable[..., Any]
        if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__):

            async def observed(*args: P.args, **kwargs: P.kwargs) -> Any:
                with self.inference() as answered:
                    predictions, returned = _read(await cast(Any, function(*args, **kwargs)))
                    answered(predictions)
                return returned

        else:

            def observed(*args: P.args, **kwargs: P.kwargs) -> Any:
                with self.inference() as answered:
                    predictions, returned = _read(function(*args, **kwargs))
                    answered(predictions)
                return returned

        return wraps(function)(observed)

    def failed(self, reason: Reason | str) -> None:
        """Count an inference that never began, such as one that a full queue rejected."""
        self.of_version.failed(Reason(reason))

    def reason_of(self, error: BaseException, otherwise: Reason) -> Reason:
        """Why an inference failed."""
        return reason_of(error, otherwise, self._reasons)


def _workers() -> ModuleType | None:
    """What a service of several workers needs; Windows, which has none, lacks what it imports."""
    return import_module("lamplighter.serving.workers") if WORKERS in os.environ else None


def _text(value: object, what: str, example: str) -> str:
    """A text that says something; a number is one, too."""
    text = "" if value is None else storable(str(value))
    if not text.strip():
        raise LamplighterError(f"{what} is missing", fix=f"give one, such as {example!r}")
    return text


def _band(band: tuple[float, float] | None, model: str) -> tuple[float, float] | None:
    if band is not None and not band[0] <= band[1]:
        raise LamplighterError(f"unsure ends before it begins: {list(band)}", where=model, fix="swap its bounds")
    return band


def _rising(bounds: Iterable[float], name: str, model: str, above: float = float("-inf")) -> tuple[float, ...]:
    values = tuple(float(bound) for bound in bounds)
    for before, value in zip((above, *values), values, strict=False):
        if not (isfinite(value) and value > before):
            raise LamplighterError(
                f"{name} holds {value:g}", where=model, fix=f"numbers that rise, each above {before:g}, are right"
            )
    return values


def _read(predictions: Any) -> tuple[Any, Any]:
    """Predictions to count, and those to return: an iterator gives its rows once, and they are the caller's."""
    if not isinstance(predictions, Iterator):
        return predictions, predictions
    rows = list(predictions)
    return rows, iter(rows)
