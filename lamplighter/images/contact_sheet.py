"""A contact sheet: small pictures of some images side by side in one file."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lamplighter.images.opencv import opencv
from lamplighter.images.pictures import Picture, as_jpeg, drawn

PAPER, INK = 255, (40, 40, 40)
CAPTION, GAP, MARGIN = 20, 8, 4
"""Pixels: of a line of text, between pictures, and before a text."""


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
        image = drawn(picture, side)
        # In the middle of its square, so that captions stand in a line.
        below, right = (side - image.shape[0]) // 2, (side - image.shape[1]) // 2
        sheet[top + below : top + below + image.shape[0], left + right : left + right + image.shape[1]] = image
        caption = _fitting(picture.caption, side)
        place = (left, top + side + CAPTION - 2 * MARGIN)
        cv2.putText(sheet, caption, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, INK, 1, cv2.LINE_AA)
    return as_jpeg(sheet)


def _fitting(text: str, width: int) -> str:
    """A text in OpenCV's letters, which are ASCII, as far as it fits."""
    cv2 = opencv()
    text = text.encode("ascii", "replace").decode()
    while len(text) > 1 and cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.4, 1)[0][0] > width:
        text = text[:-1]
    return text
