"""Noise: the standard deviation of what neighbouring pixels do not share."""

from __future__ import annotations

import math

from lamplighter.images.opencv import opencv
from lamplighter.images.tiles import tiles_of
from lamplighter.images.working import Slopes, Working

_OF_MEAN = math.sqrt(math.pi / 2) / 6
"""What the mean of the mask's answers without their signs is multiplied by: normal noise, and 36 as sum of squares."""

ROUNDING = 1 / math.sqrt(12)
"""The noise that rounding to whole levels makes."""


def noise(image: Working) -> float | None:
    """Immerkær's estimate of the noise, between 0 and 1; None where no pixel has neighbours.

    The mask of the estimate is blind to flat areas, slopes and straight edges. Fine texture counts as noise, as in any
    estimate from one image.

    Examples
    --------
    >>> import numpy as np
    >>> from lamplighter.images.working import working
    >>> flat = np.random.default_rng(0).normal(128, 8, (200, 200))
    >>> print(round(noise(working(flat.round().astype(np.uint8))) * 255, 1))
    8.0
    """
    return min(sigma(image.ripple) / 255, 1.0) if image.has_neighbours else None


def sigma(ripple: Slopes) -> float:
    """Immerkær's estimate in levels, of what his mask left."""
    cv2 = opencv()
    total: float = cv2.norm(ripple, cv2.NORM_L1)
    return total / ripple.size * _OF_MEAN


def floor_of_noise(image: Working) -> float:
    """The noise in levels that is everywhere: the lower quartile over the tiles, which texture does not move."""
    if not image.has_neighbours:
        return ROUNDING
    ripple = image.ripple
    parts = sorted(sigma(ripple[tile.inner]) for tile in tiles_of(image)) or [sigma(ripple)]
    return max(parts[len(parts) // 4], ROUNDING)
