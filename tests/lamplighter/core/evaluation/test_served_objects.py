"""Which objects the service found are those that pycocotools matches, and as many as recall counts."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pyarrow as pa
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from lamplighter.core.evaluation.kinds.detection import ServedObjects, served_objects
from lamplighter.core.evaluation.labelled import Labelled
from lamplighter.core.evaluation.quality import evaluate
from lamplighter.core.monitor import parse
from lamplighter.core.records.measurement import State
from lamplighter.core.values.boxes import packed
from storage.sources.boxes import as_series
from tests.lamplighter.core.quality.test_detections_oracles import CLASSES, Images, street

CONFIDENCE = 0.5
MONITOR = parse(
    "m.yaml",
    f"""
model: m
kind: detection
predictions:
  {{parquet: p, time: t, id: i, prediction: boxes, classes: classes, score: scores, confidence: {CONFIDENCE}}}
labels: {{parquet: l, target: true_boxes, classes: names}}
""",
    environ={},
)


def columns(images: Images, parts: int) -> list[pa.Array]:
    return [pa.array([[box[part] for box in image] for image in images]) for part in range(parts)]


def labelled(true: Images, pred: Images) -> Labelled:
    sides = packed(*columns(true, 2)), packed(*columns(pred, 3))
    return Labelled(as_series(sides[0]), as_series(sides[1]), {}, {}, None)


def theirs(true: Images, pred: Images) -> list[bool]:
    """Which objects pycocotools matches, at an overlap of a half, with the detections that are served."""
    sides: list[list[dict[str, object]]] = [[], []]
    for entries, side in zip(sides, (true, pred), strict=True):
        for at, image in enumerate(side, start=1):
            for (left, top, right, bottom), name, score in image:
                if score >= CONFIDENCE:
                    box = [left, top, right - left, bottom - top]
                    known = {"image_id": at, "category_id": CLASSES.index(name), "bbox": box, "score": score}
                    entries.append({**known, "id": len(entries) + 1, "area": box[2] * box[3], "iscrowd": 0})
    images = [{"id": at} for at in range(1, len(true) + 1)]
    with contextlib.redirect_stdout(io.StringIO()):
        held = COCO()
        categories = [{"id": code, "name": name} for code, name in enumerate(CLASSES)]
        held.dataset = {"images": images, "annotations": sides[0], "categories": categories}
        held.createIndex()
        it = COCOeval(held, held.loadRes(sides[1]), "bbox")
        it.params.areaRng, it.params.areaRngLbl = [[0, 1e10]], ["all"]
        it.evaluate()
    matched = {
        number: match > 0
        for found in it.evalImgs
        if found
        for number, match in zip(found["gtIds"], found["gtMatches"][0], strict=True)
    }
    return [matched[number + 1] for number in range(len(sides[0]))]


@pytest.mark.parametrize("seed", range(4))
def test_the_objects_that_are_found_are_those_that_pycocotools_matches(seed: int) -> None:
    true, pred = street(seed, 30)
    served = served_objects(labelled(true, pred), MONITOR)
    assert served.was_found.tolist() == theirs(true, pred)
    assert served.corners.tolist() == [list(box) for image in true for box, _, _ in image]
    assert served.answers.corners.tolist() == [list(box) for image in pred for box, _, s in image if s >= CONFIDENCE]
    found, _ = evaluate(labelled(true, pred), MONITOR, State.FINAL)
    (recall,) = [it.value for it in found if it.metric == "recall" and not it.klass]
    assert served.found.sum() / served.objects.sum() == pytest.approx(recall)


def test_an_image_whose_lists_cannot_be_read_has_no_objects() -> None:
    true = packed(pa.array([[[0, 0, 9, 9]], [[0, 0, 9, 9]]]), pa.array([["car"], ["car"]]))
    pred = packed(pa.array([[[0, 0, 9, 9]], []]), pa.array([["car", "car"], []]), pa.array([[0.9], []]))
    served: ServedObjects = served_objects(Labelled(as_series(true), as_series(pred), {}, {}, None), MONITOR)
    assert np.array_equal(served.objects, [0, 1])
    assert np.array_equal(served.found, [0, 0])
    assert not len(served.answers.image)
