"""A contact sheet: small pictures of some images side by side, with what was labelled and what was answered."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lamplighter.images.crops import Box
from lamplighter.images.opencv import opencv
from lamplighter.images.working import Pixels

TRUTH, ANSWERED = (66, 200, 60), (36, 118, 255)
"""Colours of boxes, blue first: green for labels, orange for answers. Labels are drawn thicker, and below."""

PAPER, INK = 255, (40, 40, 40)
CAPTION, GAP, MARGIN = 20, 8, 4
"""Pixels: of a line of text, between pictures, and before a text."""

QUALITY = 90
"""Of the JPEG, in percent."""


@dataclass(frozen=True, eq=False)
class Picture:
    """An image and what is drawn on it.

    Attributes
    ----------
    image : array of uint8, shape (rows, columns, 3)
        Blue, green, red.
    caption : str
        A line below it; what is too long is cut.
    truth, answered : sequence of Box
        Left, top, right and bottom in pixels of the image; what is no box is left out.
    """

    image: Pixels
    caption: str
    truth: Sequence[Box] = ()
    answered: Sequence[Box] = ()


def contact_sheet(pictures: Sequence[Picture], columns: int = 4, side: int = 220) -> bytes:
    """Draw pictures in rows, each scaled to fit a square.

    Parameters
    ----------
    pictures : sequence of Picture
        At least one.
    columns : int
        Pictures in a row.
    side : int
        Of the square, in pixels.

    Returns
    -------
    bytes
        A JPEG.

    Examples
    --------
    >>> street = np.full((90, 160, 3), 120, np.uint8)
    >>> sheet = contact_sheet([Picture(street, "north 17:20", truth=[(10, 10, 60, 50)])] * 5, columns=4, side=80)
    >>> sheet[:2].hex()
    'ffd8'
    """
    cv2 = opencv()
    columns = min(columns, len(pictures))
    rows = math.ceil(len(pictures) / columns)
    width, height = side + GAP, side + CAPTION + GAP
    sheet = np.full((rows * height + GAP, columns * width + GAP, 3), PAPER, np.uint8)
    for number, picture in enumerate(pictures):
        top, left = number // columns * height + GAP, number % columns * width + GAP
        drawn = _drawn(picture, side)
        # In the middle of its square, so that captions stand in a line.
        below, right = (side - drawn.shape[0]) // 2, (side - drawn.shape[1]) // 2
        sheet[top + below : top + below + drawn.shape[0], left + right : left + right + drawn.shape[1]] = drawn
        caption = _fitting(picture.caption, side)
        place = (left, top + side + CAPTION - 2 * MARGIN)
        cv2.putText(sheet, caption, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, INK, 1, cv2.LINE_AA)
    written: bytes = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
    return written


def _drawn(picture: Picture, side: int) -> Pixels:
    cv2 = opencv()
    rows, columns = picture.image.shape[:2]
    scale = side / max(rows, columns)
    size = max(1, round(columns * scale)), max(1, round(rows * scale))
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    drawn: Pixels = np.ascontiguousarray(cv2.resize(picture.image, size, interpolation=kind))
    for boxes, colour, thickness in ((picture.truth, TRUTH, 4), (picture.answered, ANSWERED, 2)):
        for box in boxes:
            if len(box) == 4 and all(math.isfinite(number) for number in box):
                left, top, right, bottom = (round(min(max(number, -side), 1e6) * scale) for number in box)
                cv2.rectangle(drawn, (left, top), (right, bottom), colour, thickness, cv2.LINE_AA)
    return drawn


def _fitting(text: str, width: int) -> str:
    """A text in OpenCV's letters, which are ASCII, as far as it fits."""
    cv2 = opencv()
    text = text.encode("ascii", "replace").decode()
    while len(text) > 1 and cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.4, 1)[0][0] > width:
        text = text[:-1]
    return text
