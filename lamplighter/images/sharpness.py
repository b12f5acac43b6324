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

_LAPLACIAN_GAIN, _SOBEL_GAIN = 20.0, 24.0
"""What the masks make of noise of variance 1: the sums of their squared weights, of Sobel's two together."""

_SOBEL = 8.0
"""Sobel's answer to a slope of one level a pixel."""

EDGE = 2.0
"""An edge is steeper than this many times the root of the mean squared slope: a measure that contrast cancels from."""

ABOVE_NOISE = 18.0
"""An edge is steeper than this many sigma of the noise: of pixels without an edge one in 20,000 is."""

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
    cv2 = opencv()
    n = image.laplacian.size
    mean: float = cv2.sumElems(image.laplacian)[0] / n
    return max(float(cv2.norm(image.laplacian, cv2.NORM_L2SQR)) / n - mean**2, 0.0)


def sharpness(image: Working, noise: float, part: tuple[slice, slice] | None = None) -> float | None:
    """Squared Laplacians over squared gradients on edge pixels, in 1 / pixels^2; None without edges.

    Parameters
    ----------
    image : Working
    noise : float
        Its standard deviation in levels.
    part : tuple of slice, optional
        Of the pixels that have neighbours; all by default.

    Examples
    --------
    >>> from lamplighter.images.working import working
    >>> step = np.zeros((64, 64), np.uint8); step[:, 32:] = 200
    >>> sharp, dim = sharpness(working(step), 0.3), sharpness(working(step // 4), 0.3)
    >>> print(f"{sharp:.2f} {dim:.2f}")
    4.00 4.00
    >>> print(sharpness(working(step[:, :20]), 0.3))
    None
    """
    if not image.has_neighbours:
        return None
    where = part or (slice(None), slice(None))
    laplacian, steepness = image.laplacian[where], image.steepness[where]
    right, down = image.gradients[0][where], image.gradients[1][where]
    if not steepness.size:
        return None
    usual = math.sqrt((_squares(right) + _squares(down)) / steepness.size)
    edges = steepness > max(EDGE * usual, ABOVE_NOISE * noise)
    n = int(np.count_nonzero(edges))
    if n < FEWEST:
        return None
    only = -edges.astype(np.int16)
    bent, steep = beyond_noise(laplacian & only, right & only, down & only, noise, n)
    return bent / steep if steep > 0 else None


def beyond_noise(
    laplacian: Slopes, right: Slopes, down: Slopes, noise: float, n: int | None = None
) -> tuple[float, float]:
    """Sums of squared Laplacians and of squared slopes in levels a pixel, less what noise gives to ``n`` pixels.

    Examples
    --------
    >>> slopes = np.full((10, 10), 16, np.int16)
    >>> beyond_noise(slopes * 0, slopes, slopes * 0, 0.0), beyond_noise(slopes * 0, slopes, slopes * 0, 1.0)
    ((0.0, 400.0), (0.0, 362.5))
    """
    count = laplacian.size if n is None else n
    bent = _squares(laplacian) - _LAPLACIAN_GAIN * noise**2 * count
    steep = _squares(right) + _squares(down) - _SOBEL_GAIN * noise**2 * count
    return max(bent, 0.0), max(steep, 0.0) / _SOBEL**2


def _squares(slopes: Slopes) -> float:
    cv2 = opencv()
    squares: float = cv2.norm(slopes, cv2.NORM_L2SQR)
    return squares
