"""The boxes of an image as one value of a column, made of the lists that a service logs.

A row holds what stands in an image: a list of boxes, and beside it lists of their classes and their scores. Here they
become one value of a type of its own, so that images are chosen, joined and sorted like the values of any other column,
and no box ever is an object of Python's.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lamplighter.core.values.identity import OWN_IDENTITY, identities
from lamplighter.core.values.logged_lists import LoggedLists, four_numbers, numbers

Column: TypeAlias = "pa.Array | pa.ChunkedArray"
Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]

SIDES = ("x_min", "y_min", "x_max", "y_max")

BOX = pa.struct([*((side, pa.float64()) for side in SIDES), ("class", pa.string()), ("score", pa.float64())])
PACKED = pa.struct(
    [("boxes", pa.list_(BOX)), ("fault", pa.string()), ("logged", pa.string()), (OWN_IDENTITY, pa.string())]
)
"""An image: its boxes, why they cannot be read (empty where they can), what was logged then, and what they are compared
by."""

LENGTHS = "lists of different lengths"
FLAT = "numbers in place of a list of boxes"
NO_LISTS = ("no list of boxes", "no list of classes", "no list of scores")


def packed(boxes: Column, classes: Column, scores: Column | None = None, form: str = "xyxy") -> pa.ChunkedArray:
    """The boxes of each image as one value; null where there is no list of boxes.

    Parameters
    ----------
    boxes : Array of shape (n_images,)
        Lists of boxes of four numbers, or JSON of them.
    classes, scores : Array of shape (n_images,)
        Lists as long; scores may be lacking, as those of labels are.
    form : {"xyxy", "xywh", "cxcywh"}
        What the four numbers are: two corners, a corner and the size, or the middle and the size.

    Examples
    --------
    >>> image = packed(pa.array([[[1, 2, 3, 4]], []]), pa.array([["car"], []]), form="xywh")
    >>> image[0]["boxes"].as_py()
    [{'x_min': 1.0, 'y_min': 2.0, 'x_max': 4.0, 'y_max': 6.0, 'class': 'car', 'score': None}]
    >>> packed(pa.array([[[1, 2, 3, 4]]]), pa.array([["car", "bus"]]))[0]["fault"].as_py()
    'lists of different lengths'
    """
    sides, named, *scored = read = [LoggedLists.of(column) for column in (boxes, classes, scores) if column is not None]
    fault, logged = _faults(read)
    absent = sides.absent
    sound = (fault == "") & ~absent
    corners = _corners(four_numbers(sides.kept(sound)), form)
    names = identities(named.kept(sound))
    score = numbers(scored[0].kept(sound)) if scored else np.full(len(corners), np.nan)
    counts = np.where(sound, sides.lengths, 0)
    entries = pa.StructArray.from_arrays(
        [*(pa.array(side) for side in corners.T), names, pa.array(score, mask=np.isnan(score))], fields=[*BOX]
    )
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    whole = pa.StructArray.from_arrays(
        [
            pa.ListArray.from_arrays(pa.array(offsets), entries),
            pa.array(fault, pa.string()),
            pa.array(logged, pa.string()),
            pa.array(_own_identities(corners, names, counts, fault), pa.string()),
        ],
        fields=[*PACKED],
        mask=pa.array(absent),
    )
    return pa.chunked_array([whole], PACKED)


def _faults(read: list[LoggedLists]) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """The first that is wrong with the lists of each image, and what was logged there."""
    sides = read[0]
    fault, logged = np.full(len(sides.cells), "", object), np.full(len(sides.cells), None, object)
    for part, broken, what in (
        *((part, part.broken, what) for part, what in zip(read, NO_LISTS, strict=False)),
        (sides, sides.flat, FLAT),
    ):
        new = (fault == "") & broken & ~sides.absent
        fault[new], logged[new] = what, part.shown(new)
    differ = np.logical_or.reduce([part.lengths != sides.lengths for part in read])
    fault[(fault == "") & differ & ~sides.absent] = LENGTHS
    return fault, logged


def unpacked(column: Column, form: str = "xyxy") -> tuple[pa.Array, pa.Array]:
    """The lists of boxes and of classes that `packed` made an image of; null where they could not be read.

    Parameters
    ----------
    column : Array of shape (n_images,)
        As `packed` makes it.
    form : {"xyxy", "xywh", "cxcywh"}
        What the four numbers are to be.

    Examples
    --------
    >>> image = packed(pa.array([[[1, 2, 3, 4]], None]), pa.array([["car"], None]), form="xywh")
    >>> [lists.to_pylist() for lists in unpacked(image, "xywh")]
    [[[[1.0, 2.0, 3.0, 4.0]], None], [['car'], None]]
    """
    boxes = Boxes.of(column)
    first, size = boxes.corners[:, :2], boxes.size
    with np.errstate(over="ignore", invalid="ignore"):
        sides = {
            "xyxy": boxes.corners,
            "xywh": np.concatenate([first, size], axis=1),
            "cxcywh": np.concatenate([first + size / 2, size], axis=1),
        }[form]
    none = pa.array(boxes.absent | (boxes.fault != ""))
    names = pa.array(boxes.names, pa.string()).take(pa.array(boxes.klass, mask=boxes.klass < 0))
    ends = np.concatenate([[0], np.cumsum(boxes.counts)]).astype(np.int32)
    four = pa.ListArray.from_arrays(pa.array(np.arange(len(sides) + 1, dtype=np.int32) * 4), pa.array(sides.ravel()))
    lists = [pa.ListArray.from_arrays(pa.array(ends), values, mask=none) for values in (four, names)]
    return lists[0], lists[1]


@dataclass(frozen=True, eq=False)
class Boxes:
    """The boxes of some images, one after the other.

    Attributes
    ----------
    images : int
        How many images there are.
    image : array of shape (n_boxes,)
        The image of each box, ascending.
    corners : array of shape (n_boxes, 4)
        x_min, y_min, x_max, y_max.
    names : list of str
        Distinct classes.
    klass : array of shape (n_boxes,)
        The place of its class in ``names``; -1 where it has none.
    score : array of shape (n_boxes,)
        NaN where there is none.
    absent : array of shape (n_images,)
        Which images have no list of boxes.
    fault : array of shape (n_images,)
        Why the lists of an image cannot be read; empty where they can.
    logged : array of shape (n_images,)
        Of lists that cannot be read what stands in their place, shortened.
    """

    images: int
    image: Ints
    corners: Floats
    names: list[str]
    klass: Ints
    score: Floats
    absent: npt.NDArray[np.bool_]
    fault: npt.NDArray[np.object_]
    logged: npt.NDArray[np.object_]

    @classmethod
    def of(cls, column: Column) -> Boxes:
        """Take a column apart that `packed` made.

        Examples
        --------
        >>> boxes = Boxes.of(packed(pa.array([[], [[0, 0, 2, 2]]]), pa.array([[], ["car"]])))
        >>> boxes.images, boxes.image.tolist(), boxes.corners.tolist(), boxes.names
        (2, [1], [[0.0, 0.0, 2.0, 2.0]], ['car'])
        """
        array = pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) and column.num_chunks else column
        if not isinstance(array, pa.Array):
            array = pa.array([], PACKED)
        lists = pc.struct_field(array, "boxes")
        counts = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False).astype(np.int64)
        entries = lists.flatten()
        fields = [pc.struct_field(entries, field.name) for field in BOX]
        corners = np.column_stack([side.to_numpy(zero_copy_only=False) for side in fields[:4]])
        coded = fields[4].dictionary_encode()
        return cls(
            images=len(array),
            image=np.repeat(np.arange(len(array)), counts),
            corners=corners,
            names=coded.dictionary.to_pylist(),
            klass=pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64),
            score=np.asarray(fields[5].to_numpy(zero_copy_only=False), float),
            absent=array.is_null().to_numpy(zero_copy_only=False),
            fault=pc.fill_null(pc.struct_field(array, "fault"), "").to_numpy(zero_copy_only=False),
            logged=pc.struct_field(array, "logged").to_numpy(zero_copy_only=False),
        )

    @cached_property
    def counts(self) -> Ints:
        """How many boxes each image has."""
        return np.bincount(self.image, minlength=self.images)

    @cached_property
    def size(self) -> Floats:
        """Width and height of each box, of shape (n_boxes, 2)."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self.corners[:, 2:] - self.corners[:, :2]

    @cached_property
    def is_finite(self) -> npt.NDArray[np.bool_]:
        """Which boxes have four numbers; beyond those of 32 bits none is a place in an image."""
        with np.errstate(over="ignore"):
            narrow = self.corners.astype(np.float32)
        is_finite: npt.NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(narrow), axis=1)
        return is_finite

    @cached_property
    def is_box(self) -> npt.NDArray[np.bool_]:
        """Which boxes have four numbers, the larger ones last."""
        is_box: npt.NDArray[np.bool_] = self.is_finite & np.logical_and.reduce(self.size >= 0, axis=1)
        return is_box

    @cached_property
    def is_scored(self) -> npt.NDArray[np.bool_]:
        """Which boxes have a score."""
        return np.isfinite(self.score)

    def only(self, keep: npt.NDArray[np.bool_]) -> Boxes:
        """Some of the boxes, of the same images."""
        if keep.all():
            return self
        return Boxes(
            self.images, self.image[keep], self.corners[keep], self.names, self.klass[keep], self.score[keep],
            self.absent, self.fault, self.logged,
        )  # fmt: skip


