"""Running a YOLO detector that was exported as ONNX: by onnxruntime alone, without torch or ultralytics.

Boxes, classes and scores are those that ultralytics gives for the same file; a test compares them.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lamplighter.errors import ModelError

if TYPE_CHECKING:
    import onnxruntime

CONFIDENCE = 0.001
"""Detections are answered from here up; average precision is cut short where a log leaves out the unsure ones."""

OVERLAP = 0.7
"""Of two boxes of one class that overlap by more, the less sure one is dropped."""

MOST = 300
"""Boxes of an image at most."""

APART = 7680
"""Pixels between boxes of different kinds; no image that is answered is wider."""

GREY = 114
"""What the rim of an image that is not square is filled with, as in training."""


@dataclass(frozen=True, slots=True)
class Detections:
    """What was found on one image, the surest first.

    Attributes
    ----------
    boxes : array of shape (n, 4)
        x_min, y_min, x_max, y_max in pixels of the image.
    classes : list of str
    scores : array of shape (n,)
    """

    boxes: np.ndarray
    classes: list[str]
    scores: np.ndarray

    def as_columns(self) -> dict[str, list[Any]]:
        """The three lists that a prediction log has for one image.

        Examples
        --------
        >>> Detections(np.array([[1, 2, 3, 4]]), ["car"], np.array([0.5])).as_columns()
        {'boxes': [[1.0, 2.0, 3.0, 4.0]], 'classes': ['car'], 'scores': [0.5]}
        """
        return {
            "boxes": [[round(float(side), 2) for side in box] for box in self.boxes],
            "classes": list(self.classes),
            "scores": [round(float(score), 5) for score in self.scores],
        }


class YoloOnnx:
    """A detector in memory.

    Parameters
    ----------
    path : Path
        An ONNX file that ultralytics exported from a YOLO detector; classes and size are in its metadata.
    threads : int
        Of onnxruntime. One is right for a service of several workers, or one that answers small images.
    most : int
        Boxes of an image at most.

    Attributes
    ----------
    names : list of str
    size : int
        Pixels of the longer side to which images are scaled.

    Raises
    ------
    ModelError
        If the file is none, or of another kind of model, or onnxruntime is not installed.
    """

    def __init__(self, path: Path, *, threads: int = 1, most: int = MOST) -> None:
        self.most = most
        self._session = _session(path, threads)
        known = self._session.get_modelmeta().custom_metadata_map
        if known.get("task") != "detect" or "names" not in known:
            kind = known.get("task", "something else")
            raise ModelError(
                f"a model for {kind}", where=path, fix="a YOLO detector that ultralytics exported is right"
            )
        if known.get("end2end") == "True":
            raise ModelError("answers final boxes", where=path, fix="export it with end2end=False")
        try:
            names: dict[int, str] = ast.literal_eval(known["names"])
            self.names = [str(names[number]) for number in sorted(names)]
            self.size: int = max(ast.literal_eval(known["imgsz"]))
            self.stride = int(known["stride"])
        except (KeyError, TypeError, ValueError, SyntaxError) as error:
            what = f"its metadata cannot be read ({type(error).__name__}: {error})"
            raise ModelError(what, where=path, fix="export it again by ultralytics") from None
        if fault := _unlike_export(self._session, len(self.names)):
            raise ModelError(fault, where=path, fix="export it again by ultralytics, with half=False and batch=1")
        (self._input,) = self._session.get_inputs()
        # A file of one fixed size takes images that are padded to it.
        height, width = self._input.shape[2:]
        self._is_fixed = isinstance(height, int) and isinstance(width, int)
        self._inside = (height, width) if self._is_fixed else (self.size, self.size)
        self._is_single = isinstance(self._input.shape[0], int)

    def detect(self, images: Sequence[np.ndarray], confidence: float = CONFIDENCE) -> list[Detections]:
        """Find what is on some images; those of one shape in a row are run together.

        Parameters
        ----------
        images : sequence of array of shape (height, width, 3)
            uint8, blue first, as OpenCV reads them.
        confidence : float
            Less sure detections are left out.

        Returns
        -------
        list of Detections
            In the order of the images.
        """
        found: list[Detections] = []
        for shape, same in groupby(images, key=np.shape):
            if len(shape) != 3 or shape[2] != 3:
                raise ValueError(f"an image of shape {shape}; (height, width, 3) is right")
            batch = list(same)
            step = 1 if self._is_single else len(batch)
            for begin in range(0, len(batch), step):
                found += self._detect(batch[begin : begin + step], (shape[0], shape[1]), confidence)
        return found

    def _detect(self, images: list[np.ndarray], shape: tuple[int, int], confidence: float) -> list[Detections]:
        fitted = np.stack([self._letterbox(image) for image in images])
        # Red first, channels before rows, from 0 to 1.
        pixels = np.ascontiguousarray(fitted[..., ::-1].transpose(0, 3, 1, 2)).astype(np.float32) / 255
        (raw,) = self._session.run(None, {self._input.name: pixels})
        inside = (fitted.shape[1], fitted.shape[2])
        return [self._chosen(rows.T, inside, shape, confidence) for rows in raw]

    def _letterbox(self, image: np.ndarray) -> np.ndarray:
        """Scale an image to the model's size and pad it: to that size, or as far as the strides of the model ask."""
        import cv2

        height, width = image.shape[:2]
        scale = min(self._inside[0] / height, self._inside[1] / width)
        # Of a strip, such as 5000 x 2, the short side would be 0.
        new_width, new_height = max(round(width * scale), 1), max(round(height * scale), 1)
        if (new_width, new_height) != (width, height):
            image = cv2.resize(image, (new_width, new_height), interpolation=cv2.INTER_LINEAR)
        beside, above = self._inside[1] - new_width, self._inside[0] - new_height
        if not self._is_fixed:
            beside, above = beside % self.stride, above % self.stride
        left, right = round(beside / 2 - 0.1), round(beside / 2 + 0.1)
        top, bottom = round(above / 2 - 0.1), round(above / 2 + 0.1)
        return cv2.copyMakeBorder(image, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(GREY, GREY, GREY))

    def _chosen(
        self, rows: np.ndarray, inside: tuple[int, int], shape: tuple[int, int], confidence: float
    ) -> Detections:
        """The boxes of one image among all that the model proposes, in pixels of the image."""
        scores = rows[:, 4:].max(1)
        rows, scores = rows[scores > confidence], scores[scores > confidence]
        kinds = rows[:, 4:].argmax(1)
        half = rows[:, 2:4] / 2
        boxes = np.concatenate([rows[:, :2] - half, rows[:, :2] + half], 1)
        kept = suppressed(boxes, scores, kinds)[: self.most]
        return Detections(
            _unscaled(boxes[kept], inside, shape), [self.names[kind] for kind in kinds[kept]], scores[kept]
        )


