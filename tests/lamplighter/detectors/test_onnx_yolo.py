"""Running an ONNX file gives what ultralytics gives for the same file."""

import json
import re
import subprocess
import sys

import cv2
import numpy as np
import pytest

from examples.dusk.cameras import CAMERAS
from examples.dusk.optics import Light
from examples.dusk.scenes import render
from examples.dusk.shapes import CLASSES
from lamplighter.detectors.onnx_yolo import CONFIDENCE, YoloOnnx, suppressed
from lamplighter.detectors.ultralytics_trainer import environment
from lamplighter.errors import ModelError
from tests.lamplighter.detectors.conftest import RECIPE


@pytest.fixture(scope="module")
def images() -> list[np.ndarray]:
    """Of several shapes: square, wide, narrow, larger and smaller than what the model sees, and one of nothing."""
    drawn = [render(CAMERAS[number % 4], Light(sun=30.0), 9000 + number).image for number in range(5)]
    wide, narrow = drawn[0][:90], drawn[1][:, :77]
    return [
        *drawn,
        wide,
        narrow,
        cv2.resize(drawn[2], (640, 480)),
        cv2.resize(drawn[3], (31, 200)),
        np.zeros_like(drawn[0]),
    ]


@pytest.mark.long
def test_detections_are_those_of_ultralytics(lively, images, tmp_path):
    np.savez(tmp_path / "images.npz", **{f"{number:03}": image for number, image in enumerate(images)})
    command = [sys.executable, "-m", "tests.lamplighter.detectors.ultralytics_says"]
    arguments = [lively, tmp_path / "images.npz", tmp_path / "found.json", RECIPE.size, CONFIDENCE]
    subprocess.run([*command, *map(str, arguments)], env=environment(tmp_path), check=True)
    expected = json.loads((tmp_path / "found.json").read_text())

    found = YoloOnnx(lively).detect(images)

    assert sum(len(each.scores) for each in found) > 100
    assert len({len(each.scores) for each in found}) > 3
    for each, wanted in zip(found, expected, strict=True):
        assert each.classes == wanted["classes"]
        np.testing.assert_allclose(each.scores, wanted["scores"], atol=1e-5)
        np.testing.assert_allclose(each.boxes, np.reshape(wanted["boxes"], (-1, 4)), atol=1e-3)


@pytest.mark.long
def test_images_together_are_answered_as_one_by_one(lively, images):
    detector = YoloOnnx(lively)
    together, apart = detector.detect(images), [detector.detect([image])[0] for image in images]

    assert detector.names == list(CLASSES)
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_allclose(one.boxes, other.boxes, atol=0.01)
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-4)


@pytest.mark.long
def test_boxes_lie_in_the_image_and_scores_fall(lively, images):
    # Of a strip the short side would be scaled to nothing.
    images = [*images, np.full((2, 5000, 3), 120, np.uint8), np.full((5000, 2, 3), 120, np.uint8)]
    for image, found in zip(images, YoloOnnx(lively, most=20).detect(images), strict=True):
        assert len(found.scores) <= 20
        assert (found.boxes >= 0).all()
        assert (found.boxes <= [image.shape[1], image.shape[0]] * 2).all()
        assert (np.diff(found.scores) <= 0).all()
        assert (found.scores > CONFIDENCE).all()


@pytest.mark.long
def test_nothing_is_found_above_a_certainty_that_nothing_has(lively, images):
    (found,) = YoloOnnx(lively).detect(images[:1], confidence=1.0)

    assert found.as_columns() == {"boxes": [], "classes": [], "scores": []}


def test_boxes_that_overlap_leave_the_surest():
    random = np.random.default_rng(0)
    corners = random.uniform(0, 50, (200, 2))
    boxes = np.concatenate([corners, corners + random.uniform(5, 30, (200, 2))], 1)
    scores, kinds = random.random(200), random.integers(0, 3, 200)

    kept = suppressed(boxes, scores, kinds, 0.5)

    # By the definition: a box stays unless it overlaps a surer one of its kind that stays.
    stays: list[int] = []
    for index in np.argsort(-scores):
        if all(kinds[index] != kinds[other] or overlap(boxes[index], boxes[other]) <= 0.5 for other in stays):
            stays.append(int(index))
    assert kept.tolist() == stays
    assert 50 < len(stays) < 200


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    wide, tall = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    common = max(wide, 0) * max(tall, 0)
    return common / ((one[2:] - one[:2]).prod() + (other[2:] - other[:2]).prod() - common)


