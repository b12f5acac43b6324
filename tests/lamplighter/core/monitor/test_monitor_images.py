"""The section of images: what it takes, what it refuses, and what may be named with it."""

from __future__ import annotations

import pytest

from lamplighter.core.evaluation.data import schema_findings
from lamplighter.core.monitor.columns import features_of, is_counted, kinds_of_feature, measured_features
from lamplighter.core.monitor.images import NUMERIC
from lamplighter.core.monitor.roles import declared_columns
from lamplighter.core.records.image_statistics import IMAGE_STATISTICS
from tests.lamplighter.core.monitor.files import monitor_text, read, refusal

IMAGES = "images: {path: file, folder: pictures}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "images: {path: file, folder: s3://bucket/images}",
            ":5: 's3://bucket/images' is no folder of this machine",
            id="a bucket",
        ),
        pytest.param("images: {folder: pictures}", "no file is measured without its path; name", id="no path"),
        pytest.param(
            "images: {path: file, crops: true}",
            "crops are measured by the boxes of a detector, and this monitor is of classification",
            id="crops without boxes",
        ),
        pytest.param(
            "images: {path: file, cleanvision: [dark, blury]}",
            ":5: images.cleanvision.1: 'blury' cannot be chosen; did you mean 'blurry'? known: dark, light, odd_aspect",
            id="a preset that CleanVision has not",
        ),
        pytest.param(
            "images: {cleanvision: dark}",
            "no file is measured without its path; name its column as path, or leave cleanvision out and log",
            id="presets without a path",
        ),
        pytest.param(
            "images: {path: file, cleanvision: dark}\nchecks: [{metric: image_cleanvision_blurry_ratio, above: 0.2}]",
            "metric 'image_cleanvision_blurry_ratio' needs images.cleanvision with blurry, and this monitor has none",
            id="a check of a preset that is not named",
        ),
        pytest.param("images: {pat: file}", "did you mean 'path'?", id="a slip"),
        pytest.param(
            "private: [file]\n" + IMAGES,
            "column 'file' is the path of an image and cannot be private too",
            id="private",
        ),
        pytest.param(
            "checks: [{metric: image_brightness, below: 0.2}]",
            "metric 'image_brightness' needs images, and this monitor has none",
            id="a check without images",
        ),
        pytest.param(
            IMAGES + "checks: [{metric: image_crop_noise, above: 0.2}]",
            "metric 'image_crop_noise' needs images.crops",
            id="a check of crops",
        ),
        pytest.param(
            "images: {}\nchecks: [{metric: images_missing, above: 0}]",
            "metric 'images_missing' needs images.path",
            id="a check of files that nothing measures",
        ),
        pytest.param(
            IMAGES + "checks: [{metric: image_brightness, segment: camera=north, below: 0.2}]",
            "segment 'camera=north' is of no declared column",
            id="a segment that is not declared",
        ),
        pytest.param(
            IMAGES
            + "segments: [camera]\nchecks: [{metric: image_brightness, segment: camera=a, class: r1c1, below: 1}]",
            "metric 'image_brightness' is not of single classes",
            id="a class of what has none",
        ),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    assert message in refusal(monitor_text(text))


def test_segments_that_a_run_makes_stand_in_no_table() -> None:
    monitor = read(monitor_text(IMAGES + "segments: [image_hour, image_light, camera]"))
    columns = {use.column for use in declared_columns(monitor)}
    assert {"camera", "file"} <= columns
    assert not columns & {"image_hour", "image_light"}


def test_a_tile_of_a_camera_may_be_checked() -> None:
    check = "checks: [{metric: image_tile_covered_ratio, segment: camera=a, class: r1c3, above: 0.5}]"
    (found,) = read(monitor_text(IMAGES + "segments: [camera]\n" + check)).checks
    assert (found.segment, found.klass) == ("camera=a", "r1c3")


def test_every_statistic_is_a_number_but_for_the_tile() -> None:
    assert {*IMAGE_STATISTICS} - {*NUMERIC} == {"image_occluded_tile"}


@pytest.mark.parametrize(
    ("features", "counted"),
    [
        pytest.param("", False, id="not declared"),
        pytest.param("features: auto\n", False, id="auto"),
        pytest.param("features: {numeric: [image_noise]}\n", True, id="named"),
        pytest.param("features: {numeric: ['image_n*']}\n", True, id="by a pattern"),
    ],
)
def test_statistics_are_features_and_count_where_they_are_declared(features: str, counted: bool) -> None:
    monitor = read(monitor_text(features + IMAGES))
    assert kinds_of_feature(monitor, "image_noise") == ("numeric",)
    assert measured_features(monitor)["image_noise"] == "numeric"
    assert "image_crop_noise" not in measured_features(monitor)
    assert is_counted(monitor, "image_noise") is counted


def test_statistics_may_be_left_out() -> None:
    monitor = read(monitor_text("features: {exclude: ['image_*'], numeric: [speed]}\n" + IMAGES))
    assert measured_features(monitor) == {}
    assert features_of(monitor, {"speed": "number", "image_noise": "number"}) == {"speed": "numeric"}


def test_a_segment_that_a_run_would_make_says_what_it_needs() -> None:
    (found,) = schema_findings({"image_hour": "segment"}, {"image_path": "text"}, None)
    assert found.message.startswith("segment column 'image_hour' is missing; a run makes it of images; add the section")
