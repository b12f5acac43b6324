"""A model that looks at images: three cameras, whose service logs the path of each, and stores the files as JPEG."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from storage.history import open_history
from storage.history.query import Filter, measurements_of
from storage.project.folder import Project
from tasks.stages.outcome import Outcome
from tests.flows.small_world import day, make

CAMERAS, OF_EACH = ("north", "south", "west"), 8
WIDTH, HEIGHT = 128, 96

MONITOR = """
model: m
kind: classification
predictions: {parquet: "data/day={day}.parquet", time: at, id: id, prediction: answer}
images: {path: image_path, folder: images}
segments: [camera, image_hour, image_light]
"""

Image = npt.NDArray[np.uint8]
Change = Callable[[Image], Image]
"""What becomes of the images of a camera."""


def world(folder: Path, monitor: str = MONITOR) -> Project:
    """A project with a folder of images and no data."""
    project = make(folder, monitor)
    (folder / "images").mkdir()
    return project


def scene(random: np.random.Generator, light: float = 1.0) -> Image:
    """A bright street with dark boxes on it, and the noise of a sensor."""
    image = np.full((HEIGHT, WIDTH, 3), 150.0) + np.linspace(-30, 60, WIDTH)[None, :, None]
    for _ in range(12):
        x, y = random.integers(0, WIDTH - 20), random.integers(0, HEIGHT - 20)
        image[y : y + 18, x : x + 14] = random.integers(20, 230, 3)
    image = image * light + random.normal(0, 3, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)


def darker(by: float) -> Change:
    return lambda image: (image * by).astype(np.uint8)


def log_images(
    project: Project,
    number: int,
    changed: Mapping[str, Change] | None = None,
    cameras: tuple[str, ...] = CAMERAS,
    write: bool = True,
    of_each: int = OF_EACH,
) -> pd.DataFrame:
    """What a service logs on a day, with its images stored; those of some cameras changed."""
    random = np.random.default_rng([7, number])
    rows: list[dict[str, object]] = []
    for camera in cameras:
        for i in range(of_each):
            path = f"{day(number)}/{camera}-{i}.jpg"
            image = scene(random)
            change = (changed or {}).get(camera)
            if write:
                store(project, path, change(image) if change else image)
            at = pd.Timestamp(day(number), tz="UTC") + pd.Timedelta(hours=6 + i, minutes=len(rows))
            rows.append(
                {"id": f"{number}-{camera}-{i}", "at": at, "camera": camera, "image_path": path, "answer": i % 2}
            )
    frame = pd.DataFrame(rows)
    frame.to_parquet(project.root / "data" / f"day={day(number)}.parquet", index=False)
    return frame


def store(project: Project, path: str, image: Image) -> None:
    place = project.root / "images" / path
    place.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(place), image)


def measured(project: Project, outcome: Outcome) -> dict[tuple[str, str], float | None]:
    """What the history has of a window: metric and segment."""
    found = measurements_of(open_history(project), outcome.context.window, Filter(as_of=outcome.context.known_on))
    return {(it.metric, it.segment): it.value for it in found if not it.feature}
