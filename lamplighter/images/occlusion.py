"""Occlusion: which of 16 tiles show nothing, or less than the others.

A tile is opaque where it has no structure beyond the noise, or far less than the others and is far darker or nearly
white. It is transparent where, at usual brightness, it has far less structure or far less detail beside its structure:
fog, a drop or dust on the lens. A white wall or a clear sky is opaque in one image. Only the days of one camera tell
dirt, which stays in its tile, from the scene, which changes; a run counts `image_occluded_tile` for that.
"""

from __future__ import annotations

import math
from statistics import median
from typing import NamedTuple

from lamplighter.images.opencv import opencv
from lamplighter.images.sharpness import beyond_noise
from lamplighter.images.tiles import Tile, tiles_of
from lamplighter.images.working import Working

FLAT, IN_NOISE = 0.003, 0.25
"""A tile shows nothing where its slope in a pixel is at most this share of the usual luminance, so that dusk makes none
flat, or, since noise hides what is weaker, this share of the noise."""

LITTLE = 0.2
"""Share of the other tiles' structure below which a tile has far less."""

SOFT = 0.1
"""Share of the other tiles' ratio of Laplacian to slope below which a tile is blurred: of photographs 4 % of tiles are,
of tiles behind a drop that blurs by 4 pixels of 640 96 %."""

DARK, WHITE = 0.4, 245.0
"""Share of the others' luminance below which a tile is far darker, and the level from which one is nearly white."""


class Seen(NamedTuple):
    """What is seen in a tile.

    Attributes
    ----------
    light : float
        Mean luminance in levels.
    slope : float
        Root of the mean squared slope beyond the noise, in levels a pixel.
    focus : float or None
        Squared Laplacians over squared slopes, both beyond the noise; None of a tile without structure.
    """

    light: float
    slope: float
    focus: float | None


def occlusion(image: Working, noise: float) -> dict[str, float | str | None]:
    """Shares of opaque and transparent tiles and the name of the worst; None of an image too small for tiles.

    Parameters
    ----------
    image : Working
    noise : float
        Its standard deviation in levels.

    Examples
    --------
    >>> import numpy as np
    >>> from lamplighter.images.working import working
    >>> houses = np.random.default_rng(0).integers(60, 200, (20, 20), dtype=np.uint8)
    >>> street = np.kron(houses, np.ones((8, 8), np.uint8))
    >>> street[:40, 80:120] = 20
    >>> occlusion(working(street), 0.3)
    {'image_opaque_ratio': 0.0625, 'image_transparent_ratio': 0.0, 'image_occluded_tile': 'r1c3'}
    """
    tiles = tiles_of(image)
    if not tiles:
        return {"image_opaque_ratio": None, "image_transparent_ratio": None, "image_occluded_tile": None}
    seen = _seen(image, tiles, noise)
    light, slope = median(tile.light for tile in seen), median(tile.slope for tile in seen)
    focus = median([tile.focus for tile in seen if tile.focus is not None] or [0.0])
    flat = max(FLAT * light, IN_NOISE * noise)
    opaque, transparent = [], []
    for tile, one in zip(tiles, seen, strict=True):
        little = one.slope < LITTLE * slope
        if one.slope <= flat or (little and (one.light < DARK * light or one.light > WHITE)):
            opaque.append((one.light, one.slope, tile.name))
        elif little or (one.focus is not None and one.focus < SOFT * focus):
            transparent.append((one.light, one.slope, tile.name))
    return {
        "image_opaque_ratio": len(opaque) / len(tiles),
        "image_transparent_ratio": len(transparent) / len(tiles),
        "image_occluded_tile": min(opaque or transparent, default=(0, 0, None))[-1],
    }


def _seen(image: Working, tiles: tuple[Tile, ...], noise: float) -> list[Seen]:
    cv2 = opencv()
    laplacian, slopes, grey = image.laplacian, image.slopes, image.grey[1:-1, 1:-1]
    seen = []
    for tile in tiles:
        # A norm of each tile takes a microsecond: less than any way to sum them all at once.
        light = cv2.norm(grey[tile.inner], cv2.NORM_L1)
        bent, steep = cv2.norm(laplacian[tile.inner], cv2.NORM_L2SQR), cv2.norm(slopes[tile.slopes], cv2.NORM_L2SQR)
        bent, steep = beyond_noise(bent, steep, noise, tile.n)
        seen.append(Seen(light / tile.n, math.sqrt(steep / tile.n), bent / steep if steep > 0 else None))
    return seen
