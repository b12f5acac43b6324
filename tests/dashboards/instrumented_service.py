"""A service with Lamplighter's own instruments, which answers and fails while Prometheus scrapes it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
from fastapi import FastAPI, HTTPException
from prometheus_client import CollectorRegistry

from lamplighter.serving import ModelInstruments, PredictionLog, RequestMetrics, start_metrics_server

JOB, EVERY = "instrumented", 0.02


@contextmanager
def instrumented_service(folder: Path) -> Iterator[str]:
    """The address of its metrics; requests go on until the context ends."""
    registry = CollectorRegistry()
    instruments = ModelInstruments("churn", "v2", kind="classification", unsure=(0.45, 0.55), registry=registry)
    stop = threading.Event()
    with (
        PredictionLog(folder, model="churn", registry=registry) as log,
        start_metrics_server(0, address="127.0.0.1", registry=registry) as server,
    ):
        worker = threading.Thread(target=lambda: asyncio.run(_asked(_app(instruments, log), stop)))
        worker.start()
        try:
            yield f"127.0.0.1:{server.port}"
        finally:
            stop.set()
            worker.join()


def _app(instruments: ModelInstruments, log: PredictionLog) -> FastAPI:
    app = FastAPI()
    app.add_middleware(RequestMetrics, instruments=instruments)

    @app.post("/predict/{number}")
    def predict(number: int) -> dict[str, object]:
        with instruments.preprocessing():
            score = number % 10 / 10
        with instruments.inference() as answered:
            if number % 10 == 9:
                raise HTTPException(500, "the model cannot")
            answered([None if number % 10 == 8 else score > 0.5], [score])
        with instruments.postprocessing():
            log.append({"predicted_at": datetime.now(UTC), "score": score})
        return {"churns": score > 0.5}

    return app


async def _asked(app: FastAPI, stop: threading.Event) -> None:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        number = 0
        while not stop.is_set():
            number += 1
            await client.post(f"/predict/{number}")
            await asyncio.sleep(EVERY)
