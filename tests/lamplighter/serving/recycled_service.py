"""A service for uvicorn's workers: one route, and `/metrics`."""

from __future__ import annotations

import os
from typing import Any

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from lamplighter.serving import ModelInstruments, RequestMetrics, metrics_app


def app() -> Starlette:
    """The application, made in each worker."""
    instruments = ModelInstruments("churn", "12")

    async def predict(request: Any) -> PlainTextResponse:
        with instruments.inference() as answered:
            answered([1])
        return PlainTextResponse(str(os.getpid()))

    made = Starlette(routes=[Route("/predict", predict, methods=["POST"]), Route("/metrics", metrics_app())])
    made.add_middleware(RequestMetrics, instruments=instruments)
    return made
