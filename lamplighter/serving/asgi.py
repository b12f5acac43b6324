"""A middleware for any ASGI application: how long requests take, how they end, and how many are being processed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from time import perf_counter
from typing import Any, TypeAlias

from lamplighter.core.records.live import OTHER
from lamplighter.serving import traces
from lamplighter.serving.faults import reported
from lamplighter.serving.inference import client_of_request
from lamplighter.serving.instruments import ModelInstruments
from lamplighter.serving.routes import Routes
from lamplighter.telemetry.spans import request_span

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

UNCOUNTED = ("/metrics", "/health", "/healthz", "/livez", "/readyz")
"""Paths of machines that ask every few seconds: beside them no quantile would be that of the people who wait."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"})

FIRST_ERRORS = ("500", "502", "503", "504")
"""The statuses of a server's errors, which are counted from 0 with the first request of a route."""

CLIENT_GONE = 499
"""The status of a request whose client did not wait for its answer, as nginx has it."""


class RequestMetrics:
    """Counts and times the requests of an application.

    Websockets and the lifespan pass through. A request ends with the last part of its answer; what the application
    does afterwards is no request. It never fails because of its metrics.

    Parameters
    ----------
    app : ASGI application
    instruments : ModelInstruments
        Of the model that the requests are about.
    uncounted : iterable of str
        Paths whose requests are neither timed nor counted, below the root of the application.

    Examples
    --------
    >>> from fastapi import FastAPI
    >>> from lamplighter.serving import metrics_app
    >>> from prometheus_client import CollectorRegistry
    >>> instruments = ModelInstruments("churn", "12", registry=CollectorRegistry())
    >>> app = FastAPI()
    >>> app.add_middleware(RequestMetrics, instruments=instruments)
    >>> app.add_route("/metrics", metrics_app(instruments.registry))
    """

    def __init__(self, app: App, instruments: ModelInstruments, uncounted: Iterable[str] = UNCOUNTED) -> None:
        self._app, self.instruments, self._model = app, instruments, instruments.model
        self._uncounted = frozenset(uncounted)
        self._routes = Routes(app)
        self._in_flight = instruments.series.child("requests_in_flight")
        self._times: dict[tuple[str, str], Any] = {}
        self._counts: dict[tuple[str, str, int], Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and see its answer."""
        if scope["type"] != "http" or self._is_uncounted(scope):
            await self._app(scope, receive, send)
            return
        request = _Request(self, scope, receive, send)
        trace = traces.trace_in(scope["headers"])
        token = traces.of_request.set(trace) if trace else None
        client = client_of_request.set(request)
        try:
            with request_span(scope["method"], scope["headers"], {"model": self._model}) as request.span:
                try:
                    await self._app(scope, request.receive, request.send)
                except Exception:
                    request.end(CLIENT_GONE if request.client_gone else 500)
                    raise
                finally:
                    # An answer without an end: its client is gone, or the server cancels what it waits for no longer.
                    request.end(CLIENT_GONE)
        finally:
            with suppress(ValueError):
                client_of_request.reset(client)
                if token is not None:
                    traces.of_request.reset(token)

    def _is_uncounted(self, scope: Scope) -> bool:
        path = scope["path"]
        if path in self._uncounted:
            return True
        root = scope.get("root_path", "")
        below = path[len(root) :] if root and path.startswith(root) else path
        return (below.rstrip("/") or "/") in self._uncounted

    def begin(self) -> None:
        """Count a request that begins."""
        try:
            self.instruments.series.here()
            self._in_flight.inc()
        except Exception as fault:
            reported(self.instruments.model, fault)

    def end(self, scope: Scope, asked: tuple[str, str], status: int, seconds: float, current: Any) -> None:
        """Count a request that ended, and name its span by its route."""
        try:
            self._in_flight.dec()
            series = self.instruments.series
            route = series.routes.of(self._route(scope, asked, status))
            method = scope["method"] if scope["method"] in METHODS else OTHER
            time = self._times.get((method, route))
            if time is None:
                time = self._times[method, route] = series.child("request_processing_seconds", method, route)
                # A counter that begins at 0 shows its first error to rate(); one that begins at 1 does not.
                for error in FIRST_ERRORS:
                    series.child("requests_total", method, route, error)
            time.observe(seconds, traces.exemplar())
            count = self._counts.get((method, route, status))
            if count is None:
                count = series.child("requests_total", method, route, str(status))
                self._counts[method, route, status] = count
            count.inc()
            # A framework's own may have ended with its answer.
            if current is not None and current.is_recording():
                current.update_name(f"{method} {route}")
                current.set_attributes({"http.route": route, "http.response.status_code": status})
        except Exception as fault:
            reported(self.instruments.model, fault)

    def _route(self, scope: Scope, asked: tuple[str, str], status: int) -> str:
        try:
            return self._routes.template(scope, *asked, status)
        except Exception as fault:
            # The request is counted all the same.
            reported(self.instruments.model, fault)
            return OTHER


class _Request:
    """One request on its way."""

    __slots__ = (
        "_asked", "_begin", "_ended", "_is_whole", "_metrics", "_receive", "_scope", "_send", "_status", "client_gone",
        "has_left", "span",
    )  # fmt: skip

    def __init__(self, metrics: RequestMetrics, scope: Scope, receive: Receive, send: Send) -> None:
        self._metrics, self._scope, self._receive, self._send = metrics, scope, receive, send
        # The framework changes both on its way to a mounted application.
        self._asked = (scope.get("root_path", ""), scope["path"])
        self._status = 500
        self.client_gone = self.has_left = self._ended = self._is_whole = False
        self.span: Any = None
        self._begin = perf_counter()
        metrics.begin()

    async def receive(self) -> Message:
        """Pass a part of the request on."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._is_whole = not message.get("more_body")
            return message
        self.has_left = True
        if not self._is_whole:
            # Frameworks answer a part of a body as a fault of the client's (400), or of the service (500).
            self.client_gone = True
        return message

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on."""
        kind = message["type"]
        if kind == "http.response.start":
            self._status = message["status"]
        try:
            await self._send(message)
        except OSError:
            self.client_gone = True
            raise
        if (kind == "http.response.body" and not message.get("more_body")) or kind == "http.response.pathsend":
            self.end(CLIENT_GONE if self.client_gone else self._status)

    def end(self, status: int) -> None:
        """Count it, once."""
        if not self._ended:
            self._ended = True
            self._metrics.end(self._scope, self._asked, status, perf_counter() - self._begin, self.span)
