"""From light to an image: exposure that has an end, grain that grows with gain, rain, and dirt on the lens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from examples.dusk.cameras import SIZE, Camera

TARGET = 0.2
"""Mean of the linear signal that the exposure aims at; displayed it is 0.48."""

MOST_EXPOSURE = 1 / 300
"""Longest exposure at gain 1, a signal for each lux: at a full image of less than some 150 lux, gain must help."""

MOST_GAIN = 4.0
"""A cheap sensor has no more; below some 40 lux its images become dark."""

READ_NOISE, SHOT_NOISE = 0.002, 0.012

GRAIN_SIDE = 1000

CURVE = (255 * np.linspace(0, 1, 8192) ** (1 / 2.2)).astype(np.uint8)
"""From the linear signal to what displays expect."""


@dataclass(frozen=True, slots=True)
class Light:
    """What falls on the street, and what hangs in the air.

    Attributes
    ----------
    sun : float
        Degrees above the horizon.
    cloud, rain : float
        From 0 to 1.
    """

    sun: float
    cloud: float = 0.2
    rain: float = 0.0


def exposed(radiance: np.ndarray, light: Light, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """What the camera makes of the light that reaches it.

    Parameters
    ----------
    radiance : array of shape (SIZE, SIZE, 3)
        In lux of a white surface.

    Returns
    -------
    array of shape (SIZE, SIZE, 3)
        uint8.
    """
    # No meter is exact, and clouds leave images a little darker.
    aimed = TARGET * (1.1 - 0.3 * light.cloud) * float(np.exp(rng.normal(0, 0.1)))
    wanted = aimed / max(float(radiance.mean()), 1e-6)
    exposure = min(wanted, MOST_EXPOSURE)
    gain = min(max(wanted / exposure, 1.0), MOST_GAIN)
    if light.rain:
        radiance = _rained(radiance, light.rain, rng)
    signal = radiance * exposure
    spread = cv2.sqrt(READ_NOISE**2 + SHOT_NOISE**2 * signal)
    row, column = rng.integers(0, GRAIN_SIDE - SIZE, 2)
    spread *= _grain()[row : row + SIZE, column : column + SIZE]
    signal += spread
    signal *= np.float32(gain)
    if camera.dirt:
        signal = _soiled(signal, camera.dirt)
    return np.asarray(CURVE[(np.clip(signal, 0, 1) * (len(CURVE) - 1)).astype(np.uint16)])


@cache
def _grain() -> np.ndarray:
    """Grain of a large sensor, of which each image shows a part: to draw it anew takes a third of an image's time."""
    return np.random.default_rng(41).standard_normal((GRAIN_SIDE, GRAIN_SIDE, 3), np.float32)


def _rained(radiance: np.ndarray, rain: float, rng: np.random.Generator) -> np.ndarray:
    """Drops on the glass blur, and those in the air veil and streak."""
    blurred = np.asarray(cv2.GaussianBlur(radiance, (0, 0), 0.4 + 1.2 * rain))
    veil = float(blurred.mean())
    streaks = np.zeros((SIZE, SIZE), np.float32)
    for column, row, long in rng.integers(0, (SIZE, SIZE, 14), (int(60 * rain), 3)):
        cv2.line(streaks, (int(column), int(row)), (int(column) + 1, int(row + 4 + long)), 0.25 * veil, 1, cv2.LINE_AA)
    return np.asarray(blurred * (1 - 0.3 * rain) + 0.3 * rain * veil + streaks[:, :, None])


def _soiled(signal: np.ndarray, dirt: tuple[float, float, float]) -> np.ndarray:
    """Dirt lies on the lens, out of focus: it swallows light, and what passes is spread."""
    column, row, radius = (share * SIZE for share in dirt)
    mask = np.zeros((SIZE, SIZE), np.float32)
    cv2.circle(mask, (int(column), int(row)), int(radius), 1.0, -1)
    soft = np.asarray(cv2.GaussianBlur(mask, (0, 0), radius / 5))[:, :, None]
    spread = np.asarray(cv2.GaussianBlur(signal, (0, 0), radius / 2))
    return np.asarray(signal * (1 - 0.95 * soft) + spread * 0.3 * soft)
