"""Blocks of a service that are timed and whose failures are counted: an inference, and what stands around it."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from time import perf_counter
from types import TracebackType
from typing import Any, Protocol, Self

from lamplighter.core.records.live import Reason
from lamplighter.serving.faults import reported
from lamplighter.serving.series import ModelSeries
from lamplighter.serving.version_series import VersionSeries
from lamplighter.telemetry.spans import span

BY_TYPE: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], Reason], ...] = (
    # An inference that runs out of time is cancelled, by asyncio.timeout as by a server that shuts down.
    ((TimeoutError, asyncio.CancelledError), Reason.TIMEOUT),
    ((queue.Full, asyncio.QueueFull), Reason.REJECTED),
    ((MemoryError, OSError), Reason.SERVER),
)

BY_STATUS: Mapping[int, Reason] = {
    408: Reason.TIMEOUT,
    429: Reason.REJECTED,
    499: Reason.CLIENT,
    503: Reason.REJECTED,
    504: Reason.TIMEOUT,
}
"""What the HTTP errors of the frameworks say; other codes are the client's from 400 and the server's from 500."""


class Instruments(Protocol):
    """What a block asks of the instruments that it counts for."""

    model: str
    series: ModelSeries
    of_version: VersionSeries

    def reason_of(self, error: BaseException, otherwise: Reason) -> Reason:
        """Why an inference failed."""


class Client(Protocol):
    """The client of a request."""

    has_left: bool


client_of_request: ContextVar[Client | None] = ContextVar("lamplighter_client", default=None)
"""The client of the request that is being answered, where a middleware of ours sees it."""

_inside: ContextVar[bool] = ContextVar("lamplighter_inference", default=False)


def reason_of(error: BaseException, otherwise: Reason, declared: Mapping[type[BaseException], Reason]) -> Reason:
    """Why an inference failed, by its exception.

    Examples
    --------
    >>> [str(reason_of(error, Reason.MODEL, {KeyError: Reason.CLIENT})) for error in (
    ...     TimeoutError(), KeyError("carrier"), ConnectionError(), ZeroDivisionError())]
    ['timeout', 'client', 'server', 'model']
    """
    for kind, reason in declared.items():
        if isinstance(error, kind):
            return reason
    if _is_left(error):
        return Reason.CLIENT
    for kinds, reason in BY_TYPE:
        if isinstance(error, kinds):
            return reason
    status = _status_of(error)
    if isinstance(status, int) and 400 <= status < 600:
        return BY_STATUS.get(status) or (Reason.CLIENT if status < 500 else Reason.SERVER)
    if any("Timeout" in kind.__name__ for kind in type(error).__mro__):
        # Those of httpx, requests and urllib3 have no common ancestor.
        return Reason.TIMEOUT
    return otherwise if isinstance(error, Exception) else Reason.SERVER


def _status_of(error: BaseException) -> Any:
    """The status that an exception of a framework answers with; Flask's, which are werkzeug's, call it `code`."""
    is_of_flask = any(kind.__name__ == "HTTPException" for kind in type(error).__mro__)
    return getattr(error, "status_code", getattr(error, "code", None) if is_of_flask else None)


def _is_left(error: BaseException) -> bool:
    """Whether an inference was ended because its client reads no further."""
    client = client_of_request.get()
    is_cancelled = isinstance(error, asyncio.CancelledError)
    return isinstance(error, GeneratorExit) or (is_cancelled and client is not None and client.has_left)


class Inference:
    """One inference: entered before the model is asked, called with what it answered.

    The time counts until the answer, or until the end of the block where none is given. It is counted once, at the
    end of the block: as ok, or as failed with the reason that its exception has.
    """

    __slots__ = ("_answers", "_begin", "_end", "_instruments", "_rows", "_series", "_span", "_token")

    def __init__(self, instruments: Instruments, rows: int | None) -> None:
        self._instruments, self._rows = instruments, rows
        self._answers: list[tuple[Any, Any]] = []
        self._end: float | None = None

    def __enter__(self) -> Self:
        self._instruments.series.here()
        # A version that is exchanged meanwhile has not answered this one.
        self._series = self._instruments.of_version
        self._token = _inside.set(True)
        self._span = span("inference", {"model": self._instruments.model, "version": self._series.version})
        self._span.__enter__()
        self._begin = perf_counter()
        return self

    def __call__(self, predictions: Any, scores: Any = None) -> None:
        """Say what the model answered: one prediction a row, and its score, or one score for each class."""
        self._end = perf_counter()
        self._answers.append((predictions, scores))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        seconds = (perf_counter() if self._end is None else self._end) - self._begin
        # A generator may be closed in another context than it began in.
        with suppress(ValueError):
            _inside.reset(self._token)
        try:
            if error is None:
                self._series.answered(seconds, self._answers, self._rows)
            else:
                self._series.failed(self._instruments.reason_of(error, Reason.MODEL), seconds)
        except Exception as fault:
            reported(self._instruments.model, fault)
        self._span.__exit__(kind, error, traceback)


class Stage:
    """What is done before or after an inference: its time, and its failure where no inference stands around it."""

    __slots__ = ("_begin", "_instruments", "_name", "_otherwise", "_series", "_span")

    def __init__(self, instruments: Instruments, name: str, otherwise: Reason) -> None:
        self._instruments, self._name, self._otherwise = instruments, name, otherwise

    def __enter__(self) -> None:
        self._instruments.series.here()
        self._series = self._instruments.of_version
        self._span = span(self._name)
        self._span.__enter__()
        self._begin = perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        seconds = perf_counter() - self._begin
        try:
            if error is None:
                self._series.stage(self._name, seconds)
            elif not _inside.get():
                self._series.failed(self._instruments.reason_of(error, self._otherwise))
        except Exception as fault:
            reported(self._instruments.model, fault)
        self._span.__exit__(kind, error, traceback)
