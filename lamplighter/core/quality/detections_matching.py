"""Which detection finds which labelled object: COCO's matching, of all images, thresholds and sizes at once.

A detection takes the object of its image and class that it overlaps most, the surest detection first. Few pairs overlap
by half, so only these are looked at: the detections that have such a pair take their objects in rounds, the surest of
every image and class together in one. What comes out equals what pycocotools finds image by image.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lamplighter.core.quality.arrays import Bools, Floats, Ints

THRESHOLDS: Floats = np.linspace(0.5, 0.95, 10)
"""Overlaps from which a detection finds an object."""

MOST_DETECTIONS = 100
"""Detections of a class in an image that count in an average precision, the surest."""

SIZES: dict[str, tuple[float, float]] = {
    "": (0.0, 1e10),
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e10),
}
"""Sizes of objects, as areas in square pixels; a size at a bound is of both sides."""

MOST_PAIRS = 2_000_000
"""Pairs of boxes that are compared at a time: some hundred megabytes."""


@dataclass(frozen=True, eq=False)
class Objects:
    """Labelled objects, or detections: one entry for each.

    Attributes
    ----------
    image, klass : arrays of shape (n,)
        Numbers of the image and of the class.
    corners : array of shape (n, 4)
        x_min, y_min, x_max, y_max.
    score : array of shape (n,)
        How sure the model is; of labels nothing is asked.
    """

    image: Ints
    klass: Ints
    corners: Floats
    score: Floats

    @cached_property
    def area(self) -> Floats:
        """Of each box."""
        size = self.corners[:, 2:] - self.corners[:, :2]
        area: Floats = size[:, 0] * size[:, 1]
        return area

    def taken(self, entries: npt.NDArray[np.intp] | Bools) -> Objects:
        """Some of them, in an order."""
        return Objects(self.image[entries], self.klass[entries], self.corners[entries], self.score[entries])


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of a detection and an object that overlap enough.

    Attributes
    ----------
    one, other : arrays of shape (n_pairs,)
        The detection, ascending, and the object.
    overlap : array of shape (n_pairs,)
        Intersection over union.
    """

    one: Ints
    other: Ints
    overlap: Floats


@dataclass(frozen=True, eq=False)
class Matched:
    """What detections found of one range of sizes.

    Attributes
    ----------
    found, right : arrays of shape (n_detections, n_thresholds)
        Which found an object, and which one of the range of sizes.
    object : array of shape (n_detections,)
        The object that each found at the lowest threshold; -1 where it found none.
    inside : array of shape (n_detections,)
        Which detections are of the range: one of another size that finds nothing is no mistake.
    objects : array of shape (n_objects,)
        Which objects are of the range.
    """

    found: Bools
    right: Bools
    object: Ints
    inside: Bools
    objects: Bools


def sorted_detections(detections: Objects, confidence: float) -> tuple[Objects, Bools]:
    """By class and falling score; of equal scores in the order of the images.

    Returns
    -------
    detections : Objects
        The surest 100 of each class and image, and all that reach the confidence.
    surest : array of shape (n_detections,)
        Which are among the surest 100: an average precision is of these alone.

    Examples
    --------
    >>> score, image = np.r_[np.full(150, 0.2), np.full(150, 0.9)], np.repeat([0, 1], 150)
    >>> found = Objects(image, np.zeros(300, np.int64), np.zeros((300, 4)), score)
    >>> kept, surest = sorted_detections(found, 0.5)
    >>> np.bincount(kept.image).tolist(), np.bincount(kept.image[surest]).tolist()
    ([100, 150], [100, 100])
    """
    order = np.lexsort((detections.image, -detections.score, detections.klass))
    detections = detections.taken(order)
    surest = _rounds(detections, np.arange(len(order))) < MOST_DETECTIONS
    kept = surest | (detections.score >= confidence)
    return detections.taken(kept), surest[kept]


def overlapping(detections: Objects, labels: Objects, least: float, *, any_class: bool = False) -> Pairs:
    """Pairs of the same image, and of the same class unless that does not matter, that overlap at least so much.

    Examples
    --------
    >>> one = np.zeros(1, np.int64)
    >>> boxes = [Objects(one, one, np.array([box], float), one.astype(float)) for box in ([0, 0, 2, 2], [0, 0, 2, 4])]
    >>> overlapping(*boxes, least=0.5).overlap
    array([0.5])
    """
    cells = [side.image if any_class else _cell(side, labels, detections) for side in (detections, labels)]
    order = np.argsort(cells[1], kind="stable")
    held = cells[1][order]
    begin, end = (np.searchsorted(held, cells[0], side) for side in ("left", "right"))
    counts = end - begin
    areas = detections.area, labels.area
    parts = [(order[:0], order[:0], areas[0][:0])]
    for some in _portions(counts):
        one = np.repeat(np.arange(some.start, some.stop), counts[some])
        shift = np.arange(len(one)) - np.repeat(np.cumsum(counts[some]) - counts[some], counts[some])
        other = order[begin[one] + shift]
        low = np.maximum(detections.corners[one, :2], labels.corners[other, :2])
        size = np.minimum(detections.corners[one, 2:], labels.corners[other, 2:]) - low
        shared = np.where((size > 0).all(axis=1), size[:, 0] * size[:, 1], 0.0)
        union = areas[0][one] + areas[1][other] - shared
        overlap = shared / np.where(union > 0, union, 1.0)
        near = overlap >= min(least, 1 - 1e-10)
        parts.append((one[near], other[near], overlap[near]))
    one, other, overlap = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Pairs(one, other, overlap)


