"""Decoding: the pixels of an image file, or what is wrong with it."""

from __future__ import annotations

import numpy as np

from lamplighter.images.faults import FaultCode, ImageError
from lamplighter.images.opencv import opencv
from lamplighter.images.working import Pixels

MOST_PIXELS = 100_000_000
"""What an image may have; a small file can declare so many that decoding it ends the process."""


def decoded(data: bytes | bytearray | memoryview) -> Pixels:
    """The pixels of an image file: blue, green, red in 8 bits, turned as EXIF says."""
    if not len(data):
        raise ImageError("it is empty", FaultCode.EMPTY, fix="store it again")
    cv2 = opencv()
    image: Pixels | None = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ImageError("it cannot be decoded", FaultCode.BROKEN, fix="store it again")
    return image
