"""Training the detector: the first champion on images by day, and later ones on a mixture of day and dusk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from examples.dusk.cameras import FLEET, SIZE, Camera
from examples.dusk.days import BEFORE, FIRST, QUALITY, TYPES, between, shots
from examples.dusk.model import Model, write_card
from examples.dusk.optics import Light
from examples.dusk.scenes import Scene, render
from examples.dusk.serve import rows_of
from examples.dusk.shapes import CLASSES
from lamplighter.detectors.ultralytics_trainer import Example, Recipe, train_yolo
from lamplighter.training import REFERENCE

VERSION = "by-day"
"""Name of the first champion."""

ARCHITECTURE = "yolo11n.yaml"
"""Of ultralytics, with random weights. Where you have ``yolo11n.pt``, begin with it: it needs fewer images."""

# Tried on cameras that are neither watched nor held out. Without `nbs` ultralytics gathers gradients over 64 images,
# which leaves a training this short too few steps. Mosaics make small things smaller. Little is done to brightness, as
# who trains by day has no reason to.
AUGMENTATION = {
    "mosaic": 0.0,
    "close_mosaic": 0,
    "nbs": 16,
    "warmup_epochs": 2.0,
    "hsv_h": 0.01,
    "hsv_s": 0.5,
    "hsv_v": 0.1,
    "scale": 0.3,
    "erasing": 0.0,
    "auto_augment": None,
}
FROM_SCRATCH = Recipe(size=128, epochs=20, batch=16, learning_rate=0.002, more=AUGMENTATION)
FINE_TUNE = Recipe(size=128, epochs=28, batch=16, learning_rate=0.001, more=AUGMENTATION)

IMAGES = 320
"""Of the fleet, by day, for the first champion."""


def by_day(rng: np.random.Generator) -> Light:
    """Light of a day: the sun is up, more or less cloud, now and then rain."""
    return Light(rng.uniform(5, 55), rng.uniform(0, 1), float(rng.choice([0, 0, 0, rng.uniform(0.2, 0.6)])))


def train_first(folder: Path, images: Path, log: Path | None = None) -> None:
    """Train the first champion, on cameras of other streets by day, with its reference.

    Parameters
    ----------
    folder : Path
        Receives the model.
    images : Path
        Where the images of the training are put.
    log : Path, optional
        Receives what ultralytics prints.
    """
    rng = np.random.default_rng(1)
    examples = []
    for number in range(IMAGES):
        scene = render(FLEET[number % len(FLEET)], by_day(rng), 1_000_003 + number)
        examples.append(example_of(scene, images / f"{number:04}.jpg"))
    train_yolo(examples, CLASSES, ARCHITECTURE, folder, FROM_SCRATCH, log)
    write_card(folder, VERSION)


def example_of(scene: Scene, path: Path) -> Example:
    """Write an image, and say what is on it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), scene.image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return Example(path, SIZE, SIZE, scene.boxes, scene.classes)


def write_reference(folder: Path, images: Path) -> None:
    """Have the first champion answer the days before it serves, which it was not trained on, as its reference.

    Parameters
    ----------
    folder : Path
        Of the model.
    images : Path
        Folder of the cameras' images, which has those of these days.
    """
    model = Model.load(folder)
    taken = [shot for day in between(BEFORE, FIRST - dt.timedelta(days=1)) for shot in shots(day)]
    table = rows_of(taken, model.answer([images / shot.path for shot in taken]), model.version)
    scenes = [render(shot.camera, shot.light, shot.seed) for shot in taken]
    truth = {
        "true_boxes": [scene.boxes.astype(float).tolist() for scene in scenes],
        "true_classes": [scene.classes for scene in scenes],
    }
    for name, values in truth.items():
        table = table.append_column(name, pa.array(values, TYPES[name]))
    pq.write_table(table, folder / REFERENCE, compression="zstd")


def held_out(cameras: Sequence[Camera], sun: tuple[float, float], number: int, seed: int) -> list[Scene]:
    """Scenes that no training has seen, with the sun between two heights."""
    rng = np.random.default_rng(seed)
    made = []
    for index in range(number):
        rain = float(rng.choice([0, 0, 0, rng.uniform(0.2, 0.6)]))
        light = Light(rng.uniform(*sun), rng.uniform(0, 1), rain)
        made.append(render(cameras[index % len(cameras)], light, seed * 1_000_003 + index))
    return made
