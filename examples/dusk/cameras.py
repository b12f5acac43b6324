"""The cameras of a street: where each hangs, what it looks at, and how well its street is lit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

SIZE = 160
"""Pixels of a side of an image."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera that looks along a street.

    Attributes
    ----------
    name : str
    focus : float
        Pixels that a metre takes up at a distance of one metre.
    height : float
        Metres above the street.
    horizon, axis : float
        Row and column of the point in which the kerbs meet.
    road : tuple of float
        Left and right kerb, in metres beside the camera.
    lamps : tuple of tuple of float
        Where the street lamps stand: metres to the right, and ahead.
    lamp_lux : float
        Light on the ground below a lamp.
    dirt : tuple of float or None
        A spot on the lens: column, row and radius, as shares of the side.
    """

    name: str
    focus: float
    height: float
    horizon: float
    axis: float
    road: tuple[float, float]
    lamps: tuple[tuple[float, float], ...]
    lamp_lux: float = 9.0
    dirt: tuple[float, float, float] | None = None

    @classmethod
    def drawn(cls, name: str, seed: int) -> Camera:
        """A camera of its own geometry; the same seed gives the same camera.

        Examples
        --------
        >>> Camera.drawn("north", 1) == Camera.drawn("north", 1), Camera.drawn("north", 1) == Camera.drawn("north", 2)
        (True, False)
        """
        rng = np.random.default_rng([7001, seed])
        width, offset = rng.uniform(6.0, 8.0), rng.uniform(-1.2, 1.2)
        road = (float(offset - width / 2), float(offset + width / 2))
        side = float(rng.choice([road[0] - 0.8, road[1] + 0.8]))
        first = float(rng.uniform(7, 10))
        return cls(
            name,
            focus=float(rng.uniform(170, 205)),
            height=float(rng.uniform(3.8, 5.4)),
            horizon=float(rng.uniform(22, 40)),
            axis=float(rng.uniform(60, 100)),
            road=road,
            lamps=((side, first), (side, first + 9), (side, first + 22)),
            lamp_lux=float(rng.uniform(7, 11)),
        )

    def on_image(self, points: np.ndarray) -> np.ndarray:
        """Where points of the street are on the image.

        Parameters
        ----------
        points : array of shape (n, 3)
            Metres to the right, ahead, and above the ground.

        Returns
        -------
        array of shape (n, 2)
            Columns and rows in pixels.
        """
        scale = self.focus / points[:, 1]
        return np.stack([self.axis + points[:, 0] * scale, self.horizon + (self.height - points[:, 2]) * scale], 1)

    def with_dirt(self, column: float = 0.62, row: float = 0.4, radius: float = 0.15) -> Camera:
        """The same camera with a spot of dirt on its lens."""
        return replace(self, dirt=(column, row, radius))


FLEET = tuple(Camera.drawn(f"fleet-{number:02}", 100 + number) for number in range(16))
"""Cameras of other streets, on whose images by day the first champion learns."""

CAMERAS = tuple(Camera.drawn(name, seed) for seed, name in enumerate(("bridge", "market", "school", "station"), 1))
"""Those that the service watches."""

HELD_OUT = tuple(Camera.drawn(f"held-out-{number}", 500 + number) for number in range(6))
"""Of which no model learns, and nothing here was tuned on: what is reported is measured on them."""
