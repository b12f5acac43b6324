"""Images in a run: measured once, as columns of the rows, by segment, and named where they cannot be read."""

from __future__ import annotations

import shutil
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

from storage.history import open_history
from storage.history.query import Filter, measurements_of
from storage.history.reference_values import reference_values
from storage.project.folder import Project
from tasks.stages.outcome import Outcome
from tests.flows.image_world import (
    CAMERAS,
    HEIGHT,
    MONITOR,
    OF_EACH,
    WIDTH,
    Change,
    Image,
    darker,
    log_images,
    measured,
    scene,
    store,
    world,
)
from tests.flows.small_world import day, log, run
from tests.lamplighter.cli.called import run as call


def luminance(project: Project, path: str) -> float:
    """The mean luminance of a file, by the formula."""
    image = cv2.imread(str(project.root / "images" / path)).astype(float)
    return float((0.114 * image[..., 0] + 0.587 * image[..., 1] + 0.299 * image[..., 2]).mean() / 255)


def test_images_are_measured_overall_and_by_segment(tmp_path: Path) -> None:
    project = world(tmp_path)
    rows = log_images(project, 0, {"north": darker(0.2)})
    outcome = run(project, 0)
    found = measured(project, outcome)
    expected = {path: luminance(project, path) for path in rows["image_path"]}
    assert found["image_brightness", ""] == pytest.approx(np.mean(list(expected.values())), abs=2e-3)
    for camera in CAMERAS:
        own = [value for path, value in expected.items() if camera in path]
        assert found["image_brightness", f"camera={camera}"] == pytest.approx(np.mean(own), abs=2e-3)
    assert found["image_brightness", "image_hour=6"] is not None
    assert found["image_brightness", "image_light=dark"] < 0.15
    assert found["images_missing", ""] == found["images_unreadable_ratio", "camera=north"] == 0
    assert not outcome.findings


def test_a_broken_file_is_named_and_the_rest_go_on(tmp_path: Path) -> None:
    project = world(tmp_path)
    rows = log_images(project, 0)
    text, half, gone = (project.root / "images" / path for path in rows["image_path"][:3])
    text.write_text("no image")
    half.write_bytes(half.read_bytes()[:400])
    gone.unlink()
    outcome = run(project, 0)
    found = measured(project, outcome)
    messages = {it.code.value: it.message for it in outcome.findings}
    assert "2 of 24 images cannot be read, such as 2025-03-03/north-0.jpg (" in messages["images-unreadable"]
    assert messages["images-missing"].startswith("1 of 24 images is not in images, such as 2025-03-03/north-2.jpg;")
    assert found["images_missing", "camera=north"] == 1
    assert found["images_unreadable_ratio", "camera=north"] == pytest.approx(2 / (OF_EACH - 1))
    assert found["image_brightness", "camera=south"] is not None


def test_what_was_measured_outlasts_the_files(tmp_path: Path) -> None:
    project = world(tmp_path)
    log_images(project, 0)
    first = measured(project, run(project, 0))
    shutil.rmtree(project.root / "images")
    outcome = run(project, 0)
    assert measured(project, outcome) == first
    assert not outcome.findings


def test_presets_of_cleanvision_are_shares_also_of_images_that_were_measured_before(tmp_path: Path) -> None:
    project = world(tmp_path)
    rows = log_images(project, 0, {"north": darker(0.2)})
    first = measured(project, run(project, 0))
    assert not [metric for metric, _ in first if "cleanvision" in metric]
    (project.root / "images" / rows["image_path"][0]).unlink()
    named = "folder: images, cleanvision: [dark, odd_aspect_ratio]"
    check = 'checks: [{metric: image_cleanvision_dark_ratio, segment: "camera=*", above: 0.5}]\n'
    (project.root / "monitors" / "m.yaml").write_text(MONITOR.replace("folder: images", named) + check)
    outcome = run(Project.open(project.root), 0)
    found = measured(project, outcome)
    assert found["image_brightness", ""] == first["image_brightness", ""]
    assert found["image_cleanvision_dark_ratio", ""] == pytest.approx((OF_EACH - 1) / (len(rows) - 1))
    assert found["image_cleanvision_dark_ratio", "camera=north"] == 1
    assert found["image_cleanvision_dark_score", "camera=south"] > 0.32
    assert found["image_cleanvision_odd_aspect_ratio_score", ""] == HEIGHT / WIDTH
    assert not [metric for metric, _ in found if "blurry" in metric]
    assert failed(outcome) == {"camera=north"}
    (finding,) = outcome.findings
    what = "1 of 24 images was measured before images.cleanvision named dark, odd_aspect_ratio, and is gone"
    assert finding.message == f"{what}, such as 2025-03-03/north-0.jpg; store it again"


