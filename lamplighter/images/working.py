"""The working image: what is measured, at one fixed size.

Blur, texture and noise change with the size of an image, so they are measured at one: an image that is larger is made
smaller by the mean of the pixels that fall together (`INTER_AREA`), after it was decoded in full; one that is smaller
stays as it is. 320 was chosen because 640, the input of most detectors, is halved to it by whole pixels, which costs a
tenth of any other ratio, and because a blur that a detector notices (about two pixels of 640) is still seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from lamplighter.images.opencv import opencv

WORKING_SIDE = 320
"""The longer side of the working image in pixels."""

SAMPLE_SIDE = 160
"""The longer side of the grid of pixels that colours are taken from."""

Pixels = npt.NDArray[np.uint8]
Slopes = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Working:
    """An image at the working size, with the derivatives that several statistics need.

    Attributes
    ----------
    grey : array of uint8, shape (rows, columns)
        Luminance of ITU-R BT.601 at the working size.
    sample : array of uint8
        Luminance of single pixels on a grid: an average would hide clipped ones.
    colours : array of uint8, shape (rows, columns, 3), or None
        Colours of single pixels on a coarser grid; None of a grey image.
    scale : float
        Working size over the size of the image.
    """

    grey: Pixels
    sample: Pixels
    colours: Pixels | None
    scale: float

    @cached_property
    def laplacian(self) -> Slopes:
        """Four neighbours less four times the pixel, of pixels that have neighbours."""
        cv2 = opencv()
        return _inner(cv2.Laplacian(self.grey, cv2.CV_16S, ksize=1))

    @cached_property
    def gradients(self) -> tuple[Slopes, Slopes]:
        """Slopes to the right and downward by Sobel, 8 times levels a pixel, of pixels that have neighbours."""
        right, down = opencv().spatialGradient(self.grey, ksize=3)
        return _inner(right), _inner(down)

    @cached_property
    def steepness(self) -> Slopes:
        """Sum of both slopes without their signs."""
        right, down = self.gradients
        return np.abs(right) + np.abs(down)

    @cached_property
    def ripple(self) -> Slopes:
        """What Immerkær's mask leaves: flat areas, slopes and straight edges vanish, noise stays."""
        cv2 = opencv()
        return _inner(cv2.Sobel(self.grey, cv2.CV_16S, 2, 2, ksize=3))

    @property
    def has_neighbours(self) -> bool:
        """Whether any pixel has neighbours on all sides; without, nothing is known of blur and noise."""
        return bool(min(self.grey.shape) >= 3)


def working(image: npt.NDArray[Any]) -> Working:
    """The working image of a decoded one, blue, green, red or grey, of 8 bits.

    Examples
    --------
    >>> made = working(np.zeros((480, 640, 3), np.uint8))
    >>> made.grey.shape, made.sample.shape, made.colours.shape, made.scale
    ((240, 320), (240, 320), (120, 160, 3), 0.5)
    """
    cv2 = opencv()
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    longer = max(grey.shape)
    scale = min(1.0, WORKING_SIDE / longer)
    small = grey
    if scale < 1:
        height, width = (max(1, round(side * scale)) for side in grey.shape)
        small = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA)
    colours = None if image.ndim == 2 else _every(image, math.ceil(longer / SAMPLE_SIDE))
    return Working(small, _every(grey, math.ceil(longer / WORKING_SIDE)), colours, scale)


def _every(image: Pixels, step: int) -> Pixels:
    return image if step == 1 else np.ascontiguousarray(image[::step, ::step])


def _inner(slopes: Slopes) -> Slopes:
    return slopes[1:-1, 1:-1]
