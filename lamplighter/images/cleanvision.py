"""CleanVision's presets by their names: dark, light and blurry, with its scores and its thresholds.

They are for those who know CleanVision's report and want its verdicts. They are absolute, of one image, and know
neither camera nor hour: a camera in a car park is dark each evening. Checks compare a camera with its own days instead.

The scores are computed as CleanVision 0.3 does, and Pillow for it: the root of weighted squares as luminance, a cubic
resize to 64 pixels, and edges whose border is the image's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

_LONGEST = 64
"""Pixels of the longer side at which blur is judged."""

_FEW_LEVELS = 0.18
"""A score of the counts of levels up to which they do not count."""


@dataclass(frozen=True, slots=True)
class Preset:
    """One of CleanVision's verdicts.

    Attributes
    ----------
    score : callable
        Of an image, red first; between 0, the worst, and 1.
    threshold : float
        An image with a lower score has the fault.
    help : str
    """

    score: Callable[[Pixels], float]
    threshold: float
    help: str

    def has_fault(self, image: Pixels) -> bool:
        """Whether the score of an image, red first, is below the threshold."""
        return self.score(image) < self.threshold


def dark(image: Pixels) -> float:
    """The luminance that 99 % of the pixels do not exceed.

    Examples
    --------
    >>> dark(np.full((8, 8, 3), 51, np.uint8))
    0.2
    """
    return _percentile(image, 99)


def light(image: Pixels) -> float:
    """1 less the luminance that 5 % of the pixels do not exceed.

    Examples
    --------
    >>> light(np.full((8, 8), 204, np.uint8))
    0.2
    """
    return 1 - _percentile(image, 5)


def blurry(image: Pixels) -> float:
    """How much the edges vary at 64 pixels; more where the counts of grey levels vary, as those of drawings do.

    Examples
    --------
    >>> rows, columns = np.indices((64, 64))
    >>> print(f"{blurry((rows * 2 + columns).astype(np.uint8)):.2f}")
    0.24
    """
    ratio = max(image.shape[:2]) / _LONGEST
    small = image
    if ratio > 1:
        height, width = (max(int(side // ratio), 1) for side in image.shape[:2])
        small = _resized(_resized(image, width, 1), height, 0)
    grey = _grey(small)
    edges = 1 - math.exp(-0.01 * float(_edges(grey).std()))
    levels = 1 - math.exp(-0.01 * float(np.bincount(grey.ravel(), minlength=256).std()))
    return min(edges + (levels if levels > _FEW_LEVELS else 0.0), 1.0)


PRESETS: Mapping[str, Preset] = {
    "dark": Preset(dark, 0.32, "even the lightest pixels are dark"),
    "light": Preset(light, 0.05, "even the darkest pixels are light"),
    "blurry": Preset(blurry, 0.29, "edges are weak, and the levels of grey are many"),
}
"""Presets by CleanVision's names."""


def luminance(image: Pixels) -> npt.NDArray[np.float64]:
    """The root of the weighted squares of red, green and blue, between 0 and 1.

    Examples
    --------
    >>> luminance(np.uint8([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]])).round(2)
    array([[0.49, 0.83, 0.26]])
    """
    levels = image.astype(np.float64)
    if image.ndim == 2:
        return levels / 255
    squared: npt.NDArray[np.float64] = levels[:, :, :3] ** 2 @ np.array([0.241, 0.691, 0.068])
    return np.sqrt(squared) / 255


def _percentile(image: Pixels, percent: float) -> float:
    return float(np.percentile(luminance(image), percent))


def _grey(image: Pixels) -> Pixels:
    """Pillow's grey: whole weights of 65,536 and the nearest level."""
    if image.ndim == 2:
        return image
    weighted = image[:, :, :3].astype(np.int64) @ np.array([19595, 38470, 7471])
    grey: Pixels = ((weighted + 0x8000) >> 16).astype(np.uint8)
    return grey


def _edges(grey: Pixels) -> npt.NDArray[np.float64]:
    """Pillow's `FIND_EDGES`: eight times the pixel less its neighbours, cut to a level; the border stays as it is."""
    edges = grey.astype(np.float64)
    inner = 9 * edges[1:-1, 1:-1]
    height, width = (max(side - 2, 0) for side in grey.shape)
    for row in range(3):
        for column in range(3):
            inner = inner - edges[row : row + height, column : column + width]
    edges[1:-1, 1:-1] = np.clip(inner, 0, 255)
    return edges


def _resized(image: Pixels, size: int, axis: int) -> Pixels:
    """Pillow's cubic resize along an axis: each pixel is the weighted mean of those that it covers, and some around."""
    length = image.shape[axis]
    scale = length / size
    reach = max(scale, 1.0)
    centres = (np.arange(size) + 0.5) * scale
    places = np.arange(length) + 0.5
    first = np.maximum((centres - 2 * reach + 0.5).astype(int), 0)
    last = np.minimum((centres + 2 * reach + 0.5).astype(int), length)
    covered = (np.arange(length) >= first[:, None]) & (np.arange(length) < last[:, None])
    weights = np.where(covered, _cubic((places - centres[:, None]) / reach), 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    mixed = np.moveaxis(np.tensordot(weights, image.astype(np.float64), axes=(1, axis)), 0, axis)
    resized: Pixels = np.clip(np.floor(mixed + 0.5), 0, 255).astype(np.uint8)
    return resized


def _cubic(distance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Keys' kernel with a slope of -0.5."""
    far = np.abs(distance)
    near = (1.5 * far - 2.5) * far * far + 1
    outer = ((-0.5 * far + 2.5) * far - 4) * far + 2
    return np.where(far < 1, near, np.where(far < 2, outer, 0.0))
