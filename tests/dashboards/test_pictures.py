"""Pictures of the boards: drawn from answers, honest about what they are, and small."""

from __future__ import annotations

import struct
import zlib
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from dashboards.boards import BOARDS
from tests.dashboards.conftest import LookAt
from tests.dashboards.pictures import HONEST, NO_DATA, SHOTS, page
from tests.dashboards.reading import boards, panels_of
from tests.dashboards.small_png import SIGNATURE, _chunk, _chunks, smaller

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


@pytest.mark.parametrize("name", BOARDS)
def test_a_page_has_every_panel_that_is_open(look_at: LookAt, name: str) -> None:
    board = boards()[name]
    drawn = page(
        board, look_at(timedelta(days=11) if name in ("fleet", "model") else timedelta(hours=3), **SHOTS[name])
    )
    open_panels = [panel for panel in panels_of({"panels": board["panels"]}) if panel in board["panels"]]
    assert drawn.count('<div class="panel"') == len(open_panels)
    assert HONEST in drawn
    empty = {"fleet": 0, "service": 2, "itself": 0}
    if name in empty:
        assert drawn.count(NO_DATA) == empty[name], "only GPUs are not there"


@pytest.mark.parametrize("name", BOARDS)
def test_pictures_are_there_and_small(name: str) -> None:
    picture = (PICTURES / f"board-{name}.png").read_bytes()
    assert picture.startswith(SIGNATURE)
    assert len(picture) < 200_000


def test_a_palette_keeps_every_point_whatever_the_filter_was() -> None:
    random = np.random.default_rng(3)
    points = random.integers(0, 4, (5, 6, 3), dtype=np.uint8) * 60
    lines = b"".join(
        _filtered(way, points[way].reshape(-1), points[way - 1].reshape(-1) if way else None) for way in range(5)
    )
    head = struct.pack(">IIBBBBB", 6, 5, 8, 2, 0, 0, 0)
    parts = [_chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(lines)), _chunk(b"IEND", b"")]
    chunks = dict(_chunks(smaller(SIGNATURE + b"".join(parts))))
    palette = np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3)
    places = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(5, 7)[:, 1:]
    assert (palette[places] == points).all()


def _filtered(way: int, line: np.ndarray, above: np.ndarray | None) -> bytes:
    """A line as the specification of PNG filters it."""
    up = np.zeros_like(line, dtype=int) if above is None else above.astype(int)
    left, corner = (np.concatenate([np.zeros(3, int), it[:-3]]) for it in (line.astype(int), up))
    estimate = left + up - corner
    distances = np.stack([abs(estimate - left), abs(estimate - up), abs(estimate - corner)])
    paeth = np.choose(distances.argmin(axis=0), [left, up, corner])
    guess = (np.zeros_like(left), left, up, (left + up) // 2, paeth)[way]
    return bytes([way]) + ((line - guess) % 256).astype(np.uint8).tobytes()
