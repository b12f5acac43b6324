"""The 4 x 4 tiles of an image."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from lamplighter.images.working import Working

SIDE = 4
"""Tiles in a row and in a column, as in WoodScape's labels of soiled lenses."""

LEAST = 8
"""Pixels that a tile has at least in each direction; of smaller ones nothing can be said."""

RIM = 8
"""The share of a tile's side that is its rim is one in this many."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of an image.

    Attributes
    ----------
    name : str
        Row from above and column from the left, such as ``r1c3``.
    outer, inner : tuple of slice
        Where it lies, in the image and among the pixels that have neighbours; there without its rim, where the slopes
        between two tiles are.
    """

    name: str
    outer: tuple[slice, slice]
    inner: tuple[slice, slice]


def tiles_of(image: Working) -> tuple[Tile, ...]:
    """The tiles; none of an image that is too small for them."""
    return _tiles(*image.grey.shape)


@cache
def _tiles(height: int, width: int) -> tuple[Tile, ...]:
    """Tiles of an image of a size.

    Examples
    --------
    >>> [tile.name for tile in _tiles(240, 320)][:5], _tiles(31, 320)
    (['r1c1', 'r1c2', 'r1c3', 'r1c4', 'r2c1'], ())
    """
    if min(height, width) < SIDE * LEAST:
        return ()
    return tuple(
        Tile(
            f"r{row + 1}c{column + 1}",
            (_part(height, row), _part(width, column)),
            (_rimless(height, row), _rimless(width, column)),
        )
        for row in range(SIDE)
        for column in range(SIDE)
    )


def _part(length: int, index: int) -> slice:
    return slice(index * length // SIDE, (index + 1) * length // SIDE)


def _rimless(length: int, index: int) -> slice:
    part = _part(length, index)
    rim = max(1, (part.stop - part.start) // RIM)
    return slice(part.start + rim - 1, part.stop - rim - 1)
