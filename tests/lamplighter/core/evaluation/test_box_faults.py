"""What is odd about boxes is counted, named in one line on which a user can act, and costs nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lamplighter.core.evaluation.answers import answer_findings
from lamplighter.core.evaluation.box_faults import side_faults
from lamplighter.core.evaluation.box_measurements import box_measurements
from lamplighter.core.evaluation.labelled import Labelled
from lamplighter.core.evaluation.quality import evaluate
from lamplighter.core.monitor import parse
from lamplighter.core.records.measurement import Measurement, State
from lamplighter.core.values.boxes import Boxes, packed
from storage.sources.boxes import as_series

N = 20
BOX = [10.0, 10.0, 60.0, 60.0]
MONITOR = parse(
    "m.yaml",
    """
model: m
kind: detection
predictions: {parquet: p, time: t, id: i, prediction: boxes, classes: classes, score: scores, confidence: 0.25}
labels: {parquet: l, target: true_boxes, classes: names}
""",
    environ={},
)

WITHOUT_OBJECTS: tuple[list[Any], list[Any]] = [[] for _ in range(N)], [[] for _ in range(N)]

Lists = tuple[list[Any], list[Any], list[Any]]


def images(box: Any = BOX, name: Any = "car", score: Any = 0.9) -> Lists:
    """Images with one object each, detected as it is."""
    return [[box] for _ in range(N)], [[name] for _ in range(N)], [[score] for _ in range(N)]


def measured(true: Lists, pred: Lists) -> tuple[dict[tuple[str, str], Measurement], dict[str, str]]:
    sides = packed(pa.array(true[0]), pa.array(true[1])), packed(*map(pa.array, pred))
    labelled = Labelled(*map(as_series, sides), {}, {}, None)  # type: ignore[call-arg, arg-type]
    found, _ = evaluate(labelled, MONITOR, State.FINAL)
    odd = {it.code.value: it.message for it in answer_findings(labelled, MONITOR, "day")}
    odd |= {code.value: message for code, message in side_faults(Boxes.of(sides[1]), ["boxes", "classes", "scores"])}
    return {(it.metric, it.klass): it for it in found}, odd


def replaced(lists: Lists, part: int, number: int, cell: Any) -> Lists:
    """The same with another cell in some images."""
    sides = [[*side] for side in lists]
    sides[part][:number] = [cell] * number
    return sides[0], sides[1], sides[2]


def test_what_is_as_it_should_be_is_not_odd() -> None:
    values, odd = measured(images(), images())
    assert odd == {}
    assert {values[name, ""].value for name in ("map50", "map50_95", "precision", "recall", "f1")} == {1.0}


@pytest.mark.parametrize(
    ("true", "pred", "code", "words", "recall"),
    [
        pytest.param(
            images(), replaced(images(), 0, 4, [[60.0, 10.0, 10.0, 60.0]]), "boxes-odd",
            "20 boxes in 'boxes': 4 ending before it begins; left out; log x_min", 0.8, id="reversed",
        ),
        pytest.param(
            images(), replaced(images(), 0, 4, [[np.nan, 10.0, 60.0, 60.0]]), "boxes-odd",
            "20 boxes in 'boxes': 4 without four finite numbers; left out", 0.8, id="not a number",
        ),
        pytest.param(
            images(), replaced(images(), 0, 4, [[10.0, 10.0, 1e300, 60.0]]), "boxes-odd",
            "20 boxes in 'boxes': 4 with a number beyond any image; left out", 0.8, id="a place beyond any image",
        ),
        pytest.param(
            images(), replaced(images(), 0, 4, [[10.0, 10.0, 60.0]]), "boxes-odd",
            "4 without four finite numbers", 0.8, id="three numbers",
        ),
        pytest.param(
            replaced(images(), 0, 5, [[60.0, 10.0, 10.0, 60.0]]), images(), "boxes-odd",
            "day: 20 boxes in 'true_boxes' of the labels: 5 ending before", 1.0, id="a label that is reversed",
        ),
        pytest.param(
            images(), replaced(images(), 1, 4, ["car", "car"]), "lists-unreadable",
            "4 of 20 images have lists of different lengths in 'boxes', 'classes', 'scores', left out", 1.0,
            id="lists of different lengths",
        ),
        pytest.param(
            images(), replaced(images(), 2, 4, [None]), "boxes-odd",
            "20 boxes in 'boxes': 4 without a score", 0.8, id="no score",
        ),
        pytest.param(
            images(), images(score=90.0), "scores-outside",
            "score column 'scores' lies outside 0 to 1 in 20 of 20 boxes, from 90 to 90", 1.0, id="percent",
        ),
        pytest.param(
            images(), images(name=3), "classes-differ",
            "no predicted class (3) is one of the true ones (car); write both alike", 0.0, id="numbers for names",
        ),
        pytest.param(
            images(), ([[BOX, [100.0, 0.0, 150.0, 50.0]]] * N, [["car", "dog"]] * N, [[0.9, 0.8]] * N), "classes-odd",
            "20 of 40 detections are of classes that no label has: 'dog'; each counts as wrong", 1.0,
            id="a class without labels",
        ),
        pytest.param(
            ([[BOX, BOX]] * N, [["car", "car"]] * N, []), images(), "boxes-odd",
            "20 labels repeat the class and box of another in its image, in 'true_boxes'", 0.5, id="labelled twice",
        ),
        pytest.param(
            replaced(images(), 1, 10, ["0"]), images(), "classes-differ",
            "10 of 20 labelled objects are of classes that predictions ('car') write otherwise: '0'; write both", 0.5,
            id="labels of numbers and names",
        ),
        pytest.param(
            images(), replaced(images(), 1, 10, ["0"]), "classes-differ",
            "10 of 20 detections are of classes that labels ('car') write otherwise: '0'; write both alike", 0.5,
            id="predictions of numbers and names",
        ),
        pytest.param(
            images(), replaced(images(), 1, 1, ["Car "]), "classes-odd",
            "1 of 20 detections are of classes that labels ('car') write otherwise: \"Car \"; write both alike", 0.95,
            id="other letters",
        ),
        pytest.param(
            images(), images(box=[20.0, 20.0, 120.0, 120.0]), "boxes-odd",
            "none of 20 detections overlaps a labelled object of its image by half, of whatever class; "
            "boxes of labels reach 60 and those of predictions 120; write both in pixels", 0.0, id="twice the scale",
        ),
        pytest.param(
            images(box=[100.0, 100.0, 150.0, 130.0]), images(box=[100.0, 100.0, 250.0, 230.0]), "boxes-odd",
            "none of 20 detections overlaps a labelled object", 0.0, id="corners that were read as a size",
        ),
        pytest.param(
            (*WITHOUT_OBJECTS, []), images(), "boxes-odd",
            "no object is labelled in any of 20 images, and predictions have some in 20, all of which", None,
            id="labels without objects",
        ),
        pytest.param(
            images(), images(box=[0.1, 0.1, 0.6, 0.6]), "boxes-odd",
            "coordinates of labels reach 60 and those of predictions 0.6: one of them is a share of the image", 0.0,
            id="shares of the image",
        ),
    ],
)  # fmt: skip
def test_what_is_odd_is_named_and_the_rest_is_measured(
    true: Lists, pred: Lists, code: str, words: str, recall: float | None
) -> None:
    values, odd = measured(true, pred)
    assert words in odd[code]
    assert len(odd) == 1
    assert values["recall", ""].value == recall


@pytest.mark.parametrize(
    "pred",
    [
        pytest.param(replaced(images(box=[300.0, 0.0, 350.0, 50.0]), 0, 2, [BOX]), id="few, and each right"),
        pytest.param(
            ([[BOX, *[[300.0, 0.0, 350.0, 50.0]] * 99]] * N, [["car"] * 100] * N, [[0.9] * 100] * N), id="many"
        ),
        pytest.param(images(box=[300.0, 0.0, 350.0, 50.0], score=0.1), id="none that the service acts on"),
    ],
)
def test_a_poor_model_writes_its_boxes_as_it_should(pred: Lists) -> None:
    assert measured(images(), pred)[1] == {}


def test_boxes_outside_the_image_are_cut_by_nothing() -> None:
    values, odd = measured(images(box=[-50.0, -10.0, 60.0, 60.0]), images(box=[-50.0, -10.0, 60.0, 60.0]))
    assert odd == {}
    assert values["map50_95", ""].value == 1.0


def test_an_image_without_objects_counts_as_what_it_is() -> None:
    true = replaced(replaced(images(), 0, 5, []), 1, 5, [])
    values, odd = measured(true, images())
    assert odd == {}
    assert values["precision", ""].value == 0.75
    assert values["recall", ""].value == 1.0
    assert values["map50", ""].n == N


def test_labels_that_cannot_be_read_are_not_without_objects() -> None:
    unreadable = [[BOX] for _ in range(N)], [["car", "car"] for _ in range(N)], []
    assert list(measured(unreadable, images())[1]) == ["lists-unreadable"]


def test_a_day_without_objects_is_not_odd() -> None:
    few = replaced(replaced(replaced(images(), 0, 15, []), 1, 15, []), 2, 15, [])
    assert measured((*WITHOUT_OBJECTS, []), few)[1] == {}


def test_a_null_prediction_found_nothing() -> None:
    pred = images()
    for part in range(3):
        pred = replaced(pred, part, 5, None)
    values, odd = measured(images(), pred)
    assert odd == {}
    assert values["recall", ""].value == 0.75


def test_lists_as_json_are_lists() -> None:
    pred = [pa.array([str(cell).replace("'", '"') for cell in side]) for side in images()]
    assert Boxes.of(packed(*pred)).corners.tolist() == [BOX] * N
    broken = Boxes.of(packed(pa.array(["[[1, 2, 3"]), pa.array(['["car"]'])))
    assert broken.fault.tolist() == ["no list of boxes"]


def test_a_class_that_is_absent_all_day_says_why_it_has_no_value() -> None:
    pred = ([[BOX, BOX]] * N, [["car", "bus"]] * N, [[0.9, 0.01]] * N)
    values, odd = measured(images(), pred)
    assert odd == {}
    assert values["map50", ""].value == 1.0
    assert ("ap50", "bus") not in values
    sure = replaced((pred[0], pred[1], pred[2]), 2, 1, [0.9, 0.9])
    values, _ = measured(images(), sure)
    assert (values["ap50", "bus"].value, values["ap50", "bus"].reason) == (None, "no label is bus")
    assert (values["recall", "bus"].value, values["precision", "bus"].value) == (None, 0.0)


def test_what_nothing_defines_says_why() -> None:
    nothing = [[[]] * N, [[]] * N, [[]] * N]
    values, _ = measured((nothing[0], nothing[1], []), (nothing[0], nothing[1], nothing[2]))
    assert {values[name, ""].reason for name in ("map50", "map_small", "recall")} == {"no label holds an object"}
    assert values["precision", ""].reason == "no detection reaches the confidence 0.25"
    values, _ = measured(replaced(images(), 1, N, ["car", "car"]), images())
    assert values["map50", ""].reason.startswith("no image can be read; log lists")


def test_what_a_detector_answered_needs_no_labels() -> None:
    pred = replaced(images(), 2, 5, [0.1])
    found = {(it.metric, it.klass): it for it in box_measurements(Boxes.of(packed(*map(pa.array, pred))), 0.25)}
    assert found["boxes_per_image", ""].value == 0.75
    assert found["empty_prediction_ratio", ""].value == 0.25
    assert found["expected_precision", ""].value == pytest.approx(0.9)
    assert (found["prediction_share", "car"].value, found["prediction_share", "car"].n) == (1.0, 15)
    percent = [*box_measurements(Boxes.of(packed(*map(pa.array, images(score=90.0)))), 0.25)]
    assert next(it.reason for it in percent if it.metric == "expected_precision") == "scores lie outside 0 to 1"
