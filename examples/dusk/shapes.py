"""What moves on the street: cars, trucks and people, drawn as solids in perspective."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from examples.dusk.cameras import SIZE, Camera

CLASSES = ("car", "truck", "person")
"""What the detector is to find."""

SHIFT = 4
"""Binary digits of a pixel's fraction, as OpenCV's polygons take them."""

PAINTS = np.array(
    [
        *((235, 235, 235), (190, 192, 195), (120, 122, 125), (45, 45, 48), (40, 40, 170), (150, 70, 35), (60, 110, 50)),
        *((35, 150, 200), (90, 50, 110), (110, 150, 185)),
    ],
    np.float32,
)
"""Of vehicles, blue first, as OpenCV has colours."""

CLOTHES = np.array(
    [(70, 50, 40), (40, 40, 45), (170, 90, 50), (45, 45, 180), (70, 140, 70), (190, 190, 195), (60, 170, 220)],
    np.float32,
)
SKIN = np.array([(140, 165, 205), (90, 115, 160), (60, 75, 105)], np.float32)
GLASS, TYRE = (70, 60, 50), (28, 28, 28)
HEADLIGHT, TAILLIGHT = (235, 250, 255), (40, 40, 255)


@dataclass
class Canvas:
    """An image that is being drawn.

    Attributes
    ----------
    paint : array of shape (SIZE, SIZE, 3)
        What colour a surface has in white light.
    glow : array of shape (SIZE, SIZE, 3)
        What shines by itself.
    owner : array of shape (SIZE, SIZE)
        Number of the thing that is seen in a pixel; 0 is the street.
    drawn : dict of int to int
        How many pixels each thing would take up if nothing stood before it.
    lamps : list of tuple
        Whose each is, where, its radius and its colour.
    number : int
        Of the thing that is being drawn.
    """

    paint: np.ndarray
    glow: np.ndarray
    owner: np.ndarray
    drawn: dict[int, int] = field(default_factory=dict)
    lamps: list[tuple[int, np.ndarray, float, tuple[int, int, int]]] = field(default_factory=list)
    number: int = 0

    def polygon(self, points: np.ndarray, colour: np.ndarray | tuple[int, int, int]) -> None:
        """Fill a convex polygon, which belongs to the thing that is being drawn."""
        corners = np.round(points * (1 << SHIFT)).astype(np.int32)
        cv2.fillConvexPoly(self.paint, corners, [float(c) for c in colour], cv2.LINE_AA, SHIFT)
        if self.number:
            cv2.fillConvexPoly(self.owner, corners, self.number, cv2.LINE_8, SHIFT)

    def disc(
        self,
        centre: np.ndarray,
        radii: tuple[float, float],
        colour: np.ndarray | tuple[int, int, int],
        angle: float = 0,
    ) -> None:
        """Fill an ellipse, as `polygon` does."""
        where = tuple(round(v * (1 << SHIFT)) for v in centre)
        sides = tuple(max(1, round(r * (1 << SHIFT))) for r in radii)
        cv2.ellipse(self.paint, where, sides, angle, 0, 360, [float(c) for c in colour], -1, cv2.LINE_AA, SHIFT)
        if self.number:
            cv2.ellipse(self.owner, where, sides, angle, 0, 360, self.number, -1, cv2.LINE_8, SHIFT)

    def lamp(self, centre: np.ndarray, radius: float, colour: tuple[int, int, int]) -> None:
        """Note a source of light of the thing that is being drawn."""
        self.lamps.append((self.number, centre, radius, colour))

    def shine(self) -> None:
        """Light the lamps that nothing hides, once all things are drawn."""
        for number, centre, radius, colour in self.lamps:
            column, row = (int(min(max(v, 0), SIZE - 1)) for v in centre)
            if self.owner[row, column] == number:
                self._shine(centre, radius, colour)

    def _shine(self, centre: np.ndarray, radius: float, colour: tuple[int, int, int]) -> None:
        where = tuple(round(v * (1 << SHIFT)) for v in centre)
        cv2.circle(self.glow, where, max(8, round(radius * (1 << SHIFT))), colour, -1, cv2.LINE_AA, SHIFT)


@dataclass(frozen=True, slots=True)
class Thing:
    """Something on the street.

    Attributes
    ----------
    kind : str
        One of `CLASSES`.
    x, y : float
        Metres to the right and ahead, of its middle.
    turn : float
        Radians: 0 drives away, pi comes nearer, half of it crosses.
    seed : int
        Of its shape and colour.
    """

    kind: str
    x: float
    y: float
    turn: float
    seed: int


def draw(canvas: Canvas, camera: Camera, thing: Thing, lights_on: bool) -> None:
    """Draw a thing and note how large it is."""
    rng = np.random.default_rng(thing.seed)
    (_person if thing.kind == "person" else _vehicle)(canvas, camera, thing, rng, lights_on)
    canvas.drawn[canvas.number] = int(np.count_nonzero(canvas.owner == canvas.number))


def footprint(thing: Thing) -> tuple[float, float]:
    """Half of what it takes up across the street and along it, in metres."""
    wide, long = {"car": (0.9, 2.1), "truck": (1.2, 3.2), "person": (0.3, 0.3)}[thing.kind]
    return (long, wide) if abs(np.cos(thing.turn)) < 0.5 else (wide, long)


def _solid(
    camera: Camera,
    thing: Thing,
    half: tuple[float, float],
    span: tuple[float, float],
    ends: tuple[float, float] = (-1, 1),
) -> np.ndarray:
    """Corners of a box on the image: the lower four, then the upper four; `ends` are shares of the half length."""
    wide, long = half
    back, front = ends
    flat = np.array([(-wide, back * long), (wide, back * long), (wide, front * long), (-wide, front * long)])
    cos, sin = np.cos(thing.turn), np.sin(thing.turn)
    ground = flat @ np.array([[cos, sin], [-sin, cos]]) + (thing.x, thing.y)
    low, high = (np.column_stack([ground, np.full(4, z)]) for z in span)
    return np.concatenate([low, high])


FACES = ((0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7), (4, 5, 6, 7))
"""Corners of the faces of a box: rear, right, front, left, top."""


def _box(canvas: Canvas, camera: Camera, corners: np.ndarray, colours: np.ndarray) -> None:
    """Paint the faces of a box, the farthest first."""
    flat = camera.on_image(corners)
    eye = np.array([0.0, 0.0, camera.height])
    far = [-float(np.linalg.norm(corners[list(face)].mean(0) - eye)) for face in FACES]
    for index in np.argsort(far):
        canvas.polygon(flat[list(FACES[index])], colours[index])


def _vehicle(canvas: Canvas, camera: Camera, thing: Thing, rng: np.random.Generator, lights_on: bool) -> None:
    paint = PAINTS[rng.integers(len(PAINTS))] * rng.uniform(0.8, 1.05)
    # Faces are lit differently: the top most, the sides least.
    shades = np.array([0.82, 0.66, 0.86, 0.72, 1.0])[:, None] * paint
    glass = np.array([0.9, 0.8, 1.0, 0.8, 0.0])[:, None] * np.array(GLASS, np.float32)
    glass[4] = paint * 0.95
    scale = camera.focus / thing.y
    is_truck = thing.kind == "truck"
    half = (
        (rng.uniform(1.1, 1.25), rng.uniform(2.8, 3.5))
        if is_truck
        else (rng.uniform(0.82, 0.95), rng.uniform(1.9, 2.3))
    )
    _wheels(canvas, camera, thing, half)
    if is_truck:
        cargo = np.clip(PAINTS[rng.integers(4)] * rng.uniform(0.9, 1.1), 0, 255)
        box = np.array([0.82, 0.66, 0.86, 0.72, 1.0])[:, None] * cargo
        top = rng.uniform(2.6, 3.2)
        parts = [(half, (0.45, top), (-1, 0.45), box), (half, (0.4, 2.2), (0.5, 1), shades)]
        if np.cos(thing.turn) < 0:
            parts.append(((half[0] * 0.9, half[1]), (1.3, 2.1), (0.97, 1.01), glass))
    else:
        roof = rng.uniform(1.4, 1.75)
        back = rng.uniform(-0.98, -0.6)
        parts = [(half, (0.3, 0.9), (-1, 1), shades), ((half[0] * 0.85, half[1]), (0.9, roof), (back, 0.35), glass)]
    turned = parts if np.cos(thing.turn) < 0 else list(reversed(parts)) if is_truck else parts
    for size, span, ends, colours in turned:
        _box(canvas, camera, _solid(camera, thing, size, span, ends), colours)
    _lights(canvas, camera, thing, half, scale, lights_on)


def _wheels(canvas: Canvas, camera: Camera, thing: Thing, half: tuple[float, float]) -> None:
    for end in (-0.65, 0.65):
        low = _solid(camera, thing, (half[0] * 0.98, half[1]), (0.0, 0.65), (end - 0.14, end + 0.14))
        _box(canvas, camera, low, np.tile(np.array(TYRE, np.float32), (5, 1)))


def _lights(
    canvas: Canvas, camera: Camera, thing: Thing, half: tuple[float, float], scale: float, lights_on: bool
) -> None:
    away = np.cos(thing.turn) > 0.3
    near = np.cos(thing.turn) < -0.3
    if not (away or near):
        return
    end = -1.0 if away else 1.0
    corners = camera.on_image(_solid(camera, thing, (half[0] * 0.78, half[1]), (0.68, 0.75), (end, end)))
    for corner in (corners[0], corners[1]):
        colour = TAILLIGHT if away else HEADLIGHT
        canvas.disc(corner, (0.11 * scale, 0.08 * scale), colour)
        if lights_on:
            canvas.lamp(corner, (0.09 if away else 0.13) * scale, colour)


def _person(canvas: Canvas, camera: Camera, thing: Thing, rng: np.random.Generator, lights_on: bool) -> None:
    tall, scale = rng.uniform(1.55, 1.9), camera.focus / thing.y
    coat, trousers = (CLOTHES[rng.integers(len(CLOTHES))] * rng.uniform(0.8, 1.2) for _ in range(2))
    foot = camera.on_image(np.array([[thing.x, thing.y, 0.0]]))[0]
    unit = tall * scale
    stride, lean = rng.uniform(-0.13, 0.13) * unit, rng.uniform(-0.02, 0.02) * unit
    hip = foot - (0, 0.48 * unit)
    neck = foot - (lean, 0.84 * unit)
    for shift in (stride, -stride):
        canvas.polygon(strip(hip, foot + np.array((shift, 0)), 0.05 * unit), trousers)
    for side in (-1, 1):
        shoulder = neck + np.array((side * 0.1, 0.03)) * unit
        hand = hip + np.array((side * 0.14 * unit - stride * 0.4, 0.02 * unit))
        canvas.polygon(strip(shoulder, hand, 0.035 * unit), coat * 0.85)
    middle = (hip + neck) / 2
    canvas.disc(middle, (0.125 * unit, 0.21 * unit), coat)
    canvas.disc(neck - (0, 0.07 * unit), (0.065 * unit, 0.085 * unit), SKIN[rng.integers(len(SKIN))])
    canvas.disc(neck - (0, 0.115 * unit), (0.065 * unit, 0.05 * unit), (35, 35, 40))


def strip(top: np.ndarray, bottom: np.ndarray, half: float) -> np.ndarray:
    """Corners of an upright band between two points, such as a leg or a post."""
    beside = np.array((half, 0.0))
    return np.array([top - beside, top + beside, bottom + beside, bottom - beside])


def visible_box(canvas: Canvas, number: int) -> tuple[tuple[float, float, float, float], float] | None:
    """What is seen of a thing: its box, x_min, y_min, x_max, y_max in pixels, and the share that nothing hides."""
    rows, columns = np.nonzero(canvas.owner == number)
    if not len(rows):
        return None
    box = (float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1))
    return box, len(rows) / max(canvas.drawn[number], 1)


def empty_canvas(paint: np.ndarray) -> Canvas:
    """A canvas with nothing on the street."""
    return Canvas(paint.copy(), np.zeros_like(paint), np.zeros((SIZE, SIZE), np.uint8))
