"""Many image files, on all cores."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import repeat
from os import cpu_count
from pathlib import Path

from lamplighter.images.crops import Box
from lamplighter.images.faults import FaultCode, ImageError, ImageFault
from lamplighter.images.measuring import Statistics, measure_bytes


def measure_files(
    paths: Iterable[str | Path], boxes: Iterable[Iterable[Box] | None] | None = None, workers: int | None = None
) -> Iterator[Statistics | ImageFault]:
    """Statistics of image files, in the order of their paths; each file is read and decoded once.

    Parameters
    ----------
    paths : iterable of str or Path
    boxes : iterable, optional
        For each path the boxes of its objects, or None.
    workers : int, optional
        As many as there are cores by default.

    Yields
    ------
    dict or ImageFault
        As of `measure`; a file that cannot be measured is a fault, and the rest go on.

    Examples
    --------
    >>> [fault] = measure_files(["no-such-file.jpg"])
    >>> fault.code.value, fault.message
    ('missing', 'no-such-file.jpg: there is no such file; store it again, or take its row out')
    """
    count = workers or cpu_count() or 1
    waiting: deque[Future[Statistics | ImageFault]] = deque()
    with ThreadPoolExecutor(count) as pool:
        for path, of_image in zip(paths, repeat(None) if boxes is None else boxes, strict=boxes is not None):
            waiting.append(pool.submit(_measured, str(path), of_image))
            if len(waiting) > 4 * count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _measured(path: str, boxes: Iterable[Box] | None) -> Statistics | ImageFault:
    try:
        return measure_bytes(_read(path), boxes)
    except ImageError as error:
        return error.of_file(path)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise ImageError(
            "there is no such file", FaultCode.MISSING, fix="store it again, or take its row out"
        ) from None
    except OSError as error:
        what = f"it cannot be read: {error.strerror}"
        raise ImageError(what, FaultCode.UNREADABLE, fix="allow it, or name a file") from None
