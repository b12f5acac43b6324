"""Luminance: brightness, percentiles, clipped shares and contrast.

The luminance is Y of ITU-R BT.601, which is what OpenCV, Pillow and most detectors' own grey is: whole numbers, one
pass, and a user finds the same with any tool. CleanVision's root of weighted squares is nearer to what people see, but
differs by 0.02 at most on photographs and costs more than all other statistics together; `cleanvision` offers it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from operator import mul

from lamplighter.core.records.image_statistics import PERCENTILES
from lamplighter.images.opencv import opencv
from lamplighter.images.working import Pixels, Working

DARK, LIGHT = 5, 250
"""Levels up to which a pixel is clipped, and from which: JPEG moves black and white by a few levels."""

_LEVELS = [level / 255 for level in range(256)]
_SQUARES = [level * level for level in _LEVELS]
_RANKS = {f"image_luminance_p{percent:02d}": percent / 100 for percent in PERCENTILES}
_ROUNDING = 1e-6
"""Taken from a rank, which may be a whole number but for the last digit of a float."""


def luminance(image: Working) -> dict[str, float]:
    """Brightness, percentiles, clipped shares and contrast of an image; all between 0 and 1.

    Examples
    --------
    >>> import numpy as np
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
    rising = list(accumulate(counts))
    mean, deviation = moments(counts)
    return {
        "image_brightness": mean,
        **{name: _LEVELS[bisect_left(rising, rank * total - _ROUNDING)] for name, rank in _RANKS.items()},
        "image_clipped_dark_ratio": rising[DARK] / total,
        "image_clipped_light_ratio": 1 - rising[LIGHT - 1] / total,
        "image_contrast": deviation,
    }


def levels_of(pixels: Pixels) -> list[float]:
    """How many pixels have each of the 256 levels.

    A list: of so few numbers, NumPy's functions take longer than Python's when they are not in the processor's cache.
    """
    counts: list[float] = opencv().calcHist([pixels], [0], None, [256], [0, 256]).ravel().tolist()
    return counts


def moments(counts: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation of the luminance, from the counts of levels.

    Examples
    --------
    >>> moments([5.0] + [0.0] * 254 + [5.0])
    (0.5, 0.5)
    """
    total = sum(counts)
    mean = sum(map(mul, counts, _LEVELS)) / total
    spread = sum(map(mul, counts, _SQUARES)) / total - mean * mean
    return mean, min(max(spread, 0.0) ** 0.5, 0.5)
