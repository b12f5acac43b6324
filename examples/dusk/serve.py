"""The service, simulated: answers the images of a day and logs what it answered.

::

    folder/predictions/day=2025-10-26/part-served.parquet
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from examples.dusk.days import BOXES, Shot, shots
from examples.dusk.model import Model
from examples.dusk.sun import TIMEZONE
from lamplighter.detectors.onnx_yolo import Detections
from lamplighter.serving import PredictionLog

SCHEMA = pa.schema(
    [
        ("request_id", pa.string()),
        ("predicted_at", pa.timestamp("us", "UTC")),
        ("camera", pa.string()),
        ("image_path", pa.string()),
        ("boxes", BOXES),
        ("classes", pa.list_(pa.string())),
        ("scores", pa.list_(pa.float64())),
        ("model_version", pa.string()),
    ]
)
"""What is logged: a row for each image, one without detections with empty lists."""


def predict_day(day: dt.date, model: Model, folder: Path) -> int:
    """Answer the images of a day; returns their number. Repeating it replaces."""
    taken = shots(day)
    found = model.answer([folder / "images" / shot.path for shot in taken])
    PredictionLog(folder / "predictions", timezone=TIMEZONE).write(rows_of(taken, found, model.version), name="served")
    return len(taken)


def rows_of(taken: Sequence[Shot], found: Sequence[Detections], version: str) -> pa.Table:
    """The rows of a log."""
    rows = [
        row_of(shot.id, shot.when, shot.camera.name, shot.path, each, version)
        for shot, each in zip(taken, found, strict=True)
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def row_of(
    request_id: str, when: dt.datetime, camera: str, path: str, found: Detections, version: str
) -> dict[str, object]:
    """What is logged of one image."""
    return {
        "request_id": request_id,
        "predicted_at": when,
        "camera": camera,
        "image_path": path,
        **found.as_columns(),
        "model_version": version,
    }
