"""Detection: an answer is the boxes of an image, each of a class and with a score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from lamplighter.core.evaluation.box_faults import merged, repeated_objects, side_faults
from lamplighter.core.evaluation.box_meeting import meeting_faults
from lamplighter.core.evaluation.evaluator import Measured, MeasuredOn, Oddities
from lamplighter.core.evaluation.labelled import Labelled
from lamplighter.core.monitor import Monitor
from lamplighter.core.quality.arrays import Bools, Floats, Ints
from lamplighter.core.quality.detections import detection, measured_again
from lamplighter.core.quality.detections_graded import GradedDetections
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.records.measurement import State
from lamplighter.core.values.boxes import Boxes


def measured(labelled: Labelled, monitor: Monitor, groupings: Sequence[Grouping], state: State) -> Measured:
    """The metrics of boxes, and the confusion counts."""
    true, pred, readable = _sound(labelled)
    confidence = monitor.predictions.confidence
    assert confidence is not None
    measurements, confusion = detection(
        true, pred, confidence=confidence, groupings=groupings, state=state, readable=readable
    )
    return Measured(measurements, labelled.y_true, labelled.y_pred, None, confusion)


def measured_on(labelled: Labelled, monitor: Monitor, metric: str) -> MeasuredOn:
    """What measures one metric on any of the images; boxes are matched once."""
    true, pred, readable = _sound(labelled)
    confidence = monitor.predictions.confidence
    assert confidence is not None
    return measured_again(true, pred, confidence=confidence, readable=readable, metric=metric)


@dataclass(frozen=True, eq=False)
class ServedObjects:
    """The labelled objects of some images, and what the service made of them.

    Attributes
    ----------
    image : array of shape (n_objects,)
        The image of each object; an image whose lists cannot be read has none.
    corners : array of shape (n_objects, 4)
        x_min, y_min, x_max, y_max.
    was_found : array of shape (n_objects,)
        Whether a detection that the service acts on found it: those that recall counts.
    answers : Boxes
        The detections that the service acts on.
    """

    image: Ints
    corners: Floats
    was_found: Bools
    answers: Boxes

    @property
    def objects(self) -> Ints:
        """How many objects each image has, of shape (n_images,)."""
        return np.bincount(self.image, minlength=self.answers.images)

    @property
    def found(self) -> Ints:
        """How many of them were found."""
        return np.bincount(self.image[self.was_found], minlength=self.answers.images)


def served_objects(labelled: Labelled, monitor: Monitor) -> ServedObjects:
    """Match detections to the objects of each image, at the serving threshold, as recall does."""
    true, pred, readable = _sound(labelled)
    confidence = monitor.predictions.confidence
    assert confidence is not None
    graded = GradedDetections.of(true, pred, confidence, sizes=("",))
    hit = graded.confident & graded.sized[""].right[:, 0]
    was_found = np.zeros(len(true.image), bool)
    was_found[graded.sized[""].object[hit]] = True
    kept = readable[true.image]
    acted_on = pred.only((pred.score >= confidence) & readable[pred.image])
    return ServedObjects(true.image[kept], true.corners[kept], was_found[kept], acted_on)


def _sound(labelled: Labelled) -> tuple[Boxes, Boxes, npt.NDArray[np.bool_]]:
    """The boxes that are what they should be, and the images whose lists can be read."""
    true, pred = boxes_of(labelled.y_true), boxes_of(labelled.y_pred)
    readable = (true.fault == "") & (pred.fault == "")
    return (
        true.only(true.is_box & (true.klass >= 0)),
        pred.only(pred.is_box & pred.is_scored & (pred.klass >= 0)),
        readable,
    )


def boxes_of(values: pd.Series[Any]) -> Boxes:
    """The boxes of a column that holds them."""
    return Boxes.of(pa.chunked_array(pa.array(values)) if len(values) else pa.chunked_array([], pa.null()))


def oddities(labelled: Labelled, monitor: Monitor) -> Oddities:
    """Labels that are no boxes or objects twice, and what does not fit together; of predictions `profile` says it."""
    labels, confidence = monitor.labels, monitor.predictions.confidence
    assert labels is not None
    assert confidence is not None
    true, pred = boxes_of(labelled.y_true), boxes_of(labelled.y_pred)
    faults = (
        side_faults(true, [labels.target, labels.classes or ""], frozenset(monitor.private), " of the labels"),
        repeated_objects(true, labels.target),
        meeting_faults(true, pred, confidence),
    )
    yield from merged(chain.from_iterable(faults))
