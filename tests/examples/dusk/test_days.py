"""Days of the cameras: light by the sun, images and labels where they belong, and answers as a service logs them."""

import datetime as dt

import numpy as np
import pyarrow.parquet as pq
import pytest

from examples.dusk import days
from examples.dusk.days import DARK_BELOW, DUSK, FIRST, LAST, between, shots, take
from examples.dusk.scenes import render
from examples.dusk.scoring import map50
from examples.dusk.serve import SCHEMA, rows_of
from lamplighter.detectors.onnx_yolo import Detections


def dark_share(day: dt.date) -> float:
    return float(np.mean([shot.light.sun < DARK_BELOW for shot in shots(day)]))


def test_dusk_comes_when_the_clocks_go_back_and_grows():
    assert all(dark_share(day) == 0 for day in between(FIRST, DUSK - dt.timedelta(days=1)))
    assert 0.1 < dark_share(DUSK) < dark_share(LAST) < 0.5


def test_shots_are_in_order_and_of_their_day_and_each_has_a_name_of_its_own():
    # On the day of 25 hours, too.
    for day in (FIRST, DUSK):
        taken = shots(day)
        assert taken == shots(day)
        assert [shot.when for shot in taken] == sorted(shot.when for shot in taken)
        assert {shot.path.split("/")[0] for shot in taken} == {str(day)}
        assert len({shot.id for shot in taken}) == len({shot.path for shot in taken}) == len(taken)


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("taken")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(days, "shots", lambda day: shots(day, number=2))
        assert take(FIRST, folder) == 8
    return folder


def test_labels_arrive_two_days_later_and_say_what_is_drawn(taken):
    (path,) = (taken / "labels").glob("*/*.parquet")
    assert path.parent.name == f"day={FIRST + dt.timedelta(days=2)}"
    truth = pq.read_table(path).to_pylist()
    for shot, label in zip(shots(FIRST, number=2), truth, strict=True):
        scene = render(shot.camera, shot.light, shot.seed)
        assert label["request_id"] == shot.id
        assert label["true_boxes"] == scene.boxes.tolist()
        assert label["true_classes"] == scene.classes
        assert (taken / "images" / shot.path).is_file()


def test_a_row_without_detections_has_empty_lists():
    (shot,) = shots(FIRST, number=1)[:1]
    rows = rows_of([shot], [Detections(np.zeros((0, 4)), [], np.zeros(0))], "v")

    assert rows.schema == SCHEMA
    assert rows.to_pylist()[0]["boxes"] == rows.to_pylist()[0]["scores"] == []


def test_map50_of_what_is_there_is_one_and_of_nothing_zero():
    scenes = [render(shot.camera, shot.light, shot.seed) for shot in shots(FIRST, number=2)]
    truth = [(scene.boxes, scene.classes) for scene in scenes]

    assert map50(truth, [(boxes, kinds, np.ones(len(kinds))) for boxes, kinds in truth]) == pytest.approx(1.0)
    assert map50(truth, [([], [], [])] * len(truth)) == 0.0
    assert np.isnan(map50([([], [])], [([], [], [])]))
