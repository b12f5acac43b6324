"""Detections beside labelled objects, matched once: what every metric of every group of images is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from lamplighter.core.quality.arrays import Bools, Floats, Ints
from lamplighter.core.quality.confusion import Confusion
from lamplighter.core.quality.detections_matching import (
    SIZES,
    THRESHOLDS,
    Matched,
    Objects,
    Pairs,
    matched,
    overlapping,
    sorted_detections,
)
from lamplighter.core.quality.detections_precision import Curve, Draws
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.values.boxes import Boxes
from lamplighter.core.values.key_name import key_name

BACKGROUND = "background"
"""What confusion counts call the class of what is not labelled, or not detected."""


@dataclass(frozen=True, eq=False)
class GradedDetections:
    """What detections found.

    Attributes
    ----------
    images : int
        How many there are; the boxes of those that cannot be read are left out.
    names : list of str
        Every class of labels and detections, sorted.
    image, klass, score : arrays of shape (n_detections,)
        Of each detection, sorted by class and falling score.
    label_image, label_class : arrays of shape (n_objects,)
        Of each labelled object.
    sized : dict of str to Matched
        By range of sizes; the empty one is of all.
    surest : array of shape (n_detections,)
        Which detections count in an average precision: the surest 100 of each class and image.
    confident : array of shape (n_detections,)
        Which detections the service acts on.
    mixed : tuple of arrays of shape (n_mixed,)
        Image, true class and predicted class of detections that found an object of another class.
    """

    images: int
    names: list[str]
    image: Ints
    klass: Ints
    score: Floats
    label_image: Ints
    label_class: Ints
    sized: dict[str, Matched]
    surest: Bools
    confident: Bools
    mixed: tuple[Ints, Ints, Ints]

    @classmethod
    def of(cls, true: Boxes, pred: Boxes, confidence: float, sizes: tuple[str, ...] = (*SIZES,)) -> GradedDetections:
        """Match detections to labelled objects.

        Parameters
        ----------
        true, pred : Boxes
            Of the same images, without boxes that are none.
        confidence : float
            The score from which the service acts on a detection.
        sizes : tuple of str
            Ranges of sizes, of `SIZES`.
        """
        names = sorted({*true.names, *pred.names})
        labels, detections = (_objects(side, names) for side in (true, pred))
        detections, surest = sorted_detections(detections, confidence)
        pairs = overlapping(detections, labels, float(THRESHOLDS[0]))
        by_size = {name: matched(detections, labels, pairs, SIZES[name]) for name in sizes}
        confident = detections.score >= confidence
        mixed = _mixed(detections, labels, by_size[""], confident)
        return cls(
            images=true.images,
            names=names,
            image=detections.image,
            klass=detections.klass,
            score=detections.score,
            label_image=labels.image,
            label_class=labels.klass,
            sized=by_size,
            surest=surest,
            confident=confident,
            mixed=mixed,
        )

    def part(self, images: Ints) -> GradedDetections:
        """Some of the images, ascending, each once."""
        number = np.full(self.images, -1)
        number[images] = np.arange(len(images))
        kept, labels = number[self.image] >= 0, number[self.label_image] >= 0
        mixed = number[self.mixed[0]] >= 0
        return replace(
            self,
            images=len(images),
            image=number[self.image[kept]],
            klass=self.klass[kept],
            score=self.score[kept],
            label_image=number[self.label_image[labels]],
            label_class=self.label_class[labels],
            sized={
                name: Matched(it.found[kept], it.right[kept], it.object[kept], it.inside[kept], it.objects[labels])
                for name, it in self.sized.items()
            },
            surest=self.surest[kept],
            confident=self.confident[kept],
            mixed=(number[self.mixed[0][mixed]], self.mixed[1][mixed], self.mixed[2][mixed]),
        )

    @cached_property
    def labelled(self) -> Ints:
        """Objects of each class, of shape (n_classes,)."""
        return np.bincount(self.label_class, minlength=len(self.names))

    @cached_property
    def predicted(self) -> Ints:
        """Detections of each class that the service acts on, of shape (n_classes,)."""
        return np.bincount(self.klass[self.confident], minlength=len(self.names))

    def average_precision(self, size: str, weights: Ints, draws: Draws) -> Floats:
        """Average precision of each class, of shape (1 + n_draws, n_classes, n_thresholds); NaN without an object."""
        values = np.full((1 + draws.shape[1], len(self.names), len(THRESHOLDS)), np.nan)
        for klass, curve in self._curves(size):
            values[0, klass] = curve.average_precision(weights)
            if draws.shape[1]:
                # What a long curve is looked at in few places is off by, it is off by in every draw alike.
                drawn = curve.drawn(np.column_stack([weights.astype(np.float32), draws]))
                values[1:, klass] = np.clip(drawn[1:] + values[0, klass] - drawn[0], 0.0, 1.0)
        return values

    def _curves(self, size: str) -> Iterator[tuple[int, Curve]]:
        """Of the classes that have an object of a range of sizes."""
        it = self.sized[size]
        bounds = np.searchsorted(self.klass, np.arange(len(self.names) + 1))
        for klass in range(len(self.names)):
            objects = self.label_image[it.objects & (self.label_class == klass)]
            if len(objects):
                begin, end = bounds[klass : klass + 2].tolist()
                own = begin + np.flatnonzero(self.surest[begin:end])
                yield klass, Curve(self.image[own], it.inside[own], it.found[own], it.right[own], objects)

    def counts(self, weights: Ints, draws: Draws) -> Ints:
        """Hits, detections that the service acts on, and objects, of shape (1 + n_draws, n_classes, 3)."""
        hit = self.confident & self.sized[""].right[:, 0]
        sides = (
            (self.image[hit], self.klass[hit]),
            (self.image[self.confident], self.klass[self.confident]),
            (self.label_image, self.label_class),
        )
        classes = len(self.names)
        counted = [
            np.bincount(image * classes + klass, minlength=self.images * classes).reshape(self.images, classes)
            for image, klass in sides
        ]
        # As floats, of which a product is a hundred times as fast as of whole numbers, and exact.
        every = np.concatenate(counted, axis=1).astype(float)
        summed = np.concatenate([weights[None].astype(float), draws.T]) @ every
        counts: Ints = np.rint(summed).astype(np.int64).reshape(len(summed), 3, classes).swapaxes(1, 2)
        return counts

    def confusion(self, grouping: Grouping) -> list[Confusion]:
        """How often an object of each class was detected as each class, or not at all, for every group of images."""
        other = len(self.names)
        hit = self.confident & self.sized[""].right[:, 0]
        image, true, pred = (
            np.concatenate([own, mixed])
            for own, mixed in zip((self.image[hit], self.klass[hit], self.klass[hit]), self.mixed, strict=True)
        )
        shape = self.images, other + 1, other + 1
        cells = np.ravel_multi_index((image, true, pred), shape)
        found, n = np.unique(cells, return_counts=True)
        at = [*np.unravel_index(found, shape)]
        # What an image has beyond what met is a miss, or an alarm about nothing.
        for side, (own_image, own_class) in enumerate(
            ((self.label_image, self.label_class), (self.image[self.confident], self.klass[self.confident]))
        ):
            whole = np.bincount(own_image * other + own_class, minlength=self.images * other)
            met = np.bincount(image * other + (true, pred)[side], minlength=self.images * other)
            left = np.flatnonzero(whole > met)
            own, background = left % max(other, 1), np.full(len(left), other)
            pair = (own, background) if side == 0 else (background, own)
            at = [np.concatenate(part) for part in zip(at, (left // max(other, 1), *pair), strict=True)]
            n = np.concatenate([n, (whole - met)[left]])
        return self._summed(grouping, at, n)

    def _summed(self, grouping: Grouping, at: list[Ints], n: Ints) -> list[Confusion]:
        image, true, pred = at
        group = grouping.codes[image]
        kept = group >= 0
        size = len(self.names) + 1
        cells = (group[kept] * size + true[kept]) * size + pred[kept]
        found, place = np.unique(cells, return_inverse=True)
        summed = np.bincount(place, n[kept], len(found)).astype(int)
        names = [*map(class_name, self.names), BACKGROUND]
        counts = []
        for cell, count in zip(found.tolist(), summed.tolist(), strict=True):
            rest, predicted = divmod(cell, size)
            of_group, labelled = divmod(rest, size)
            segment, version = grouping.key(of_group)
            counts.append(Confusion(segment, version, names[labelled], names[predicted], count))
        return counts


def class_name(name: str) -> str:
    """The name of a class in the history; one that is called background itself is written in quotes.

    Examples
    --------
    >>> class_name("car"), class_name("background")
    ('car', '"background"')
    """
    return f'"{name}"' if name == BACKGROUND else key_name(name)


def _objects(boxes: Boxes, names: list[str]) -> Objects:
    number = {name: code for code, name in enumerate(names)}
    codes = np.array([number[name] for name in boxes.names], np.int64)
    return Objects(boxes.image, codes[boxes.klass] if len(codes) else boxes.klass, boxes.corners, boxes.score)


def _mixed(detections: Objects, labels: Objects, it: Matched, confident: Bools) -> tuple[Ints, Ints, Ints]:
    """Detections that the service acts on and that found nothing, beside objects that such a one did not find.

    Those of which each overlaps the other most are taken together, then what is left of them.
    """
    free = np.flatnonzero(confident & (it.object < 0))
    is_found = np.zeros(len(labels.image) + 1, bool)
    is_found[it.object[confident]] = True
    missed = np.flatnonzero(~is_found[:-1])
    pairs = overlapping(detections.taken(free), labels.taken(missed), float(THRESHOLDS[0]), any_class=True)
    one, other = (
        (np.array(side, np.int64) for side in zip(*_mutual(pairs), strict=True)) if len(pairs.one) else ([], [])
    )
    one, other = free[np.asarray(one, np.int64)], missed[np.asarray(other, np.int64)]
    return detections.image[one], labels.klass[other], detections.klass[one]


def _mutual(pairs: Pairs) -> list[tuple[int, int]]:
    """Pairs by falling overlap, each box in one at most."""
    order = np.lexsort((pairs.other, pairs.one, -pairs.overlap))
    seen: tuple[set[int], set[int]] = set(), set()
    chosen = []
    for one, other in zip(pairs.one[order].tolist(), pairs.other[order].tolist(), strict=True):
        if one not in seen[0] and other not in seen[1]:
            seen[0].add(one)
            seen[1].add(other)
            chosen.append((one, other))
    return chosen
