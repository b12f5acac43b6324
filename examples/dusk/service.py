"""The service of the street: finds what is on an image by the registry's champion, stores and logs it, is instrumented.

``LAMPLIGHTER_PROJECT=FOLDER uvicorn examples.dusk.service:app --factory`` serves the project that the demo made.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import anyio.to_thread
from fastapi import FastAPI, HTTPException, Query, Request
from prometheus_client import REGISTRY, CollectorRegistry, Histogram
from pydantic import BaseModel
from starlette.routing import Route

from examples.dusk.model import CONFIDENCE, MODEL, Model
from examples.dusk.serve import row_of
from examples.dusk.sun import TIMEZONE
from lamplighter.atomic import write_atomically
from lamplighter.detectors.onnx_yolo import Detections
from lamplighter.images.decoding import decoded
from lamplighter.images.faults import ImageError
from lamplighter.serving import Champion, ModelInstruments, PredictionLog, RequestMetrics, metrics_app
from storage.project.folder import Project

MOST_BYTES = 20_000_000
"""Of an image that is sent."""

SIZES = (0.1, 0.5, 2.0, 10.0)
"""Bounds in megapixels, by which the time of an inference is shown: a large image takes longer to be made small."""


class Answer(BaseModel):
    """What is on an image, of what the service acts on."""

    request_id: str
    boxes: list[list[float]]
    classes: list[str]
    scores: list[float]
    model_version: str


def app() -> FastAPI:
    """The service of the project that `LAMPLIGHTER_PROJECT` names, or of the working folder."""
    project = Project.open()
    return build(project.root, project.home)


def build(root: Path, home: Path, registry: CollectorRegistry = REGISTRY, look_seconds: float = 5.0) -> FastAPI:
    """The service of a project.

    Parameters
    ----------
    root : Path
        The project: images are stored in ``data/images`` below it, predictions logged to ``data/predictions``.
    home : Path
        Holds the registry of models.
    registry : CollectorRegistry
        Of its metrics.
    look_seconds : float
        How often it looks who is champion.
    """
    champion = Champion(home / "models" / MODEL, Model.load, look_seconds=look_seconds)
    instruments = ModelInstruments(MODEL, champion.served.version, registry=registry)
    champion.shown_by(instruments)
    seconds = Histogram(
        "inference_image_seconds",
        "Time to find what is on an image, by its megapixels; its count is that of the images.",
        ["model", "megapixels"],
        registry=registry,
    )
    log = PredictionLog(
        root / "data" / "predictions", timezone=TIMEZONE, max_seconds=5.0, model=MODEL, registry=registry
    )

    @asynccontextmanager
    async def logged(_: FastAPI) -> AsyncIterator[None]:
        with log:
            yield

    service = FastAPI(title="What is on the street", lifespan=logged)
    service.add_middleware(RequestMetrics, instruments=instruments)
    service.router.routes.append(Route("/metrics", metrics_app(registry)))

    @service.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok", "version": champion.served.version}

    @service.post("/detect")
    async def detect(request: Request, camera: str = Query(pattern=r"^[a-z0-9-]{1,40}$")) -> Answer:
        content = await _body(request)
        # onnxruntime leaves Python's lock to others while it works.
        return await anyio.to_thread.run_sync(answer, content, camera)

    def answer(content: bytes, camera: str) -> Answer:
        served = champion.served
        with instruments.preprocessing():
            try:
                image = decoded(content)
            except ImageError as error:
                raise HTTPException(422, str(error)) from None
        size = megapixels(image.shape[0] * image.shape[1] / 1e6)
        with instruments.inference(rows=1), seconds.labels(MODEL, size).time():
            (found,) = served.model.detector.detect([image])
        with instruments.postprocessing():
            now, request_id = dt.datetime.now(dt.UTC), uuid.uuid4().hex
            path = f"{now.astimezone(ZoneInfo(TIMEZONE)):%Y-%m-%d}/{camera}-{request_id}.jpg"
            place = root / "data" / "images" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            # Before its row is logged: a reader of the row finds the image.
            write_atomically(place, content)
            log.append(row_of(request_id, now, camera, path, found, served.version))
            return _acted_on(request_id, found, served.version)

    return service


def megapixels(size: float) -> str:
    """The label of an image's size.

    Examples
    --------
    >>> megapixels(0.03), megapixels(2.0), megapixels(50.0)
    ('up to 0.1', 'up to 2', 'above 10')
    """
    bound = next((bound for bound in SIZES if size <= bound), None)
    return f"above {SIZES[-1]:g}" if bound is None else f"up to {bound:g}"


async def _body(request: Request) -> bytes:
    """What is sent, as long as it is not too much."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            raise HTTPException(413, f"an image has more than {MOST_BYTES:,} bytes; send it smaller")
    return bytes(content)


def _acted_on(request_id: str, found: Detections, version: str) -> Answer:
    sure = found.as_columns()
    number = sum(score >= CONFIDENCE for score in sure["scores"])
    # The surest come first.
    boxes, classes, scores = (sure[name][:number] for name in ("boxes", "classes", "scores"))
    return Answer(request_id=request_id, boxes=boxes, classes=classes, scores=scores, model_version=version)
