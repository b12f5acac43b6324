"""CleanVision's presets, against CleanVision where it is installed and against Pillow where it is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageStat

from lamplighter.core.monitor.images import Images
from lamplighter.core.records.image_statistics import IMAGE_STATISTICS, PRESETS, measured_names
from lamplighter.images import measure, measure_bytes, measure_files
from lamplighter.images.cleanvision import SCORES, Seen, blurry, dark, light
from tests.lamplighter.images.photographs import NAMES, at_dusk, blurred, photograph

IMAGES = {
    **{name: photograph(name) for name in NAMES},
    **{f"{name} at dusk": at_dusk(photograph(name)) for name in NAMES[:2]},
    **{f"{name} blurred": blurred(photograph(name), 8) for name in NAMES},
    "grey": photograph("camera")[:, :, 0],
    "small": photograph("coffee")[:40, :50],
    "narrow": photograph("coffee")[:, 3:5],
    "wide": photograph("coffee")[100:150],
    "large": np.tile(photograph("coffee"), (3, 2, 1)),
    "drawing": np.kron(np.eye(8, dtype=np.uint8) * np.uint8(255), np.ones((30, 40), np.uint8)),
    "black": np.zeros((100, 100), np.uint8),
    "two colours": np.uint8([[[0, 0, 250], [200, 0, 0]]]),
}

images = pytest.mark.parametrize("name", IMAGES)


def red_first(name: str) -> np.ndarray:
    """An image as CleanVision gets it: without a third dimension where it has no colours."""
    image = IMAGES[name]
    if image.ndim == 3 and Seen(image).is_grey:
        image = image[:, :, 0]
    return np.ascontiguousarray(image if image.ndim == 2 else image[:, :, ::-1])


@images
def test_scores_and_verdicts_are_cleanvisions(name: str) -> None:
    manager = pytest.importorskip(
        "cleanvision.issue_managers.image_property_issue_manager",
        reason="CleanVision is of the extra `vision`: make setup-vision",
    ).ImagePropertyIssueManager()
    import pandas as pd

    image = Image.fromarray(red_first(name))
    found = measure(IMAGES[name], cleanvision=[*PRESETS])
    for kind, preset in PRESETS.items():
        judge, options = manager.image_properties[kind], manager.params[kind]
        scores = judge.get_scores(raw_scores=pd.DataFrame([judge.calculate(image)]), issue_type=kind, **options)
        assert found[preset.score] == pytest.approx(scores[f"{kind}_score"][0], abs=5e-4), kind
        verdict = judge.mark_issue(scores, kind, options.get("threshold"))[f"is_{kind}_issue"][0]
        assert (found[preset.score] < preset.threshold) == verdict, kind
        assert options.get("threshold", 1) == preset.threshold
    left_out = manager.params.keys() - PRESETS.keys()
    assert left_out == {"odd_size"}, "which is of all images together"


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
    assert blurry(Seen(IMAGES[name])) == pytest.approx(expected, abs=5e-4)


def test_verdicts_are_what_their_names_say() -> None:
    image = photograph("coffee")
    assert dark(Seen(at_dusk(image))) < dark(Seen(image))
    assert dark(Seen(np.full((9, 9, 3), 70, np.uint8))) < PRESETS["dark"].threshold
    assert light(Seen(np.full((9, 9, 3), 250, np.uint8))) < PRESETS["light"].threshold < light(Seen(image))
    assert blurry(Seen(blurred(image, 20))) < blurry(Seen(image))


def test_a_picture_without_colours_is_grey_however_it_is_stored() -> None:
    grey = photograph("camera")[:, :, 0]
    for preset, score in SCORES.items():
        assert score(Seen(np.dstack([grey] * 3))) == pytest.approx(score(Seen(grey)), abs=1e-6), preset


def test_every_preset_has_a_score_and_may_be_named() -> None:
    assert [*SCORES] == [*PRESETS]
    assert Images(path="file", cleanvision=[*PRESETS]).cleanvision == (*PRESETS,)
    assert {row.preset for row in IMAGE_STATISTICS.values()} == {*PRESETS, ""}


def test_files_are_judged_by_the_presets_that_are_named_and_by_no_other(tmp_path: Path) -> None:
    path = tmp_path / "coffee.png"
    Image.fromarray(red_first(NAMES[0])).save(path)
    plain = measure_bytes(path.read_bytes())
    (judged,) = measure_files([path], workers=1, cleanvision=["blurry", "dark"])
    assert isinstance(judged, dict)
    assert [*plain] == measured_names()
    assert judged == measure_bytes(path.read_bytes(), cleanvision=["dark", "blurry"])
    added = {PRESETS[name].score: SCORES[name](Seen(IMAGES[NAMES[0]])) for name in ("dark", "blurry")}
    assert judged == plain | added
    with pytest.raises(ValueError, match=r"have no 'blury'; did you mean 'blurry'\? known: dark"):
        measure(IMAGES["small"], cleanvision=["blury"])
