"""Sharpness and texture.

The variance of the Laplacian, which the field uses for blur, falls with contrast and light: an image at 0.3 of its
brightness has 0.09 of it. It is kept as texture. Sharpness divides the squared Laplacians by the squared gradients, on
edge pixels: contrast and brightness cancel, and what remains is about half of 1 / sigma^2 of the blur. What the noise
adds to both sums is taken off, since noise would pass for sharpness.
"""

from __future__ import annotations

import math

import numpy as np

from lamplighter.images.opencv import opencv
from lamplighter.images.working import Slopes, Working

LAPLACIAN, SOBEL = 4.0, 8.0
"""What the masks answer to a Laplacian of one level, and to a slope of one level a pixel."""

_LAPLACIAN_GAIN, _SOBEL_GAIN = 80.0, 24.0
"""What the masks make of noise of variance 1: the sums of their squared weights, of Sobel's two together."""

EDGE = 2.0
"""An edge is steeper than this many times the root of the mean squared slope: a measure that contrast cancels from."""

ABOVE_NOISE = 22.0
"""An edge is steeper than this many sigma of the noise: of pixels without an edge one in 70,000 is."""

ROWS = 107
"""Rows of the working image that edges are looked for in, spread over it; a third of them say what all would."""

FEWEST = 8
"""Edge pixels that sharpness is said from."""


def texture(image: Working) -> float | None:
    """Variance of the Laplacian in squared levels; None where no pixel has neighbours.

    Examples
    --------
    >>> from lamplighter.images.working import working
    >>> texture(working(np.full((9, 9), 200, np.uint8))), texture(working(np.zeros((2, 9), np.uint8)))
    (0.0, None)
    """
    if not image.has_neighbours:
        return None
    laplacian = image.laplacian
    mean: float = opencv().sumElems(laplacian)[0] / laplacian.size
    return max(_squares(laplacian) / laplacian.size - mean**2, 0.0) / LAPLACIAN**2


def sharpness(image: Working, noise: float, part: tuple[slice, slice] | None = None) -> float | None:
    """Squared Laplacians over squared slopes on edge pixels, in 1 / pixels^2; None without edges.

    Parameters
    ----------
    image : Working
    noise : float
        Its standard deviation in levels.
    part : tuple of slice, optional
        Rows and columns of the pixels that have neighbours; all by default.

    Examples
    --------
    >>> from lamplighter.images.working import working
    >>> step = np.zeros((64, 64), np.uint8); step[:, 32:] = 200
    >>> sharp, dim = sharpness(working(step), 0.3), sharpness(working(step // 4), 0.3)
    >>> print(f"{sharp:.1f} {dim:.1f}")
    4.0 4.0
    >>> print(sharpness(working(step[:, :20]), 0.3))
    None
    """
    if not image.has_neighbours:
        return None
    where = part or slice(None, None, math.ceil(image.grey.shape[0] / ROWS))
    laplacian, right, down = image.laplacian[where], image.slopes[::2][where], image.slopes[1::2][where]
    usual = math.sqrt((_squares(right) + _squares(down)) / laplacian.size)
    steepness = np.abs(right)
    steepness += np.abs(down)
    # Whole numbers: compared with a fraction, each would become one first.
    edges = steepness > math.floor(max(EDGE * usual, ABOVE_NOISE * noise))
    found = int(np.count_nonzero(edges))
    if found < FEWEST:
        return None
    only = edges.astype(np.int16)
    np.negative(only, out=only)
    bent, steep = beyond_noise(_squares(laplacian & only), _squares(right & only) + _squares(down & only), noise, found)
    return bent / steep if steep > 0 else None


def beyond_noise(bent: float, steep: float, noise: float, n: int) -> tuple[float, float]:
    """Sums of squared Laplacians and of squared slopes in levels a pixel, less what noise gives to ``n`` pixels.

    Parameters
    ----------
    bent, steep : float
        Sums of the squared answers of the masks.
    noise : float
        Its standard deviation in levels.
    n : int

    Examples
    --------
    >>> beyond_noise(1600, 6400, 0.0, 10), beyond_noise(1600, 6400, 1.0, 10), beyond_noise(160, 6400, 1.0, 10)
    ((100.0, 100.0), (50.0, 96.25), (0.0, 96.25))
    """
    variance = noise * noise * n
    return (
        max(bent - _LAPLACIAN_GAIN * variance, 0.0) / LAPLACIAN**2,
        max(steep - _SOBEL_GAIN * variance, 0.0) / SOBEL**2,
    )


def _squares(slopes: Slopes) -> float:
    cv2 = opencv()
    squares: float = cv2.norm(slopes, cv2.NORM_L2SQR)
    return squares
