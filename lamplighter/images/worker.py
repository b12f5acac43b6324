"""A process that measures image files: a decoder that crashes ends this process and not the run.

A line that comes in is a list of paths with their boxes as JSON; the one that goes out is a list of answers in order.
Its arguments are the presets of CleanVision that images are judged by. Started by `lamplighter.images.pool`.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

from lamplighter.core.records.image_faults import FaultCode
from lamplighter.errors import LamplighterError, unexpected
from lamplighter.images.decoding import STORE_AGAIN, content_of, no_memory
from lamplighter.images.faults import ImageError
from lamplighter.images.measuring import measure_bytes
from lamplighter.images.opencv import opencv

MEASURED, FAULT, READY, UNABLE = "measured", "fault", "ready", "unable"
"""The first word of an answer; the last two are of the first line. Statistics follow in the order of their table."""

_DAMAGE = b"Corrupt JPEG data"
_HARMLESS = b"extraneous bytes before marker"
"""What libjpeg says of bytes between two segments, which some cameras write and which change no pixel."""


def main() -> None:
    """Answer each line until there are no more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        opencv().setNumThreads(1)
    except LamplighterError as error:
        _write(answers, (UNABLE, error.what, error.fix))
        return
    _write(answers, (READY,))
    presets = sys.argv[1:]
    with tempfile.TemporaryFile() as complaints:
        os.dup2(complaints.fileno(), 2)
        for line in sys.stdin.buffer:
            _write(answers, [_answer(path, boxes, presets) for path, boxes in json.loads(line)])


def _answer(path: str, boxes: list[list[float]] | None, presets: Sequence[str]) -> tuple[Any, ...]:
    try:
        found = measure_bytes(content_of(path), boxes, cleanvision=presets)
        _refuse_damage()
    except (ImageError, MemoryError) as error:
        found_out = error if isinstance(error, ImageError) else no_memory()
        return FAULT, found_out.code, found_out.what, found_out.fix
    except Exception as error:
        return FAULT, FaultCode.CRASHED, unexpected(error), STORE_AGAIN
    return MEASURED, *found.values()


def _refuse_damage() -> None:
    """Look at what the decoder wrote; libjpeg returns an image of which a part is grey, and says so there alone.

    Raises
    ------
    ImageError
        Where pixels are lost.
    """
    length = os.fstat(2).st_size
    if not length:
        return
    said = os.pread(2, length, 0)
    os.ftruncate(2, 0)
    os.lseek(2, 0, os.SEEK_SET)
    for line in said.splitlines():
        if line.startswith(_DAMAGE) and _HARMLESS not in line:
            reason = line.removeprefix(_DAMAGE).strip(b": ").decode(errors="replace")
            raise ImageError(f"a part of the JPEG is lost: {reason}", FaultCode.BROKEN, fix=STORE_AGAIN)


def _write(answers: Any, answer: Sequence[Any]) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()
