"""A service of FastAPI that runs in a thread on uvicorn, with routes that are slow, fail, stream and go on."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import uvicorn
from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import StreamingResponse
from prometheus_client import CollectorRegistry

from lamplighter.serving import ModelInstruments, RequestMetrics, metrics_app


def eventually(holds: Callable[[], Any], seconds: float = 20) -> None:
    """Ask until it holds."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never held"
        time.sleep(0.02)


@dataclass
class Service:
    """The service, and the gates that its slow routes wait at."""

    instruments: ModelInstruments
    url: str = ""
    gate: threading.Event = field(default_factory=threading.Event)
    background: threading.Event = field(default_factory=threading.Event)

    @property
    def registry(self) -> CollectorRegistry:
        """That of its instruments."""
        return self.instruments.registry

    def app(self) -> FastAPI:
        """All routes."""
        app = FastAPI()
        app.add_middleware(RequestMetrics, instruments=self.instruments)
        app.add_route("/metrics", metrics_app(self.registry))

        async def waited(event: threading.Event) -> None:
            while not event.is_set():
                await asyncio.sleep(0.01)

        @app.get("/slow")
        async def slow() -> str:
            await waited(self.gate)
            return "slow"

        @app.get("/fail")
        def fail() -> str:
            with self.instruments.inference():
                raise ZeroDivisionError

        @app.get("/predict/{row}")
        def predict(row: int) -> int:
            with self.instruments.inference() as answered:
                answered([row % 2])
            return row % 2

        @app.get("/stream")
        async def stream(fails: bool = False) -> StreamingResponse:
            async def parts() -> AsyncIterator[bytes]:
                yield b"first"
                await waited(self.gate)
                if fails:
                    raise ZeroDivisionError
                yield b"last"

            return StreamingResponse(parts())

        @app.get("/background")
        async def background(tasks: BackgroundTasks) -> str:
            tasks.add_task(waited, self.background)
            return "answered"

        return app


@contextmanager
def served(service: Service) -> Iterator[Service]:
    """The service on a port of loopback."""
    config = uvicorn.Config(service.app(), port=0, log_level="critical", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        eventually(lambda: server.started)
        service.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        yield service
    finally:
        service.gate.set()
        service.background.set()
        server.should_exit = True
        thread.join(20)


def in_thread(url: str) -> threading.Thread:
    """A request that goes on beside the test."""

    def ask() -> None:
        with httpx.Client() as client:
            client.get(url, timeout=20)

    thread = threading.Thread(target=ask)
    thread.start()
    return thread
