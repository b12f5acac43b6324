"""Training by ultralytics: both files or neither, no network, and a line for a person where it cannot be."""

import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from examples.dusk.shapes import CLASSES
from lamplighter.detectors import ultralytics_trainer
from lamplighter.detectors.onnx_yolo import YoloOnnx
from lamplighter.detectors.ultralytics_trainer import ONNX, WEIGHTS, WORK, Example, environment, train_yolo
from lamplighter.errors import ModelError
from tests.lamplighter.detectors.conftest import RECIPE


@pytest.mark.long
def test_a_training_leaves_weights_and_an_onnx_file_and_asks_no_network(trained):
    assert sorted(path.name for path in trained.iterdir()) == [ONNX, "said.txt", WEIGHTS]
    assert YoloOnnx(trained / ONNX).size == RECIPE.size


@pytest.mark.long
def test_a_training_goes_on_from_weights(trained, examples, tmp_path, monkeypatch):
    # The process that trains works in another folder.
    monkeypatch.chdir(trained)
    # So little is learned that the model stays what it was; another seed would give other random weights.
    train_yolo(examples, CLASSES, WEIGHTS, tmp_path, replace(RECIPE, seed=5, learning_rate=1e-9))
    before, after = (convolutions(folder / ONNX) for folder in (trained, tmp_path))

    assert np.corrcoef(before, after)[0, 1] > 0.99


def convolutions(path: Path) -> np.ndarray:
    """All weights of a model's convolutions, one after the other."""
    import onnx
    from onnx import numpy_helper

    weights = [numpy_helper.to_array(it) for it in onnx.load(path).graph.initializer if len(it.dims) == 4]
    return np.concatenate([it.ravel() for it in weights])


@pytest.mark.long
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_training_that_is_ended_leaves_no_model_its_process_ends_and_the_next_is_clean(
    ultralytics, examples, tmp_path, how
):
    script = (
        "import sys, pickle; from pathlib import Path\n"
        "from lamplighter.detectors.ultralytics_trainer import *\n"
        "examples, names, recipe = pickle.load(open(sys.argv[1], 'rb'))\n"
        "train_yolo(examples, names, 'yolo11n.yaml', Path(sys.argv[2]), recipe, Path(sys.argv[3]))\n"
    )
    job, folder, said = tmp_path / "job", tmp_path / "model", tmp_path / "said.txt"
    job.write_bytes(pickle.dumps((examples, CLASSES, replace(RECIPE, epochs=10_000))))
    space = tmp_path / "space"
    space.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(job), str(folder), str(said)], env=os.environ | {"TMPDIR": str(space)}
    )
    try:
        waited_for(lambda: (folder / WORK / "run" / "results.csv").exists())
        child = int((folder / WORK / "pid").read_text())
    finally:
        process.send_signal(how)
        process.wait()
    waited_for(lambda: not is_alive(child))

    assert [path.name for path in folder.iterdir()] == [WORK]
    assert not list(space.iterdir()), "nothing is left beside the model's folder"
    train_yolo(examples, CLASSES, "yolo11n.yaml", folder, RECIPE)
    assert sorted(path.name for path in folder.iterdir()) == [ONNX, WEIGHTS]


def waited_for(happened, seconds: float = 60.0) -> None:
    """Wait until something has happened."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


def test_without_the_extra_a_person_learns_what_to_install_and_its_licence(examples, tmp_path, monkeypatch):
    monkeypatch.setattr(ultralytics_trainer, "find_spec", lambda name: None)
    with pytest.raises(
        ModelError, match=r"ultralytics, which is not installed; install lamplighter\[vision\].*AGPL-3.0"
    ):
        train_yolo(examples, CLASSES, "yolo11n.yaml", tmp_path, RECIPE)


ODD = Example(
    Path("a.jpg"),
    100,
    50,
    np.array([[50, 20, 0, 0], [0, 0, np.nan, 20], [0, 0, np.inf, 20], [120, 0, 130, 20], [5, 5, 5, 20]]),
    ["car"] * 5,
)
"""Reversed, without a number, without an end, beyond the edge, and without an area."""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"start": "gone.pt"}, r"gone\.pt: weights are not there; .*nothing is downloaded", id="gone"),
        pytest.param({"names": ["car"]}, "labels have the class '(person|truck)'; known are car", id="class"),
        pytest.param({"recipe": replace(RECIPE, size=100)}, "size 100; a multiple of 32", id="size"),
        pytest.param({"examples": [ODD]}, "1 images and no box among them: 5 that end before they begin", id="odd"),
        pytest.param(
            {"examples": [replace(ODD, classes=["car"])]}, r"a\.jpg has 5 boxes and 1 classes; give one", id="lengths"
        ),
        pytest.param({"examples": []}, "0 images and no box among them; train on images that have labels", id="none"),
    ],
)
def test_what_cannot_be_trained_is_said_before_a_process_starts(ultralytics, examples, tmp_path, change, said):
    sound = {
        "examples": examples,
        "names": CLASSES,
        "start": "yolo11n.yaml",
        "folder": tmp_path / "m",
        "recipe": RECIPE,
    }
    with pytest.raises(ModelError, match=said):
        train_yolo(**(sound | change))
    assert not (tmp_path / "m").exists()


# Long, since ultralytics is imported anew to look at the weights.
@pytest.mark.long
def test_weights_that_are_none_are_refused(ultralytics, examples, tmp_path):
    weights = tmp_path / "other.pt"
    weights.write_bytes(b"no weights")
    with pytest.raises(ModelError, match=r"other\.pt: no weights that ultralytics can read .*a \.pt of YOLO is right"):
        train_yolo(examples, CLASSES, weights, tmp_path / "m", RECIPE)
    assert not (tmp_path / "m").exists()


# Long, since ultralytics is imported anew to look at the weights.
@pytest.mark.long
def test_weights_of_another_architecture_are_refused(ultralytics, examples, tmp_path):
    weights = tmp_path / "classifier.pt"
    script = (
        "import os, sys; from pathlib import Path\n"
        "from lamplighter.detectors.ultralytics_child import prepare\n"
        "prepare(Path(os.environ['YOLO_CONFIG_DIR']))\n"
        "from ultralytics import YOLO\n"
        "YOLO('yolo11n-cls.yaml').save(sys.argv[1])\n"
    )
    subprocess.run([sys.executable, "-c", script, str(weights)], env=environment(tmp_path), check=True)
    with pytest.raises(ModelError, match=r"classifier\.pt: weights of another kind of model \(ClassificationModel\)"):
        train_yolo(examples, CLASSES, weights, tmp_path / "m", RECIPE)
    assert not (tmp_path / "m").exists()
