"""Several workers as one service: their files read together, and those of workers that are gone folded into one.

`prometheus_client` has each process count in files of its own, one for each kind of metric, in a folder that all share.
It keeps the files of a process that is gone, since counters must not fall; so a service that recycles its workers fills
its disk, and each scrape takes longer than the last.

Here the files of the gone are folded into an archive with a number. A process holds a lock while it reads or
folds. The steps are such that a process can be killed between any two of them, and nothing is counted twice or lost:

1. What an interrupted folding left is removed: archives before the newest, and dead files up to its number.
2. The files of the gone are renamed from `counter_PID.db` to `counter_dead-NUMBER-PID.db`, where the number is the next
   archive's. A process that gets the number of one that is gone begins with a file of its own.
3. The newest archive and the dead files are added up in a hidden file.
4. It is renamed to the next archive. From now on they count by it, and no longer by themselves.
5. The archive before it and the dead files are removed.

The formats are those of `prometheus_client`, which reads what is here as well.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import struct
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client import mmap_dict, multiprocess
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from lamplighter.errors import LamplighterError
from lamplighter.serving.several_workers import WORKERS, of_several_workers

logger = logging.getLogger("lamplighter.serving")

# Both are without types.
MmapedDict: Any = mmap_dict.MmapedDict
merge: Any = multiprocess.MultiProcessCollector.merge

LOCK = ".lamplighter.lock"
PATIENCE = 5.0
"""Seconds that a scrape waits for another one; Prometheus itself waits 10 by default."""

NAME = re.compile(
    r"(?P<kind>counter|histogram|summary|gauge_[a-z]+)_"
    r"(?:(?P<pid>[0-9]+)|archive-(?P<archive>[0-9]+)|dead-(?P<dead>[0-9]+)-[0-9]+)\.db"
)
LEFT = re.compile(r"\..+\.db\.new")

Entry = tuple[float, float]
"""A value, and when it was set where that matters."""


def _added(one: Entry, other: Entry) -> Entry:
    return one[0] + other[0], 0.0


FOLDED: Mapping[str, Callable[[Entry, Entry], Entry]] = {
    "counter": _added,
    "histogram": _added,
    "summary": _added,
    "gauge_sum": _added,
    "gauge_max": max,
    "gauge_min": min,
    "gauge_mostrecent": lambda one, other: max(one, other, key=lambda entry: entry[1]),
}
"""How two values of a series become one. Gauges of other kinds say something of one process, and go with it."""

BROKEN = (struct.error, RuntimeError, ValueError)
"""What reading a file raises that is not one of `prometheus_client`, or not the whole of one."""

SHOWN_UNLESS_ZERO = frozenset({"model_service_info", "service_start_timestamp_seconds"})
"""Gauges whose 0 says that a worker shows them no longer, or not yet."""


class WorkersCollector(Collector):
    """The metrics of all workers that share a folder.

    Parameters
    ----------
    folder : Path
        That of `PROMETHEUS_MULTIPROC_DIR`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        """What all workers counted, those that are gone as well.

        Raises
        ------
        LamplighterError
            If another scrape holds the folder for long.
        """
        with _held(self._folder):
            fold(self._folder)
            metrics = _merged(_counting(self._folder))
        for metric in metrics:
            if metric.name in SHOWN_UNLESS_ZERO:
                metric.samples = [sample for sample in metric.samples if sample.value]
            if metric.samples:
                yield metric


def living(folder: Path) -> set[int]:
    """The workers that have files and live."""
    return {pid for kind in _kinds(folder).values() for pid in kind.of_workers if _is_alive(pid)}


def counted_labels(model: str, label: str, metric: str) -> set[str]:
    """The values of a label that the workers of a model count already, in any order and without holding the folder."""
    found: set[str] = set()
    for path in _kinds(Path(os.environ[WORKERS]))["counter"].counting():
        # One that is folded meanwhile is read in the archive by the next worker.
        with suppress(OSError):
            for key, _, _ in _entries(path):
                _, name, labels, _ = json.loads(key)
                if name == metric and labels["model"] == model:
                    found.add(labels[label])
    return found


def join() -> None:
    """Make the folder that the workers share.

    Raises
    ------
    LamplighterError
        If it cannot be made, or was named too late for `prometheus_client`.
    """
    folder = os.environ.get(WORKERS)
    if folder and not of_several_workers():
        raise LamplighterError(
            f"{WORKERS} was set after prometheus_client was imported", fix="set it where the service is started"
        )
    if folder:
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LamplighterError(
                f"the folder of the workers cannot be made: {error.strerror}", where=folder, fix=f"change {WORKERS}"
            ) from None


def tidy() -> None:
    """Fold the files of workers that are gone; a worker does so when it starts, lest nothing scrapes the service."""
    if of_several_workers():
        folder = Path(os.environ[WORKERS])
        try:
            with _held(folder):
                fold(folder)
        except LamplighterError as error:
            logger.warning("%s", error)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold the folder against other readers and folders; the lock of a process that is killed ends with it."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise LamplighterError(
            f"the files of the workers cannot be read: {error.strerror}",
            where=folder,
            fix=f"make the folder that {WORKERS} names, writable for the service",
        ) from None
    try:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise LamplighterError(
                        f"another scrape has held the files of the workers for {PATIENCE:g} s",
                        where=folder,
                        fix="look for a worker that hangs",
                    ) from None
                time.sleep(0.005)
        yield
    finally:
        os.close(descriptor)


