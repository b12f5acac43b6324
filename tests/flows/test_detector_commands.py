"""What the commands print of a detector."""

from __future__ import annotations

import json

import pytest

from storage.project.folder import Project
from tests.flows import small_world
from tests.flows.loop_world import call
from tests.flows.test_detections import MONITOR, deliver, street


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = small_world.make(tmp_path_factory.mktemp("commands") / "project", MONITOR)
    rows = street()
    deliver(project, rows)
    small_world.run(project, 0, rows.drop(columns=["true", "names"]))
    return project


def test_average_precision_is_shown_for_each_class_since_it_has_no_total(project: Project) -> None:
    code, output = call(project, "history", "m", "--metric", "ap50", "--json")
    assert (code, {row["class"] for row in json.loads(output)}) == (0, {"car", "person"})
    assert {row["segment"] for row in json.loads(output)} == {""}


def test_a_decision_is_boxes_with_their_classes_and_scores(project: Project) -> None:
    code, output = call(project, "explain", "image-0")
    assert code == 0, output
    (answered,) = [line for line in output.splitlines() if line.startswith("answered:")]
    assert answered.endswith("classes ['car'], scores [0.9]")
    found = json.loads(call(project, "explain", "image-1", "--json")[1])
    assert found["answer"]["classes"] == ["car", "person"]
    assert found["answer"]["scores"] == [0.9, 0.9]
