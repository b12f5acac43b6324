"""Boxes on pictures: they lie where they belong, differ by more than colour, and odd ones harm nothing."""

from __future__ import annotations

import numpy as np
import pytest

from lamplighter.images.pictures import ANSWERED, LABELLED, MISSED, Line, Picture, as_jpeg, drawn

GREY = np.full((100, 100, 3), 128, np.uint8)
BOX = (10, 10, 60, 60)


def side_of(sheet: np.ndarray, line: Line) -> np.ndarray:
    """Which pixels of the upper side of the box have the colour of the line; the image is drawn twice as large."""
    upper = sheet[20, 30:110].astype(int)
    found: np.ndarray = np.abs(upper - line.colour[::-1]).max(axis=1) < 80
    return found


@pytest.mark.parametrize(
    ("field", "line"),
    [("truth", LABELLED), ("missed", MISSED), ("answered", ANSWERED)],
    ids=["truth", "missed", "seen"],
)
def test_each_box_has_its_colour_in_its_place_and_is_dashed_or_not(field: str, line: Line) -> None:
    sheet = drawn(Picture(GREY, **{field: [BOX]}), 200)
    share = side_of(sheet, line).mean()
    assert 0.3 < share < 0.8 if line.dashed else share == 1
    assert (sheet[60, 60] == 128).all()
    assert (sheet[150, 150] == 128).all()


def test_lines_are_told_apart_without_colours() -> None:
    assert len({(line.width, line.dashed) for line in (LABELLED, MISSED)}) == 2
    grey = [np.dot((0.299, 0.587, 0.114), line.colour) for line in (MISSED, ANSWERED)]
    widths = [line.width for line in (MISSED, ANSWERED)]
    assert abs(grey[0] - grey[1]) > 10 or widths[0] >= 2 * widths[1]


def test_what_found_an_object_is_seen_between_the_dashes_of_it() -> None:
    sheet = drawn(Picture(GREY, truth=[BOX], answered=[BOX]), 200)
    assert side_of(sheet, LABELLED).any()
    assert side_of(sheet, ANSWERED).any()


@pytest.mark.parametrize(
    "box", [(1, 2, 3), (float("nan"), 0, 1, 1), (float("inf"), 0, 1, 1), (5, 5, 1, 1), (-1e9, -1e9, 1e12, 1e12)]
)
@pytest.mark.parametrize("field", ["truth", "answered"])
def test_odd_boxes_harm_nothing(field: str, box: tuple[float, ...]) -> None:
    assert drawn(Picture(GREY, **{field: [box]}), 200).shape == (200, 200, 3)


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 900, 3), (900, 3, 3)])
def test_images_of_any_shape_fit(shape: tuple[int, int, int]) -> None:
    sheet = drawn(Picture(np.zeros(shape, np.uint8), missed=[(0, 0, 1, 1)]), 60)
    assert max(sheet.shape) == 60
    assert as_jpeg(sheet)[:2].hex() == "ffd8"
