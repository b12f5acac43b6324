"""Boxes that a detector logged, from Parquet to their metrics, beside the tools that a user would otherwise take.

Images of a street are made, each with a hundred logged boxes: some near the objects, most of little confidence and near
nothing. Every tool reads the same files and measures mean average precision, in turn; a line shows the medians. Ours
also measures what the service acts on, confusion, and intervals, and by camera too. A tool that is not installed is
left out. The last line is JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lamplighter.core.evaluation.labelled import Labelled
from lamplighter.core.evaluation.quality import evaluate
from lamplighter.core.monitor import parse
from lamplighter.core.records.measurement import State
from lamplighter.core.values.boxes import packed
from storage.sources.boxes import as_series

LIMIT = 3.0
"""Seconds of ours, for 5,000 images of 100 boxes."""

CLASSES = ["bicycle", "bus", "car", "person", "sign"]
CAMERAS = 8

MONITOR = """
model: street
kind: detection
predictions:
  {parquet: p.parquet, time: at, id: id, prediction: boxes, classes: classes, score: scores, confidence: 0.25}
labels: {parquet: l.parquet, target: boxes, classes: classes}
"""

Found: TypeAlias = dict[str, float]


def make(folder: Path, images: int, boxes: int, seed: int = 0) -> int:
    """Write what was logged and what is true; how many objects there are."""
    random = np.random.default_rng(seed)
    objects = random.poisson(7, images)
    total = int(objects.sum())
    size = np.exp(random.normal(4, 0.7, (total, 2))).clip(4, 400)
    low = random.uniform(0, 640 - size)
    true, named = np.concatenate([low, low + size], axis=1).round(1), random.integers(0, len(CLASSES), total)
    begin = np.cumsum(objects) - objects
    near = np.minimum(3 * objects, boxes)
    logged = images * boxes
    image, place = np.repeat(np.arange(images), boxes), np.tile(np.arange(boxes), images)
    is_near = place < near[image]
    of = np.where(is_near, begin[image] + place // 3, 0)
    wide = np.exp(random.normal(4, 0.7, (logged, 2))).clip(4, 400)
    corner = random.uniform(0, 640 - wide)
    guess = np.concatenate([corner, corner + wide], axis=1)
    spread = np.array([0.04, 0.12, 0.25])[place % 3][:, None] * np.tile(size[of], 2)
    guess = np.where(is_near[:, None], true[of] + random.normal(0, 1, (logged, 4)) * spread, guess)
    guess = np.concatenate([np.minimum(guess[:, :2], guess[:, 2:] - 1), guess[:, 2:]], axis=1).round(2)
    answered = np.where(is_near & (random.random(logged) < 0.9), named[of], random.integers(0, len(CLASSES), logged))
    score = np.where(is_near, random.beta(3, 2, logged) / (1 + place % 3), random.beta(0.3, 12, logged))
    score = score.clip(0.001, 1).round(4)
    camera = pa.array([f"camera-{number % CAMERAS}" for number in range(images)])
    pq.write_table(
        pa.table(
            {
                "camera": camera,
                "boxes": _lists(guess, np.full(images, boxes)),
                "classes": _lists(np.array(CLASSES)[answered], np.full(images, boxes)),
                "scores": _lists(score, np.full(images, boxes)),
            }
        ),
        folder / "p.parquet",
    )
    truth = pa.table({"boxes": _lists(true, objects), "classes": _lists(np.array(CLASSES)[named], objects)})
    pq.write_table(truth, folder / "l.parquet")
    return total


def _lists(values: np.ndarray[Any, Any], counts: np.ndarray[Any, Any]) -> pa.Array:
    """As lists of an image; of boxes lists of four."""
    inside = pa.array(values.ravel())
    if values.ndim == 2:
        inside = pa.ListArray.from_arrays(pa.array(np.arange(0, values.size + 1, 4, dtype=np.int32)), inside)
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), inside)


def ours(folder: Path, *, by_camera: bool = False) -> Found:
    """All metrics of kind detection, with their intervals."""
    logged, true = pq.read_table(folder / "p.parquet"), pq.read_table(folder / "l.parquet")
    pred = packed(logged["boxes"], logged["classes"], logged["scores"])
    y_true, y_pred = (as_series(it) for it in (packed(true["boxes"], true["classes"]), pred))
    segments = {"camera": logged["camera"].to_pandas()} if by_camera else {}
    monitor = parse("street.yaml", MONITOR, environ={})
    measured, _ = evaluate(Labelled(y_true, y_pred, {}, segments, None), monitor, State.FINAL)
    return {it.metric: it.value for it in measured if not it.klass and not it.segment and it.value is not None}


def _flat(folder: Path) -> tuple[int, np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Image, x, y, width, height, score and class of every detection, and of every object with the score 1."""
    number = {name: code for code, name in enumerate(CLASSES, start=1)}
    sides = []
    for name in ("p", "l"):
        table = pq.read_table(folder / f"{name}.parquet").combine_chunks()
        lists = table["boxes"].chunk(0)
        counts = np.diff(lists.offsets.to_numpy())
        corners = lists.flatten().flatten().to_numpy().reshape(-1, 4)
        classes = np.array([number[it] for it in table["classes"].chunk(0).flatten().to_pylist()])
        score = table["scores"].chunk(0).flatten().to_numpy() if name == "p" else np.ones(len(classes))
        image = np.repeat(np.arange(1, len(counts) + 1), counts)
        sides.append(np.column_stack([image, corners[:, :2], corners[:, 2:] - corners[:, :2], score, classes]))
    return len(counts), sides[0], sides[1]