def test_a_file_that_is_no_model_is_named(tmp_path):
    path = tmp_path / "model.onnx"
    with pytest.raises(ModelError, match=r"model\.onnx: no such file"):
        YoloOnnx(path)
    path.write_bytes(b"half a model")
    with pytest.raises(ModelError, match=r"model\.onnx: no ONNX model .*export it again"):
        YoloOnnx(path)


def test_a_model_of_another_kind_is_refused(tmp_path):
    onnx = pytest.importorskip("onnx")
    kind = onnx.TensorProto.FLOAT
    sides = [onnx.helper.make_tensor_value_info(name, kind, [1, 3]) for name in ("x", "y")]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "g", sides[:1], sides[1:])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "other.onnx")

    with pytest.raises(ModelError, match="a model for something else; a YOLO detector that ultralytics exported"):
        YoloOnnx(tmp_path / "other.onnx")


EXPORTED = {"task": "detect", "names": "{0: 'car', 1: 'bus'}", "imgsz": "[64, 96]", "stride": "32"}


def detector(path, known, shape=(1, 3, 64, 96), kind="FLOAT"):
    """A file that finds the same car on every image."""
    onnx = pytest.importorskip("onnx")
    make, number = onnx.helper, onnx.TensorProto.FLOAT
    found = onnx.numpy_helper.from_array(np.array([48, 32, 24, 16, 0.9, 0.1], np.float32).reshape(1, 6, 1))
    graph = make.make_graph(
        [make.make_node("Constant", [], ["found"], value=found)],
        "detector",
        [make.make_tensor_value_info("images", getattr(onnx.TensorProto, kind), shape)],
        [make.make_tensor_value_info("found", number, (1, 6, 1))],
    )
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8)
    make.set_model_props(model, known)
    onnx.save(model, path)
    return path


def test_a_file_of_a_fixed_size_that_is_no_square_takes_images_padded_to_it(tmp_path):
    model = YoloOnnx(detector(tmp_path / "model.onnx", EXPORTED))
    # Of half the size, and as wide for its height, the image fills what the model sees.
    (found,) = model.detect([np.zeros((32, 48, 3), np.uint8)])
    assert (found.classes, found.boxes.tolist()) == (["car"], [[18.0, 12.0, 30.0, 20.0]])
    # A square one has 16 pixels of rim on both sides.
    (found,) = model.detect([np.zeros((64, 64, 3), np.uint8)])
    assert found.boxes.tolist() == [[20.0, 24.0, 44.0, 40.0]]


@pytest.mark.parametrize(
    ("known", "shape", "kind", "said"),
    [
        ({"stride": ""}, (1, 3, 64, 96), "FLOAT", "its metadata cannot be read (ValueError"),
        ({"names": "['car', 'bus']"}, (1, 3, 64, 96), "FLOAT", "its metadata cannot be read (TypeError"),
        ({"names": "{0: 'car'}"}, (1, 3, 64, 96), "FLOAT", "it answers 6 numbers for a box, and its metadata names 1"),
        ({}, (1, 1, 64, 96), "FLOAT", "it takes tensor(float) of shape [1, 1, 64, 96], and not one image of three"),
        ({}, (4, 3, 64, 96), "FLOAT", "it takes tensor(float) of shape [4, 3, 64, 96], and not one image of three"),
        ({}, (1, 3, 64, 96), "FLOAT16", "it takes tensor(float16) of shape [1, 3, 64, 96]"),
    ],
)
def test_a_file_that_is_exported_otherwise_says_how(tmp_path, known, shape, kind, said):
    with pytest.raises(ModelError, match=re.escape(f"model.onnx: {said}")):
        YoloOnnx(detector(tmp_path / "model.onnx", EXPORTED | known, shape, kind))


@pytest.mark.long
def test_an_image_of_one_channel_is_refused(lively):
    with pytest.raises(ValueError, match=r"an image of shape \(9, 9\)"):
        YoloOnnx(lively).detect([np.zeros((9, 9), np.uint8)])
