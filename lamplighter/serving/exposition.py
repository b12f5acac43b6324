"""What Prometheus reads: an ASGI application for `/metrics`, or a server on a port of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from socketserver import ThreadingMixIn
from threading import Thread
from types import TracebackType
from typing import Any, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import REGISTRY, CollectorRegistry, make_asgi_app, make_wsgi_app

from lamplighter.errors import LamplighterError


def exposed(registry: CollectorRegistry) -> CollectorRegistry:
    """The registry that answers for a service: the given one."""
    return registry


def metrics_app(registry: CollectorRegistry = REGISTRY) -> Callable[..., Awaitable[None]]:
    """An ASGI application that answers with all metrics, as OpenMetrics or as text.

    Parameters
    ----------
    registry : CollectorRegistry
        By default the one that `prometheus_client` shares.

    Examples
    --------
    >>> from fastapi import FastAPI
    >>> FastAPI().mount("/metrics", metrics_app())
    """
    return make_asgi_app(exposed(registry))


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of each scrape."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


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
        If the port is taken.

    Examples
    --------
    >>> with start_metrics_server(0, address="127.0.0.1") as server:
    ...     server.port > 0
    True
    """
    try:
        server = make_server(address, port, make_wsgi_app(exposed(registry)), _Server, _Silent)
    except OSError as error:
        raise LamplighterError(
            f"metrics cannot be served on {address}:{port}: {error.strerror}", fix="choose another port"
        ) from None
    return MetricsServer(server)
