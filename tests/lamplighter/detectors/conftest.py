"""A small detector, trained once for all tests."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from examples.dusk.cameras import FLEET, SIZE
from examples.dusk.optics import Light
from examples.dusk.scenes import render
from examples.dusk.shapes import CLASSES
from lamplighter.detectors.ultralytics_trainer import ONNX, Example, Recipe, train_yolo

NUMBER = 8

RECIPE = Recipe(size=64, epochs=1, batch=8, more={"mosaic": 0.0, "warmup_epochs": 0.0})

LOUDER, LAST = 2.5, 0.1
"""What convolutions of a model that has learned nothing are multiplied by, so that it answers each image otherwise.

Those that give the scores are another matter: at the end of their scale many would be equal, and have no order."""


@pytest.fixture(scope="session")
def ultralytics() -> None:
    """The extra `vision`, without which there is nothing to test with."""
    if find_spec("ultralytics") is None:
        pytest.skip("ultralytics is not installed; `make setup-vision` installs it")


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    """Some street scenes by day; the last shows nothing."""
    folder = tmp_path_factory.mktemp("scenes")
    made = []
    for number in range(NUMBER):
        scene = render(FLEET[number % len(FLEET)], Light(sun=30.0), number)
        path = folder / f"{number}.jpg"
        cv2.imwrite(str(path), scene.image)
        kept = 0 if number == NUMBER - 1 else len(scene.boxes)
        made.append(Example(path, SIZE, SIZE, scene.boxes[:kept], scene.classes[:kept]))
    return made


@pytest.fixture(scope="session")
def trained(ultralytics: None, examples: list[Example], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model after one epoch, whose process noted whatever it looked for on the network."""
    folder: Path = tmp_path_factory.mktemp("model")
    guard = tmp_path_factory.mktemp("guard")
    (guard / "sitecustomize.py").write_text(
        "import socket\n"
        "def noted(*arguments, **_):\n"
        f"    with open({str(folder / 'network.txt')!r}, 'a') as file: print(arguments[-1], file=file)\n"
        "    raise OSError('no network')\n"
        "socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = noted\n"
    )
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(guard)
    try:
        train_yolo(examples, CLASSES, "yolo11n.yaml", folder, RECIPE, folder / "said.txt")
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before
    return folder


@pytest.fixture(scope="session")
def lively(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ONNX file of a model that answers many boxes, and others for each image."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(trained / ONNX)
    for weights in model.graph.initializer:
        # The last of them turns distances into boxes.
        if len(weights.dims) == 4 and "dfl" not in weights.name:
            factor = LAST if re.search(r"cv3\.\d\.2\.weight", weights.name) else LOUDER
            louder = numpy_helper.to_array(weights) * np.float32(factor)
            weights.CopyFrom(numpy_helper.from_array(louder, weights.name))
    path: Path = tmp_path_factory.mktemp("lively") / ONNX
    onnx.save(model, path)
    return path
