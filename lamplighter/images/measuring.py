"""All statistics of one image."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from lamplighter.core.records.image_statistics import measured_names
from lamplighter.images.cleanvision import scores
from lamplighter.images.colour import colour
from lamplighter.images.crops import Box, crops
from lamplighter.images.decoding import decoded
from lamplighter.images.luminance import luminance
from lamplighter.images.noise import floor_of_noise, noise
from lamplighter.images.occlusion import occlusion
from lamplighter.images.sharpness import sharpness, texture
from lamplighter.images.working import Pixels, working

Statistics = dict[str, float | str | None]
"""Each statistic of an image by its name; None where it is not defined."""


def measure(
    image: npt.ArrayLike,
    boxes: Iterable[Box] | None = None,
    *,
    channels: Literal["bgr", "rgb"] = "bgr",
    cleanvision: Collection[str] = (),
) -> Statistics:
    """Statistics of a decoded image.

    Parameters
    ----------
    image : array of shape (rows, columns) or (rows, columns, 1, 3 or 4)
        Whole numbers of 8 or 16 bits, or numbers between 0 and 1. A fourth channel, opacity, is left out.
    boxes : iterable of four numbers, optional
        Left, top, right and bottom of each object in pixels; those that the service acts on.
    channels : {"bgr", "rgb"}, default="bgr"
        The order of colours: OpenCV and ultralytics have blue first, Pillow and torchvision red.
    cleanvision : collection of str, optional
        Names of `PRESETS` whose scores are measured as well. Blur takes three times as long as all other statistics
        together, and so do dark and light.

    Returns
    -------
    dict
        Every name of `measured_names`; None where a number is not defined, such as sharpness without edges.

    Raises
    ------
    ValueError
        If it is no image: another shape or type, no pixels, or numbers that are not between 0 and 1. Or if there is
        no such order of channels, or a box is no sequence of numbers.

    Examples
    --------
    >>> import numpy as np
    >>> grey = np.full((48, 64), 51, np.uint8)
    >>> found = measure(grey, boxes=[(8, 8, 24, 24)])
    >>> found["image_brightness"], found["image_crop_brightness"], found["image_sharpness"], found["image_width"]
    (0.2, 0.2, None, 64)
    """
    if channels not in ("bgr", "rgb"):
        raise ValueError(f"channels are 'bgr' or 'rgb', and not {channels!r}; put others into one of these orders")
    return _measured(_eight_bits(np.asarray(image), channels), boxes, cleanvision)


def measure_bytes(
    data: bytes | bytearray | memoryview, boxes: Iterable[Box] | None = None, *, cleanvision: Collection[str] = ()
) -> Statistics:
    """Statistics of an image file in memory, such as one that a service received.

    Raises
    ------
    lamplighter.images.faults.ImageError
        If it cannot be decoded; ``code`` says why.

    Examples
    --------
    >>> measure_bytes(b"")
    Traceback (most recent call last):
        ...
    lamplighter.images.faults.ImageError: the file is empty; store it again, or take its row out
    """
    return _measured(decoded(data), boxes, cleanvision)


def _measured(image: Pixels, boxes: Iterable[Box] | None, presets: Collection[str]) -> Statistics:
    made = working(image)
    # First, while the grey image is in the processor's cache.
    light = luminance(made)
    floor = floor_of_noise(made)
    height, width = image.shape[:2]
    found: Statistics = {
        **light,
        "image_sharpness": sharpness(made, floor),
        "image_texture": texture(made),
        "image_noise": noise(made),
        **occlusion(made, floor),
        **colour(made),
        "image_width": width,
        "image_height": height,
        "image_aspect": width / height,
        **crops(made, boxes, floor),
    }
    if presets:
        found |= scores(image, presets)
    return {name: found[name] for name in measured_names(presets)}


def _eight_bits(image: npt.NDArray[Any], channels: str) -> Pixels:
    """The image as OpenCV decodes it: 8 bits, blue first, grey without a third dimension."""
    if image.ndim == 3 and image.shape[2] in (1, 2):
        image = image[:, :, 0]
    elif image.ndim == 3 and image.shape[2] in (3, 4):
        image = image[:, :, :3] if channels == "bgr" else image[:, :, 2::-1]
    elif image.ndim != 2:
        raise ValueError(f"an image has rows, columns and 1, 3 or 4 channels; this has the shape {image.shape}")
    if not image.size:
        raise ValueError(f"the image has no pixels; its shape is {image.shape}")
    if image.dtype == np.uint16:
        image = image >> 8
    elif image.dtype.kind == "f":
        if not (image.min() >= 0 and image.max() <= 1):
            raise ValueError("an image of fractions has numbers between 0 and 1, and no NaN; divide by 255")
        image = np.rint(image * 255)
    elif image.dtype == np.bool_:
        image = image * np.uint8(255)
    elif image.dtype != np.uint8:
        raise ValueError(f"an image has whole numbers of 8 or 16 bits, or fractions; this has {image.dtype}")
    return np.ascontiguousarray(image, dtype=np.uint8)
