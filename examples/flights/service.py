"""The service of the flights: answers by the registry's champion, logs what it answered, and is instrumented.

``LAMPLIGHTER_PROJECT=FOLDER uvicorn examples.flights.service:app --factory`` serves the project that
`examples.flights.prepare` made.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pandas as pd
from fastapi import FastAPI, Request
from prometheus_client import REGISTRY, CollectorRegistry
from pydantic import BaseModel, Field
from starlette.routing import Route
from threadpoolctl import threadpool_limits

from examples.flights.data import TIMEZONE
from examples.flights.model import Model, scores
from examples.flights.replay import LOG, LOOP
from examples.flights.service_faults import obey
from lamplighter.serving import Champion, ModelInstruments, PredictionLog, RequestMetrics, metrics_app
from lamplighter.telemetry.json_logs import log_as_json
from lamplighter.telemetry.spans import trace_ids
from storage.project.folder import Project


class Flight(BaseModel):
    """What is known of a flight two hours before it should leave."""

    carrier: str
    origin: str
    dest: str
    weekday: str
    distance: float
    minute_of_day: int = Field(ge=0, lt=24 * 60)
    temp: float | None = None
    dewp: float | None = None
    humid: float | None = None
    wind_speed: float | None = None
    precip: float | None = None
    pressure: float | None = None
    visib: float | None = None
    queue_delay: float | None = None
    queue_flights: int
    queue_overdue: int


class Answer(BaseModel):
    """Whether the flight will land more than 15 minutes late."""

    request_id: str
    late: bool
    probability_late: float
    model_version: str


def app() -> FastAPI:
    """The service of the project that `LAMPLIGHTER_PROJECT` names, or of the working folder."""
    project = Project.open()
    if project.log_place:
        log_as_json(project.log_place)
    return build(project.root, project.home)


def build(root: Path, home: Path, registry: CollectorRegistry = REGISTRY, look_seconds: float = 5.0) -> FastAPI:
    """The service of a project.

    Parameters
    ----------
    root : Path
        The project: predictions are logged to ``data/predictions/loop`` below it.
    home : Path
        Holds the registry of models.
    registry : CollectorRegistry
        Of its metrics.
    look_seconds : float
        How often it looks who is champion.
    """
    champion = Champion(home / "models" / LOOP, Model.load, look_seconds=look_seconds)
    instruments = ModelInstruments(
        LOOP, champion.served.version, classes=[0, 1], unsure=(0.45, 0.55), registry=registry
    )
    champion.shown_by(instruments)
    place = root / "data" / "predictions" / LOG
    log = PredictionLog(place, timezone=TIMEZONE, max_seconds=5.0, model=LOOP, registry=registry)
    # scikit-learn's threads wait for each other longer than one row takes.
    threadpool_limits(limits=1, user_api="openmp")

    @asynccontextmanager
    async def logged(_: FastAPI) -> AsyncIterator[None]:
        with log:
            yield

    service = FastAPI(title="Flights from New York", lifespan=logged)
    service.add_middleware(RequestMetrics, instruments=instruments)
    service.router.routes.append(Route("/metrics", metrics_app(registry)))

    @service.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok", "version": champion.served.version}

    @service.post("/predict")
    async def predict(flight: Flight, request: Request) -> Answer:
        # Not in a thread: a prediction holds Python's lock, and threads that wait for it answer half as many.
        served = champion.served
        with instruments.preprocessing():
            row = flight.model_dump()
            frame = pd.DataFrame([row])
        with instruments.inference() as answered:
            await obey(request.headers)
            score = float(scores(served.model.estimator, frame)[0])
            late = served.model.is_late(score)
            answered(late, score)
        with instruments.postprocessing():
            answer = {
                "request_id": uuid.uuid4().hex,
                "model_version": served.version,
                "late": int(late),
                "probability_late": score,
            }
            log.append({**answer, "predicted_at": dt.datetime.now(dt.UTC), "trace_id": trace_ids()[0] or None, **row})
            return Answer(**answer)

    return service
