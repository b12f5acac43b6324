"""Many image files, on all cores."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice, repeat
from pathlib import Path
from queue import SimpleQueue

from lamplighter.images.crops import Box
from lamplighter.images.faults import ImageFault
from lamplighter.images.measuring import Statistics
from lamplighter.images.pool import Asked, Worker

BATCH = 16
"""Files that a process is given at once: so many that it seldom waits, so few that the last ends with the others."""


def measure_files(
    paths: Iterable[str | Path],
    boxes: Iterable[Iterable[Box] | None] | None = None,
    workers: int | None = None,
    *,
    cleanvision: Sequence[str] = (),
) -> Iterator[Statistics | ImageFault]:
    """Statistics of image files, in the order of their paths; each file is read and decoded once.

    Processes measure them, one for each core, so that a decoder that crashes loses its file alone. The memory is
    bounded: paths are taken and files are read no faster than results are.

    Parameters
    ----------
    paths : iterable of str or Path
    boxes : iterable, optional
        For each path the boxes of its objects, or None.
    workers : int, optional
        Processes; as many as there are cores by default.
    cleanvision : sequence of str, optional
        As of `measure`.

    Yields
    ------
    dict or ImageFault
        As of `measure`; a file that cannot be measured is a fault, and the rest go on.

    Raises
    ------
    LamplighterError
        Where OpenCV is not installed.

    Examples
    --------
    >>> [fault] = measure_files(["no-such-file.jpg"])
    >>> fault.code.value, fault.message
    ('missing', 'no-such-file.jpg: there is no such file; store it again, or take its row out')
    """
    count = workers or _cores()
    idle: SimpleQueue[Worker] = SimpleQueue()
    crew = [Worker(cleanvision) for _ in range(count)]
    for worker in crew:
        idle.put(worker)

    def measured(batch: list[Asked]) -> list[Statistics | ImageFault]:
        worker = idle.get()
        try:
            return worker.answers(batch)
        finally:
            idle.put(worker)

    pool = ThreadPoolExecutor(count)
    try:
        waiting: deque[Future[list[Statistics | ImageFault]]] = deque()
        for batch in _batches(paths, boxes):
            waiting.append(pool.submit(measured, batch))
            if len(waiting) > 2 * count:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
        for worker in crew:
            worker.close()


def _batches(paths: Iterable[str | Path], boxes: Iterable[Iterable[Box] | None] | None) -> Iterator[list[Asked]]:
    """Paths with their boxes as plain numbers."""
    pairs = zip(paths, repeat(None) if boxes is None else boxes, strict=boxes is not None)
    asked = (
        (str(path), None if of_image is None else [[float(side) for side in box] for box in of_image])
        for path, of_image in pairs
    )
    while batch := list(islice(asked, BATCH)):
        yield batch


def _cores() -> int:
    """Those that this process may use, where the system says it: a container may have fewer than its machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
