"""Files that are no sound image: each is named with what is wrong, and the rest go on."""

from __future__ import annotations

import io
import os
import struct
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from lamplighter.core.records.image_faults import FaultCode
from lamplighter.errors import LamplighterError
from lamplighter.images import ImageFault, measure, measure_bytes, measure_files
from lamplighter.images.decoding import MOST_PIXELS, decoded
from lamplighter.images.faults import ImageError
from lamplighter.images.headers import header
from lamplighter.images.pool import Worker
from tests.lamplighter.images.photographs import photograph

PICTURE = cv2.resize(photograph("coffee"), (300, 200), interpolation=cv2.INTER_AREA)
SHOWN = Image.fromarray(PICTURE[:, :, ::-1])


def stored(form: str, image: Image.Image = SHOWN, **options: object) -> bytes:
    written = io.BytesIO()
    image.save(written, form, **options)
    return written.getvalue()


WITH_THUMBNAIL = Image.Exif()
WITH_THUMBNAIL[0x0112] = 6  # turned by 90 degrees
SOUND = {
    "jpeg": stored("JPEG", quality=90),
    "progressive": stored("JPEG", progressive=True),
    "png": stored("PNG"),
    "webp": stored("WEBP"),
    "webp-lossless": stored("WEBP", lossless=True),
    "webp-alpha": stored("WEBP", SHOWN.convert("RGBA"), lossless=True, exif=WITH_THUMBNAIL),
    "bmp": stored("BMP"),
    "tiff": stored("TIFF"),
    "tiff-packed": stored("TIFF", compression="tiff_lzw"),
    "gif": stored("GIF"),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_header_says_what_decoding_finds(name: str) -> None:
    found = header(SOUND[name])
    assert found is not None
    assert (found.width, found.height, found.complete) == (300, 200, True)
    assert decoded(SOUND[name] + b"\0\0").shape in ((200, 300, 3), (300, 200, 3))


@pytest.mark.parametrize("share", [0.03, 0.3, 0.7, 0.99])
@pytest.mark.parametrize("name", SOUND)
def test_a_part_of_a_file_is_a_fault(name: str, share: float) -> None:
    data = SOUND[name]
    with pytest.raises(ImageError) as raised:
        decoded(data[: int(len(data) * share)])
    assert raised.value.code in ((FaultCode.BROKEN, FaultCode.TRUNCATED) if "tiff" in name else (FaultCode.TRUNCATED,))
    assert raised.value.fix


def test_a_truncated_jpeg_whose_thumbnail_is_whole_is_truncated() -> None:
    inner = stored("JPEG", SHOWN.resize((30, 20)))
    segment = b"Exif\0\0" + inner
    data = SOUND["jpeg"][:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + SOUND["jpeg"][2:]
    assert decoded(data).shape == (200, 300, 3)
    half = data[: len(data) * 2 // 3]
    for cut in (half, half + bytes(len(data) - len(half))):
        with pytest.raises(ImageError, match="before its end"):
            decoded(cut)


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", "empty", "the file is empty"),
        (bytes(5000), "empty", "5,000 zeros"),
        (b"<html>404 not found", "no-image", "begins with b'<html>40'; known: JPEG, PNG"),
        (b"\xff\xd8\xff\xe0", "truncated", "header of the JPEG ends early"),
        (b"\xff\xd8\xff\xe0\0\4ab?", "broken", "header of the JPEG is broken"),
        (b"GIF89a" + bytes(20), "broken", "0 x 0 pixels"),
        (SOUND["png"][:100] + bytes(100) + SOUND["png"][200:], "broken", "the PNG cannot be decoded"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, code: str, words: str) -> None:
    with pytest.raises(ImageError) as raised:
        measure_bytes(data)
    assert raised.value.code == code
    assert words in str(raised.value)


def png_of(width: int, height: int) -> bytes:
    """A PNG of some hundred bytes that declares a size."""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"")),
        (b"IEND", b""),
    ]
    chunks = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_a_bomb_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    jpeg = bytearray(SOUND["jpeg"])
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", 65_000, 65_000)
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    for data in (png_of(30_000, 30_000), bytes(jpeg), png_of(MOST_PIXELS + 1, 1)):
        with pytest.raises(ImageError, match="more than the 100,000,000 that are decoded") as raised:
            measure_bytes(data)
        assert raised.value.code == FaultCode.TOO_LARGE