def _corners(four: Floats, form: str) -> Floats:
    """The corners of boxes that are given otherwise."""
    if form == "xyxy":
        return four
    first, size = four[:, :2], four[:, 2:]
    with np.errstate(over="ignore", invalid="ignore"):
        if form == "cxcywh":
            first = first - size / 2
        return np.concatenate([first, first + size], axis=1)


def _own_identities(corners: Floats, names: pa.Array, counts: Ints, fault: npt.NDArray[Any]) -> list[str]:
    """What images are compared by: the same boxes in another order, or as floats of fewer bits, are the same.

    Scores are left out: labels have none.
    """
    coded = names.dictionary_encode()
    texts = [*(_hash(name) for name in coded.dictionary.to_pylist()), 0]
    of_class = np.array(texts, np.uint64)[pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)]
    with np.errstate(over="ignore", invalid="ignore"):
        bits = (corners.astype(np.float32) + np.float32(0)).view(np.uint32).astype(np.uint64)
        mixed = of_class
        for side in bits.T:
            mixed = _mixed(mixed ^ side)
        before = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed, dtype=np.uint64)])
        ends = np.cumsum(counts)
        sums = before[ends] - before[ends - counts]
    return [
        what or f"{count} boxes {total:016x}"
        for count, total, what in zip(counts.tolist(), sums.tolist(), fault.tolist(), strict=True)
    ]


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Spread the bits of numbers over all of them (Stafford 2011, "Better bit mixing", variant 13)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
