"""Average precision of detections, by COCO's definition, of images that may count several times.

How often an image counts is its weight. So the images of a segment, and of each draw of a bootstrap, are measured from
one matching.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lamplighter.core.quality.arrays import Bools, Floats, Ints, divide

RECALLS: Floats = np.linspace(0.0, 1.0, 101)
"""Recalls at which the precision is looked up."""

MOST_CELLS = 4_000_000
"""Numbers that are held at a time: draws of a bootstrap by detections."""

Weights = npt.NDArray[np.int32]


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

    def average_precision(self, weights: Weights) -> Floats:
        """Average precision at every threshold, in [0, 1], best 1; NaN where there is no object.

        Precision at a recall is the best at that recall or beyond; the average is over 101 recalls. A detection that
        found an object of another size counts for nothing, and so does one of another size that found none.

        Parameters
        ----------
        weights : array of shape (n_draws, n_images)
            How often each image counts.

        Returns
        -------
        array of shape (n_draws, n_thresholds)

        References
        ----------
        Lin et al. 2014, "Microsoft COCO: common objects in context".

        Examples
        --------
        >>> image, yes = np.array([0, 1]), np.array([[True], [False]])
        >>> curve = Curve(image, np.array([True, True]), yes, yes, np.array([0, 1]))
        >>> curve.average_precision(np.array([[1, 1], [0, 1], [2, 0]], np.int32))[:, 0]
        array([0.505, 0.   , 1.   ])
        """
        reached = np.flatnonzero(self.found.any(axis=1))
        last = int(reached[-1]) + 1 if len(reached) else 0
        values = np.empty((len(weights), self.found.shape[1]))
        step = max(1, MOST_CELLS // max(last, 1))
        for begin in range(0, len(weights), step):
            some = weights[begin : begin + step]
            values[begin : begin + step] = self._of_draws(some, last)
        return values

    def _of_draws(self, weights: Weights, last: int) -> Floats:
        positives = np.sum(weights[:, self.objects], axis=1)
        counted = np.cumsum(weights[:, self.image[:last]] * self.inside[:last], axis=1, dtype=np.int32)
        wanted = _needed(positives)
        columns = [self._at(threshold, weights, counted, positives, wanted) for threshold in range(self.found.shape[1])]
        return np.column_stack(columns)

    def _at(self, threshold: int, weights: Weights, counted: Weights, positives: Ints, wanted: Ints) -> Floats:
        """Of one threshold: precision changes for the better only where an object is found."""
        at = np.flatnonzero(self.found[:, threshold])
        if not len(at):
            return np.where(positives > 0, 0.0, np.nan)
        right, inside = self.right[at, threshold], self.inside[at]
        weight = weights[:, self.image[at]]
        hits = np.cumsum(weight * right, axis=1, dtype=np.int32)
        # Those that found something count if what they found is of the size, and not if they are themselves.
        shift = np.cumsum(weight * (right.astype(np.int32) - inside), axis=1, dtype=np.int32)
        precision = divide(hits, counted[:, at] + shift)
        precision = np.maximum.accumulate(np.nan_to_num(precision)[:, ::-1], axis=1)[:, ::-1]
        place = _first_with(hits, wanted)
        held = np.take_along_axis(precision, np.minimum(place, len(at) - 1), axis=1)
        average: Floats = np.mean(np.where(place < len(at), held, 0.0), axis=1)
        return np.where(positives > 0, average, np.nan)


def _needed(positives: Ints) -> Ints:
    """How many hits each recall takes, of shape (n_draws, n_recalls): the fewest whose share reaches it as a float."""
    of = np.maximum(positives, 1)[:, None]
    needed = np.ceil(RECALLS * of).astype(np.int64)
    needed -= (needed - 1) / of >= RECALLS
    return np.maximum(needed + (needed / of < RECALLS), 0)


def _first_with(hits: Weights, wanted: Ints) -> Ints:
    """The first place of each row at which there are so many hits, of shape (n_draws, n_recalls)."""
    rows, width = hits.shape
    apart = (int(max(hits.max(initial=0), wanted.max(initial=0))) + 1) * np.arange(rows, dtype=np.int64)[:, None]
    place = np.searchsorted((hits + apart).ravel(), (wanted + apart).ravel()).reshape(wanted.shape)
    first: Ints = place - width * np.arange(rows)[:, None]
    return first


def drawn(images: int, draws: int, random: np.random.Generator) -> Iterator[Weights]:
    """How often each image counts: first each once, then as often as a bootstrap draws it.

    Examples
    --------
    >>> once, *others = drawn(3, 2, np.random.default_rng(0))
    >>> once.tolist(), [int(weights.sum()) for weights in others]
    ([[1, 1, 1]], [6])
    """
    yield np.ones((1, images), np.int32)
    if draws:
        yield random.multinomial(images, np.full(images, 1 / images), draws).astype(np.int32)