@dataclass
class _Kind:
    """The files of one kind of metric."""

    of_workers: dict[int, Path] = field(default_factory=dict)
    archives: dict[int, Path] = field(default_factory=dict)
    dead: list[tuple[int, Path]] = field(default_factory=list)

    @property
    def newest(self) -> int:
        """The number of the archive that counts; 0 where there is none."""
        return max(self.archives, default=0)

    def counting(self) -> list[Path]:
        """The files that count."""
        archive = [self.archives[self.newest]] if self.archives else []
        return [*archive, *(path for number, path in self.dead if number > self.newest), *self.of_workers.values()]

    def superseded(self) -> list[Path]:
        """Those that an archive stands for."""
        old = [path for number, path in self.archives.items() if number < self.newest]
        return [*old, *(path for number, path in self.dead if number <= self.newest)]


def _kinds(folder: Path) -> dict[str, _Kind]:
    kinds: dict[str, _Kind] = defaultdict(_Kind)
    for path in sorted(folder.iterdir()):
        if match := NAME.fullmatch(path.name):
            kind = kinds[match["kind"]]
            if match["pid"]:
                kind.of_workers[int(match["pid"])] = path
            elif match["archive"]:
                kind.archives[int(match["archive"])] = path
            else:
                kind.dead.append((int(match["dead"]), path))
    return kinds


def _counting(folder: Path) -> list[Path]:
    return [path for kind in _kinds(folder).values() for path in kind.counting()]


def fold(folder: Path) -> None:
    """Fold the files of workers that are gone, in the steps that stand above. The folder has to be held."""
    if not any(os.getpid() in kind.of_workers for kind in _kinds(folder).values()):
        # This process has files of another name, or none: numbers in names may be no process ids, as those of uWSGI.
        return
    try:
        for path in folder.iterdir():
            if LEFT.fullmatch(path.name):
                path.unlink()
        for name, kind in _kinds(folder).items():
            for path in kind.superseded():
                path.unlink()
            gone = [(pid, path) for pid, path in kind.of_workers.items() if not _is_alive(pid)]
            if name not in FOLDED:
                for _, path in gone:
                    path.unlink()
                continue
            number = kind.newest + 1
            dead = [path for left, path in kind.dead if left == number]
            dead += [moved for pid, path in gone if (moved := _moved(pid, path, name, number))]
            if dead:
                before = [kind.archives[kind.newest]] if kind.archives else []
                _archived(name, [*before, *dead], folder / f"{name}_archive-{number}.db")
                for path in [*before, *dead]:
                    path.unlink()
    except OSError as error:
        # All files still count as they are; they are only more than they could be.
        logger.warning("%s: files of workers that are gone stay: %s", folder, error.strerror)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    # One that has ended has an id until its parent asks for it, which the first process of a container may never do.
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return True


def _moved(pid: int, path: Path, name: str, number: int) -> Path | None:
    """The file of a worker that is gone, under its new name; None where a new worker has the same pid and the file."""
    moved = path.with_name(f"{name}_dead-{number}-{pid}.db")
    path.rename(moved)
    if _is_alive(pid) and not path.exists():
        # It began between the look and the renaming, and may have opened the file that it found.
        with suppress(FileExistsError):
            os.link(moved, path)
            moved.unlink()
            return None
    return moved


def _archived(name: str, paths: list[Path], archive: Path) -> None:
    """Add files up, and have the sum take its place at once."""
    together = FOLDED[name]
    entries: dict[str, Entry] = {}
    for path in paths:
        for key, value, at in _entries(path):
            entries[key] = together(entries[key], (value, at)) if key in entries else (value, at)
    temporary = archive.with_name(f".{archive.name}.new")
    written = MmapedDict(str(temporary))
    try:
        for key, (value, at) in entries.items():
            written.write_value(key, value, at)
    finally:
        written.close()
    temporary.rename(archive)


def _entries(path: Path) -> Iterator[tuple[str, float, float]]:
    """What a file holds; of one that breaks off, as much as can be read."""
    try:
        for key, value, at, _ in MmapedDict.read_all_values_from_file(str(path)):
            yield key, value, at
    except BROKEN as error:
        if path.stat().st_size:
            logger.warning("%s: breaks off: %s", path, error)


def _merged(paths: list[Path]) -> list[Metric]:
    # A file that a worker has opened a moment ago is empty.
    names = [str(path) for path in paths if path.stat().st_size]
    try:
        return list(merge(names))
    except BROKEN as error:
        broken = [name for name in names if not _is_sound(name)]
        logger.warning("%s: left out, broken: %s", ", ".join(broken), error)
        return list(merge([name for name in names if name not in broken]))


def _is_sound(name: str) -> bool:
    try:
        merge([name])
    except BROKEN:
        return False
    return True
