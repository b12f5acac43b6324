"""Contact sheets: every picture is there, boxes lie where they belong, and odd ones harm nothing."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lamplighter.images.contact_sheet import ANSWERED, CAPTION, GAP, TRUTH, Picture, contact_sheet

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


def test_labels_and_answers_have_their_colours_in_their_places() -> None:
    sheet = drawn([Picture(GREY, "a", truth=[(10, 10, 50, 50)], answered=[(60, 60, 90, 90)])])
    # Twice as large, and after a gap.
    for place, colour in (((20, 60), TRUTH), ((120, 150), ANSWERED)):
        found = sheet[place[0] + GAP, place[1] + GAP].astype(int)
        assert np.abs(found - colour).max() < 80, (place, found)
    assert np.abs(sheet[110 + GAP, 20 + GAP].astype(int) - 128).max() < 10


@pytest.mark.parametrize(
    "box", [(1, 2, 3), (float("nan"), 0, 1, 1), (float("inf"), 0, 1, 1), (5, 5, 1, 1), (-1e9, -1e9, 1e12, 1e12)]
)
def test_odd_boxes_harm_nothing(box: tuple[float, ...]) -> None:
    assert drawn([Picture(GREY, "a", answered=[box])]).shape[2] == 3


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 900, 3), (900, 3, 3)])
def test_images_of_any_shape_fit(shape: tuple[int, int, int]) -> None:
    assert drawn([Picture(np.zeros(shape, np.uint8), "a long caption that cannot fit, Zürich")], side=60).shape[0] > 60
