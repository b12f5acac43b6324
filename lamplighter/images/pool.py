"""Processes that measure image files, each restarted when a decoder ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lamplighter
from lamplighter.core.records.image_faults import FaultCode
from lamplighter.core.records.image_statistics import measured_names
from lamplighter.errors import LamplighterError
from lamplighter.images.decoding import STORE_AGAIN
from lamplighter.images.faults import ImageError, ImageFault
from lamplighter.images.measuring import Statistics
from lamplighter.images.worker import FAULT, MEASURED, READY

Asked = tuple[str, list[list[float]] | None]
"""A path and the boxes of its objects."""

_PROGRAM = "from lamplighter.images.worker import main; main()"


class Worker:
    """A process that measures image files; it starts when it is asked first, and again when it has ended.

    Parameters
    ----------
    presets : sequence of str, optional
        CleanVision's, by which images are judged as well.

    Examples
    --------
    >>> worker = Worker()
    >>> [fault] = worker.answers([("no-such-file.jpg", None)])
    >>> fault.code.value
    'missing'
    >>> worker.close()
    0
    """

    def __init__(self, presets: Sequence[str] = ()) -> None:
        self._presets, self._names = presets, measured_names(presets)
        self._process: subprocess.Popen[bytes] | None = None

    def answers(self, asked: Sequence[Asked]) -> list[Statistics | ImageFault]:
        """Statistics or faults of files, in their order; a file that ends the process is a fault of its own."""
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(asked).encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass
        if line := process.stdout.readline():
            return [self._read(path, answer) for (path, _), answer in zip(asked, json.loads(line), strict=True)]
        status = self.close()
        if len(asked) == 1:
            return [_crashed(asked[0][0], status)]
        return [answer for one in asked for answer in self.answers([one])]

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = _start(self._presets)
        return self._process

    def _read(self, path: str, answer: list[Any]) -> Statistics | ImageFault:
        if answer[0] == MEASURED:
            return dict(zip(self._names, answer[1:], strict=True))
        assert answer[0] == FAULT
        _, code, what, fix = answer
        return ImageError(what, FaultCode(code), fix=fix).of_file(path)

    def close(self) -> int:
        """End the process, which it does when nothing more can come; return its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.communicate()
        return process.returncode


_VARIABLES = {
    # The cores are shared by processes.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # glibc keeps memory that was freed: to get the pages of an image anew costs a quarter of the time.
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(256 << 20),
}


def _start(presets: Sequence[str]) -> subprocess.Popen[bytes]:
    # The package lies where this process found it.
    places = [str(Path(lamplighter.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | _VARIABLES | {"PYTHONPATH": os.pathsep.join(filter(None, places))}
    command = [sys.executable, "-P", "-c", _PROGRAM, *presets]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    first = process.stdout.readline()
    kind, *reason = json.loads(first) if first else ("", "it ended before it began", "see above what it wrote")
    if kind != READY:
        process.communicate()
        what, fix = reason
        raise LamplighterError(f"images cannot be measured: {what}", where="images", fix=fix)
    return process


def _crashed(path: str, status: int) -> ImageFault:
    cause = signal.Signals(-status).name if status < 0 else f"status {status}"
    return ImageError(f"decoding it ended the process ({cause})", FaultCode.CRASHED, fix=STORE_AGAIN).of_file(path)
