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
    inner : tuple of slice
        Its rows and columns, among the pixels that have neighbours, without its rim, where the slopes between two tiles
        are.
    slopes : tuple of slice
        The same, where each row of pixels has two of slopes.
    n : int
        Pixels in it.
    """

    name: str
    inner: tuple[slice, slice]
    slopes: tuple[slice, slice]
    n: int


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
    rows, columns = ([_part(length, index) for index in range(SIDE)] for length in (height, width))
    return tuple(
        Tile(
            f"r{row + 1}c{column + 1}",
            (high, wide),
            (slice(2 * high.start, 2 * high.stop), wide),
            (high.stop - high.start) * (wide.stop - wide.start),
        )
        for row, high in enumerate(rows)
        for column, wide in enumerate(columns)
    )


def _part(length: int, index: int) -> slice:
    start, stop = index * length // SIDE, (index + 1) * length // SIDE
    rim = max(1, (stop - start) // RIM)
    return slice(start + rim - 1, stop - rim - 1)
