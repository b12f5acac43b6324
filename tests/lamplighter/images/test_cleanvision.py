"""CleanVision's presets, against CleanVision where it is installed and against Pillow where it is not."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageStat

from lamplighter.images.cleanvision import PRESETS, blurry, dark, light
from tests.lamplighter.images.photographs import NAMES, at_dusk, blurred, photograph

IMAGES = {
    **{name: photograph(name) for name in NAMES},
    **{f"{name} at dusk": at_dusk(photograph(name)) for name in NAMES[:2]},
    **{f"{name} blurred": blurred(photograph(name), 8) for name in NAMES},
    "grey": photograph("camera")[:, :, 0],
    "small": photograph("coffee")[:40, :50],
    "narrow": photograph("coffee")[:, 3:5],
    "drawing": np.kron(np.eye(8, dtype=np.uint8) * np.uint8(255), np.ones((30, 40), np.uint8)),
    "black": np.zeros((100, 100, 3), np.uint8),
}

images = pytest.mark.parametrize("name", IMAGES)


def red_first(name: str) -> np.ndarray:
    image = IMAGES[name]
    return image if image.ndim == 2 else np.ascontiguousarray(image[:, :, ::-1])


@images
def test_scores_and_verdicts_are_cleanvisions(name: str) -> None:
    properties = pytest.importorskip(
        "cleanvision.issue_managers.image_property", reason="CleanVision is of the extra `vision`: make setup-vision"
    )
    import pandas as pd

    image = red_first(name)
    options = {"dark": {}, "light": {}, "blurry": {"normalizing_factor": 0.01, "color_threshold": 0.18}}
    for kind, preset in PRESETS.items():
        judge = properties.BlurrinessProperty() if kind == "blurry" else properties.BrightnessProperty(kind)
        raw = pd.DataFrame([judge.calculate(Image.fromarray(image))])
        scores = judge.get_scores(raw_scores=raw, issue_type=kind, **options[kind])
        assert preset.score(image) == pytest.approx(scores[f"{kind}_score"][0], abs=5e-4), kind
        verdict = judge.mark_issue(scores, kind, preset.threshold)[f"is_{kind}_issue"][0]
        assert preset.has_fault(image) == verdict, kind


@images
def test_blur_is_that_of_pillows_pixels(name: str) -> None:
    image = Image.fromarray(red_first(name))
    ratio = max(image.size) / 64
    if ratio > 1:
        image = image.resize([max(int(side // ratio), 1) for side in image.size])
    grey = image.convert("L")
    edges = ImageStat.Stat(grey.filter(ImageFilter.FIND_EDGES)).var[0] ** 0.5
    levels = 1 - np.exp(-np.std(grey.histogram()) / 100)
    expected = min(1 - np.exp(-edges / 100) + (levels if levels > 0.18 else 0), 1)
    assert blurry(red_first(name)) == pytest.approx(expected, abs=5e-4)


def test_verdicts_are_what_their_names_say() -> None:
    image = photograph("coffee")[:, :, ::-1]
    assert dark(at_dusk(image)) < dark(image)
    assert PRESETS["dark"].has_fault(np.full((9, 9, 3), 70, np.uint8))
    assert PRESETS["light"].has_fault(np.full((9, 9, 3), 250, np.uint8))
    assert light(image) > 0.5
    assert blurry(blurred(image, 20)) < blurry(image)