def suppressed(boxes: np.ndarray, scores: np.ndarray, kinds: np.ndarray, overlap: float = OVERLAP) -> np.ndarray:
    """Which boxes stay when of those that overlap only the surest does.

    Parameters
    ----------
    boxes : array of shape (n, 4)
        x_min, y_min, x_max, y_max.
    scores, kinds : array of shape (n,)
        Boxes of different kinds leave each other alone.
    overlap : float
        Intersection over union from which on the less sure box is dropped.

    Returns
    -------
    array of int
        Indices, the surest first.

    Examples
    --------
    >>> boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [20, 0, 30, 10]], float)
    >>> suppressed(boxes, np.array([0.5, 0.9, 0.3]), np.array([0, 0, 0])).tolist()
    [1, 2]
    >>> suppressed(boxes, np.array([0.5, 0.9, 0.3]), np.array([0, 1, 0])).tolist()
    [1, 0, 2]
    """
    order = np.argsort(-scores, kind="stable")
    # Boxes of different kinds are moved apart, as ultralytics does: what that rounds decides where two are at the edge.
    left, top, right, bottom = (boxes + kinds[:, None].astype(boxes.dtype) * APART)[order].T
    area = (right - left) * (bottom - top)
    alive = np.ones(len(order), bool)
    kept = []
    for first in range(len(order)):
        if not alive[first]:
            continue
        kept.append(first)
        rest = slice(first + 1, None)
        wide = np.minimum(right[first], right[rest]) - np.maximum(left[first], left[rest])
        tall = np.minimum(bottom[first], bottom[rest]) - np.maximum(top[first], top[rest])
        common = np.maximum(wide, 0) * np.maximum(tall, 0)
        together = area[first] + area[rest] - common
        alive[rest] &= common / together <= overlap
    return np.asarray(order[np.array(kept, int)])


def _unscaled(boxes: np.ndarray, inside: tuple[int, int], shape: tuple[int, int]) -> np.ndarray:
    """Boxes in pixels of the image, cut off at its rim.

    Parameters
    ----------
    inside, shape : tuple of int
        Height and width of what the model saw, and of the image.
    """
    scale = min(inside[0] / shape[0], inside[1] / shape[1])
    height, width = (max(round(side * scale), 1) for side in shape)
    left, top = round((inside[1] - width) / 2 - 0.1), round((inside[0] - height) / 2 - 0.1)
    moved = (boxes - [left, top, left, top]) / np.tile([width / shape[1], height / shape[0]], 2)
    return np.asarray(np.clip(moved, 0, [shape[1], shape[0]] * 2))


def _unlike_export(session: onnxruntime.InferenceSession, classes: int) -> str:
    """What differs from a detector that ultralytics exports; empty where nothing does."""
    if (inputs := len(session.get_inputs())) != 1:
        return f"it takes {inputs} inputs, and not images alone"
    asked, given = session.get_inputs()[0], session.get_outputs()[0]
    batch, channels = [*asked.shape, None, None][:2]
    is_of_one = not isinstance(batch, int) or batch == 1
    if len(asked.shape) != 4 or channels != 3 or asked.type != "tensor(float)" or not is_of_one:
        return f"it takes {asked.type} of shape {asked.shape}, and not one image of three channels as floats"
    rows = given.shape[1] if len(given.shape) == 3 else None
    if isinstance(rows, int) and rows != 4 + classes:
        return f"it answers {rows} numbers for a box, and its metadata names {classes} classes, which are 4 + {classes}"
    return ""


def _session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    try:
        import onnxruntime
    except ImportError:
        raise ModelError("onnxruntime is not installed", where=path, fix="install lamplighter[images]") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if not path.is_file():
        raise ModelError("no such file", where=path, fix="name an ONNX file")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # onnxruntime raises classes of its own, which share no base but Exception.
        said = " ".join(str(error).split())[:160]
        raise ModelError(f"no ONNX model ({said})", where=path, fix="export it again") from None
