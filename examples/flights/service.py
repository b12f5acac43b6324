"""The service of the flights: answers by the registry's champion, logs what it answered, and is instrumented.

``LAMPLIGHTER_PROJECT=FOLDER uvicorn examples.flights.service:app --factory`` serves the project that
`examples.flights.prepare` made.
"""

from __future__ import annotations

import datetime as dt
import os
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from fastapi import FastAPI, Header, HTTPException
from prometheus_client import REGISTRY, CollectorRegistry
from pydantic import BaseModel, Field
from starlette.routing import Route
from threadpoolctl import threadpool_limits

from examples.flights.data import TIMEZONE
from examples.flights.model import Model, answers, scores
from examples.flights.replay import LOG, LOOP
from lamplighter.serving import Champion, ModelInstruments, PredictionLog, RequestMetrics, metrics_app
from lamplighter.telemetry.json_logs import log_as_json
from lamplighter.telemetry.spans import trace_ids
from storage.project.folder import Project

FAULTS = "FLIGHTS_FAULTS"
"""The variable by which the service obeys headers that make it slow or failing, for tests of what is alerted."""


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
    def health() -> dict[str, str]:
        return {"status": "ok", "version": champion.served.version}

    @service.post("/predict")
    def predict(
        flight: Flight,
        x_flights_delay: Annotated[float, Header(ge=0, le=10)] = 0.0,
        x_flights_fail: Annotated[float, Header(ge=0, le=1)] = 0.0,
    ) -> Answer:
        served = champion.served
        if served.version != instruments.version:
            instruments.serve(served.version)
        request_id = uuid.uuid4().hex
        with instruments.preprocessing():
            row = flight.model_dump()
            frame = pd.DataFrame([row])
        with instruments.inference() as answered:
            _obey(request_id, x_flights_delay, x_flights_fail)
            score = scores(served.model.estimator, frame)
            answer = answers(score, version=served.version, threshold=served.model.threshold).iloc[0]
            answered([int(answer["late"])], score)
        with instruments.postprocessing():
            known = {"request_id": request_id, **_named(answer)}
            log.append({**known, "predicted_at": dt.datetime.now(dt.UTC), "trace_id": trace_ids()[0] or None, **row})
            return Answer(**known)

    return service


def _named(answer: pd.Series) -> dict[str, Any]:
    return {str(name): value for name, value in answer.items()}


def _obey(request_id: str, delay: float, fail: float) -> None:
    """Be as slow as a header says, and fail for that share of the requests."""
    if os.environ.get(FAULTS) == "1":
        time.sleep(delay)
        if int(request_id[:4], 16) < fail * 0x10000:
            raise HTTPException(500, "asked to fail")