def _cell(side: Objects, *every: Objects) -> Ints:
    """One number of an image and a class together."""
    classes = max((int(it.klass.max(initial=0)) for it in every), default=0) + 1
    return side.image * classes + side.klass


def _portions(counts: Ints) -> Iterator[slice]:
    """Runs of detections with so many pairs together."""
    ends, begin = np.cumsum(counts), 0
    while begin < len(counts):
        done = ends[begin - 1] if begin else 0
        stop = max(int(np.searchsorted(ends, done + MOST_PAIRS, "right")), begin + 1)
        yield slice(begin, stop)
        begin = stop


def matched(detections: Objects, labels: Objects, pairs: Pairs, size: tuple[float, float]) -> Matched:
    """Let the detections take objects of a range of sizes, the surest first, at every threshold.

    Parameters
    ----------
    detections : Objects
        As `sorted_detections` gives them.
    labels : Objects
    pairs : Pairs
    size : tuple of float
        Bounds of the area. Objects of another size are taken only where nothing else is left, and count for nothing.
    """
    inside, objects = ((size[0] <= area) & (area <= size[1]) for area in (detections.area, labels.area))
    shape = len(detections.image), len(THRESHOLDS)
    found, right, first = np.zeros(shape, bool), np.zeros(shape, bool), np.full(shape[0], -1, np.int64)
    if len(pairs.one):
        near, chosen = _chosen(detections, labels, pairs, objects)
        found[near], first[near] = chosen >= 0, chosen[:, 0]
        right[near] = (chosen >= 0) & objects[chosen]
    return Matched(found, right, first, inside, objects)


def _chosen(
    detections: Objects, labels: Objects, pairs: Pairs, objects: Bools
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int32]]:
    """The detections that overlap anything, and the object that each takes at every threshold, -1 for none."""
    # The order in which a detection would take objects: of the size first, then the most overlap, then the last.
    order = np.lexsort((-pairs.other, -pairs.overlap, ~objects[pairs.other], pairs.one))
    other, overlap = pairs.other[order], pairs.overlap[order]
    distinct, one = np.unique(pairs.one[order], return_inverse=True)
    chosen = np.full((len(distinct), len(THRESHOLDS)), -1, np.int32)
    taken = np.zeros((len(labels.image), len(THRESHOLDS)), bool)
    of_round = _rounds(detections, distinct)[one]
    order = np.argsort(of_round, kind="stable")
    one, other, near = one[order], other[order], overlap[order, None] >= np.minimum(THRESHOLDS, 1 - 1e-10)
    ends = np.cumsum(np.bincount(of_round))
    for begin, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True):
        free = near[begin:end] & ~taken[other[begin:end]]
        starts = np.flatnonzero(np.diff(one[begin:end], prepend=-1))
        place = np.where(free, np.arange(end - begin)[:, None], end - begin)
        first = np.minimum.reduceat(place, starts, axis=0)
        detection, threshold = np.nonzero(first < end - begin)
        taking = other[begin + first[detection, threshold]]
        chosen[one[begin + starts[detection]], threshold] = taking
        taken[taking, threshold] = True
    return distinct, chosen


def _rounds(detections: Objects, distinct: Ints) -> Ints:
    """In which round each of some detections takes its object: those of an image and class one after the other."""
    image, klass = detections.image[distinct], detections.klass[distinct]
    # Detections are sorted by class and score, and so they stay within an image.
    order = np.lexsort((distinct, klass, image))
    rank = np.empty(len(distinct), np.int64)
    rank[order] = _rank(_first_of_runs(image[order], klass[order]))
    return rank


def _first_of_runs(*keys: Ints) -> Bools:
    first = np.ones(len(keys[0]), bool)
    first[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return first


def _rank(first: Bools) -> Ints:
    """The place of each entry in its run, from 0."""
    starts = np.flatnonzero(first)
    return np.arange(len(first)) - np.repeat(starts, np.diff(starts, append=len(first)))