def _dataset(images: int, objects: np.ndarray[Any, Any]) -> dict[str, Any]:
    entries = [
        {
            "id": at,
            "image_id": int(row[0]),
            "bbox": row[1:5].tolist(),
            "area": float(row[3] * row[4]),
            "category_id": int(row[6]),
            "iscrowd": 0,
        }
        for at, row in enumerate(objects, start=1)
    ]
    categories = [{"id": code, "name": name} for code, name in enumerate(CLASSES, start=1)]
    return {"images": [{"id": at} for at in range(1, images + 1)], "annotations": entries, "categories": categories}


def with_pycocotools(folder: Path) -> Found:
    """The reference implementation."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    return _coco(folder, COCO, COCOeval)


def with_faster_coco_eval(folder: Path) -> Found:
    """The same in C++."""
    from faster_coco_eval import COCO, COCOeval_faster

    return _coco(folder, COCO, COCOeval_faster)


def _coco(folder: Path, coco: Any, evaluation: Any) -> Found:
    images, detections, objects = _flat(folder)
    held = coco()
    held.dataset = _dataset(images, objects)
    held.createIndex()
    it = evaluation(held, held.loadRes(detections), "bbox")
    it.evaluate()
    it.accumulate()
    it.summarize()
    return {"map50_95": float(it.stats[0]), "map50": float(it.stats[1])}


def with_torchmetrics(folder: Path) -> Found:
    """The metric of those who train with torch."""
    import torch

    declared = _declared(torch)
    from torchmetrics.detection import MeanAveragePrecision

    images, *sides = _flat(folder)
    pred, true = (
        [
            {
                "boxes": torch.tensor(part[:, 1:5]),
                "scores": torch.tensor(part[:, 5]),
                "labels": torch.tensor(part[:, 6], dtype=torch.int64),
            }
            for part in np.split(side, np.searchsorted(side[:, 0], np.arange(2, images + 1)))
        ]
        for side in sides
    )
    metric = MeanAveragePrecision(box_format="xywh")
    metric.update(pred, true)
    found = metric.compute()
    del declared
    return {"map50_95": float(found["map"]), "map50": float(found["map_50"])}


def _declared(torch: Any) -> list[Any]:
    """The operators that torchvision declares at import, where its own library does not load; no metric calls them."""
    kept = []
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            kept.append(torch.library.Library("torchvision", "FRAGMENT"))
            kept[-1].define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return kept


TOOLS: dict[str, tuple[str, Callable[[Path], Found]]] = {
    "lamplighter": ("lamplighter", ours),
    "lamplighter by camera": ("lamplighter", lambda folder: ours(folder, by_camera=True)),
    "faster-coco-eval": ("faster_coco_eval", with_faster_coco_eval),
    "pycocotools": ("pycocotools", with_pycocotools),
    "torchmetrics": ("torchmetrics", with_torchmetrics),
}
"""What is measured, and the package without which it is left out."""


def main() -> int:
    """Print a line for each tool, and JSON last; 1 if ours takes longer than its limit, or differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--boxes", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    tools = {name: run for name, (package, run) in TOOLS.items() if importlib.util.find_spec(package)}
    seconds: dict[str, list[float]] = {name: [] for name in tools}
    found: dict[str, Found] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        objects = make(folder, asked.images, asked.boxes)
        for _ in range(asked.repeats):
            for tool, run in tools.items():
                begin = time.perf_counter()
                with contextlib.redirect_stdout(io.StringIO()):
                    found[tool] = run(folder)
                seconds[tool].append(time.perf_counter() - begin)
    medians = {tool: round(statistics.median(taken), 2) for tool, taken in seconds.items()}
    print(f"{asked.images:,} images, {asked.images * asked.boxes:,} logged boxes, {objects:,} objects")
    for tool, median in medians.items():
        print(f"{tool:24}{median:8.2f} s   mAP50 {found[tool]['map50']:.6f}   mAP50-95 {found[tool]['map50_95']:.6f}")
    apart = max(abs(it[key] - found["lamplighter"][key]) for it in found.values() for key in ("map50", "map50_95"))
    report = {"images": asked.images, "boxes": asked.boxes, "seconds": medians, "apart": apart, "limit": LIMIT}
    print(json.dumps(report))
    return int(medians["lamplighter"] > LIMIT or apart > 1e-6)


if __name__ == "__main__":
    sys.exit(main())
