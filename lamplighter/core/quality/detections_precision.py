"""Average precision of detections, by COCO's definition, of images that may count several times.

How often an image counts is its weight. So the images of a segment, and of each draw of a bootstrap, are measured from
one matching.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lamplighter.core.quality.arrays import Bools, Floats, Ints

RECALLS: Floats = np.linspace(0.0, 1.0, 101)
"""Recalls at which the precision is looked up."""

MOST_PLACES = 200
"""Places of a curve at which the draws of a bootstrap are looked at; a shorter curve is looked at everywhere."""

Draws = npt.NDArray[np.float32]
"""How often each image counts in each draw, of shape (n_images, n_draws)."""


@dataclass(frozen=True, eq=False)
class Curve:
    """What the detections of a class and a range of sizes found, the surest first.

    Attributes
    ----------
    image : array of shape (n_detections,)
        Of each detection.
    inside : array of shape (n_detections,)
        Which detections are of the range of sizes.
    found, right : arrays of shape (n_detections, n_thresholds)
        Which found an object, and which one of the range of sizes.
    objects : array of shape (n_objects,)
        The image of each object of the range of sizes.
    """

    image: Ints
    inside: Bools
    found: Bools
    right: Bools
    objects: Ints

    def average_precision(self, weights: Ints) -> Floats:
        """Average precision at every threshold, in [0, 1], best 1; NaN where there is no object.

        Precision at a recall is the best at that recall or beyond; the average is over 101 recalls. A detection that
        found an object of another size counts for nothing, and so does one of another size that found none.

        Parameters
        ----------
        weights : array of shape (n_images,)
            How often each image counts.

        Returns
        -------
        array of shape (n_thresholds,)

        References
        ----------
        Lin et al. 2014, "Microsoft COCO: common objects in context".

        Examples
        --------
        >>> image, yes = np.array([0, 1]), np.array([[True], [False]])
        >>> curve = Curve(image, np.array([True, True]), yes, yes, np.array([0, 1]))
        >>> [curve.average_precision(np.array(weights)).tolist() for weights in ([1, 1], [0, 1], [2, 0])]
        [[0.505], [0.0], [1.0]]
        """
        at = np.flatnonzero(self.found.any(axis=1))
        weight = weights[self.image[at], None]
        hits = np.cumsum(weight * self.right[at], axis=0)
        # Those that found something count if what they found is of the size, and not if they are themselves.
        met = np.cumsum(weight * (self.found[at] & self.inside[at, None]), axis=0)
        counted = np.cumsum(weights[self.image] * self.inside)[at, None] + hits - met
        return _average(hits.T, counted.T, np.full(hits.shape[1], np.sum(weights[self.objects])))

    def drawn(self, draws: Draws) -> Floats:
        """The same of each draw of a bootstrap, of shape (n_draws, n_thresholds).

        A long curve is looked at in some of its places alone, so that every draw is a little too low.

        Examples
        --------
        >>> image, yes = np.array([0, 1]), np.array([[True], [False]])
        >>> curve = Curve(image, np.array([True, True]), yes, yes, np.array([0, 1]))
        >>> curve.drawn(np.array([[1, 0, 2], [1, 1, 0]], np.float32))[:, 0]
        array([0.505, 0.   , 1.   ])
        """
        places = np.flatnonzero(self.found.any(axis=1))
        if len(places) > MOST_PLACES:
            places = places[np.linspace(0, len(places) - 1, MOST_PLACES).round().astype(int)]
        positives = np.sum(draws[self.objects], axis=0).astype(np.int64)
        if not len(places):
            return np.tile(np.where(positives > 0, 0.0, np.nan)[:, None], self.found.shape[1])
        counted = _summed(self.inside[None], self.image, places, draws)
        hits = _summed(self.right.T, self.image, places, draws)
        met = self.found & self.inside[:, None]
        if not np.array_equal(self.right, met):
            counted = counted + hits - _summed(met.T, self.image, places, draws)
        shape = len(hits) * draws.shape[1], len(places)
        every, whole = (np.broadcast_to(it, hits.shape).swapaxes(1, 2).reshape(shape) for it in (hits, counted))
        return _average(every, whole, np.tile(positives, len(hits))).reshape(len(hits), -1).T


def _summed(which: Bools, image: Ints, places: npt.NDArray[np.intp], draws: Draws) -> Draws:
    """How many of some detections each draw holds up to each of some places.

    Parameters
    ----------
    which : array of shape (n, n_detections)
        Some detections, then others.

    Returns
    -------
    array of shape (n, n_places, n_draws)
    """
    from scipy.sparse import csr_array

    rows, width = len(which), len(places)
    of, at = np.nonzero(which[:, : places[-1] + 1] if width else which[:, :0])
    row = of * width + np.searchsorted(places, at)
    ends = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows * width))])
    parts = csr_array((np.ones(len(at), np.float32), image[at], ends), shape=(rows * width, len(draws)))
    summed: Draws = np.cumsum((parts @ draws).reshape(rows, width, draws.shape[1]), axis=1)
    return summed


def _average(hits: npt.NDArray[Any], counted: npt.NDArray[Any], positives: Ints) -> Floats:
    """Mean precision over the recalls, from hits and detections at some places, of shape (n_draws, n_places)."""
    if not hits.shape[1]:
        return np.where(positives > 0, 0.0, np.nan)
    precision = hits / np.maximum(counted, 1)
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    # A place stands for the recalls that are reached there first: of few detections that is less work than all recalls.
    recall = hits / np.maximum(positives, 1)[:, None]
    reached = np.searchsorted(RECALLS, recall.ravel(), side="right").reshape(hits.shape)
    first = np.diff(reached, axis=1, prepend=0)
    average = np.einsum("ij,ij->i", precision, first, dtype=float) / len(RECALLS)
    return np.where(positives > 0, average, np.nan)


def drawn_weights(images: int, count: int, random: np.random.Generator) -> Draws:
    """How often each image counts in each draw of a bootstrap: as many images as there are, with replacement.

    Examples
    --------
    >>> drawn_weights(3, 2, np.random.default_rng(0)).sum(axis=0).tolist()
    [3.0, 3.0]
    """
    of = random.integers(0, images, (count, images)) + images * np.arange(count)[:, None]
    times = np.bincount(of.ravel(), minlength=count * images).reshape(count, images)
    return np.ascontiguousarray(times.T, np.float32)
