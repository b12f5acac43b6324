"""What a detector answered in a window, before any label has come."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lamplighter.core.counts import LARGEST, most_frequent
from lamplighter.core.evaluation.box_faults import names_of
from lamplighter.core.evaluation.data import NO_ROWS, ratio
from lamplighter.core.quality.arrays import Floats
from lamplighter.core.quality.detections import NO_DETECTION
from lamplighter.core.quality.detections_graded import class_name
from lamplighter.core.quality.scores import SLACK
from lamplighter.core.records.measurement import Measurement
from lamplighter.core.values.boxes import Boxes
from lamplighter.core.values.key_name import OTHER

NOT_PROBABLE = "scores lie outside 0 to 1"


def box_measurements(boxes: Boxes, confidence: float) -> Iterator[Measurement]:
    """Detections that the service acts on: how many an image has, of which class, and how sure the model is of them.

    Images whose lists cannot be read are left out; one without a list has no detection.

    Parameters
    ----------
    boxes : Boxes
        Of every image of the window.
    confidence : float
        The score from which the service acts.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from lamplighter.core.values.boxes import packed
    >>> lists = [[[0, 0, 5, 5], [2, 2, 9, 9]], []], [["car", "bus"], []], [[0.8, 0.1], []]
    >>> boxes = Boxes.of(packed(*map(pa.array, lists)))
    >>> {it.metric: it.value for it in box_measurements(boxes, 0.25)}
    {'boxes_per_image': 0.5, 'empty_prediction_ratio': 0.5, 'expected_precision': 0.8, 'prediction_share': 1.0}
    """
    readable = boxes.fault == ""
    images = int(np.sum(readable))
    acted = boxes.only(boxes.is_box & (boxes.klass >= 0) & (boxes.score >= confidence))
    counts = acted.counts[readable].astype(float)
    empty = NO_ROWS if not boxes.images else "no image has lists that can be read"
    yield _mean("boxes_per_image", counts, empty)
    yield ratio("empty_prediction_ratio", int(np.sum(counts == 0)), images, empty=empty)
    none_acted = NO_DETECTION.format(confidence) if images else empty
    if len(acted.score) and acted.score.max() > 1 + SLACK:
        yield Measurement(metric="expected_precision", n=len(acted.score), reason=NOT_PROBABLE)
    else:
        yield _mean("expected_precision", np.minimum(acted.score, 1.0), none_acted)
    shown = names_of(acted)
    of_class = {class_name(name): shown[name] for name in most_frequent(shown, LARGEST)}
    if rest := sum(shown.values()) - sum(of_class.values()):
        of_class[OTHER] = rest
    for name, count in sorted(of_class.items()):
        yield ratio("prediction_share", count, sum(shown.values()), klass=name)


def _mean(metric: str, values: Floats, empty: str) -> Measurement:
    if not len(values):
        return Measurement(metric=metric, reason=empty)
    return Measurement(metric=metric, value=float(np.mean(values)), n=len(values))
