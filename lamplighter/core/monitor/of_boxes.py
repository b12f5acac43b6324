"""The keys of a monitor that are of detected boxes alone, and those that boxes cannot do without."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol

from lamplighter.core.kinds import Kind
from lamplighter.core.monitor.sources import Labels, Predictions

Place = tuple[str, str]


class Declaring(Protocol):
    """What of a monitor says where boxes are."""

    @property
    def kind(self) -> Kind: ...

    @property
    def predictions(self) -> Predictions: ...

    @property
    def labels(self) -> Labels | None: ...


OF_BOXES = ("classes", "confidence", "box_format")
"""Keys of predictions and labels that say what boxes are."""

BOX_COUNT, BOX_SCORE, BOX_AREA, BOX_CLASS = "box_count", "box_score", "box_area", "box_class"

MADE_OF_BOXES: dict[str, Literal["numeric", "categorical"]] = {
    BOX_COUNT: "numeric",
    BOX_SCORE: "numeric",
    BOX_AREA: "numeric",
    BOX_CLASS: "categorical",
}
"""Columns that a run makes of the boxes of an image, whose drift is that of the answers."""

NEEDED: dict[Place, str] = {
    ("predictions", "classes"): "the column of the classes of the boxes, a list",
    ("predictions", "score"): "the column of the scores of the boxes, a list",
    ("predictions", "confidence"): "the score from which the service acts on a box, such as 0.25",
    ("labels", "classes"): "the column of the classes of the true boxes, a list",
}
"""What boxes cannot do without, and what is to be written there."""

NOT_OF_BOXES: dict[Place, str] = {
    ("predictions", "positive"): "boxes have no positive class",
    ("predictions", "unsure"): "predictions.confidence says which boxes count",
}
"""Keys that mean nothing for boxes, and why."""


def box_faults(monitor: Declaring) -> Iterator[tuple[Place, str]]:
    """Yield the place and the fault of every key that is of another kind, or lacking.

    Examples
    --------
    >>> from lamplighter.core.monitor import parse
    >>> text = "{model: m, kind: detection, predictions: {parquet: p.parquet, time: t, prediction: boxes}}"
    >>> try:
    ...     parse("m.yaml", text, environ={})
    ... except Exception as error:
    ...     print(error)
    m.yaml:1: kind detection needs predictions.classes; write the column of the classes of the boxes, a list
    """
    sections = {"predictions": monitor.predictions, "labels": monitor.labels}
    given = {(name, key) for name, section in sections.items() if section for key in section.model_fields_set}
    of_boxes = _boxes_of(monitor.labels)
    if monitor.kind.compared_as != "boxes":
        if monitor.labels and of_boxes and monitor.labels.place.of_labels:
            what = f"these labels are boxes, which are of kind detection, and this monitor is of {monitor.kind.name}"
            yield ("labels", monitor.labels.place.key), f"{what}; name the place of its labels"
        for section, key in sorted(given):
            if key in OF_BOXES:
                what = f"{section}.{key} is of kind detection, and this monitor of {monitor.kind.name}"
                yield (section, key), f"{what}; leave it out"
        return
    if of_boxes and ("labels", "box_format") in given:
        what = f"labels of {of_boxes.upper()} have a form of boxes of their own, by which they are read"
        yield ("labels", "box_format"), f"{what}; leave labels.box_format out"
    for (section, key), what in NEEDED.items():
        if sections[section] and monitor.predictions.prediction and (section, key) not in given:
            yield (section, key), f"kind detection needs {section}.{key}; write {what}"
    for (section, key), why in NOT_OF_BOXES.items():
        if (section, key) in given:
            yield (section, key), f"{section}.{key} is of other kinds: {why}; leave it out"
    if isinstance(monitor.predictions.score, dict):
        what = "boxes have one score each"
        yield ("predictions", "score"), f"{what}; write {NEEDED['predictions', 'score']}"


def _boxes_of(labels: Labels | None) -> str:
    """The place whose labels are boxes of one form; JSON is read as COCO wherever it is named."""
    if labels is None or labels.same_row:
        return ""
    if labels.place.of_labels:
        return labels.place.key
    return "coco" if any(path.lower().endswith(".json") for path in labels.paths) else ""
