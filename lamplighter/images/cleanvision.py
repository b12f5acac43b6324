"""CleanVision's scores of single images, by its names.

They are for those who know CleanVision's report and want its verdicts: `PRESETS` has its thresholds. They are
absolute, of one image, and know neither camera nor hour: a camera in a car park is dark each evening. Checks compare a
camera with its own days instead.

The scores are computed as CleanVision 0.3 does, and Pillow for it: the root of weighted squares as luminance, a cubic
resize to 64 pixels, and edges whose border is the image's own. One thing differs: a picture whose channels are equal is
grey, also where its file stores colours; CleanVision asks the file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from lamplighter.core.hints import did_you_mean
from lamplighter.core.records.image_statistics import PRESETS
from lamplighter.images.opencv import opencv
from lamplighter.images.working import Pixels

_LONGEST = 64
"""Pixels of the longer side at which blur is judged."""

_FEW_LEVELS = 0.18
"""A score of the counts of levels up to which they do not count."""

_AT_ONCE = 1 << 20
"""Pixels that are made fractions at once, so that a large image takes little more memory than its pixels."""

Fractions = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Seen:
    """An image, and what several scores need of it.

    Attributes
    ----------
    pixels : array of uint8, shape (rows, columns) or (rows, columns, 3)
        Blue first.
    """

    pixels: Pixels

    @cached_property
    def squares(self) -> Fractions:
        """The weighted squares of blue, green and red of each pixel, sorted.

        Examples
        --------
        >>> Seen(np.uint8([[[0, 0, 255], [0, 255, 0], [255, 0, 0]]])).squares.round()
        array([ 4422., 15671., 44932.], dtype=float32)
        """
        cv2, weights = opencv(), np.array([[0.068, 0.691, 0.241]], np.float32)
        height, width = self.pixels.shape[:2]
        found = np.empty((height, width), np.float32)
        for rows in _parts(height, width):
            part = self.pixels[rows]
            squares = cv2.multiply(part, part, dtype=cv2.CV_32F).reshape(part.shape)
            found[rows] = squares if part.ndim == 2 else cv2.transform(squares, weights)
        in_order = found.ravel()
        in_order.sort()
        return in_order

    @cached_property
    def is_grey(self) -> bool:
        """Whether the channels are equal."""
        if self.pixels.ndim == 2:
            return True
        # Of most images a row says that they are not.
        return _are_equal(self.pixels[len(self.pixels) // 2]) and _are_equal(self.pixels)


def dark(image: Seen) -> float:
    """The luminance that 99 % of the pixels do not exceed.

    Examples
    --------
    >>> print(f"{dark(Seen(np.full((8, 8, 3), 51, np.uint8))):.2f}")
    0.20
    """
    return _percentile(image, 0.99)


def light(image: Seen) -> float:
    """1 less the luminance that 5 % of the pixels do not exceed.

    Examples
    --------
    >>> print(f"{light(Seen(np.full((8, 8), 204, np.uint8))):.2f}")
    0.20
    """
    return 1 - _percentile(image, 0.05)


def odd_aspect_ratio(image: Seen) -> float:
    """The shorter side over the longer.

    Examples
    --------
    >>> odd_aspect_ratio(Seen(np.zeros((10, 40), np.uint8)))
    0.25
    """
    height, width = image.pixels.shape[:2]
    return float(min(width / height, height / width))


def low_information(image: Seen) -> float:
    """A tenth of the entropy of the levels of all channels, in bits; at most 1.

    Examples
    --------
    >>> low_information(Seen(np.uint8([[0, 85, 170, 255]])))
    0.2
    """
    pixels = image.pixels
    channels = 1 if image.is_grey else 3
    counts = np.concatenate([opencv().calcHist([pixels], [i], None, [256], [0, 256]).ravel() for i in range(channels)])
    shares = counts[counts > 0].astype(float) / counts.sum(dtype=float)
    return min(0.1 * abs(float((shares * np.log2(shares)).sum())), 1.0)


def blurry(image: Seen) -> float:
    """How much the edges vary at 64 pixels; more where the counts of grey levels vary, as those of drawings do.

    Examples
    --------
    >>> rows, columns = np.indices((64, 64))
    >>> print(f"{blurry(Seen((rows * 2 + columns).astype(np.uint8))):.2f}")
    0.24
    """
    pixels = image.pixels
    ratio = max(pixels.shape[:2]) / _LONGEST
    if ratio > 1:
        height, width = (max(int(side // ratio), 1) for side in pixels.shape[:2])
        channels = [pixels] if pixels.ndim == 2 else [pixels[:, :, i] for i in range(3)]
        small = [_resized(channel, height, width) for channel in channels]
        pixels = small[0] if pixels.ndim == 2 else np.stack(small, axis=-1)
    grey = _grey(pixels)
    edges = 1 - math.exp(-0.01 * float(_edges(grey).std()))
    levels = 1 - math.exp(-0.01 * float(np.bincount(grey.ravel(), minlength=256).std()))
    return min(edges + (levels if levels > _FEW_LEVELS else 0.0), 1.0)


def grayscale(image: Seen) -> float:
    """0 where the image has no colours, else 1.

    Examples
    --------
    >>> grayscale(Seen(np.full((8, 8, 3), 51, np.uint8))), grayscale(Seen(np.uint8([[[1, 2, 3]]])))
    (0.0, 1.0)
    """
    return 0.0 if image.is_grey else 1.0


SCORES: Mapping[str, Callable[[Seen], float]] = {
    "dark": dark,
    "light": light,
    "odd_aspect_ratio": odd_aspect_ratio,
    "low_information": low_information,
    "blurry": blurry,
    "grayscale": grayscale,
}
"""How the score of each of `PRESETS` is computed; between 0, the worst, and 1."""


def scores(pixels: Pixels, presets: Collection[str]) -> dict[str, float]:
    """The scores of an image by some presets, under the names of their columns.

    Parameters
    ----------
    pixels : array of uint8, shape (rows, columns) or (rows, columns, 3)
        Blue first.
    presets : collection of str

    Raises
    ------
    ValueError
        If there is no preset of a name.

    Examples
    --------
    >>> scores(np.zeros((90, 160, 3), np.uint8), ["dark", "odd_aspect_ratio"])
    {'image_cleanvision_dark_score': 0.0, 'image_cleanvision_odd_aspect_ratio_score': 0.5625}
    """
    for name in presets:
        if name not in SCORES:
            raise ValueError(f"CleanVision's presets have no {name!r}; {did_you_mean(name, SCORES)}")
    image = Seen(pixels)
    return {PRESETS[name].score: SCORES[name](image) for name in presets}


def _percentile(image: Seen, share: float) -> float:
    """The luminance between the two pixels at a place, as numpy has it by default."""
    squares = image.squares
    place = share * (len(squares) - 1)
    below = int(place)
    low, high = (math.sqrt(float(squares[min(i, len(squares) - 1)])) for i in (below, below + 1))
    return min((low + (high - low) * (place - below)) / 255, 1.0)


def _parts(height: int, width: int) -> list[slice]:
    """Rows of an image that are looked at together."""
    step = max(_AT_ONCE // width, 1)
    return [slice(top, top + step) for top in range(0, height, step)]


def _are_equal(pixels: Pixels) -> bool:
    blue, green, red = (pixels[..., i] for i in range(3))
    return np.array_equal(blue, green) and np.array_equal(green, red)


def _grey(image: Pixels) -> Pixels:
    """Pillow's grey: whole weights of 65,536 and the nearest level."""
    if image.ndim == 2:
        return image
    weighted = image.astype(np.int64) @ np.array([7471, 38470, 19595])
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


