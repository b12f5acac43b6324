"""Objects: the same statistics inside boxes, as the median over the boxes of an image.

A small dark object does not move the mean of its image. Crops are taken from the working image, so that their
sharpness and noise compare with the image's; a box smaller than 3 pixels there has brightness and contrast alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import median

from lamplighter.images.noise import sigma
from lamplighter.images.opencv import opencv
from lamplighter.images.sharpness import sharpness
from lamplighter.images.working import Working

Box = Sequence[float]
"""Left, top, right and bottom in pixels of the image."""

NAMES = ("image_crop_brightness", "image_crop_contrast", "image_crop_sharpness", "image_crop_noise")


def crops(image: Working, boxes: Iterable[Box] | None, noise: float) -> dict[str, float | None]:
    """Medians over boxes; None where no box has the number.

    Boxes are cut to the image. What is empty then, reversed, or no four finite numbers is left out.

    Examples
    --------
    >>> import numpy as np
    >>> from lamplighter.images.working import working
    >>> road = np.full((100, 100), 200, np.uint8); road[40:60, 40:60] = 51
    >>> found = crops(working(road), [(40, 40, 60, 60), (0, 0, -5, 3)], 0.3)
    >>> found["image_crop_brightness"], found["image_crop_sharpness"]
    (0.2, None)
    """
    measured = [
        _measured(image, place, noise) for box in (() if boxes is None else boxes) if (place := _place(box, image))
    ]
    columns = zip(*measured, strict=True) if measured else ((),) * len(NAMES)
    return {name: _median(values) for name, values in zip(NAMES, columns, strict=True)}


def _measured(image: Working, place: tuple[slice, slice], noise: float) -> tuple[float | None, ...]:
    mean, deviation = opencv().meanStdDev(image.grey[place])
    brightness, contrast = float(mean[0, 0]) / 255, min(float(deviation[0, 0]) / 255, 0.5)
    # Of pixels that have neighbours the first is the second of the image.
    rows, columns = (slice(part.start, part.stop - 2) for part in place)
    if min(rows.stop - rows.start, columns.stop - columns.start) < 1:
        return brightness, contrast, None, None
    grain = min(sigma(image.ripple[rows, columns]) / 255, 1.0)
    return brightness, contrast, sharpness(image, noise, (rows, columns)), grain


def _place(box: Box, image: Working) -> tuple[slice, slice] | None:
    """Rows and columns of the working image, at least one of each; None where the box holds nothing of it."""
    try:
        if len(box) != 4 or not all(math.isfinite(number) for number in box):
            return None
    except TypeError:
        raise ValueError(f"a box is four numbers: left, top, right and bottom in pixels; this is {box!r}") from None
    left, top, right, bottom = (number * image.scale for number in box)
    rows, columns = _span(top, bottom, image.grey.shape[0]), _span(left, right, image.grey.shape[1])
    return (rows, columns) if rows and columns else None


def _span(start: float, end: float, length: int) -> slice | None:
    start, end = max(start, 0.0), min(end, float(length))
    if end <= start:
        return None
    first = min(round(start), length - 1)
    return slice(first, max(round(end), first + 1))


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
