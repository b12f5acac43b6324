"""Quality of detected boxes, from what was logged: mean average precision, and what the service acts on."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lamplighter.core.counts import LARGEST
from lamplighter.core.quality.arrays import Bools, Floats, Ints, divide
from lamplighter.core.quality.confusion import Confusion
from lamplighter.core.quality.detections_graded import GradedDetections, class_name
from lamplighter.core.quality.detections_matching import SIZES
from lamplighter.core.quality.detections_precision import Draws, drawn_weights
from lamplighter.core.quality.estimates import NO_ROWS
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.intervals import NO_SPREAD, TAIL
from lamplighter.core.records.measurement import OVERALL, Measurement, State
from lamplighter.core.values.boxes import Boxes

RESAMPLES = 100
"""Draws of a bootstrap over images (Efron 1979, "Bootstrap methods: another look at the jackknife")."""

UNREADABLE = "no image can be read; log lists of boxes, classes and scores of one length"
NO_OBJECT = "no label holds an object"
NO_SIZE = "no label holds a {} object"
NO_DETECTION = "no detection reaches the confidence {:g}"
NO_CLASS_LABELLED = "no label is {}"
NO_CLASS_DETECTED = "no detection of {} reaches the confidence {:g}"

MEANS = {"map50": "", "map50_95": "", **{f"map_{size}": size for size in SIZES if size}}
"""Mean average precisions, and the range of sizes that each is of."""


def detection(
    y_true: Boxes,
    y_pred: Boxes,
    *,
    confidence: float,
    groupings: Sequence[Grouping],
    state: State,
    readable: Bools | None = None,
) -> tuple[list[Measurement], list[Confusion]]:
    """Measure detections on images whose objects are known.

    Parameters
    ----------
    y_true, y_pred : Boxes
        Of the same images. A prediction that is null found nothing.
    confidence : float
        The score from which the service acts on a detection: precision, recall, F1 and confusion are of these, at an
        overlap of 0.5. The mean average precisions are of all that was logged.
    groupings : sequence of Grouping
        Ways to cut the images.
    state : State
        Passed on to the measurements.
    readable : array of shape (n_images,), optional
        Images whose boxes are what they should be; others are left out.

    Returns
    -------
    measurements : list of Measurement
        Of every group; of single classes (``klass``) for the window and for versions, of the 50 classes with the most
        objects.
    confusion : list of Confusion
        Objects of each class by the class that they were detected as; ``background`` for what is not there.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from lamplighter.core.values.boxes import packed
    >>> boxes, classes = pa.array([[[0, 0, 40, 40]], [[0, 0, 40, 40]]]), pa.array([["car"], ["car"]])
    >>> true = Boxes.of(packed(boxes, classes))
    >>> pred = Boxes.of(packed(boxes, classes, pa.array([[0.9], [0.1]])))
    >>> found, confusion = detection(
    ...     true, pred, confidence=0.25, groupings=[Grouping.overall(2)], state=State.FINAL
    ... )
    >>> {it.metric: it.value for it in found if not it.klass}
    {'map50': 1.0, 'map50_95': 1.0, 'map_small': None, 'map_medium': 1.0, 'map_large': None,
     'precision': 1.0, 'recall': 0.5, 'f1': 0.6667}
    >>> [(it.y_true, it.y_pred, it.n) for it in confusion]
    [('car', 'car', 1), ('car', 'background', 1)]
    """
    graded = GradedDetections.of(y_true, y_pred, confidence)
    keep = np.ones(y_true.images, bool) if readable is None else readable
    found: list[Measurement] = []
    confusion: list[Confusion] = []
    for grouping in groupings:
        codes = np.where(keep, grouping.codes, -1)
        confusion += graded.confusion(Grouping(grouping.names, codes, grouping.by))
        for group, name in enumerate(grouping.names):
            part = graded.part(np.flatnonzero(codes == group))
            of = Group(part, grouping, group, confidence, state, rows=int(grouping.count[group]))
            seed = [zlib.crc32(text.encode()) for text in ("detections", name)]
            found += of.measurements(np.random.default_rng(seed))
    return found, confusion


def measured_again(
    y_true: Boxes, y_pred: Boxes, *, confidence: float, readable: Bools, metric: str
) -> Callable[[Ints, Sequence[Grouping]], list[Measurement]]:
    """What measures at least one metric on any of the images, each as often as named; boxes are matched once.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from lamplighter.core.values.boxes import packed
    >>> boxes = Boxes.of(packed(pa.array([[[0, 0, 9, 9]], []]), pa.array([["car"], []]), pa.array([[0.9], []])))
    >>> readable = np.array([True, True])
    >>> measured = measured_again(boxes, boxes, confidence=0.25, readable=readable, metric="map50")
    >>> {(it.metric, it.klass): it.value for it in measured(np.array([0, 0, 1]), [Grouping.overall(3)])}
    {('map50', ''): 1.0, ('ap50', 'car'): 1.0, ('ap', 'car'): 1.0}
    """
    graded = GradedDetections.of(y_true, y_pred, confidence, tuple(dict.fromkeys(("", MEANS.get(metric, "")))))

    def on(rows: Ints, groupings: Sequence[Grouping]) -> list[Measurement]:
        found: list[Measurement] = []
        for grouping in groupings:
            for group in range(len(grouping.names)):
                own = rows[grouping.codes == group]
                times = np.bincount(own[readable[own]], minlength=graded.images)
                part = graded.part(np.flatnonzero(times))
                of = Group(part, grouping, group, confidence, State.FINAL, rows=len(own))
                found += of.measured(times[times > 0], _no_draws(part.images), metric)
        return found

    return on


@dataclass(frozen=True, eq=False)
class Group:
    """The images of one group, and how its numbers are recorded."""

    graded: GradedDetections
    grouping: Grouping
    group: int
    confidence: float
    state: State
    rows: int

    def measurements(self, random: np.random.Generator) -> Iterator[Measurement]:
        """Every metric, with an interval by a bootstrap over the images."""
        images = self.graded.images
        draws = drawn_weights(images, RESAMPLES, random) if images > 1 else _no_draws(images)
        yield from self.measured(np.ones(images, np.int64), draws)

    def measured(self, weights: Ints, draws: Draws, only: str = "") -> Iterator[Measurement]:
        """Every metric, or at least one that is enough; the weights give the value, the draws the interval."""
        graded = self.graded
        means = {metric: size for metric, size in MEANS.items() if only in ("", metric)}
        precision = {size: graded.average_precision(size, weights, draws) for size in dict.fromkeys(means.values())}
        for metric, size in means.items():
            values = precision[size][:, :, 0] if metric == "map50" else np.mean(precision[size], axis=2)
            lacking = NO_SIZE.format(size) if size and graded.labelled.any() else NO_OBJECT
            yield self._one(metric, _mean_of_classes(values), graded.images, lacking)
        counts = None if only in MEANS else graded.counts(weights, draws)
        if counts is not None:
            yield from self._ratios(np.sum(counts, axis=1), NO_OBJECT, NO_DETECTION.format(self.confidence))
        if self.grouping.is_whole:
            yield from self._classes(precision.get(""), counts)

    def _classes(self, precision: Floats | None, counts: Ints | None) -> Iterator[Measurement]:
        """What was computed, of each class; where that is not all, of classes that are labelled."""
        graded = self.graded
        is_part = precision is None or counts is None
        occurs = graded.labelled if is_part else graded.labelled + graded.predicted
        largest = np.lexsort((-occurs, -graded.labelled))[:LARGEST]
        for klass in sorted(largest[occurs[largest] > 0].tolist()):
            name = class_name(graded.names[klass])
            n, lacking = int(graded.labelled[klass]), NO_CLASS_LABELLED.format(name)
            if precision is not None:
                yield self._one("ap50", precision[:, klass, 0], n, lacking, name)
                yield self._one("ap", np.mean(precision[:, klass], axis=1), n, lacking, name)
            if counts is not None:
                none_detected = NO_CLASS_DETECTED.format(name, self.confidence)
                yield from self._ratios(counts[:, klass], lacking, none_detected, name)

    def _ratios(self, counts: Ints, unlabelled: str, undetected: str, klass: str = OVERALL) -> Iterator[Measurement]:
        """Precision, recall and F1 of hits, detections and objects, of shape (n_draws, 3)."""
        hits, predicted, labelled = counts.T
        of = {
            "precision": (divide(hits, predicted), predicted, undetected),
            "recall": (divide(hits, labelled), labelled, unlabelled),
            "f1": (
                divide(2 * hits, predicted + labelled),
                predicted + labelled - hits,
                f"{unlabelled} and {undetected}",
            ),
        }
        for name, (values, n, lacking) in of.items():
            yield self._one(name, values, int(n[0]) if len(n) else 0, lacking, klass)

    def _one(self, metric: str, values: Floats, n: int, lacking: str, klass: str = OVERALL) -> Measurement:
        """A metric from its value and those of the draws."""
        segment, version = self.grouping.key(self.group)
        reason = NO_ROWS if not self.rows else UNREADABLE if not self.graded.images else ""
        if not reason and not np.isfinite(values[0]):
            reason = lacking
        lower, upper = (None, None) if reason else _bounds(values)
        return Measurement(
            metric=metric,
            segment=segment,
            version=version,
            klass=klass,
            value=None if reason else float(values[0]),
            n=n,
            lower=lower,
            upper=upper,
            state=self.state,
            reason=reason,
        )


def _no_draws(images: int) -> Draws:
    return np.zeros((images, 0), np.float32)


def _mean_of_classes(values: Floats) -> Floats:
    """Mean over the classes that have an object, of shape (n_draws,)."""
    known = np.isfinite(values)
    return divide(np.sum(np.where(known, values, 0.0), axis=1), np.sum(known, axis=1))


def _bounds(values: Floats) -> tuple[float | None, float | None]:
    """The bounds that 95 % of the draws lie within, and the value; None where they say nothing."""
    value, draws = float(values[0]), values[1:]
    known = draws[np.isfinite(draws)]
    if 2 * len(known) <= len(draws) or np.ptp(known) <= NO_SPREAD * np.max(np.abs(known)):
        return None, None
    lower, upper = np.quantile(known, [TAIL, 1 - TAIL])
    return min(float(lower), value), max(float(upper), value)
