"""What must not move what: dusk and blur, contrast and noise, walls and dirt."""

from __future__ import annotations

import re
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lamplighter.core.records.image_statistics import IMAGE_STATISTICS
from lamplighter.images import measure
from tests.lamplighter.images.photographs import (
    NAMES,
    Image,
    at_dusk,
    blurred,
    eight_bits,
    photograph,
    with_noise,
)

photographs = pytest.mark.parametrize("image", [photograph(name) for name in NAMES], ids=NAMES)


def sharpness(image: Image) -> float:
    found = measure(image)["image_sharpness"]
    assert isinstance(found, float)
    return found


@photographs
def test_dusk_lowers_brightness_and_leaves_sharpness(image: Image) -> None:
    day, dusk = measure(image), measure(at_dusk(image))
    assert dusk["image_brightness"] == pytest.approx(0.3 * day["image_brightness"], abs=0.01)
    assert dusk["image_sharpness"] == pytest.approx(day["image_sharpness"], rel=0.08)
    assert dusk["image_texture"] < 0.5 * day["image_texture"]
    assert dusk["image_opaque_ratio"] <= day["image_opaque_ratio"] + 1 / 16


@photographs
def test_dusk_does_not_hide_blur(image: Image) -> None:
    assert sharpness(at_dusk(blurred(image, 2))) < 0.5 * sharpness(image)


@photographs
def test_noise_does_not_pass_for_sharpness(image: Image) -> None:
    soft = blurred(image, 2)
    noisy = measure(with_noise(soft, 8))
    assert noisy["image_sharpness"] == pytest.approx(sharpness(soft), rel=0.1)
    assert noisy["image_texture"] > 1.2 * measure(soft)["image_texture"]
    assert noisy["image_noise"] > 3 * measure(soft)["image_noise"]


@photographs
def test_a_blurred_bright_image_is_as_bright(image: Image) -> None:
    day, soft = measure(image), measure(blurred(image, 4))
    assert soft["image_brightness"] == pytest.approx(day["image_brightness"], abs=0.005)
    assert soft["image_luminance_p05"] >= day["image_luminance_p05"]
    assert soft["image_clipped_dark_ratio"] <= day["image_clipped_dark_ratio"]
    assert soft["image_sharpness"] < 0.3 * day["image_sharpness"]


@photographs
@pytest.mark.parametrize("share", [0.7, 0.4])
def test_contrast_moves_no_sharpness_and_no_colour(image: Image, share: float) -> None:
    flatter = eight_bits(image * share + 128 * (1 - share))
    assert sharpness(flatter) == pytest.approx(sharpness(image), rel=0.03)
    darker = measure(eight_bits(image * share))
    for name in ("image_saturation", "image_colour_cast"):
        assert darker[name] == pytest.approx(measure(image)[name], abs=0.02)


def test_a_white_wall_has_no_edges_to_judge_and_no_tile_to_see() -> None:
    wall = with_noise(np.full((480, 640, 3), 225.0), 3)
    found = measure(wall)
    assert found["image_sharpness"] is None
    assert (found["image_opaque_ratio"], found["image_transparent_ratio"]) == (1, 0)
    assert found["image_clipped_light_ratio"] < 0.01


def spot(image: Image, row: int, column: int, blur: float) -> np.ndarray:
    """A round spot that covers a tile, between 0 and 1."""
    height, width = image.shape[:2]
    centre = (int((column - 0.5) * width / 4), int((row - 0.5) * height / 4))
    drawn = cv2.ellipse(
        np.zeros((height, width)), centre, (int(0.7 * width / 4), int(0.7 * height / 4)), 0, 0, 360, 1, -1
    )
    return cv2.GaussianBlur(drawn, (0, 0), blur)[:, :, None]


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea"])
@pytest.mark.parametrize(("row", "column"), [(1, 1), (1, 3), (3, 2), (4, 4)])
def test_dirt_on_one_tile_names_it(name: str, row: int, column: int) -> None:
    image = photograph(name)
    covered = spot(image, row, column, 8)
    dirty = eight_bits(image * (1 - covered) + np.array([20, 30, 40]) * covered)
    found, clean = measure(dirty), measure(image)
    assert found["image_occluded_tile"] == f"r{row}c{column}"
    assert found["image_opaque_ratio"] >= clean["image_opaque_ratio"] + 1 / 16
    assert measure(at_dusk(dirty))["image_occluded_tile"] == f"r{row}c{column}"