CHECKS = """
checks:
  - {metric: image_brightness, segment: "camera=*", falls: 30%, versus: {median: 3d}}
"""


def failed(outcome: Outcome) -> set[str]:
    return {it.check.segment for it in outcome.judged.decisions if it.verdict.value == "failed"}


def test_brightness_falling_on_one_camera_opens_an_incident_that_names_it(tmp_path: Path) -> None:
    project = world(tmp_path, MONITOR + CHECKS)
    for number in range(4):
        log_images(project, number, {"north": darker(0.3)} if number == 3 else None)
        outcome = run(project, number)
        assert failed(outcome) == ({"camera=north"} if number == 3 else set())
    assert [it.check_name for it in outcome.judged.opened] == ["image_brightness-camera=--falls[camera=north]"]


OF_FILES = """
reference: {parquet: reference.parquet}
checks:
  - {name: cameras, metric: image_brightness, segment: "camera=*", falls: 30%, versus: reference}
  - {name: tiles, metric: image_occluded_ratio, rises: {by: 0.1}, versus: reference}
"""


def test_a_camera_is_compared_with_its_images_in_a_reference_of_files(tmp_path: Path) -> None:
    project = world(tmp_path, MONITOR + OF_FILES)
    reference = log_images(project, 0).drop(columns=["id", "at"])
    gone = project.root / "images" / reference["image_path"][0]
    content = gone.read_bytes()
    gone.unlink()
    reference.to_parquet(project.root / "reference.parquet")
    log_images(project, 1, {"north": darker(0.3)})
    first = run(project, 1)
    assert failed(first) == {"camera=north"}
    assert {it.verdict.value for it in first.judged.decisions if it.check.name == "tiles"} == {"passed"}
    known = {(it.metric, it.segment): it for it in reference_values(open_history(project), "m")}
    assert (known["image_brightness", ""].n, known["images_missing", "camera=north"].value) == (len(reference) - 1, 1)
    assert run(project, 1).own.reference is None, "while the image is gone nothing is measured again"
    gone.write_bytes(content)
    run(project, 1)
    known = {(it.metric, it.segment): it for it in reference_values(open_history(project), "m")}
    expected = np.mean([luminance(project, path) for path in reference["image_path"] if "north" in path])
    assert known["image_brightness", "camera=north"].value == pytest.approx(expected, abs=2e-3)


SIGMAS = """
checks:
  - {name: own, metric: image_brightness, segment: camera=north, below: {sigmas: 4, of: 7d}}
  - {name: any, metric: image_brightness, segment: "camera=*", falls: 30%, versus: {median: 7d}}
"""


def test_a_camera_that_comes_or_goes_is_no_drift_of_the_others(tmp_path: Path) -> None:
    project = world(tmp_path, MONITOR.replace("{path: image_path, folder: images}", "{}") + SIGMAS)
    opened = []
    for number in range(12):
        cameras = ("south", "west") if number == 8 else (*CAMERAS, "east") if number == 9 else CAMERAS
        rows = log_images(project, number, cameras=cameras, write=False)
        light = np.random.default_rng(number).normal(0.5, 0.02, len(rows))
        dark = (rows["camera"] == "east") | ((rows["camera"] == "north") & (number >= 10))
        outcome = run(project, number, rows.assign(image_brightness=np.where(dark, 0.2 * light, light)))
        assert failed(outcome) == (set() if number < 10 else {"camera=north"})
        opened += [(number, it.check_name) for it in outcome.judged.opened]
    assert sorted(opened) == [(10, "any[camera=north]"), (10, "own")]


