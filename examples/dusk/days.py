"""Sixty days of four cameras: when an image is taken, in which light, and what is on it.

From the middle of September to the middle of November. Until the clocks go back, the working day ends before the light
does; from then on its last hour lies in the dusk, and each day a little more of it.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pyarrow as pa

from examples.dusk.cameras import CAMERAS, Camera
from examples.dusk.optics import Light
from examples.dusk.scenes import render
from examples.dusk.sun import TIMEZONE, sun_height
from lamplighter.serving import PredictionLog

FIRST, LAST = dt.date(2025, 9, 15), dt.date(2025, 11, 13)
BEFORE = dt.date(2025, 9, 1)
"""From here to the day before the first, the first champion answers images for its reference."""

DUSK = dt.date(2025, 10, 26)
"""The first day with images from below `DARK_BELOW`: in Germany the clocks go back."""

DARK_BELOW = -3.0
"""Degrees of the sun below which the exposure of these cameras is at its end."""

OPENS, CLOSES = 8.0, 18.0
RUSH = ((8.0, 9.5, 0.2), (15.5, 18.0, 0.45))
"""Hours in which more is on the street: from, to, and the share of the images that is taken then."""

PER_CAMERA = 30
"""Images of one camera and day."""

LABELS_AFTER = dt.timedelta(days=2)
QUALITY = 92
"""Of the JPEG files."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One image that is taken.

    Attributes
    ----------
    id : str
    camera : Camera
    when : datetime
        In UTC.
    light : Light
    seed : int
    """

    id: str
    camera: Camera
    when: dt.datetime
    light: Light
    seed: int

    @property
    def path(self) -> str:
        """Where its file is, below the folder of the images."""
        local = self.when.astimezone(ZoneInfo(TIMEZONE))
        return f"{local:%Y-%m-%d}/{self.camera.name}-{local:%H%M%S}.jpg"


def shots(day: dt.date, cameras: tuple[Camera, ...] = CAMERAS, number: int = PER_CAMERA) -> list[Shot]:
    """The images of a day, in order of time; the same whenever they are asked for.

    Examples
    --------
    >>> made = shots(dt.date(2025, 10, 26))
    >>> len(made), made[0].path
    (120, '2025-10-26/...-080...jpg')
    >>> [min(shot.light.sun for shot in shots(day)) < DARK_BELOW for day in (DUSK - dt.timedelta(days=1), DUSK)]
    [False, True]
    """
    weather = np.random.default_rng([310, day.toordinal()])
    clouds, rains = weather.beta(1.2, 1.2), weather.random() < 0.2
    made = []
    for index, camera in enumerate(cameras):
        rng = np.random.default_rng([311, day.toordinal(), index])
        midnight = dt.datetime.combine(day, dt.time(), ZoneInfo(TIMEZONE))
        for hour in np.sort(_hours(rng, number)):
            # Hours of the clock: on a day that has 25 of them they are not those since midnight.
            when = midnight.replace(hour=int(hour), minute=int(hour % 1 * 60), second=int(hour * 3600 % 60))
            light = Light(
                sun=round(sun_height(when), 3),
                cloud=float(np.clip(clouds + rng.normal(0, 0.15), 0, 1)),
                rain=float(rng.uniform(0.1, 0.5)) if rains and rng.random() < 0.5 else 0.0,
            )
            seed = int(rng.integers(1 << 40))
            made.append(Shot(f"{camera.name}-{when:%Y%m%d-%H%M%S}", camera, when.astimezone(dt.UTC), light, seed))
    return sorted(made, key=lambda shot: (shot.when, shot.id))


def _hours(rng: np.random.Generator, number: int) -> np.ndarray:
    share = sum(part for _, _, part in RUSH)
    spans = [*((begin, end) for begin, end, _ in RUSH), (OPENS, CLOSES)]
    chosen = rng.choice(len(spans), number, p=[*(part for _, _, part in RUSH), 1 - share])
    return np.array([rng.uniform(*spans[choice]) for choice in chosen])


def between(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """All days from the first to the last."""
    for number in range((last - first).days + 1):
        yield first + dt.timedelta(days=number)


def take(day: dt.date, folder: Path) -> int:
    """Write the images of a day, and their labels where they will have arrived; returns the number of images.

    What is there already stays: the labels are written last.

    ::

        folder/images/2025-10-26/bridge-081502.jpg
        folder/labels/day=2025-10-28/part-2025-10-26.parquet     by the day on which the label arrived

    Parameters
    ----------
    day : date
    folder : Path
    """
    taken = shots(day)
    # Before the first day nothing is served, and so nothing is labelled.
    is_labelled = day >= FIRST
    done = (
        (folder / "labels").glob(f"day=*/part-{day}.parquet") if is_labelled else [folder / "images" / taken[-1].path]
    )
    if any(path.exists() for path in done):
        return len(taken)
    # Images are small, and other processes take those of other days.
    cv2.setNumThreads(1)
    columns: dict[str, list[object]] = {"request_id": [], "labelled_at": [], "true_boxes": [], "true_classes": []}
    for shot in taken:
        scene = render(shot.camera, shot.light, shot.seed)
        path = folder / "images" / shot.path
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), scene.image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        columns["request_id"].append(shot.id)
        columns["labelled_at"].append(shot.when + LABELS_AFTER)
        columns["true_boxes"].append(scene.boxes.astype(float).tolist())
        columns["true_classes"].append(scene.classes)
    if is_labelled:
        table = pa.table({name: pa.array(values, TYPES.get(name)) for name, values in columns.items()})
        PredictionLog(folder / "labels", time="labelled_at", timezone=TIMEZONE).write(table, name=f"{day}")
    return len(taken)


BOXES = pa.list_(pa.list_(pa.float64()))
TYPES = {"true_boxes": BOXES, "true_classes": pa.list_(pa.string())}
"""A list without an element says nothing of its type."""


def take_all(first: dt.date, last: dt.date, folder: Path, workers: int = 2) -> Iterator[dt.date]:
    """Write the images and labels of some days by several processes; yields each day that is there."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_end_with_parent) as pool:
        days = list(between(first, last))
        for day, _ in zip(days, pool.map(take, days, [folder] * len(days)), strict=True):
            yield day


def _end_with_parent() -> None:
    """End this process when the one that started it has died, rather than take all days that are left."""

    def wait() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    Thread(target=wait, daemon=True).start()
