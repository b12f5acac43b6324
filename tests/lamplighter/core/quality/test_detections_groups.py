"""Boxes are matched once: what is measured of a part of the images is what would be measured of it alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lamplighter.core.quality.confusion import Confusion
from lamplighter.core.quality.detections import detection, measured_again
from lamplighter.core.quality.detections_graded import GradedDetections
from lamplighter.core.quality.detections_precision import drawn_weights
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.periods import from_box_counts
from lamplighter.core.records.catalogue import OF_EACH_CLASS
from lamplighter.core.records.measurement import Measurement, State
from tests.lamplighter.core.quality.test_detections_oracles import CLASSES, Images, assert_equal, boxes_of, street

TRUE, PRED = street(7, 60)
CODES = np.arange(60) % 3
METRICS = ("map50", "map50_95", "map_small", "precision", "recall", "f1")


def chosen(images: Images, rows: list[int]) -> Images:
    return [images[row] for row in rows]


def measured(true: Images, pred: Images, grouping: Grouping) -> tuple[list[Measurement], list[Confusion]]:
    sides = boxes_of(true), boxes_of(pred)
    return detection(*sides, confidence=0.5, groupings=[grouping], state=State.FINAL)


@pytest.mark.parametrize("group", range(3))
def test_a_group_equals_its_images_alone(group: int) -> None:
    names = ["camera=a", "camera=b", "camera=c"]
    found, confusion = measured(TRUE, PRED, Grouping(names, CODES))
    own = [row for row in range(60) if CODES[row] == group]
    true, pred = chosen(TRUE, own), chosen(PRED, own)
    assert_equal(true, pred)
    alone, counts = measured(true, pred, Grouping([names[group]], np.zeros(len(own), np.int64)))
    assert [it for it in found if it.segment == names[group]] == alone
    assert [it for it in confusion if it.segment == names[group]] == counts


@pytest.mark.parametrize("metric", METRICS)
def test_images_that_are_drawn_several_times_count_several_times(metric: str) -> None:
    # Equal scores are sorted by image, which would put copies of an image apart.
    scores = iter(np.random.default_rng(2).permutation(10_000) / 10_000)
    pred: Images = [[(sides, name, float(next(scores))) for sides, name, _ in image] for image in PRED]
    rows = np.random.default_rng(1).integers(0, 60, 60)
    again = measured_again(boxes_of(TRUE), boxes_of(pred), confidence=0.5, readable=np.ones(60, bool), metric=metric)
    drawn = {(it.metric, it.klass): it.value for it in again(rows, [Grouping.overall(60)])}
    found, _ = measured(chosen(TRUE, rows.tolist()), chosen(pred, rows.tolist()), Grouping.overall(60))
    alone = {(it.metric, it.klass): it.value for it in found}
    of_classes = [] if metric == "map_small" else [(OF_EACH_CLASS.get(metric, metric), name) for name in CLASSES]
    assert {(metric, ""), *of_classes} <= drawn.keys()
    assert drawn == pytest.approx({key: alone[key] for key in drawn}, abs=1e-12)


def test_the_draws_of_a_bootstrap_are_what_each_comes_to() -> None:
    graded = GradedDetections.of(boxes_of(TRUE), boxes_of(PRED), 0.5)
    draws = drawn_weights(60, 8, np.random.default_rng(0))
    for size in graded.sized:
        every = graded.average_precision(size, np.ones(60, np.int64), draws)
        for number in range(8):
            one = graded.average_precision(size, draws[:, number].astype(np.int64), draws[:, :0])
            assert every[1 + number] == pytest.approx(one[0], abs=1e-6, nan_ok=True)


def test_intervals_hold_the_value_and_are_the_same_again() -> None:
    found, _ = measured(TRUE, PRED, Grouping.overall(60))
    assert found == measured(TRUE, PRED, Grouping.overall(60))[0]
    bounded = [it for it in found if it.lower is not None]
    assert {*METRICS, "ap50", "ap"} <= {it.metric for it in bounded}
    for it in bounded:
        assert it.value is not None
        assert it.upper is not None
        assert 0 <= it.lower <= it.value <= it.upper <= 1  # type: ignore[operator]  # the lower bound is one


def test_confusion_adds_up_to_what_was_labelled_and_detected() -> None:
    found, confusion = measured(TRUE, PRED, Grouping.overall(60))
    labels = sum(len(image) for image in TRUE)
    sure = sum(score >= 0.5 for image in PRED for *_, score in image)
    assert sum(it.n for it in confusion if it.y_true != "background") == labels
    assert sum(it.n for it in confusion if it.y_pred != "background") == sure
    of = {(it.metric, it.klass): it.value for it in found}
    for it in from_box_counts(confusion):
        assert it.value == pytest.approx(of[it.metric, it.klass], abs=1e-12)


def test_weeks_are_summed_from_their_days() -> None:
    days = [
        measured(TRUE[:30], PRED[:30], Grouping.overall(30))[1],
        measured(TRUE[30:], PRED[30:], Grouping.overall(30))[1],
    ]
    week = {(it.metric, it.klass): it.value for it in from_box_counts([*days[0], *days[1]])}
    found, _ = measured(TRUE, PRED, Grouping.overall(60))
    of = {(it.metric, it.klass): it.value for it in found}
    assert week == pytest.approx({key: of[key] for key in week})


def test_a_class_that_is_called_background_is_a_class() -> None:
    renamed: Images = [
        [(sides, "background" if name == "car" else name, score) for sides, name, score in it] for it in TRUE
    ]
    found, confusion = measured(renamed, renamed, Grouping.overall(60))
    assert {it.y_true for it in confusion} == {'"background"', "bus", "person"}
    assert {it.value for it in found if it.metric == "recall"} == {1.0}
    assert replace(confusion[0], n=0).y_true == confusion[0].y_pred


def test_what_the_service_acts_on_is_all_of_it_however_crowded_an_image_is() -> None:
    """COCO counts 100 detections of a class in an image, which is of average precision alone."""
    crowd = [([10.0 * place, 0.0, 10.0 * place + 9, 9.0], "car", 0.9) for place in range(150)]
    unsure = [(sides, name, 0.1) for sides, name, _ in crowd]
    assert_equal([crowd], [crowd])
    found, confusion = measured([crowd], [crowd + unsure], Grouping.overall(1))
    values = {it.metric: (it.value, it.n) for it in found if not it.klass}
    assert (values["precision"], values["recall"]) == ((1.0, 150), (1.0, 150))
    assert values["map50"][0] == pytest.approx(2 / 3, abs=0.01)
    assert [(it.y_true, it.y_pred, it.n) for it in confusion] == [("car", "car", 150)]