def messages(outcome: Outcome) -> dict[str, str]:
    return {it.code.value: it.message for it in outcome.findings}


def kept_files(project: Project) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (project.home / "image-statistics").rglob("*") if path.is_file()}


def test_a_folder_that_is_not_there_is_one_line_and_a_data_fault(tmp_path: Path) -> None:
    project = world(tmp_path)
    log_images(project, 0, write=False)
    outcome = run(project, 0)
    assert [*messages(outcome)] == ["images-unmeasured"]
    (message,) = messages(outcome).values()
    assert message.startswith("24 of 24 images are not in images, such as 2025-03-03/north-0.jpg, ")
    found = measured(project, outcome)
    assert (found["images_missing", ""], found["image_brightness", ""]) == (24, None)
    log_images(project, 0)
    assert measured(project, run(project, 0))["image_brightness", ""] is not None, "once they are there"


def test_paths_that_are_no_images_of_the_folder(tmp_path: Path) -> None:
    project = world(tmp_path)
    rows = log_images(project, 0)
    store(project, "../outside.jpg", scene(np.random.default_rng(1)))
    rows["image_path"] = rows["image_path"].astype(object)
    inside = project.root / "images" / rows["image_path"][3]
    odd = [None, "/etc/hostname", "../outside.jpg", str(inside), "", "2025-03-03", "a\0b", rows["image_path"][10]]
    rows.loc[range(len(odd)), "image_path"] = odd
    outcome = run(project, 0, rows)
    found = messages(outcome)
    assert found["images-outside"].startswith(
        "2 of 24 images lie outside the folder of images, such as /etc/hostname, ../outside.jpg;"
    )
    assert found["images-repeated"] == f"1 image stands in several rows, such as {odd[-1]}; log each once"
    every = [it.message for it in outcome.findings]
    assert "2 of 24 rows have no path in column 'image_path'; log one" in every
    assert any(it.startswith("1 of 24 images is not in images, such as a\\x00b;") for it in every)
    folder = "1 of 24 images cannot be read, such as 2025-03-03 (unreadable: it is a folder; name a file)"
    assert found["images-unreadable"] == folder
    assert measured(project, outcome)["images_missing", ""] == 5
    assert measured(project, outcome)["image_brightness", ""] is not None


def test_a_path_column_that_is_missing_is_named_once(tmp_path: Path) -> None:
    project = world(tmp_path)
    outcome = run(project, 0, log_images(project, 0).drop(columns="image_path"))
    (finding,) = outcome.findings
    assert finding.code.value == "column-missing"
    assert "image path column 'image_path' is missing" in finding.message


def test_what_the_service_measured_is_taken(tmp_path: Path) -> None:
    project = world(tmp_path, MONITOR.replace("{path: image_path, folder: images}", "{}"))
    rows = log_images(project, 0, write=False).drop(columns="image_path")
    west = rows["camera"] == "west"
    logged = {"image_brightness": np.where(west, 0.1, 0.7), "image_cleanvision_dark_score": np.where(west, 0.2, 0.9)}
    outcome = run(project, 0, rows.assign(**logged))
    found = measured(project, outcome)
    assert found["image_cleanvision_dark_ratio", "camera=west"] == 1
    assert found["image_cleanvision_dark_ratio", ""] == pytest.approx(1 / 3)
    assert found["image_brightness", "camera=west"] == pytest.approx(0.1)
    assert found["image_brightness", "image_light=bright"] == pytest.approx(0.7)
    assert not {metric for metric, _ in found} & {"images_missing", "image_contrast"}
    assert not outcome.findings


