"""The flights' `/predict` in three ways, for `benchmarks.serving`."""

from __future__ import annotations

import uuid
from pathlib import Path

import pandas as pd
from fastapi import FastAPI, Request
from prometheus_fastapi_instrumentator import Instrumentator
from threadpoolctl import threadpool_limits

from examples.flights import service
from examples.flights.model import Model, scores
from examples.flights.replay import LOOP
from examples.flights.service import Answer, Flight
from examples.flights.service_faults import obey
from lamplighter.serving import Champion
from storage.project.folder import Project


def bare() -> FastAPI:
    """The example service without Lamplighter's instruments and log."""
    project = Project.open()
    champion: Champion[Model] = Champion(project.home / "models" / LOOP, Model.load)
    threadpool_limits(limits=1, user_api="openmp")
    app = FastAPI()

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok", "version": champion.served.version}

    @app.post("/predict")
    async def predict(flight: Flight, request: Request) -> Answer:
        served = champion.served
        frame = pd.DataFrame([flight.model_dump()])
        await obey(request.headers)
        score = float(scores(served.model.estimator, frame)[0])
        late = served.model.is_late(score)
        return Answer(request_id=uuid.uuid4().hex, late=late, probability_late=score, model_version=served.version)

    return app


def instrumentator() -> FastAPI:
    """The same with prometheus-fastapi-instrumentator, as its own page says: requests are counted and timed."""
    app = bare()
    Instrumentator().instrument(app).expose(app)
    return app


def lamplighter() -> FastAPI:
    """The example service: requests and inferences are counted and timed, each row is logged."""
    project = Project.open()
    return service.build(Path(project.root), project.home)


APPS = ("bare", "instrumentator", "lamplighter")
