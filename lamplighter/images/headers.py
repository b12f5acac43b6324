"""Headers: the format and the size of an image file, and whether its end is there, without decoding it.

A file of some kilobytes can declare more pixels than the machine has memory, so the size is read first. Decoders differ
in what they do with half a file, and some return half an image, so its end is looked for.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple


class HeaderError(ValueError):
    """A header that cannot be meant."""


class EndsEarly(HeaderError):
    """A header that is not all there."""


class Header(NamedTuple):
    """What a file says of itself.

    Attributes
    ----------
    format : str
    width, height : int
        In pixels, before the turn that EXIF may ask for.
    complete : bool
        Whether its end is there; True of a format in which that cannot be seen.
    """

    format: str
    width: int
    height: int
    complete: bool


Size = tuple[int, int, bool]


def header(data: bytes) -> Header | None:
    """What an image file says of itself; None where it is of no format that is read.

    Raises
    ------
    EndsEarly, HeaderError
        Where the header ends early, or says nothing that can be meant.

    Examples
    --------
    >>> header(b"BM" + bytes(12) + struct.pack("<IiiHHI", 40, 2, -3, 1, 24, 0))
    Header(format='BMP', width=2, height=3, complete=True)
    >>> print(header(b"%PDF-1.7"))
    None
    """
    for name, signature, read in _FORMATS:
        if data.startswith(signature) and (name != "WebP" or data[8:12] == b"WEBP"):
            try:
                width, height, complete = read(data)
            except (struct.error, IndexError):
                raise EndsEarly(f"the header of the {name} ends early") from None
            if width <= 0 or height <= 0:
                raise HeaderError(f"the header of the {name} says {width} x {height} pixels")
            return Header(name, width, height, complete)
    return None


def _jpeg(data: bytes) -> Size:
    width = height = 0
    for marker, place in _jpeg_segments(data):
        # Frames are C0 to CF, without the tables C4 and CC and the reserved C8.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, place + 3)
        if marker == 0xDA:
            # In a scan FF is always followed by 00, so FF D9 is the end; a thumbnail's end is before the first scan.
            return width, height, data.rfind(b"\xff\xd9", place) >= 0
    raise struct.error


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Markers, and where the length that follows each is."""
    place = 2
    while True:
        while data[place] == 0xFF:
            place += 1
        yield data[place], place + 1
        place = place + 1 + struct.unpack_from(">H", data, place + 1)[0]
        if data[place] != 0xFF:
            raise HeaderError("the header of the JPEG is broken")


def _png(data: bytes) -> Size:
    width, height = struct.unpack_from(">II", data, 16)
    return width, height, data.rfind(b"IEND\xaeB`\x82") >= 0


def _gif(data: bytes) -> Size:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height, data.rstrip(b"\0").endswith(b";")


def _bmp(data: bytes) -> Size:
    start, length = struct.unpack_from("<II", data, 10)
    if length == 12:
        width, height, _, bits, packed = *struct.unpack_from("<HHHH", data, 18), 0
    else:
        width, height, _, bits, packed = struct.unpack_from("<iiHHI", data, 18)
    height = abs(height)
    # A row fills whole words of 32 bits; a packed image does not say how long it is.
    end = start + (width * bits + 31) // 32 * 4 * height if packed in (0, 3) else 0
    return width, height, len(data) >= end


def _webp(data: bytes) -> Size:
    length, form = struct.unpack_from("<I4x4s", data, 4)
    complete = len(data) >= length + 8
    if form == b"VP8X":
        low, high, lower, higher = struct.unpack_from("<HBHB", data, 24)
        width, height = (high << 16 | low) + 1, (higher << 16 | lower) + 1
    elif form == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    return width, height, complete


def _tiff(data: bytes) -> Size:
    order = "<" if data[:2] == b"II" else ">"
    place = struct.unpack_from(f"{order}I", data, 4)[0]
    found = {}
    for index in range(struct.unpack_from(f"{order}H", data, place)[0]):
        at = place + 2 + 12 * index
        tag, kind = struct.unpack_from(f"{order}HH", data, at)
        if tag in (256, 257):
            found[tag] = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", data, at + 8)[0]
    return found.get(256, 0), found.get(257, 0), True


_FORMATS: tuple[tuple[str, tuple[bytes, ...], Callable[[bytes], Size]], ...] = (
    ("JPEG", (b"\xff\xd8\xff",), _jpeg),
    ("PNG", (b"\x89PNG\r\n\x1a\n",), _png),
    ("WebP", (b"RIFF",), _webp),
    ("BMP", (b"BM",), _bmp),
    ("TIFF", (b"II*\0", b"MM\0*"), _tiff),
    ("GIF", (b"GIF87a", b"GIF89a"), _gif),
)

FORMATS = tuple(name for name, *_ in _FORMATS)
"""The formats that are read."""
