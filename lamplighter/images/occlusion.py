"""Occlusion: which of 16 tiles show nothing, or less than the others.

A tile is opaque where it has no structure beyond the noise, or far less than the others and is far darker or nearly
white. It is transparent where it has far less structure at usual brightness: a drop, dust or fog on the lens. A white
wall or a clear sky is opaque in one image. Only the days of one camera tell dirt, which stays in its tile, from the
scene, which changes; a run counts `image_occluded_tile` for that.
"""

from __future__ import annotations

import math
from statistics import median

from lamplighter.images.opencv import opencv
from lamplighter.images.tiles import Tile, tiles_of
from lamplighter.images.working import Working

FLAT = 0.35
"""Mean slope beyond the noise, in levels a pixel, below which a tile shows nothing."""

LITTLE = 0.2
"""Share of the other tiles' structure below which a tile shows far less."""

DARK, WHITE = 0.4, 245.0
"""Share of the others' luminance below which a tile is far darker, and the level from which one is nearly white."""

_OF_NOISE = 2 * math.sqrt(12) * math.sqrt(2 / math.pi) / 8
"""Mean slope in levels a pixel that noise of 1 makes by Sobel's two masks."""


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
    slopes = [_structure(image, tile, noise) for tile in tiles]
    lights = [float(opencv().mean(image.grey[tile.outer])[0]) for tile in tiles]
    usual_slope, usual_light = median(slopes), median(lights)
    worst: list[tuple[bool, float, float, str]] = []
    for tile, slope, light in zip(tiles, slopes, lights, strict=True):
        little = slope < LITTLE * usual_slope
        opaque = slope < FLAT or (little and (light < DARK * usual_light or light > WHITE))
        if opaque or little:
            worst.append((not opaque, light, slope, tile.name))
    opaque_tiles = sum(not transparent for transparent, *_ in worst)
    return {
        "image_opaque_ratio": opaque_tiles / len(tiles),
        "image_transparent_ratio": (len(worst) - opaque_tiles) / len(tiles),
        "image_occluded_tile": min(worst)[-1] if worst else None,
    }


def _structure(image: Working, tile: Tile, noise: float) -> float:
    """Mean slope beyond the noise, in levels a pixel."""
    cv2 = opencv()
    part = image.steepness[tile.inner]
    mean = float(cv2.norm(part, cv2.NORM_L1)) / part.size / 8
    return math.sqrt(max(mean**2 - (_OF_NOISE * noise) ** 2, 0.0))
