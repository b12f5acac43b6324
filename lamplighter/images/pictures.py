"""Images to look at: scaled, with boxes whose lines differ by more than their colour, as a JPEG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lamplighter.images.crops import Box
from lamplighter.images.opencv import opencv
from lamplighter.images.working import Pixels

QUALITY = 90
"""Of the JPEG, in percent."""

DASH, GAP = 8, 10
"""Pixels: of a dash, and between dashes."""

HALO = (0, 0, 0)
"""Colour below and beside each line, so that it is seen on a bright image too."""


@dataclass(frozen=True, slots=True)
class Line:
    """How the sides of a box are drawn.

    Attributes
    ----------
    colour : tuple of int
        Red, green, blue.
    width : int
        In pixels.
    dashed : bool
    """

    colour: tuple[int, int, int]
    width: int
    dashed: bool = False


LABELLED = Line((255, 176, 0), 2, dashed=True)
MISSED = Line((255, 176, 0), 4)
ANSWERED = Line((86, 180, 233), 2)
"""Amber for what was labelled, blue for what the model found (Wong 2011, "Color blindness"); what was missed is thick,
what was found is dashed."""


@dataclass(frozen=True, eq=False)
class Picture:
    """An image and what is drawn on it.

    Attributes
    ----------
    image : array of uint8, shape (rows, columns, 3)
        Blue, green, red.
    caption : str
        A line below it on a contact sheet.
    truth, missed, answered : sequence of Box
        Left, top, right and bottom in pixels of the image: labelled objects, those of which the model missed, and what
        it found. What is no box is left out.
    """

    image: Pixels
    caption: str = ""
    truth: Sequence[Box] = ()
    missed: Sequence[Box] = ()
    answered: Sequence[Box] = ()


def drawn(picture: Picture, side: int) -> Pixels:
    """An image with its boxes, scaled to fit a square.

    Parameters
    ----------
    picture : Picture
    side : int
        Of the square, in pixels.

    Examples
    --------
    >>> drawn(Picture(np.zeros((90, 160, 3), np.uint8), truth=[(10, 10, 60, 50)]), 80).shape
    (45, 80, 3)
    """
    cv2 = opencv()
    rows, columns = picture.image.shape[:2]
    scale = side / max(rows, columns)
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    sheet: Pixels = np.ascontiguousarray(cv2.resize(picture.image, size, interpolation=kind))
    # What was found lies upon what found it, whose line is seen between the dashes.
    for boxes, line in ((picture.answered, ANSWERED), (picture.truth, LABELLED), (picture.missed, MISSED)):
        for box in boxes:
            if len(box) == 4 and all(math.isfinite(number) for number in box):
                # What lies far outside is cut: it would be drawn dash by dash.
                left, top, right, bottom = (round(min(max(number * scale, -side), 2 * side)) for number in box)
                _draw(sheet, (left, top, right, bottom), line)
    return sheet


def _draw(sheet: Pixels, box: tuple[int, int, int, int], line: Line) -> None:
    cv2 = opencv()
    pieces = [*_pieces(box, line)]
    for colour, width in ((HALO, line.width + 2), (line.colour[::-1], line.width)):
        for begin, end in pieces:
            cv2.line(sheet, begin, end, colour, width, cv2.LINE_AA)


Point = tuple[int, int]


def _pieces(box: tuple[int, int, int, int], line: Line) -> Iterator[tuple[Point, Point]]:
    """The dashes of a box, or its sides."""
    left, top, right, bottom = box
    for (x, y), (to_x, to_y) in (
        ((left, top), (right, top)),
        ((right, top), (right, bottom)),
        ((right, bottom), (left, bottom)),
        ((left, bottom), (left, top)),
    ):
        length = max(abs(to_x - x), abs(to_y - y))
        step = DASH + GAP if line.dashed else max(length, 1)
        for begin in range(0, max(length, 1), step):
            end = min(begin + (DASH if line.dashed else step), length)
            near, far = (begin / max(length, 1), end / max(length, 1))
            yield (
                (round(x + (to_x - x) * near), round(y + (to_y - y) * near)),
                (round(x + (to_x - x) * far), round(y + (to_y - y) * far)),
            )


def as_jpeg(pixels: Pixels) -> bytes:
    """Pixels as a file.

    Examples
    --------
    >>> as_jpeg(np.zeros((9, 16, 3), np.uint8))[:2].hex()
    'ffd8'
    """
    cv2 = opencv()
    written: bytes = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
    return written
