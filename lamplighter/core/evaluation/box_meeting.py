"""What does not fit together in labelled objects and detections: how classes are written, and where boxes are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt

from lamplighter.core.evaluation.box_faults import Faults, names_of
from lamplighter.core.evaluation.odd_values import FEWEST_TO_COMPARE, listed, never_meet
from lamplighter.core.quality.detections_matching import THRESHOLDS, Objects, overlapping
from lamplighter.core.records.finding import Code
from lamplighter.core.values.boxes import Boxes
from lamplighter.core.values.meeting import HARDLY, hardly_meet

NEVER_LABELLED = 0.05
"""Share of the boxes that the service acts on from which classes without labels are a mistake and no absence; and of
boxes from which classes that are written in two ways are a break of the labels."""

RELATIVE = 2.0
"""What no coordinate reaches that is a share of the image."""

MOST = 0.5
"""Share of the images with detections from which labels without any object are a mistake and no quiet day."""

MOST_IMAGES = 2_000
"""Images in which boxes are looked for that overlap: whether any do shows in a part of them."""


def meeting_faults(true: Boxes, pred: Boxes, confidence: float) -> Faults:
    """What is wrong with both sides together, one finding about classes and one about boxes at most.

    Parameters
    ----------
    true, pred : Boxes
        Of the same images.
    confidence : float
        The score from which the service acts.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from lamplighter.core.values.boxes import packed
    >>> boxes, scores = pa.array([[[0, 0, 20, 20]]] * 30), pa.array([[0.9]] * 30)
    >>> true = Boxes.of(packed(boxes, pa.array([["car"]] * 15 + [["0"]] * 15)))
    >>> pred = Boxes.of(packed(boxes, pa.array([["car"]] * 30), scores))
    >>> [message for _, message in meeting_faults(true, pred, 0.25)]
    ["15 of 30 labelled objects are of classes that predictions ('car') write otherwise: '0'; write both alike"]
    """
    yield from _without_objects(true, pred, confidence)
    yield from _classes(true, pred, confidence)
    yield from _places(true, pred, confidence)


def _without_objects(true: Boxes, pred: Boxes, confidence: float) -> Faults:
    """Labels without a single object, of images in most of which the service found some."""
    sure = pred.is_box & (pred.score >= confidence)
    found = int(_has(pred, sure).sum())
    is_read = not len(true.image) and not np.any(true.fault != "")
    if is_read and found >= max(FEWEST_TO_COMPARE, MOST * true.images):
        what = f"no object is labelled in any of {true.images:,} images, and predictions have some in {found:,}"
        yield Code.BOXES_ODD, f"{what}, all of which count as wrong; deliver the labels with their objects"


def _classes(true: Boxes, pred: Boxes, confidence: float) -> Faults:
    labelled, every = names_of(true), names_of(pred)
    acted_on = names_of(pred, pred.score >= confidence) or every
    if sum(labelled.values()) >= FEWEST_TO_COMPARE and acted_on and hardly_meet(labelled, acted_on):
        yield Code.CLASSES_DIFFER, never_meet("predicted class", acted_on, labelled)
        return
    parts, share = [], 0.0
    for side, other, words, others in (
        (labelled, every, "labelled objects", "predictions"),
        (acted_on, labelled, "detections", "labels"),
    ):
        if odd := _written_otherwise(side, other):
            count, total = sum(odd.values()), sum(side.values())
            known = {name: n for name, n in other.items() if name in side} or other
            share = max(share, count / total if total >= FEWEST_TO_COMPARE else 0.0)
            what = f"{count:,} of {total:,} {words} are of classes that {others} ({listed(known)}) write otherwise"
            parts.append(f"{what}: {listed(odd)}")
    if parts:
        is_break = share > NEVER_LABELLED
        yield Code.CLASSES_DIFFER if is_break else Code.CLASSES_ODD, f"{' and '.join(parts)}; write both alike"
    elif what := _never_labelled(labelled, acted_on):
        yield Code.CLASSES_ODD, what


def _written_otherwise(side: Mapping[str, int], other: Collection[str]) -> dict[str, int]:
    """Classes of a side that the other has not: numbers in place of names, names of numbers, or other letters.

    Examples
    --------
    >>> _written_otherwise({"car": 9, "1": 2, "Traffic_Light": 1, "bus": 5}, ["car", "traffic light"])
    {'1': 2, 'Traffic_Light': 1}
    >>> _written_otherwise({"30": 9, "stop": 2}, ["50", "give way"])
    {}
    """
    sorts = {_is_number(name) for name in other}
    spelt = {_plain(name) for name in other}
    return {
        name: count
        for name, count in side.items()
        if name not in other and ((len(sorts) == 1 and _is_number(name) not in sorts) or _plain(name) in spelt)
    }


def _is_number(name: str) -> bool:
    return name.lstrip("+-").isdecimal()


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())


def _never_labelled(true: Mapping[str, int], answers: Mapping[str, int]) -> str:
    """Classes that are detected and never labelled: each of their detections counts as wrong."""
    odd = Counter({name: n for name, n in answers.items() if name not in true})
    total, count = sum(answers.values()), sum(odd.values())
    if not true or count < FEWEST_TO_COMPARE or count < NEVER_LABELLED * total:
        return ""
    what = f"{count:,} of {total:,} detections are of classes that no label has: {listed(odd)}"
    return f"{what}; each counts as wrong; label these classes, or leave them out of the log"


def _places(true: Boxes, pred: Boxes, confidence: float) -> Faults:
    """Coordinates that are shares of the image, or boxes that meet nowhere."""
    reach = [float(np.max(side.corners[side.is_box], initial=0.0)) for side in (true, pred)]
    if all(reach) and (reach[0] < RELATIVE) != (reach[1] < RELATIVE):
        what = f"coordinates of labels reach {reach[0]:g} and those of predictions {reach[1]:g}"
        yield Code.BOXES_ODD, f"{what}: one of them is a share of the image; write both in pixels"
        return
    if all(reach) and max(reach) < RELATIVE:
        yield Code.BOXES_ODD, "coordinates are shares of the image, so that all objects are small; write them in pixels"
    if met := _hardly_overlap(true, pred, confidence):
        count, of = met
        few = f"{f'{count:,}' if count else 'none'} of {of:,} detections overlap{'' if count > 1 else 's'}"
        what = f"{few} a labelled object of its image by half, of whatever class"
        seen = f"boxes of labels reach {reach[0]:g} and those of predictions {reach[1]:g}"
        size = "correct box_format (of YOLO labels: labels.yolo.size)"
        cure = f"write both in pixels of the stored image, {size}, and label the images that were answered"
        yield Code.BOXES_ODD, f"{what}; {seen}; {cure}"


def _hardly_overlap(true: Boxes, pred: Boxes, confidence: float) -> tuple[int, int] | None:
    """How many detections overlap an object, and of how many, where that is an accident; None where it is not.

    Either side may have many boxes that the other lacks: of a poor model, or of one that acts on every box. Only where
    hardly a box of both has another one, boxes mean different things.
    """
    sure = pred.is_box & (pred.score >= confidence)
    in_both = np.flatnonzero(_has(true, true.is_box) & _has(pred, sure))
    chosen = np.zeros(true.images, bool)
    chosen[in_both[:: 1 + len(in_both) // MOST_IMAGES]] = True
    labels, detections = (
        _objects(side, kept & chosen[side.image]) for side, kept in ((true, true.is_box), (pred, sure))
    )
    counts = len(detections.image), len(labels.image)
    if min(counts) < FEWEST_TO_COMPARE:
        return None
    pairs = overlapping(detections, labels, float(THRESHOLDS[0]), any_class=True)
    met = len(np.unique(pairs.one)), len(np.unique(pairs.other))
    return (met[0], counts[0]) if all(n <= HARDLY * of for n, of in zip(met, counts, strict=True)) else None


def _has(boxes: Boxes, kept: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which images have one of these boxes."""
    return np.bincount(boxes.image[kept], minlength=boxes.images) > 0


def _objects(boxes: Boxes, kept: npt.NDArray[np.bool_]) -> Objects:
    return Objects(boxes.image[kept], np.zeros(int(kept.sum()), np.int64), boxes.corners[kept], boxes.score[kept])
