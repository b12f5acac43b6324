"""What is kept of images: numbers, and what is wrong with their content, but nothing that is mended elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest

from lamplighter.core.monitor.images import FAULT, REASON
from storage.sources.measured_images import SCHEMA, MeasuredImages, Wanted

DAY = "2025-03-03"
WANTED = [Wanted(name, DAY) for name in ("a.png", "b.png", "text.png")]

CRASHES = "import os, signal, cv2\ncv2.imdecode = lambda data, how: os.kill(os.getpid(), signal.SIGSEGV)\n"
NO_MEMORY = """import cv2
class Short(cv2.error):
    code = cv2.Error.StsNoMem
def imdecode(data, how):
    raise Short()
cv2.imdecode = imdecode
"""
BY_PYTHON = "import cv2\ndef imdecode(data, how):\n    raise MemoryError\ncv2.imdecode = imdecode\n"


@pytest.fixture
def images(tmp_path: Path) -> MeasuredImages:
    """Two images, and a text that says it is one."""
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        assert cv2.imwrite(str(folder / name), np.full((32, 32, 3), 51, np.uint8))
    (folder / "text.png").write_text("no image")
    return MeasuredImages(folder, tmp_path / "kept")


def faults(images: MeasuredImages) -> list[str | None]:
    found: list[str | None] = images.table(WANTED)[FAULT].to_pylist()
    return found


@pytest.mark.parametrize(
    ("decoder", "fault"),
    [
        pytest.param(CRASHES, "crashed", id="a crash"),
        pytest.param(NO_MEMORY, "no-memory", id="OpenCV without memory"),
        pytest.param(BY_PYTHON, "no-memory", id="Python without memory"),
    ],
)
def test_a_fault_that_another_machine_would_not_have_is_not_kept(
    images: MeasuredImages, decoder: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module in place of OpenCV's decoder fails once, as a lack of memory would make it."""
    (tmp_path / "sitecustomize.py").write_text(decoder)
    with monkeypatch.context() as patched:
        patched.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
        assert faults(images) == [fault, fault, "no-image"]
    assert faults(images) == [None, None, "no-image"]
    kept = [*images.kept.rglob("*.parquet")]
    assert faults(images) == [None, None, "no-image"]
    assert [*images.kept.rglob("*.parquet")] == kept, "what is wrong with the content is kept"


def test_a_fault_that_was_kept_before_is_looked_at_again(images: MeasuredImages) -> None:
    size, mtime = images.stamp("a.png")
    row = {"path": "a.png", "boxes": "", "size": size, "mtime": mtime, FAULT: "unreadable"}
    images._keep(DAY, pa.Table.from_pylist([row], schema=SCHEMA))
    assert faults(images) == [None, None, "no-image"]


def test_a_file_that_may_be_read_again_is_measured(images: MeasuredImages) -> None:
    (images.folder / "a.png").chmod(0)
    if os.access(images.folder / "a.png", os.R_OK):
        pytest.skip("root may read all")
    assert faults(images) == ["unreadable", None, "no-image"]
    (images.folder / "a.png").chmod(0o644)
    assert faults(images) == [None, None, "no-image"]


def test_what_is_no_file_is_not_opened_and_says_why(images: MeasuredImages) -> None:
    (images.folder / "folder.png").mkdir()
    os.mkfifo(images.folder / "pipe.png")
    paths = ["folder.png", "pipe.png", "gone.png", "a.png/b.png", "9" * 5000, "a\0b", "../kept"]
    found = images.table([Wanted(path, DAY) for path in paths])
    assert [*zip(found[FAULT].to_pylist(), found[REASON].to_pylist(), strict=True)] == [
        ("unreadable", "it is a folder; name a file"),
        ("unreadable", "it is a pipe or a device; name a file"),
        *[("missing", "")] * 4,
        ("outside", ""),
    ]


def test_a_file_without_numbers_says_what_is_wrong_each_time(images: MeasuredImages) -> None:
    for _ in range(2):
        *_, reason = images.table(WANTED)[REASON].to_pylist()
        assert "it is no image of a format that is read, it begins with b'no image'; known: JPEG" in reason
