"""What ultralytics itself finds on images: `python -m ...ultralytics_says ONNX IMAGES OUT SIZE CONFIDENCE`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np

from lamplighter.detectors.ultralytics_child import prepare


def main() -> None:
    """Write boxes, classes and scores of each image of an npz file as JSON."""
    model, images, answers = map(Path, sys.argv[1:4])
    size, confidence = int(sys.argv[4]), float(sys.argv[5])
    prepare(Path(os.environ["YOLO_CONFIG_DIR"]))
    from ultralytics import YOLO

    yolo = YOLO(model, task="detect")
    found = []
    with np.load(images) as arrays:
        for name in sorted(arrays):
            (result,) = yolo.predict(
                arrays[name], imgsz=size, conf=confidence, iou=0.7, max_det=300, device="cpu", verbose=False
            )
            boxes = result.boxes
            classes = [result.names[int(kind)] for kind in boxes.cls]
            found.append({"boxes": boxes.xyxy.tolist(), "classes": classes, "scores": boxes.conf.tolist()})
    answers.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