@pytest.mark.parametrize(("row", "column"), [(2, 2), (3, 3)])
def test_a_drop_on_one_tile_is_transparent(row: int, column: int) -> None:
    image = photograph("coffee")
    covered = spot(image, row, column, 6)
    wet = measure(eight_bits(image * (1 - covered) + blurred(image, 6) * covered))
    assert wet["image_occluded_tile"] == f"r{row}c{column}"
    assert wet["image_transparent_ratio"] > measure(image)["image_transparent_ratio"]


@pytest.mark.parametrize(("level", "kind"), [(150, "transparent"), (20, "opaque")])
def test_a_tile_with_a_tenth_of_its_contrast_is_covered(level: int, kind: str) -> None:
    """Fog on the lens, or mud that some light comes through: as sharp as before."""
    image = photograph("coffee")
    covered = spot(image, 2, 2, 2)
    foggy = measure(eight_bits(image * (1 - covered) + (image * 0.1 + level * 0.9) * covered))
    assert foggy["image_occluded_tile"] == "r2c2"
    assert foggy[f"image_{kind}_ratio"] == measure(image)[f"image_{kind}_ratio"] + 1 / 16


def test_a_small_dark_object_shows_in_its_crop_alone() -> None:
    image = np.array(photograph("coffee"))
    box = (300, 200, 330, 240)
    before = measure(image, [box])
    image[200:240, 300:330] //= 5
    after = measure(image, [box])
    assert after["image_crop_brightness"] == pytest.approx(before["image_crop_brightness"] / 5, abs=0.02)
    assert after["image_brightness"] == pytest.approx(before["image_brightness"], abs=0.004)


def test_crops_are_medians_over_the_boxes_that_hold_something() -> None:
    image = np.repeat(np.uint8([0, 51, 102, 153, 204, 255]), 40)[None].repeat(80, axis=0)
    boxes = [(40 * index + 2, 10, 40 * index + 38, 70) for index in range(5)]
    assert measure(image, boxes)["image_crop_brightness"] == pytest.approx(102 / 255)
    odd = [(9, 9, 9, 20), (30, 0, 10, 10), (500, 0, 600, 50), (float("nan"), 0, 1, 1), (-50, -50, -1, -1)]
    assert measure(image, [*odd, *boxes]) == measure(image, boxes)
    assert measure(image, [(-100, -100, 20, 1000)])["image_crop_brightness"] == 0
    assert {measure(image, odd)[name] for name in IMAGE_STATISTICS if "crop" in name} == {None}


def test_the_order_of_channels_is_said() -> None:
    image = photograph("coffee")
    assert measure(image[:, :, ::-1], channels="rgb") == measure(image)
    assert measure(image[:, :, ::-1]) != measure(image)


def test_types_of_arrays_agree() -> None:
    grey = photograph("camera")[:, :, 0]
    expected = measure(grey)
    for same in (grey.astype(np.uint16) << 8, grey / 255, grey[:, :, None], np.dstack([grey, grey])):
        assert measure(same) == expected


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (np.zeros((0, 5)), "no pixels"),
        (np.zeros(5), "the shape"),
        (np.zeros((5, 5, 7)), "the shape"),
        (np.full((5, 5), np.nan), "NaN"),
        (np.full((5, 5), 7.0), "divide by 255"),
        (np.zeros((5, 5), np.int64), "int64"),
    ],
)
def test_what_is_no_image_is_refused(image: np.ndarray, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        measure(image)


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(np.uint8, st.tuples(st.integers(1, 70), st.integers(1, 70), st.sampled_from([1, 3, 4]))),
    st.lists(st.tuples(*[st.floats(width=32)] * 4), max_size=3),
)
def test_any_image_stays_within_the_declared_ranges(image: np.ndarray, boxes: list[tuple[float, ...]]) -> None:
    for name, value in measure(image, boxes).items():
        row = IMAGE_STATISTICS[name]
        if value is not None and row.is_number:
            assert row.lower is None or value >= row.lower, name
            assert row.upper is None or value <= row.upper, name


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        pytest.param({"channels": "grb"}, "channels are 'bgr' or 'rgb', and not 'grb'", id="channels"),
        pytest.param({"boxes": [None]}, "a box is four numbers: left, top, right and bottom", id="no box"),
        pytest.param({"boxes": [["a", 0, 1, 1]]}, "this is ['a', 0, 1, 1]", id="a text"),
    ],
)
def test_what_cannot_be_meant_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        measure(np.zeros((8, 8, 3), np.uint8), **asked)
