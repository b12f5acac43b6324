"""Luminance: brightness, percentiles, clipped shares and contrast.

The luminance is Y of ITU-R BT.601, which is what OpenCV, Pillow and most detectors' own grey is: whole numbers, one
pass, and a user finds the same with any tool. CleanVision's root of weighted squares is nearer to what people see, but
differs by 0.02 at most on photographs and costs as much as all other statistics together; `cleanvision` offers it.
"""

from __future__ import annotations

import numpy as np

from lamplighter.core.records.image_statistics import PERCENTILES
from lamplighter.images.opencv import opencv
from lamplighter.images.working import Pixels, Working

DARK, LIGHT = 5, 250
"""Levels up to which a pixel is clipped, and from which: JPEG moves black and white by a few levels."""

_LEVELS = np.arange(256.0)
_PERCENTILES = tuple(f"image_luminance_p{percent:02d}" for percent in PERCENTILES)
_RANKS = np.array(PERCENTILES) / 100
_ROUNDING = 1e-6
"""Taken from a rank, which may be a whole number but for the last digit of a float."""


def luminance(image: Working) -> dict[str, float]:
    """Brightness, percentiles, clipped shares and contrast of an image; all between 0 and 1.

    Examples
    --------
    >>> from lamplighter.images.working import working
    >>> half = np.repeat(np.uint8([0, 255]), 50).reshape(10, 10)
    >>> found = luminance(working(half))
    >>> found["image_brightness"], found["image_contrast"], found["image_clipped_dark_ratio"]
    (0.5, 0.5, 0.5)
    >>> found["image_luminance_p05"], found["image_luminance_p95"]
    (0.0, 1.0)
    """
    counts = levels_of(image.sample)
    total = image.sample.size
    rising = np.cumsum(counts)
    mean, deviation = moments(counts)
    at = np.searchsorted(rising, _RANKS * total - _ROUNDING)
    return {
        "image_brightness": mean,
        **{name: level / 255 for name, level in zip(_PERCENTILES, at.tolist(), strict=True)},
        "image_clipped_dark_ratio": float(rising[DARK] / total),
        "image_clipped_light_ratio": float(1 - rising[LIGHT - 1] / total),
        "image_contrast": deviation,
    }


def levels_of(pixels: Pixels) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """How many pixels have each of the 256 levels."""
    counts: np.ndarray[tuple[int], np.dtype[np.float64]] = (
        opencv().calcHist([pixels], [0], None, [256], [0, 256]).ravel().astype(np.float64)
    )
    return counts


def moments(counts: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float]:
    """Mean and standard deviation of the luminance, from the counts of levels.

    Examples
    --------
    >>> moments(levels_of(np.uint8([[0, 255]])))
    (0.5, 0.5)
    """
    total = counts.sum()
    mean = float(counts @ _LEVELS / total)
    spread = float(counts @ (_LEVELS - mean) ** 2 / total)
    return mean / 255, min(spread**0.5 / 255, 0.5)
