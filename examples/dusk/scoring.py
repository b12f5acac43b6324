"""How well boxes were found: mean average precision as COCO has it, by faster-coco-eval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from examples.dusk.shapes import CLASSES

Boxes = Sequence[Sequence[float]] | np.ndarray


def map50(truth: Sequence[tuple[Boxes, Sequence[str]]], found: Sequence[tuple[Boxes, Sequence[str], Boxes]]) -> float:
    """Mean over the classes of the average precision, boxes being found where half of both is common.

    Parameters
    ----------
    truth : sequence of (boxes, classes)
        One for each image; boxes are x_min, y_min, x_max, y_max.
    found : sequence of (boxes, classes, scores)

    Returns
    -------
    float
        0 to 1; NaN where nothing is there to be found.

    Examples
    --------
    >>> image = ([[0, 0, 10, 10], [20, 0, 30, 20]], ["car", "person"])
    >>> map50([image], [([[0, 0, 10, 9]], ["car"], [0.9])])
    0.5
    """
    from faster_coco_eval import COCO, COCOeval_faster

    annotations = [
        {**_entry(number, box, kind), "iscrowd": 0}
        for number, (boxes, kinds) in enumerate(truth, 1)
        for box, kind in zip(boxes, kinds, strict=True)
    ]
    for index, annotation in enumerate(annotations, 1):
        annotation["id"] = index
    if not annotations:
        return float("nan")
    detections = [
        {**_entry(number, box, kind), "score": float(score)}
        for number, (boxes, kinds, scores) in enumerate(found, 1)
        for box, kind, score in zip(boxes, kinds, scores, strict=True)
    ]
    if not detections:
        return 0.0
    known = COCO(
        {
            "images": [{"id": number} for number in range(1, len(truth) + 1)],
            "annotations": annotations,
            "categories": [{"id": number, "name": name} for number, name in enumerate(CLASSES, 1)],
        }
    )
    evaluation = COCOeval_faster(known, known.loadRes(detections), "bbox", print_function=lambda *_: None)
    evaluation.evaluate()
    evaluation.accumulate()
    # Of all sizes, 100 boxes an image, and half in common; -1 stands for a class that is not there.
    precision = evaluation.eval["precision"][0, :, :, 0, 2]
    present = precision.max(0) > -1
    return float(precision[:, present].mean())


def _entry(number: int, box: Sequence[float] | np.ndarray, kind: str) -> dict[str, object]:
    left, top, right, bottom = (float(side) for side in box)
    size = [left, top, right - left, bottom - top]
    return {
        "image_id": number,
        "category_id": CLASSES.index(kind) + 1,
        "bbox": size,
        "area": size[2] * size[3],
    }
