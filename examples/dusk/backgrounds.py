"""What a camera sees of an empty street: sky, buildings with windows, pavement, road, trees and signs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import cv2
import numpy as np

from examples.dusk.cameras import SIZE, Camera
from examples.dusk.shapes import strip

FAR = 90.0
WALLS = np.array([(150, 165, 180), (120, 140, 165), (95, 110, 150), (175, 180, 185), (110, 125, 130), (140, 175, 200)])
SIGNS = ((40, 40, 200), (190, 110, 40), (60, 190, 220), (225, 225, 225))


@dataclass(frozen=True)
class Background:
    """An empty street.

    Attributes
    ----------
    paint : array of shape (SIZE, SIZE, 3)
        What colour each surface has in white light.
    sky : array of shape (SIZE, SIZE)
        1 where the sky is seen.
    windows : array of shape (SIZE, SIZE, 3)
        What windows shine with after sunset.
    lamps : array of shape (SIZE, SIZE, 3)
        What street lamps shine with.
    lamp_light : array of shape (SIZE, SIZE)
        Lux that the street lamps cast on the street.
    """

    paint: np.ndarray
    sky: np.ndarray
    windows: np.ndarray
    lamps: np.ndarray
    lamp_light: np.ndarray


@lru_cache(64)
def background(camera: Camera) -> Background:
    """The empty street of a camera, always the same."""
    rng = np.random.default_rng([crc32(camera.name.encode()), 11])
    paint = np.full((SIZE, SIZE, 3), (250, 235, 220), np.float32)
    sky = np.ones((SIZE, SIZE), np.float32)
    windows, lamps = np.zeros_like(paint), np.zeros_like(paint)
    ground = rng.uniform(90, 125)
    _quad(paint, camera, [(-60, 4), (60, 4), (60, FAR), (-60, FAR)], (ground, ground + 8, ground + 12))
    _quad(sky, camera, [(-60, 4), (60, 4), (60, FAR), (-60, FAR)], 0.0)
    asphalt = rng.uniform(68, 95)
    left, right = camera.road
    _quad(paint, camera, [(left, 4), (right, 4), (right, FAR), (left, FAR)], (asphalt + 4, asphalt, asphalt))
    for kerb in camera.road:
        _quad(
            paint, camera, [(kerb - 0.12, 4), (kerb + 0.12, 4), (kerb + 0.12, FAR), (kerb - 0.12, FAR)], (165, 165, 165)
        )
    middle = (left + right) / 2
    for begin in np.arange(4.5, 60, 6.0):
        mark = [(middle - 0.09, begin), (middle + 0.09, begin), (middle + 0.09, begin + 3), (middle - 0.09, begin + 3)]
        _quad(paint, camera, mark, (205, 210, 215))
    if rng.random() < 0.5:
        _crossing(paint, camera, rng.uniform(8, 13))
    for side in (-1, 1):
        _row_of_houses(paint, sky, windows, camera, rng, side)
    _texture(paint, sky, rng)
    for side in (-1, 1):
        _furniture(paint, sky, camera, rng, side)
    for x, y in camera.lamps:
        _lamp(paint, sky, lamps, camera, x, y)
    return Background(paint, sky, windows, lamps, _lamp_light(camera))


def _quad(target: np.ndarray, camera: Camera, flat: list[tuple[float, float]], colour: object) -> None:
    corners = camera.on_image(np.array([(x, y, 0.0) for x, y in flat]))
    _fill(target, corners, colour)


def _fill(target: np.ndarray, corners: np.ndarray, colour: object) -> None:
    cv2.fillConvexPoly(target, np.round(corners * 16).astype(np.int32), colour, cv2.LINE_AA, 4)  # type: ignore[call-overload]


def _crossing(paint: np.ndarray, camera: Camera, where: float) -> None:
    left, right = camera.road
    for x in np.arange(left + 0.4, right - 0.4, 1.0):
        _quad(paint, camera, [(x, where), (x + 0.5, where), (x + 0.5, where + 2.5), (x, where + 2.5)], (195, 198, 200))


def _row_of_houses(
    paint: np.ndarray, sky: np.ndarray, windows: np.ndarray, camera: Camera, rng: np.random.Generator, side: int
) -> None:
    kerb = camera.road[0] if side < 0 else camera.road[1]
    x = kerb + side * rng.uniform(3.0, 6.0)
    houses, y = [], rng.uniform(4, 6)
    while y < FAR:
        deep = rng.uniform(7, 16)
        if rng.random() < 0.85:
            houses.append((y, y + deep, rng.uniform(6, 16)))
        y += deep + float(rng.choice([0.0, 0.0, 4.0]))
    for begin, end, tall in reversed(houses):
        wall = WALLS[rng.integers(len(WALLS))] * rng.uniform(0.7, 1.1)
        corners = camera.on_image(np.array([(x, begin, 0), (x, end, 0), (x, end, tall), (x, begin, tall)], float))
        _fill(paint, corners, tuple(wall))
        _fill(sky, corners, 0.0)
        # The gable that looks at the camera.
        out = x + side * 30
        gable = camera.on_image(np.array([(x, begin, 0), (out, begin, 0), (out, begin, tall), (x, begin, tall)], float))
        _fill(paint, gable, tuple(wall * 0.85))
        _fill(sky, gable, 0.0)
        _fill(windows, gable, (0, 0, 0))
        _fill(windows, corners, (0, 0, 0))
        for low in np.arange(1.2, tall - 1.6, 3.0):
            for near in np.arange(begin + 0.8, end - 1.2, 2.2):
                pane = [(x, near, low), (x, near + 1.1, low), (x, near + 1.1, low + 1.5), (x, near, low + 1.5)]
                there = camera.on_image(np.array(pane, float))
                _fill(paint, there, (85, 75, 65))
                if rng.random() < 0.35:
                    _fill(windows, there, (90, 170, 235))


def _texture(paint: np.ndarray, sky: np.ndarray, rng: np.random.Generator) -> None:
    """Grain of walls and asphalt, coarse and fine."""
    grain = np.zeros((SIZE, SIZE), np.float32)
    for side, weight in ((10, 7.0), (40, 5.0), (160, 5.0)):
        spots = rng.standard_normal((side, side)).astype(np.float32) * weight
        grain += cv2.resize(spots, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    paint += (grain * (1 - sky))[:, :, None]


def _furniture(paint: np.ndarray, sky: np.ndarray, camera: Camera, rng: np.random.Generator, side: int) -> None:
    """Trees, signs and bollards beside the road: what could be taken for a person and is none."""
    kerb = camera.road[0] if side < 0 else camera.road[1]
    for y in sorted(rng.uniform(7, 40, int(rng.integers(3, 6))), reverse=True):
        x = kerb + side * rng.uniform(0.5, 1.6)
        scale = camera.focus / y
        foot = camera.on_image(np.array([(x, y, 0.0)]))[0]
        form = rng.random()
        if form < 0.35:
            _post(paint, foot, 0.12 * scale, 2.6 * scale, (45, 60, 75))
            crown = foot - (0, 3.6 * scale)
            green = np.array((45, 95, 70)) * rng.uniform(0.7, 1.2)
            for _ in range(7):
                spot = crown + rng.normal(0, 0.55, 2) * scale
                _disc(paint, spot, rng.uniform(0.5, 0.9) * scale, tuple(green * rng.uniform(0.8, 1.2)))
                _disc(sky, spot, 0.6 * scale, 0.0)
        elif form < 0.75:
            _post(paint, foot, 0.035 * scale, 2.3 * scale, (140, 140, 140))
            _disc(paint, foot - (0, 2.2 * scale), 0.34 * scale, SIGNS[rng.integers(len(SIGNS))])
            _disc(paint, foot - (0, 2.2 * scale), 0.2 * scale, (235, 235, 235))
        else:
            _post(paint, foot, 0.09 * scale, rng.uniform(0.9, 1.2) * scale, (70, 70, 75))


def _lamp(paint: np.ndarray, sky: np.ndarray, lamps: np.ndarray, camera: Camera, x: float, y: float) -> None:
    scale = camera.focus / y
    foot = camera.on_image(np.array([(x, y, 0.0)]))[0]
    _post(paint, foot, 0.06 * scale, 5.0 * scale, (75, 80, 80))
    head = foot - (0, 5.0 * scale)
    _disc(paint, head, 0.2 * scale, (200, 215, 220))
    _disc(lamps, head, 0.2 * scale, (150, 215, 255))


def _post(paint: np.ndarray, foot: np.ndarray, half: float, tall: float, colour: tuple[int, int, int]) -> None:
    _fill(paint, strip(foot - (0, tall), foot, max(half, 0.5)), colour)


def _disc(target: np.ndarray, centre: np.ndarray, radius: float, colour: object) -> None:
    where = (round(centre[0] * 16), round(centre[1] * 16))
    cv2.circle(target, where, max(8, int(radius * 16)), colour, -1, cv2.LINE_AA, 4)  # type: ignore[call-overload]


def _lamp_light(camera: Camera) -> np.ndarray:
    """Lux on the ground by the distance from each lamp; above the horizon, as on walls, a share of it."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    below = np.maximum(rows - camera.horizon, 4.0)
    ahead = camera.focus * camera.height / below
    beside = (columns - camera.axis) * ahead / camera.focus
    light = np.zeros((SIZE, SIZE), np.float32)
    for x, y in camera.lamps:
        light += camera.lamp_lux / (1 + ((beside - x) ** 2 + (ahead - y) ** 2) / 5.0**2) ** 1.5
    light += 0.08 * camera.lamp_lux
    return np.where(rows > camera.horizon, light, light * 0.6 + 0.1).astype(np.float32)
