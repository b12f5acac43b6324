"""Images of a street with what is on them: the same camera, light and seed give the same image.

>>> scene = render(CAMERAS[0], Light(sun=30.0), seed=1)
>>> scene.image.shape, len(scene.boxes) == len(scene.classes)
((160, 160, 3), True)
>>> bool((render(CAMERAS[0], Light(sun=30.0), seed=1).image == scene.image).all())
True
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from examples.dusk.backgrounds import Background, background
from examples.dusk.cameras import CAMERAS, SIZE, Camera
from examples.dusk.optics import Light, exposed
from examples.dusk.shapes import Canvas, Thing, draw, empty_canvas, footprint, visible_box
from examples.dusk.sun import sky_lux

__all__ = ["CAMERAS", "Light", "Scene", "render"]

NEAR, FAR = 7.0, 14.0
"""Metres ahead between which things are placed; beyond, a person has some 20 pixels."""

TRIES = 4
"""How often a place is looked for before a thing stays away."""

LEAST_SHARE, LEAST_SIDE = 0.4, 5.0
"""A thing of which less is seen, or that is smaller in pixels, has no label, as a person would give it none."""

LIGHTS_ON_BELOW = 4.0
"""Degrees of the sun at which drivers switch on their lights and windows begin to shine."""

LAMPS_ON_BELOW = 0.0

DAY_TINT, DUSK_TINT, LAMP_TINT = (1.0, 1.0, 1.0), (1.05, 1.0, 0.97), (0.85, 0.97, 1.05)
"""Colour of the light, blue first, as the camera's white balance leaves it."""


@dataclass(frozen=True)
class Scene:
    """One image and its truth.

    Attributes
    ----------
    image : array of shape (SIZE, SIZE, 3)
        uint8, blue first.
    boxes : array of shape (n, 4)
        x_min, y_min, x_max, y_max of what is seen of each thing, in pixels.
    classes : list of str
    """

    image: np.ndarray
    boxes: np.ndarray
    classes: list[str]


def render(camera: Camera, light: Light, seed: int) -> Scene:
    """Draw an image.

    Parameters
    ----------
    camera : Camera
    light : Light
        Sun, clouds and rain.
    seed : int
        Decides what is on the street, and the grain of the sensor.
    """
    rng = np.random.default_rng(seed)
    place = background(camera)
    things = _things(camera, rng)
    canvas = empty_canvas(place.paint)
    lights_on = light.sun < LIGHTS_ON_BELOW or light.rain > 0.3
    shade = _shadows(camera, things, light, rng)
    for number, thing in enumerate(things, 1):
        canvas.number = number
        draw(canvas, camera, thing, lights_on)
    canvas.shine()
    seen = [visible_box(canvas, number) for number in range(1, len(things) + 1)]
    kept = [
        (found[0], thing.kind)
        for found, thing in zip(seen, things, strict=True)
        if found and found[1] >= LEAST_SHARE and min(found[0][2] - found[0][0], found[0][3] - found[0][1]) >= LEAST_SIDE
    ]
    radiance = _radiance(camera, place, canvas, things, light, shade, lights_on)
    return Scene(
        exposed(radiance, light, camera, rng),
        np.array([box for box, _ in kept], np.float32).reshape(-1, 4),
        [kind for _, kind in kept],
    )


def _things(camera: Camera, rng: np.random.Generator) -> list[Thing]:
    """Vehicles on their lanes and people beside or on the road, the farthest first."""
    placed: list[Thing] = []
    wanted = [_vehicle] * int(rng.integers(1, 4)) + [_person] * int(rng.integers(1, 5))
    for drawn in wanted:
        for _ in range(TRIES):
            thing = drawn(camera, rng)
            if _is_free(placed, thing, camera):
                placed.append(thing)
                break
    return sorted(placed, key=lambda thing: -thing.y)


def _vehicle(camera: Camera, rng: np.random.Generator) -> Thing:
    left, right = camera.road
    kind = "truck" if rng.random() < 0.35 else "car"
    y, seed = float(rng.uniform(NEAR + 2, FAR + 3)), int(rng.integers(1 << 31))
    if rng.random() < 0.15:
        turn = math.pi / 2 * float(rng.choice([-1, 1]))
        return Thing(kind, float(rng.uniform(left, right)), y, turn, seed)
    away = rng.random() < 0.5
    lane = (left + 3 * right) / 4 if away else (3 * left + right) / 4
    turn = (0.0 if away else math.pi) + float(rng.normal(0, 0.12))
    return Thing(kind, lane + float(rng.normal(0, 0.25)), y, turn, seed)


def _person(camera: Camera, rng: np.random.Generator) -> Thing:
    left, right = camera.road
    x = float(rng.choice([left - rng.uniform(0.4, 2.4), right + rng.uniform(0.4, 2.4)]))
    if rng.random() < 0.3:
        x = float(rng.uniform(left, right))
    return Thing("person", x, float(rng.uniform(NEAR, FAR)), 0.0, int(rng.integers(1 << 31)))