def test_images_of_other_kinds_are_measured() -> None:
    expected = measure(PICTURE)
    turned = Image.Exif()
    turned[0x0112] = 6
    deep = np.rint(PICTURE.astype(float) * 257).astype(np.uint16)
    alpha = np.dstack([PICTURE, np.full(PICTURE.shape[:2], 40, np.uint8)])
    for data in (cv2.imencode(".png", deep)[1], cv2.imencode(".png", alpha)[1]):
        assert measure_bytes(data.tobytes()) == expected
    grey = measure_bytes(stored("JPEG", SHOWN.convert("L"), quality=95))
    assert grey["image_brightness"] == pytest.approx(expected["image_brightness"], abs=0.005)
    assert (grey["image_saturation"], grey["image_colour_cast"]) == (0, 0)
    inks = measure_bytes(stored("JPEG", SHOWN.convert("CMYK"), quality=95))
    assert inks["image_brightness"] == pytest.approx(expected["image_brightness"], abs=0.05)
    rotated = measure_bytes(stored("JPEG", SHOWN, exif=turned, quality=95))
    assert (rotated["image_width"], rotated["image_height"]) == (200, 300)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "whole.jpg").write_bytes(SOUND["jpeg"])
    (tmp_path / "half.jpg").write_bytes(SOUND["jpeg"][:9000])
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "page.jpg").write_bytes(b"<html>")
    (tmp_path / "bomb.png").write_bytes(png_of(50_000, 50_000))
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    damaged = bytearray(SOUND["jpeg"])
    del damaged[-4000:-3000]
    (tmp_path / "damaged.jpg").write_bytes(damaged)
    return tmp_path


CODES = {
    "empty.jpg": "empty", "half.jpg": "truncated", "page.jpg": "no-image", "bomb.png": "too-large",
    "folder.jpg": "unreadable", "pipe.jpg": "unreadable", "gone.jpg": "missing", "damaged.jpg": "broken",
    "a\0b.jpg": "unreadable", "x" * 5000: "unreadable",
}  # fmt: skip


def test_faults_are_named_and_the_rest_go_on(folder: Path) -> None:
    paths = [path for name in CODES for path in (str(folder / name), str(folder / "whole.jpg"))]
    found = list(measure_files(paths, workers=1))
    expected = measure_bytes(SOUND["jpeg"])
    assert [one for one in found if isinstance(one, dict)] == [expected] * len(CODES)
    faults = [one for one in found if isinstance(one, ImageFault)]
    assert {Path(fault.path).name: fault.code.value for fault in faults} == CODES
    for fault in faults:
        assert "\n" not in fault.message
        assert "; " in fault.message, fault.message


def test_a_decoder_that_crashes_loses_its_file_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module in place of OpenCV's decoder ends the process on one file, as a fault of memory would."""
    code = folder / "sitecustomize.py"
    code.write_text(
        "import os, signal, cv2\n"
        "decode = cv2.imdecode\n"
        "def imdecode(data, how):\n"
        "    if len(data) % 7 == 3:\n"
        "        os.kill(os.getpid(), signal.SIGSEGV)\n"
        "    return decode(data, how)\n"
        "cv2.imdecode = imdecode\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{os.environ.get('PYTHONPATH', '')}")
    length = len(SOUND["jpeg"])
    for index in range(20):
        wanted = 3 if index in (4, 11) else 0
        padding = (wanted - length) % 7
        (folder / f"{index}.jpg").write_bytes(SOUND["jpeg"] + bytes(padding))
    found = list(measure_files([folder / f"{index}.jpg" for index in range(20)], workers=2))
    faults = {index: one for index, one in enumerate(found) if isinstance(one, ImageFault)}
    assert list(faults) == [4, 11]
    assert faults[4].code == FaultCode.CRASHED
    assert "SIGSEGV" in faults[4].message


def test_without_opencv_one_line_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "sitecustomize.py").write_text("import sys; sys.modules['cv2'] = None")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    for presets in ((), ("dark",)):
        with pytest.raises(LamplighterError, match=r"pip install 'lamplighter\[images\]'"):
            list(measure_files([folder / "whole.jpg"], workers=1, cleanvision=presets))


def test_files_are_taken_no_faster_than_results_are(folder: Path) -> None:
    taken = 0

    def paths() -> object:
        nonlocal taken
        for _ in range(10_000):
            taken += 1
            yield folder / "whole.jpg"

    results = measure_files(paths(), workers=1)
    next(results)
    assert taken < 200
    results.close()


def test_boxes_are_one_for_each_path(folder: Path) -> None:
    path = folder / "whole.jpg"
    boxes = np.array([[10, 10, 60, 60], [100, 20, 160, 90]], np.float32)
    with_boxes, without = measure_files([path, path], boxes=[boxes, None], workers=1)
    assert with_boxes == measure_bytes(SOUND["jpeg"], boxes)
    assert without == measure_bytes(SOUND["jpeg"])
    with pytest.raises(ValueError, match="shorter"):
        list(measure_files([path, path], boxes=[None], workers=1))


def test_workers_end_with_their_pool() -> None:
    worker = Worker()
    worker.answers([("gone.jpg", None)])
    process = worker._process
    assert process is not None
    worker.close()
    assert process.returncode == 0
    assert "cv2" in sys.modules
