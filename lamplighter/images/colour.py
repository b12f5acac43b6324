"""Colour: how saturated an image is, and how far its mean colour is from grey."""

from __future__ import annotations

from lamplighter.images.opencv import opencv
from lamplighter.images.working import Working


def colour(image: Working) -> dict[str, float]:
    """Saturation and colour cast, both between 0 and 1; 0 of grey and of black images.

    The saturation of single pixels is unsteady in the dark, so their distances from grey and their values are summed
    first: darkening changes neither number.

    Examples
    --------
    >>> import numpy as np
    >>> from lamplighter.images.working import working
    >>> red_and_blue = np.uint8([[[0, 0, 200], [200, 0, 0]]])
    >>> colour(working(red_and_blue))
    {'image_saturation': 1.0, 'image_colour_cast': 1.0}
    >>> colour(working(np.full((1, 2, 3), 90, np.uint8)))
    {'image_saturation': 0.0, 'image_colour_cast': 0.0}
    """
    if image.colours is None:
        return {"image_saturation": 0.0, "image_colour_cast": 0.0}
    cv2 = opencv()
    means = cv2.mean(image.colours)[:3]
    blue, green, red = cv2.split(image.colours)
    most = cv2.sumElems(cv2.max(cv2.max(blue, green), red))[0]
    least = cv2.sumElems(cv2.min(cv2.min(blue, green), red))[0]
    return {
        "image_saturation": (most - least) / most if most else 0.0,
        "image_colour_cast": (max(means) - min(means)) / max(means) if max(means) else 0.0,
    }
