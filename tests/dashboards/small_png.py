"""A picture of few colours as a small PNG: Chromium writes 24 bits for each point, and a board has some 200 colours."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST = 256
Bytes = npt.NDArray[np.uint8]


def smaller(picture: bytes) -> bytes:
    """The same picture with a palette; colours beyond 256 become the nearest of those that are used most."""
    chunks = list(_chunks(picture))
    width, height = struct.unpack(">II", chunks[0][1][:8])
    data = zlib.decompress(b"".join(content for kind, content in chunks if kind == b"IDAT"))
    rows = _unfiltered(np.frombuffer(data, np.uint8).reshape(height, -1), 3)
    points = rows.reshape(-1, 3).astype(np.int64) @ (65536, 256, 1)
    colours, places, counts = np.unique(points, return_inverse=True, return_counts=True)
    kept = colours[np.argsort(-counts)[:MOST]]
    parts = np.stack([kept >> 16, kept >> 8 & 255, kept & 255], axis=1)
    own = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
    nearest = np.array([int(((parts - one) ** 2).sum(axis=1).argmin()) for one in own], np.uint8)
    indexed = np.zeros((height, width + 1), np.uint8)
    indexed[:, 1:] = nearest[places].reshape(height, width)
    return b"".join(
        [
            SIGNATURE,
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"PLTE", parts.astype(np.uint8).tobytes()),
            _chunk(b"IDAT", zlib.compress(indexed.tobytes(), 9)),
            _chunk(b"IEND", b""),
        ]
    )


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at < len(picture):
        (length,) = struct.unpack(">I", picture[at : at + 4])
        yield picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        at += length + 12


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _unfiltered(lines: Bytes, depth: int) -> Bytes:
    """The points of lines, each of which begins with how it was filtered (W3C, Portable Network Graphics, 9.2)."""
    above = np.zeros(lines.shape[1] - 1, np.uint8)
    found = np.empty((len(lines), lines.shape[1] - 1), np.uint8)
    for i, line in enumerate(lines):
        way, content = int(line[0]), line[1:]
        if way == 1:
            above = np.cumsum(content.reshape(-1, depth), axis=0, dtype=np.uint8).reshape(-1)
        elif way in (3, 4):
            above = np.array(_one_by_one(way, content.tolist(), above.tolist(), depth), np.uint8)
        else:
            above = content + (above if way == 2 else np.uint8(0))
        found[i] = above
    return found


def _one_by_one(way: int, content: list[int], above: list[int], depth: int) -> list[int]:
    done: list[int] = [0] * depth
    corner = [0] * depth + above
    for i, value in enumerate(content):
        left, up, before = done[i], above[i], corner[i]
        if way == 3:
            guess = (left + up) // 2
        else:
            away = abs(up - before), abs(left - before), abs(left + up - 2 * before)
            guess = left if away[0] <= away[1] and away[0] <= away[2] else up if away[1] <= away[2] else before
        done.append((value + guess) & 255)
    return done[depth:]