def _resized(channel: Pixels, height: int, width: int) -> Pixels:
    """Pillow's cubic resize: each row first, then each column, with whole levels between."""
    weights = _weights(channel.shape[1], width).T
    rows = np.empty((channel.shape[0], width), np.float32)
    for part in _parts(*channel.shape):
        rows[part] = _whole(channel[part].astype(np.float32) @ weights)
    return _whole(_weights(channel.shape[0], height) @ rows).astype(np.uint8)


def _whole(levels: Fractions) -> Fractions:
    whole: Fractions = np.clip(np.floor(levels + np.float32(0.5)), 0, 255)
    return whole


@lru_cache(maxsize=16)
def _weights(length: int, size: int) -> Fractions:
    """What each pixel of a smaller line takes of each of a longer: of those that it covers, and some around."""
    scale = length / size
    reach = max(scale, 1.0)
    centres = (np.arange(size) + 0.5) * scale
    places = np.arange(length) + 0.5
    first = np.maximum((centres - 2 * reach + 0.5).astype(int), 0)
    last = np.minimum((centres + 2 * reach + 0.5).astype(int), length)
    covered = (np.arange(length) >= first[:, None]) & (np.arange(length) < last[:, None])
    weights = np.where(covered, _cubic((places - centres[:, None]) / reach), 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights.astype(np.float32)


def _cubic(distance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Keys' kernel with a slope of -0.5."""
    far = np.abs(distance)
    near = (1.5 * far - 2.5) * far * far + 1
    outer = ((-0.5 * far + 2.5) * far - 4) * far + 2
    return np.where(far < 1, near, np.where(far < 2, outer, 0.0))
