"""Contact sheets: every picture is there, in its place."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lamplighter.images.contact_sheet import CAPTION, GAP, contact_sheet
from lamplighter.images.pictures import MISSED, Picture

GREY = np.full((100, 100, 3), 128, np.uint8)


def drawn(pictures: list[Picture], columns: int = 4, side: int = 200) -> np.ndarray:
    sheet = cv2.imdecode(np.frombuffer(contact_sheet(pictures, columns, side), np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(sheet)


def test_pictures_stand_in_rows_that_are_as_long_as_needed() -> None:
    assert drawn([Picture(GREY, "a")] * 5, columns=3, side=60).shape[:2] == (
        2 * (60 + CAPTION + GAP) + GAP,
        3 * (60 + GAP) + GAP,
    )
    assert drawn([Picture(GREY, "a")], columns=3, side=60).shape[1] == 60 + 2 * GAP


def test_each_picture_lies_in_its_own_square_with_its_boxes() -> None:
    sheet = drawn([Picture(GREY, "a"), Picture(GREY, "b", missed=[(10, 10, 50, 50)])])
    left, right = sheet[:, : 200 + GAP], sheet[:, 200 + 2 * GAP :]
    # Twice as large, and after a gap.
    assert np.abs(right[60 + GAP, 20].astype(int) - MISSED.colour[::-1]).max() < 80
    assert np.abs(left[GAP + 3 : GAP + 197, GAP + 3 :].astype(int) - 128).max() < 10


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 900, 3), (900, 3, 3)])
def test_images_of_any_shape_fit(shape: tuple[int, int, int]) -> None:
    assert drawn([Picture(np.zeros(shape, np.uint8), "a long caption that cannot fit, Zürich")], side=60).shape[0] > 60
