"""Each statistic against an independent computation: scikit-image, scipy, or its formula in full."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
import scipy.ndimage
import skimage.color
import skimage.filters
import skimage.restoration

from lamplighter.images import measure
from lamplighter.images.luminance import DARK, LIGHT
from lamplighter.images.working import WORKING_SIDE
from tests.lamplighter.images.photographs import NAMES, Image, blurred, eight_bits, photograph, slanted_edge, with_noise

SMALL = [cv2.resize(photograph(name), (100, 78), interpolation=cv2.INTER_AREA) for name in NAMES]
"""Images that no statistic takes a sample of, nor makes smaller."""

photographs = pytest.mark.parametrize("image", [photograph(name) for name in NAMES], ids=NAMES)
small = pytest.mark.parametrize("image", SMALL, ids=NAMES)


def luma(image: Image) -> np.ndarray:
    """Y of ITU-R BT.601 in levels, in fractions."""
    return image[:, :, ::-1] @ np.array([0.299, 0.587, 0.114])


def half(image: Image) -> np.ndarray:
    """Grey levels at the working size: of images of 640 pixels the means of four."""
    grey = np.rint(luma(image))
    rows, columns = grey.shape[0] // 2, grey.shape[1] // 2
    return grey[: rows * 2, : columns * 2].reshape(rows, 2, columns, 2).mean(axis=(1, 3))


@small
def test_luminance_is_that_of_the_formula(image: Image) -> None:
    found, grey = measure(image), luma(image)
    assert found["image_brightness"] == pytest.approx(grey.mean() / 255, abs=0.1 / 255)
    assert found["image_contrast"] == pytest.approx(grey.std() / 255, abs=0.1 / 255)
    levels = np.rint(grey)
    for percent in (1, 5, 50, 95, 99):
        expected = np.percentile(levels, percent, method="inverted_cdf") / 255
        assert found[f"image_luminance_p{percent:02d}"] == pytest.approx(expected, abs=1.01 / 255)
    grey_image = eight_bits(levels)
    found = measure(grey_image)
    assert found["image_clipped_dark_ratio"] == pytest.approx((grey_image <= DARK).mean(), abs=1e-12)
    assert found["image_clipped_light_ratio"] == pytest.approx((grey_image >= LIGHT).mean(), abs=1e-12)
    for percent in (1, 5, 50, 95, 99):
        expected = np.percentile(grey_image, percent, method="inverted_cdf") / 255
        assert found[f"image_luminance_p{percent:02d}"] == expected


@photographs
def test_luminance_of_sampled_rows_is_near_that_of_all(image: Image) -> None:
    found, grey = measure(image), luma(image)
    assert found["image_brightness"] == pytest.approx(grey.mean() / 255, abs=0.004)
    assert found["image_luminance_p50"] == pytest.approx(np.median(grey) / 255, abs=0.01)
    assert found["image_clipped_light_ratio"] == pytest.approx((np.rint(grey) >= LIGHT).mean(), abs=0.004)


@small
def test_texture_and_noise_are_convolutions(image: Image) -> None:
    grey = eight_bits(luma(image))
    found = measure(grey)
    laplacian = scipy.ndimage.convolve(grey.astype(float), np.array([[1, 0, 1], [0, -4, 0], [1, 0, 1]]) / 2)[1:-1, 1:-1]
    assert found["image_texture"] == pytest.approx(laplacian.var(), rel=1e-9)
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])
    ripple = np.abs(scipy.ndimage.convolve(grey.astype(float), mask)[1:-1, 1:-1])
    assert found["image_noise"] == pytest.approx(math.sqrt(math.pi / 2) / 6 * ripple.mean() / 255, rel=1e-9)


@photographs
def test_sharpness_is_the_ratio_on_edges(image: Image) -> None:
    """Of all rows and nothing taken off: blurred, the image has next to no noise."""
    grey = half(blurred(image, 2))
    slopes = [skimage.filters.sobel_h, skimage.filters.sobel_v]
    right, down = (
        slope(grey) / 2 for slope in slopes
    )  # scikit-image makes a quarter of the sum, and a slope of 1 makes 8
    steep = np.abs(right) + np.abs(down)
    edges = steep[1:-1, 1:-1] > 2 * math.sqrt((right**2 + down**2)[1:-1, 1:-1].mean())
    bent = scipy.ndimage.convolve(grey, np.array([[1, 0, 1], [0, -4, 0], [1, 0, 1]]) / 2)[1:-1, 1:-1]
    expected = (bent[edges] ** 2).sum() / (right**2 + down**2)[1:-1, 1:-1][edges].sum()
    assert measure(blurred(image, 2))["image_sharpness"] == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("sigma", [2, 4, 8, 16])
def test_noise_is_found_again(sigma: float) -> None:
    found = measure(with_noise(np.full((WORKING_SIDE, WORKING_SIDE), 128.0), sigma))["image_noise"]
    assert found * 255 == pytest.approx(sigma, rel=0.03)
    assert found * 255 == pytest.approx(
        skimage.restoration.estimate_sigma(with_noise(np.full((320, 320), 128.0), sigma).astype(float)), rel=0.03
    )


@small
def test_colours_are_those_of_scikit_image(image: Image) -> None:
    found = measure(image)
    hsv = skimage.color.rgb2hsv(image[:, :, ::-1])
    saturation, value = hsv[:, :, 1], hsv[:, :, 2]
    assert found["image_saturation"] == pytest.approx((saturation * value).sum() / value.sum(), abs=1e-9)
    mean = image.reshape(-1, 3).mean(axis=0).reshape(1, 1, 3) / 255
    assert found["image_colour_cast"] == pytest.approx(skimage.color.rgb2hsv(mean[:, :, ::-1])[0, 0, 1], abs=1e-9)


@pytest.mark.parametrize(("contrast", "sigmas"), [(25, (1, 1.5, 2)), (140, (1, 1.5, 2, 3, 4)), (210, (1, 2, 3, 4))])
def test_sharpness_of_an_edge_is_half_of_one_over_its_squared_blur(contrast: float, sigmas: tuple[float, ...]) -> None:
    for sigma in sigmas:
        found = measure(slanted_edge(sigma, contrast))["image_sharpness"]
        assert found == pytest.approx(0.5 / sigma**2, rel=0.15), sigma


def test_size_and_aspect() -> None:
    found = measure(np.zeros((30, 40), np.uint8))
    assert [found[f"image_{name}"] for name in ("width", "height", "aspect")] == [40, 30, 40 / 30]
