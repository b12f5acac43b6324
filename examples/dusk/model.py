"""A detector in its folder: what is served, and which version it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lamplighter.detectors.onnx_yolo import Detections, YoloOnnx
from lamplighter.detectors.ultralytics_trainer import ONNX
from lamplighter.images.decoding import content_of, decoded

MODEL = "dusk-street"
"""Its name, as in its monitor."""

CARD = "model.json"
MOST = 100
"""Boxes that are logged of an image; none here shows more than a dozen things."""

CONFIDENCE = 0.25
"""Score from which the service acts on a box."""

BATCH = 32


@dataclass(frozen=True)
class Model:
    """A version of the detector.

    Attributes
    ----------
    version : str
    detector : YoloOnnx
    """

    version: str
    detector: YoloOnnx

    @classmethod
    def load(cls, folder: Path) -> Model:
        """Load what `write_card` and a training left."""
        version = json.loads((folder / CARD).read_text(encoding="utf-8"))["version"]
        return cls(version, YoloOnnx(folder / ONNX, most=MOST))

    def answer(self, paths: Sequence[Path]) -> list[Detections]:
        """What is on the images of some files."""
        found: list[Detections] = []
        for begin in range(0, len(paths), BATCH):
            found += self.detector.detect([read_image(path) for path in paths[begin : begin + BATCH]])
        return found


def write_card(folder: Path, version: str) -> None:
    """Note which version a folder holds."""
    (folder / CARD).write_text(json.dumps({"version": version}), encoding="utf-8")


def read_image(path: Path) -> np.ndarray:
    """Read a file as the detector wants it.

    Raises
    ------
    ImageError
        If it is not there or no image.
    """
    return decoded(content_of(str(path)))
