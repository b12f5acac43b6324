"""The service of the street: what it answers, stores, logs and exposes."""

import datetime as dt

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from examples.dusk.demo import prepared
from examples.dusk.model import MODEL, write_card
from examples.dusk.serve import SCHEMA
from examples.dusk.service import build
from lamplighter.detectors.ultralytics_trainer import ONNX
from tasks.retraining.adopt import adopt

onnx = pytest.importorskip("onnx", reason="onnx is not installed; `make setup-vision` installs it")

FOUND = np.array([[16.0, 16, 20, 10, 0.9, 0, 0.1], [40, 40, 10, 20, 0, 0, 0.1]], np.float32).T[None]
"""What the model of these tests always proposes: a car that it is sure of, and a person that it is not."""


def always_the_same() -> object:
    """A detector that looks at nothing: an ONNX file with the metadata that ultralytics writes."""
    helper, numbers = onnx.helper, onnx.TensorProto.FLOAT
    value = onnx.numpy_helper.from_array(FOUND)
    image = helper.make_tensor_value_info("images", numbers, [1, 3, 64, 64])
    answer = helper.make_tensor_value_info("output0", numbers, FOUND.shape)
    node = helper.make_node("Constant", [], ["output0"], value=value)
    graph = helper.make_graph([node], "constant", [image], [answer])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    names = "{0: 'car', 1: 'truck', 2: 'person'}"
    helper.set_model_props(model, {"task": "detect", "names": names, "imgsz": "[64, 64]", "stride": "32"})
    return model


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = prepared(tmp_path_factory.mktemp("street"))
    folder = tmp_path_factory.mktemp("model")
    onnx.save(always_the_same(), folder / ONNX)
    write_card(folder, "same")
    adopt(project, project.monitor(MODEL), folder, "same", dt.date(2025, 9, 1), dt.date(2025, 9, 14))
    return project


def test_it_answers_what_it_acts_on_stores_the_image_and_logs_what_it_found(project):
    sent = cv2.imencode(".jpg", np.full((128, 128, 3), 90, np.uint8))[1].tobytes()
    metrics = CollectorRegistry()
    with TestClient(build(project.root, project.home, metrics)) as client:
        answer = client.post("/detect", params={"camera": "bridge"}, content=sent).json()
        assert client.get("/health").json()["version"] == "same"
        exposed = client.get("/metrics").text

    # The model saw the image at half its size.
    assert answer["boxes"] == [[12.0, 22.0, 52.0, 42.0]]
    assert answer["classes"] == ["car"]
    (path,) = (project.root / "data" / "predictions").glob("day=*/*.parquet")
    (row,) = pq.read_table(path, partitioning=None).to_pylist()
    assert set(row) == set(SCHEMA.names)
    assert row["request_id"] == answer["request_id"]
    assert row["classes"] == ["car", "person"]
    assert row["scores"] == pytest.approx([0.9, 0.1])
    assert (project.root / "data" / "images" / row["image_path"]).read_bytes() == sent
    assert 'inference_image_seconds_count{megapixels="up to 0.1",model="dusk-street"} 1.0' in exposed
    assert 'inference_requests_total{model="dusk-street",status="ok",version="same"} 1.0' in exposed


@pytest.mark.parametrize(
    ("content", "camera", "status"),
    [
        pytest.param(b"no image", "bridge", 422, id="no image"),
        pytest.param(b"", "bridge", 422, id="empty"),
        pytest.param(b"\0" * 20_000_001, "bridge", 413, id="large"),
        pytest.param(b"", "../bridge", 422, id="path"),
    ],
)
def test_what_is_no_image_is_refused_and_stored_nowhere(project, content, camera, status):
    before = sorted((project.root / "data").rglob("*.jpg"))
    with TestClient(build(project.root, project.home, CollectorRegistry())) as client:
        assert client.post("/detect", params={"camera": camera}, content=content).status_code == status

    assert sorted((project.root / "data").rglob("*.jpg")) == before