def _is_free(placed: list[Thing], thing: Thing, camera: Camera) -> bool:
    """Whether a thing is in the image and stands where no other does."""
    column = camera.axis + thing.x * camera.focus / thing.y
    if not 6 < column < SIZE - 6:
        return False
    for other in placed:
        wide, long = (sum(sides) for sides in zip(footprint(thing), footprint(other), strict=True))
        if abs(thing.x - other.x) < wide + 0.2 and abs(thing.y - other.y) < long + 0.3:
            return False
    return True


def _shadows(camera: Camera, things: list[Thing], light: Light, rng: np.random.Generator) -> np.ndarray:
    """What share of the light reaches each pixel: under a sun things cast shadows, under clouds hardly any."""
    direct = max(0.0, min(1.0, (light.sun + 1) / 12)) * (1 - light.cloud)
    shade = np.ones((SIZE, SIZE), np.float32)
    long = min(2.2, 1 / math.tan(math.radians(max(light.sun, 12))))
    side = float(rng.choice([-1, 1]))
    for thing in things:
        wide, deep = footprint(thing)
        tall = 1.6 if thing.kind != "truck" else 2.8
        reach = side * tall * long * 0.6
        flat = [(-wide, -deep), (wide + reach, -deep), (wide + reach, deep), (-wide, deep)]
        if reach < 0:
            flat = [(reach - wide, -deep), (wide, -deep), (wide, deep), (reach - wide, deep)]
        corners = camera.on_image(np.array([(thing.x + x, max(thing.y + y, 4), 0.0) for x, y in flat]))
        cv2.fillConvexPoly(shade, np.round(corners * 16).astype(np.int32), 1 - 0.55 * direct, cv2.LINE_AA, 4)
        under = [(-wide, -deep), (wide, -deep), (wide, deep), (-wide, deep)]
        corners = camera.on_image(np.array([(thing.x + x, max(thing.y + y, 4), 0.0) for x, y in under]))
        cv2.fillConvexPoly(shade, np.round(corners * 16).astype(np.int32), 0.45, cv2.LINE_AA, 4)
    return cv2.GaussianBlur(shade, (5, 5), 0)


def _radiance(
    camera: Camera,
    place: Background,
    canvas: Canvas,
    things: list[Thing],
    light: Light,
    shade: np.ndarray,
    lights_on: bool,
) -> np.ndarray:
    """Light that reaches the camera from each pixel, in lux of a white surface."""
    ambient, is_dark = sky_lux(light.sun, light.cloud), light.sun < LAMPS_ON_BELOW
    hidden = canvas.owner > 0
    diffuse = ambient * np.where(hidden, np.float32(1), shade)
    # The sky is a source, not a surface.
    sky = np.where(hidden, np.float32(0), place.sky * np.float32(ambient * 0.25))
    beams = _beams(camera, things) if is_dark else None
    # Channel by channel, which numpy does five times as fast as all three at once.
    channels = []
    for channel, (tint, warm) in enumerate(zip(DUSK_TINT if is_dark else DAY_TINT, LAMP_TINT, strict=True)):
        white = diffuse * tint
        if beams is not None:
            white = white + place.lamp_light * warm + beams
        channels.append(canvas.paint[:, :, channel] * white * (1 / 255) + sky * tint)
    radiance = np.asarray(cv2.merge(channels))
    if is_dark:
        shining = place.lamps * (4.8 * camera.lamp_lux / 255) + place.windows * (12.0 / 255)
        shining[hidden] = 0
        radiance = radiance + shining
    if lights_on:
        radiance = radiance + cv2.GaussianBlur(canvas.glow, (0, 0), 1.2) * (60.0 / 255)
    return np.asarray(radiance, np.float32)


def _beams(camera: Camera, things: list[Thing]) -> np.ndarray:
    """What headlights throw on the street before them, and tail lights behind."""
    light = np.zeros((SIZE // 2, SIZE // 2), np.float32)
    for thing in things:
        if thing.kind == "person" or abs(math.cos(thing.turn)) < 0.3:
            continue
        near = math.cos(thing.turn) < 0
        ahead = max(thing.y + (-5.0 if near else 5.0), 4.5)
        column, row = camera.on_image(np.array([(thing.x, ahead, 0.0)]))[0] / 2
        scale = camera.focus / ahead / 2
        axes = (int(1.6 * scale), max(1, int(0.7 * scale)))
        cv2.ellipse(light, (int(column), int(row)), axes, 0, 0, 360, 8.0 if near else 3.0, -1)
    return cv2.resize(cv2.GaussianBlur(light, (0, 0), 4), (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
