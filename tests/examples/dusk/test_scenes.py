"""The street scenes: the same seed gives the same image, boxes fit, and light does to an image what it should."""

import datetime as dt
from dataclasses import replace

import cv2
import numpy as np
import pytest

from examples.dusk import scenes
from examples.dusk.cameras import CAMERAS, FLEET, HELD_OUT, SIZE
from examples.dusk.optics import Light
from examples.dusk.scenes import render
from examples.dusk.shapes import CLASSES
from examples.dusk.sun import sky_lux, sun_height

DAY, DUSK = Light(sun=30.0), Light(sun=-7.0)


def brightness(image: np.ndarray) -> float:
    return float(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).mean() / 255)


def mean_brightness(light: Light, number: int = 24) -> float:
    return float(np.mean([brightness(render(CAMERAS[k % 4], light, k).image) for k in range(number)]))


def test_a_seed_decides_the_image_and_its_truth():
    one, same, other = (render(CAMERAS[0], DAY, seed) for seed in (5, 5, 6))

    assert (one.image == same.image).all()
    assert (one.boxes == same.boxes).all()
    assert one.classes == same.classes
    assert (one.image != other.image).any()


def test_light_moves_nothing():
    by_day, at_dusk = render(CAMERAS[1], DAY, 9), render(CAMERAS[1], DUSK, 9)

    assert (by_day.boxes == at_dusk.boxes).all()
    assert by_day.classes == at_dusk.classes


def test_boxes_lie_in_the_image_and_every_class_comes_up():
    seen = [render(camera, DAY, seed) for seed, camera in enumerate((*CAMERAS, *FLEET, *HELD_OUT) * 2)]
    boxes = np.concatenate([scene.boxes for scene in seen])

    assert (boxes >= 0).all()
    assert (boxes <= SIZE).all()
    assert (boxes[:, 2:] - boxes[:, :2] >= scenes.LEAST_SIDE).all()
    assert {kind for scene in seen for kind in scene.classes} == set(CLASSES)


def test_a_box_holds_all_that_its_thing_changes_in_the_picture(monkeypatch):
    def one_thing(camera, rng):
        return things(camera, rng)[-1:]

    things = scenes._things
    # Under an overcast sky, where shadows are faint, and on one seed that gives the same grain with and without.
    light = Light(sun=30.0, cloud=1.0)
    monkeypatch.setattr(scenes, "_things", one_thing)
    monkeypatch.setattr(scenes, "_shadows", lambda *_: np.ones((SIZE, SIZE), np.float32))
    scene = render(CAMERAS[2], light, 12)
    monkeypatch.setattr(scenes, "_things", lambda camera, rng: one_thing(camera, rng) and [])
    empty = render(CAMERAS[2], light, 12)
    rows, columns = np.nonzero((np.abs(scene.image.astype(int) - empty.image) > 10).any(2))

    left, top, right, bottom = scene.boxes[0]
    assert abs(columns.min() - left) <= 2
    assert abs(columns.max() + 1 - right) <= 2
    assert abs(rows.min() - top) <= 2
    assert abs(rows.max() + 1 - bottom) <= 2


def test_images_darken_only_when_the_exposure_is_at_its_end():
    by_day, low, dusk, dark = (mean_brightness(Light(sun)) for sun in (40.0, 3.0, -5.0, -9.0))

    assert low == pytest.approx(by_day, rel=0.02)
    assert dusk < 0.7 * by_day
    assert dark < 0.6 * dusk


def test_good_lamps_keep_an_evening_bright():
    lit = replace(CAMERAS[0], lamp_lux=150.0)

    assert brightness(render(lit, Light(-8.0), 3).image) > 1.8 * brightness(render(CAMERAS[0], Light(-8.0), 3).image)


def test_grain_grows_at_dusk():
    # A patch of plain sky, without its trend.
    def grain(light: Light) -> float:
        patch = render(HELD_OUT[0], light, 4).image[2:14, 84:98].astype(float)
        return float((patch - cv2.blur(patch, (3, 3))).std() / patch.mean())

    assert grain(DUSK) > 3 * grain(DAY)


def test_rain_blurs():
    def texture(light: Light) -> float:
        return float(
            cv2.Laplacian(cv2.cvtColor(render(CAMERAS[0], light, 2).image, cv2.COLOR_BGR2GRAY), cv2.CV_64F).var()
        )

    assert texture(Light(30.0, rain=1.0)) < 0.4 * texture(DAY)


def test_dirt_changes_its_place_alone():
    clean, dirty = CAMERAS[3], CAMERAS[3].with_dirt(column=0.5, row=0.5, radius=0.15)
    change = np.abs(render(dirty, DAY, 1).image.astype(int) - render(clean, DAY, 1).image).mean(2)

    assert change[72:88, 72:88].mean() > 40
    assert change[:40].max() <= 2


@pytest.mark.parametrize(
    ("when", "degrees"),
    [
        # Noon of the solstices: 90 - 52.5 +- 23.44; sunset by the almanac, refraction and half a disc below 0.
        (dt.datetime(2025, 6, 21, 11, 8, tzinfo=dt.UTC), 60.9),
        (dt.datetime(2025, 12, 21, 11, 4, tzinfo=dt.UTC), 14.1),
        (dt.datetime(2025, 9, 15, 17, 21, tzinfo=dt.UTC), -0.8),
        (dt.datetime(2025, 11, 13, 15, 14, tzinfo=dt.UTC), -0.8),
    ],
)
def test_the_sun_stands_where_almanacs_say(when, degrees):
    assert sun_height(when) == pytest.approx(degrees, abs=0.7)


def test_clouds_leave_a_fifth_of_the_light():
    assert sky_lux(10.0, cloud=1.0) == pytest.approx(0.2 * sky_lux(10.0))
