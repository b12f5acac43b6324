"""Tiles of a camera's view that are covered all day, as by dirt on the lens; what passes by covers them for a while."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from lamplighter.core.evaluation.images import share_measurements
from lamplighter.core.monitor.images import DARK
from lamplighter.core.quality.arrays import Floats
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.records.finding import Code, Finding
from lamplighter.core.records.measurement import Measurement

METRIC = "image_tile_covered_ratio"

TILES = tuple(f"r{row}c{column}" for row in range(1, 5) for column in range(1, 5))
"""As `image_occluded_tile` names them: row from above, column from the left."""

MOST, MORE = 0.5, 0.25
"""A tile is covered that surely is so in more than half of the images, and in so many more than in any window before: a
wall that was always there is part of the view."""

FEWEST_IMAGES, FEWEST_WINDOWS = 8, 3
"""Images of a camera, and windows before, below which nothing is said."""


def tile_measurements(
    tiles: Sequence[str | None], brightness: Floats, groupings: Sequence[Grouping]
) -> Iterator[Measurement]:
    """For each camera and tile, in which share of the images it is the one that is covered most.

    Parameters
    ----------
    tiles : sequence of shape (n_images,)
        Null where none is covered.
    brightness : array of shape (n_images,)
        In the dark nothing is seen of a tile, so dark images do not count.
    groupings : sequence of Grouping

    Examples
    --------
    >>> measured = tile_measurements(["r1c3", None], np.array([0.5, 0.5]), [Grouping.of("camera", ["north", "north"])])
    >>> [(it.segment, it.klass, it.value) for it in measured if it.value]
    [('camera=north', 'r1c3', 0.5)]
    """
    known = brightness >= DARK
    named = np.array(tiles, dtype=object)
    for tile in TILES:
        yield from share_measurements(METRIC, named == tile, known, groupings, klass=tile)


def covered_findings(
    measured: Sequence[Measurement], before: Mapping[tuple[str, str], Sequence[float]]
) -> Iterator[Finding]:
    """The tiles that are covered all day and were not so before.

    Parameters
    ----------
    measured : sequence of Measurement
        As of `tile_measurements`.
    before : mapping of (str, str) to sequence of float
        The same shares, by segment and tile, in the windows before in which the tile was not found covered.

    Examples
    --------
    >>> north = Measurement(metric=METRIC, segment="camera=north", klass="r1c3", value=0.9, lower=0.7, n=20)
    >>> [found] = covered_findings([north], {("camera=north", "r1c3"): [0.0, 0.1, 0.0]})
    >>> found.message
    'tile r1c3 of camera=north is covered in 90 % of 20 images, and was in at most 10 % of the 3 windows before; is \
    the lens dirty?'
    """
    for it in measured:
        past = before.get((it.segment, it.klass), ())
        if it.value is None or it.n < FEWEST_IMAGES or len(past) < FEWEST_WINDOWS:
            continue
        # Of few images a lorry that stands there for some may be in most by chance.
        if it.lower is not None and it.lower > MOST and it.value > max(past) + MORE:
            of = f" of {it.segment}" if it.segment else ""
            what = f"tile {it.klass}{of} is covered in {100 * it.value:.0f} % of {it.n} images"
            usual = f"was in at most {100 * max(past):.0f} % of the {len(past)} windows before"
            yield Finding(Code.IMAGES_COVERED, subject_of(it), f"{what}, and {usual}; is the lens dirty?")


def subject_of(measured: Measurement) -> str:
    """What a finding about a tile is about: the camera and the tile.

    Examples
    --------
    >>> subject_of(Measurement(metric=METRIC, segment="camera=north", klass="r1c3"))
    'camera=north r1c3'
    """
    return f"{measured.segment} {measured.klass}".strip()
