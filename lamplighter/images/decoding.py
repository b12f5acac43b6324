"""Decoding: the pixels of an image file, or what is wrong with it."""

from __future__ import annotations

import os
import stat

import numpy as np

from lamplighter.core.records.image_faults import FaultCode
from lamplighter.images.faults import ImageError
from lamplighter.images.headers import FORMATS, EndsEarly, Header, HeaderError, header
from lamplighter.images.opencv import opencv
from lamplighter.images.working import Pixels

MOST_PIXELS = 100_000_000
"""What an image may have: above the largest sensors of cameras, and 0.3 GB when it is decoded."""

MOST_BYTES = 1_000_000_000
"""What a file may have: beyond the largest image of so many pixels that is not packed."""

STORE_AGAIN = "store it again, or take its row out"


def decoded(data: bytes | bytearray | memoryview, most_pixels: int = MOST_PIXELS) -> Pixels:
    """The pixels of an image file.

    Parameters
    ----------
    data : bytes
        A file of JPEG, PNG, WebP, BMP, TIFF or GIF; of several pages or pictures the first counts.
    most_pixels : int
        A file that declares more is not decoded.

    Returns
    -------
    array of uint8, shape (rows, columns, 3)
        Blue, green and red, turned as EXIF says. Grey comes as three equal channels and CMYK as colours; of 16 bits the
        upper 8 are taken, and opacity is left out.

    A JPEG that is damaged in its middle is decoded: what is lost becomes grey. `measure_files` finds many
    of them, since its processes read what the decoder complains of.

    Raises
    ------
    ImageError
        If it is empty, no image, too large, truncated or broken, or memory is short; ``code`` says which.

    Examples
    --------
    >>> decoded(b"BM, he said")
    Traceback (most recent call last):
        ...
    lamplighter.images.faults.ImageError: the header of the BMP ends early; store it again, or take its row out
    """
    data = bytes(data)
    found = _header(data)
    if found.width * found.height > most_pixels:
        size = f"{found.width:,} x {found.height:,}"
        raise ImageError(
            f"it declares {size} pixels, more than the {most_pixels:,} that are decoded",
            FaultCode.TOO_LARGE,
            fix="store it smaller",
        )
    if not found.complete:
        what = f"the {found.format} ends after {len(data):,} bytes, before its end"
        raise ImageError(what, FaultCode.TRUNCATED, fix=STORE_AGAIN)
    cv2 = opencv()
    try:
        image: Pixels | None = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise no_memory() from None
        image = None
    if image is None:
        raise ImageError(f"the {found.format} cannot be decoded", FaultCode.BROKEN, fix=STORE_AGAIN)
    return image


def no_memory() -> ImageError:
    """Of an image that may be sound."""
    what = "there is not enough memory to decode it"
    return ImageError(what, FaultCode.NO_MEMORY, fix="store it smaller, or add memory")


def _header(data: bytes) -> Header:
    if not data.strip(b"\0"):
        what = "the file is empty" if not data else f"the file is {len(data):,} zeros"
        raise ImageError(what, FaultCode.EMPTY, fix=STORE_AGAIN)
    try:
        found = header(data)
    except HeaderError as error:
        code = FaultCode.TRUNCATED if isinstance(error, EndsEarly) else FaultCode.BROKEN
        raise ImageError(str(error), code, fix=STORE_AGAIN) from None
    if found is None:
        what = f"it is no image of a format that is read, it begins with {data[:8]!r}"
        raise ImageError(what, FaultCode.NO_IMAGE, fix=f"known: {', '.join(FORMATS)}")
    return found


def content_of(path: str) -> bytes:
    """The bytes of a file.

    Raises
    ------
    ImageError
        If it is missing, a folder, no file, too large, or may not be read.
    """
    try:
        # A pipe without a writer must not block.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise ImageError("it is a pipe or a device", FaultCode.UNREADABLE, fix="name a file")
            if state.st_size > MOST_BYTES:
                what = f"it has {state.st_size:,} bytes, more than the {MOST_BYTES:,} that are read"
                raise ImageError(what, FaultCode.TOO_LARGE, fix="store it smaller")
            return file.readall()
    except IsADirectoryError:
        raise ImageError("it is a folder", FaultCode.UNREADABLE, fix="name a file") from None
    except FileNotFoundError:
        raise ImageError("there is no such file", FaultCode.MISSING, fix=STORE_AGAIN) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ImageError(f"it cannot be read: {reason}", FaultCode.UNREADABLE, fix="allow it, or name a file") from None
