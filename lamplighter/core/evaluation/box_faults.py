"""What is odd about the boxes of a column: each fault counted, named in one line, and no reason to lose the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from lamplighter.core.counts import counted
from lamplighter.core.numbers import range_text
from lamplighter.core.quality.scores import SLACK
from lamplighter.core.records.finding import Code
from lamplighter.core.values.boxes import FLAT, LENGTHS, NO_LISTS, Boxes

Faults: TypeAlias = Iterator[tuple[Code, str]]

EXAMPLES = ("[[10, 20, 60, 90]]", '["car"]', "[0.9]")
"""Of lists of boxes, classes and scores."""


def side_faults(boxes: Boxes, columns: list[str], private: frozenset[str] = frozenset(), of: str = "") -> Faults:
    """What is wrong with the lists and boxes of one table.

    Parameters
    ----------
    boxes : Boxes
    columns : list of str
        Where they stand: boxes, classes and, of predictions, scores.
    private : frozenset of str
        Columns of which no value is shown.
    of : str
        Whose columns they are, where log and labels may call theirs alike: ``" of the labels"``.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from lamplighter.core.values.boxes import packed
    >>> boxes = Boxes.of(packed(pa.array([[[9, 9, 3, 3], [0, 0, 5, 5]]]), pa.array([["car", None]])))
    >>> [message for _, message in side_faults(boxes, ["boxes", "classes"])]
    ["2 boxes in 'boxes': 1 ending before it begins, 1 without a class; left out; log x_min, y_min, x_max and y_max, or
     give box_format"]
    """
    yield from _lists_unreadable(boxes, columns, private, of)
    if what := _left_out(boxes, columns, of):
        yield Code.BOXES_ODD, what
    if len(columns) > 2:
        yield from _scores_outside(boxes, columns[2])


def _lists_unreadable(boxes: Boxes, columns: list[str], private: frozenset[str], of: str) -> Faults:
    cases = {
        LENGTHS: (columns, "log one class for each box, and of predictions one score"),
        FLAT: (columns[:1], f"log a list of boxes in each image, {EXAMPLES[0]}"),
        **{
            fault: ([column], f"log a list, or a list as JSON such as {example}")
            for fault, column, example in zip(NO_LISTS, columns, EXAMPLES, strict=False)
        },
    }
    for fault, (named, cure) in cases.items():
        odd = np.flatnonzero(boxes.fault == fault)
        if not len(odd):
            continue
        have = counted(len(odd), f"of {boxes.images:,} images has", f"of {boxes.images:,} images have")
        value = boxes.logged[odd[0]]
        shown = f", such as {value!r}" if value and private.isdisjoint(named) else ""
        yield Code.LISTS_UNREADABLE, f"{have} {fault} in {', '.join(map(repr, named))}{of}{shown}, left out; {cure}"


def _left_out(boxes: Boxes, columns: list[str], of: str) -> str:
    """Boxes that are none, each counted by the first thing that is wrong with it."""
    cases = {
        "without four finite numbers": np.logical_and.reduce(np.isfinite(boxes.corners), axis=1),
        "with a number beyond any image": boxes.is_finite,
        "ending before it begins": boxes.is_box,
        "without a class": boxes.klass >= 0,
        "without a score": boxes.is_scored | (len(columns) < 3),
    }
    sound = np.ones(len(boxes.klass), bool)
    parts = []
    for words, is_sound in cases.items():
        if count := np.count_nonzero(sound & ~is_sound):
            parts.append(f"{count:,} {words}")
        sound = sound & is_sound
    if not parts:
        return ""
    what = f"{counted(len(sound), 'box', 'boxes')} in {columns[0]!r}{of}: {', '.join(parts)}; left out"
    if "ending" in " ".join(parts):
        return f"{what}; log x_min, y_min, x_max and y_max, or give box_format"
    return f"{what}; log four numbers, a class and a score for each box"


def _scores_outside(boxes: Boxes, column: str) -> Faults:
    score = boxes.score[boxes.is_scored]
    outside = (score < -SLACK) | (score > 1 + SLACK)
    if outside.any():
        what = f"score column {column!r} lies outside 0 to 1 in {outside.sum():,} of {len(score):,} boxes"
        seen = f"from {range_text(float(score.min()), float(score.max()), 8)}"
        yield Code.SCORES_OUTSIDE, f"{what}, {seen}; log probabilities, with which predictions.confidence is compared"


def merged(faults: Iterable[tuple[Code, str]]) -> Faults:
    """One message for each kind of fault, since a window has one finding of each.

    Examples
    --------
    >>> [*merged([(Code.BOXES_ODD, "one"), (Code.CLASSES_ODD, "two"), (Code.BOXES_ODD, "three")])]
    [(<Code.BOXES_ODD: 'boxes-odd'>, 'one; and three'), (<Code.CLASSES_ODD: 'classes-odd'>, 'two')]
    """
    by_code: dict[Code, list[str]] = {}
    for code, message in faults:
        by_code.setdefault(code, []).append(message)
    yield from ((code, "; and ".join(messages)) for code, messages in by_code.items())


def repeated_objects(true: Boxes, column: str) -> Faults:
    """Objects that are labelled twice: the same class and box in one image."""
    rows = np.column_stack([true.image, true.klass, true.corners])[true.is_box]
    if twice := len(rows) - len(np.unique(rows, axis=0)):
        what = counted(twice, "label repeats", "labels repeat")
        yield (
            Code.BOXES_ODD,
            f"{what} the class and box of another in its image, in {column!r}; deliver each object once",
        )


def names_of(boxes: Boxes, keep: npt.NDArray[np.bool_] | None = None) -> dict[str, int]:
    """Boxes of each class.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from lamplighter.core.values.boxes import packed
    >>> names_of(Boxes.of(packed(pa.array([[[0, 0, 5, 5]] * 3]), pa.array([[1, 2, 1]]))))
    {'1': 2, '2': 1}
    """
    known = boxes.klass >= 0 if keep is None else keep & (boxes.klass >= 0)
    times = np.bincount(boxes.klass[known], minlength=len(boxes.names)).tolist()
    return {name: count for name, count in zip(boxes.names, times, strict=True) if count}
