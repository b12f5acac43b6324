"""What Prometheus reads: an ASGI application for `/metrics`, or a server on a port of its own."""

from __future__ import annotations

import asyncio
import gzip
import logging
import os
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Thread
from types import TracebackType
from typing import Any, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.exposition import choose_encoder, gzip_accepted

from lamplighter.errors import LamplighterError, unexpected
from lamplighter.serving.series import machine_of
from lamplighter.serving.several_workers import WORKERS, of_several_workers, warn_of_workers

logger = logging.getLogger("lamplighter.serving")


def exposed(registry: CollectorRegistry) -> CollectorRegistry:
    """The registry that answers for a service: the given one, or what all its workers count.

    Where there are several, `PROMETHEUS_MULTIPROC_DIR` being set, collectors of one process are left out, as
    `prometheus_client` does: which worker answers is chance. Those of the machine look at all of them.
    """
    if not of_several_workers():
        return registry
    from lamplighter.serving.workers import WorkersCollector

    together = CollectorRegistry()
    together.register(WorkersCollector(Path(os.environ[WORKERS])))
    if (machine := machine_of(registry)) is not None:
        together.register(machine)
    return together


def metrics_app(registry: CollectorRegistry = REGISTRY) -> Any:
    """An ASGI application that answers with all metrics, as OpenMetrics or as text.

    It collects in a thread: requests do not wait for a scrape.

    Parameters
    ----------
    registry : CollectorRegistry
        By default the one that `prometheus_client` shares.

    Returns
    -------
    ASGI application
        Without a type: Starlette takes it for a route and has no type for that.

    Examples
    --------
    >>> from fastapi import FastAPI
    >>> FastAPI().add_route("/metrics", metrics_app())
    """
    return MetricsApp(registry)


class MetricsApp:
    """See `metrics_app`; a class, so that Starlette takes it for an application and not for a view."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise NotImplementedError(f"metrics are served by http, not {scope['type']}")
        sent = dict(scope["headers"])
        accept, encoding = (sent.get(name, b"").decode("latin-1") for name in (b"accept", b"accept-encoding"))
        asked = (self._registry, scope["method"], accept, encoding)
        # A server on trio has no loop of asyncio, and its requests wait for the scrape.
        answer = await asyncio.to_thread(_answer, *asked) if _has_loop() else _answer(*asked)
        headers = [(name.lower().encode(), text.encode()) for name, text in answer.headers]
        await send({"type": "http.response.start", "status": answer.status.value, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})


def _has_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Answer:
    status: HTTPStatus
    headers: list[tuple[str, str]]
    body: bytes


def _answer(registry: CollectorRegistry, method: str, accept: str, encoding: str) -> _Answer:
    """What a scrape is answered, whatever server it came by."""
    if method not in ("GET", "HEAD"):
        return _said(HTTPStatus.METHOD_NOT_ALLOWED, "GET is right", ("Allow", "GET, HEAD"))
    try:
        encode, content = choose_encoder(accept)
        warn_of_workers()
        body = encode(exposed(registry))
    except LamplighterError as error:
        logger.warning("no metrics: %s", error)
        return _said(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
    except Exception as error:
        logger.exception("no metrics: %s", unexpected(error))
        return _said(HTTPStatus.INTERNAL_SERVER_ERROR, unexpected(error))
    headers = [("Content-Type", content)]
    if gzip_accepted(encoding):
        headers.append(("Content-Encoding", "gzip"))
        body = gzip.compress(body, 1)
    headers.append(("Content-Length", str(len(body))))
    return _Answer(HTTPStatus.OK, headers, b"" if method == "HEAD" else body)


def _said(status: HTTPStatus, line: str, *more: tuple[str, str]) -> _Answer:
    body = f"{line}\n".encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), *more]
    return _Answer(status, headers, body)


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of each scrape."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    # Each worker listens on the one port, and whichever is asked answers for all.
    allow_reuse_port = property(lambda self: of_several_workers())


class MetricsServer:
    """A server of metrics that runs; `close` ends it."""

    def __init__(self, server: WSGIServer) -> None:
        self._server = server
        self._thread = Thread(target=server.serve_forever, name="lamplighter-metrics", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.server_port

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def start_metrics_server(
    port: int, *, address: str = "0.0.0.0", registry: CollectorRegistry = REGISTRY
) -> MetricsServer:
    """Serve all metrics on a port of their own, for a service that is no web application.

    Parameters
    ----------
    port : int
        0 takes a free one.
    address : str
        By default every address of the machine, since Prometheus is elsewhere as a rule.

    Raises
    ------
    LamplighterError
        If the port is taken. Workers of one service share it.

    Examples
    --------
    >>> with start_metrics_server(0, address="127.0.0.1") as server:
    ...     server.port > 0
    True
    """

    def metrics(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        accept, encoding = environ.get("HTTP_ACCEPT", ""), environ.get("HTTP_ACCEPT_ENCODING", "")
        answer = _answer(registry, environ["REQUEST_METHOD"], accept, encoding)
        start_response(f"{answer.status.value} {answer.status.phrase}", answer.headers)
        return [answer.body]

    try:
        server = make_server(address, port, metrics, _Server, _Silent)
    except OSError as error:
        raise LamplighterError(
            f"metrics cannot be served on {address}:{port}: {error.strerror}", fix="choose another port"
        ) from None
    return MetricsServer(server)