def test_an_image_is_decoded_once_and_again_when_it_changes(tmp_path: Path) -> None:
    project = world(tmp_path)
    log_images(project, 0)
    outcome = run(project, 0)
    kept, fingerprint = kept_files(project), outcome.context.scan(outcome.own.pending.spec).fingerprint
    assert len(kept) == 1
    run(project, 0)
    assert kept_files(project) == kept
    store(project, f"{day(0)}/west-0.jpg", scene(np.random.default_rng(1), light=0.1))
    again = run(project, 0)
    assert len(kept_files(project)) == 2
    assert again.context.scan(again.own.pending.spec).fingerprint == fingerprint


def test_numbers_that_are_damaged_are_measured_again(tmp_path: Path) -> None:
    project = world(tmp_path)
    log_images(project, 0)
    first = measured(project, run(project, 0))
    (path,) = kept_files(project)
    path.write_bytes(path.read_bytes()[:100])
    assert measured(project, run(project, 0)) == first


LABELLED = (
    MONITOR
    + """
labels: {same_row: true, target: truth, mature_after: 1h}
features: {numeric: [speed]}
reference: {days: 2025-03-03..2025-03-03}
"""
)


def test_quality_by_light_and_drift_of_statistics(tmp_path: Path) -> None:
    project = world(tmp_path, LABELLED)
    for number in range(2):
        rows = log_images(project, number, {camera: darker(0.2) for camera in CAMERAS} if number else None)
        wrong = number
        speed = np.random.default_rng(number).normal(50, 5, len(rows))
        outcome = run(project, number, rows.assign(truth=(rows["answer"] + wrong) % 2, speed=speed))
    found = measured(project, outcome)
    assert found["accuracy", "image_light=dark"] == 0
    context = outcome.context
    drifted = {
        it.feature: it.value
        for it in measurements_of(open_history(project), context.window, Filter(as_of=context.known_on))
        if it.metric == "drift_detected"
    }
    assert drifted["image_brightness"] == 1
    assert found["drift_share", ""] == drifted["speed"] == 0, "statistics of images count only where they are declared"
    assert not outcome.findings, "dusk is no break of the data"


def test_validate_knows_the_columns_that_a_run_makes(tmp_path: Path) -> None:
    checks = "checks:\n  - {metric: drift_statistic, feature: image_noise, above: 1}\n"
    project = world(tmp_path, LABELLED + checks)
    rows = log_images(project, 0)
    log(project, 0, rows.assign(truth=rows["answer"], speed=np.arange(len(rows)) * 1.0))
    result = call("-C", str(project.root), "validate", "m")
    assert "m is sound: 24 rows" in result.output
    shutil.rmtree(project.root / "images")
    result = call("-C", str(project.root), "validate", "m")
    assert "monitors/m.yaml:5: there is no folder" in result.output


def dirty(image: Image) -> Image:
    """A camera whose lens is covered in the first row, third column of 4 x 4."""
    image = image.copy()
    height, width = image.shape[0] // 4, image.shape[1] // 4
    image[:height, 2 * width : 3 * width] = 25
    return image


def walls() -> Change:
    """A white lorry that fills a quarter of the view in every third image."""
    numbers = count()

    def wall(image: Image) -> Image:
        if next(numbers) % 3 == 0:
            image = image.copy()
            image[image.shape[0] // 2 :, : image.shape[1] // 2] = 255
        return image

    return wall


@pytest.mark.long
def test_a_tile_that_stays_covered_is_named_with_its_camera(tmp_path: Path) -> None:
    project = world(tmp_path)
    found = []
    for number in range(5):
        log_images(project, number, {"west": dirty, "south": walls()} if number >= 3 else None)
        found.append([it.message for it in run(project, number).findings])
    assert found[:3] == [[]] * 3
    (message,) = found[3]
    assert message.startswith("tile r1c3 of camera=west is covered in 100 % of 8 images, and was in at most ")
    assert len(found[4]) == 1, "until the lens is clean"
