"""The keys of detected boxes: required for them, and refused for other kinds, each in one line."""

from __future__ import annotations

import pytest

from lamplighter.core.monitor import Monitor, parse
from lamplighter.errors import MonitorError

PREDICTIONS = "{parquet: p, time: t, id: i, prediction: boxes, classes: names, score: scores, confidence: 0.25}"
LABELS = "{parquet: l, target: true_boxes, classes: true_names}"


def monitor(kind: str = "detection", predictions: str = PREDICTIONS, labels: str = LABELS) -> Monitor:
    text = f"model: m\nkind: {kind}\npredictions: {predictions}\nlabels: {labels}\n"
    return parse("m.yaml", text, environ={})


def test_where_boxes_stand() -> None:
    of = monitor()
    assert of.predictions.boxes == ("boxes", "names", "scores")
    assert of.predictions.scores == ()
    assert (of.predictions.confidence, of.predictions.box_format.value) == (0.25, "xyxy")


@pytest.mark.parametrize(
    ("kind", "predictions", "labels", "message"),
    [
        ("detection", PREDICTIONS.replace("classes: names, ", ""), LABELS, "kind detection needs predictions.classes"),
        ("detection", PREDICTIONS.replace("score: scores, ", ""), LABELS, "kind detection needs predictions.score"),
        (
            "detection", PREDICTIONS.replace(", confidence: 0.25", ""), LABELS,
            "kind detection needs predictions.confidence; write the score from which the service acts on a box",
        ),
        ("detection", PREDICTIONS, LABELS.replace(", classes: true_names", ""), "kind detection needs labels.classes"),
        ("detection", PREDICTIONS.replace("0.25", "25"), LABELS, "predictions.confidence"),
        ("detection", PREDICTIONS.replace("0.25", "0.25, positive: car"), LABELS, "boxes have no positive class"),
        ("detection", PREDICTIONS.replace("scores", "{car: s}"), LABELS, "boxes have one score each"),
        (
            "detection", PREDICTIONS.replace("0.25", "0.25, box_format: yxyx"), LABELS,
            "did you mean 'xyxy'? known: xyxy, xywh, cxcywh",
        ),
        ("detection", PREDICTIONS.replace("parquet: p", "coco: p"), LABELS, "give either parquet or sql"),
        (
            "detection", PREDICTIONS, LABELS.replace("parquet: l", "coco: l.json, id: file_name, box_format: xywh"),
            "m.yaml:4: labels of COCO have a form of boxes of their own, by which they are read; leave labels.box_f",
        ),
        (
            "detection", PREDICTIONS, LABELS.replace("parquet: l", "parquet: 'l/*.JSON', box_format: xywh"),
            "m.yaml:4: labels of COCO have a form of boxes of their own",
        ),
        (
            "detection", PREDICTIONS, LABELS.replace("parquet: l", "yolo: {labels: l, size: [9, 9]}, box_format: xyxy"),
            "m.yaml:4: labels of YOLO have a form of boxes of their own, by which they are read; leave labels.box_f",
        ),
        (
            "detection", PREDICTIONS, LABELS.replace("parquet: l", "yolo: {labels: 'l/{day}/*.txt', size: [9, 9]}"),
            "m.yaml:4: 'l/{day}/*.txt' names text files; name their folder",
        ),
        (
            "regression", "{parquet: p, time: t, id: i, prediction: y}", "{coco: l.json, target: boxes}",
            "these labels are boxes, which are of kind detection, and this monitor is of regression",
        ),
        (
            "regression", "{parquet: p, time: t, id: i, prediction: y, confidence: 0.5}", "{parquet: l, target: z}",
            "predictions.confidence is of kind detection, and this monitor of regression; leave it out",
        ),
        (
            "detection", PREDICTIONS, f"{LABELS}\nretrain: {{trainer: 'a.py:f', accept: {{metric: ap50}}}}",
            "metric 'ap50' is of single classes, and a gate needs one of all; did you mean 'map50'?",
        ),
        (
            "ranking", "{parquet: p, time: t, id: i, prediction: y}", "{parquet: l, target: z, classes: c}",
            "labels.classes is of kind detection, and this monitor of ranking; leave it out",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(kind: str, predictions: str, labels: str, message: str) -> None:
    with pytest.raises(MonitorError) as refused:
        monitor(kind, predictions, labels)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
