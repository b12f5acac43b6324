"""Photographs to measure: those that scikit-image and scikit-learn carry, and images that are made."""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import skimage.data
import sklearn.datasets

Image = npt.NDArray[np.uint8]

NAMES = ("astronaut", "chelsea", "coffee", "china", "flower", "camera")


@cache
def photograph(name: str) -> Image:
    """A photograph of 640 pixels on its longer side, blue first."""
    if name in ("china", "flower"):
        image: Any = sklearn.datasets.load_sample_image(f"{name}.jpg")
    else:
        image = getattr(skimage.data, name)()
    image = image[:, :, ::-1] if image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2)
    scale = 640 / max(image.shape)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(np.ascontiguousarray(image), None, fx=scale, fy=scale, interpolation=how)
    resized.setflags(write=False)
    return np.asarray(resized, np.uint8)


def eight_bits(image: npt.NDArray[Any]) -> Image:
    """Rounded and cut to 0 to 255."""
    rounded: Image = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    return rounded


def with_noise(image: npt.NDArray[Any], sigma: float) -> Image:
    """With normal noise of a sigma in levels."""
    return eight_bits(image + np.random.default_rng(1).normal(0, sigma, image.shape))


def at_dusk(image: Image) -> Image:
    """At 0.3 of its light, with the noise of a sensor."""
    return with_noise(image * 0.3, 4)


def blurred(image: Image, sigma: float) -> Image:
    """Blurred by a normal kernel of a sigma in pixels."""
    soft: Image = np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)
    return soft


def slanted_edge(sigma: float, contrast: float = 140.0) -> Image:
    """One edge, blurred by a sigma in pixels, of 320 x 320 pixels."""
    rows, columns = np.indices((320, 320))
    return eight_bits(cv2.GaussianBlur((columns + rows * 0.15 > 180) * contrast + 40.0, (0, 0), sigma))
