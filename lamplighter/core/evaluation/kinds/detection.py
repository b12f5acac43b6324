"""Detection: an answer is the boxes of an image, each of a class and with a score."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from lamplighter.core.evaluation.box_faults import meeting_faults, merged, repeated_objects, side_faults
from lamplighter.core.evaluation.evaluator import Measured, MeasuredOn, Oddities
from lamplighter.core.evaluation.labelled import Labelled
from lamplighter.core.monitor import Monitor
from lamplighter.core.quality.arrays import Ints
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


def found_in_images(labelled: Labelled, monitor: Monitor) -> tuple[Ints, Ints]:
    """How many objects of each image were found at the serving threshold, and how many there are.

    Returns
    -------
    found, objects : arrays of shape (n_images,)
        0 of an image whose lists cannot be read.
    """
    true, pred, readable = _sound(labelled)
    assert monitor.predictions.confidence is not None
    graded = GradedDetections.of(true, pred, monitor.predictions.confidence, sizes=("",))
    hit = graded.confident & graded.sized[""].right[:, 0]
    found = np.bincount(graded.image[hit], minlength=graded.images)
    objects = np.bincount(graded.label_image, minlength=graded.images)
    return np.where(readable, found, 0), np.where(readable, objects, 0)


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
        side_faults(true, [labels.target, labels.classes or ""]),
        repeated_objects(true, labels.target),
        meeting_faults(true, pred, confidence),
    )
    yield from merged(chain.from_iterable(faults))
