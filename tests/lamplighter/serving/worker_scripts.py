"""Services of several workers, run as programs of their own: the mode is chosen when `prometheus_client` is imported.

Each prints one JSON object. The first argument names the function to run.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from prometheus_client import REGISTRY, Counter, Gauge

from lamplighter.serving import ModelInstruments, workers
from lamplighter.serving.exposition import exposed

FOLDER = Path(os.environ.get("PROMETHEUS_MULTIPROC_DIR", "."))


def scraped() -> dict[str, float]:
    """All series as Prometheus would read them, by name and labels."""
    return shown(exposed(REGISTRY).collect())


def shown(families: Iterable[Any]) -> dict[str, float]:
    """The series of some families."""
    return {
        sample.name + json.dumps(sample.labels, sort_keys=True): sample.value
        for family in families
        for sample in family.samples
    }


def in_a_child(work: Callable[..., None], *args: Any) -> int:
    """The status with which a fork ends that does some work."""
    pid = os.fork()
    if pid == 0:
        try:
            work(*args)
        finally:
            os._exit(0)
    return os.waitpid(pid, 0)[1]


def recycled() -> dict[str, Any]:
    """Fifty workers one after another, every third killed with a request in flight; a scrape after each."""
    instruments = ModelInstruments("churn", "12", classes=[0, 1])
    modes: tuple[Any, ...] = ("max", "min", "sum", "all")
    own = {mode: Gauge(f"own_{mode}", "own", multiprocess_mode=mode) for mode in modes}
    scrapes, files = [], []

    def work(number: int) -> None:
        with instruments.inference() as answered:
            answered([1] * number)
        for gauge in own.values():
            gauge.set(number)
        instruments.series.child("requests_in_flight").inc()
        if number % 3 == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for number in range(1, 51):
        in_a_child(work, number)
        scrapes.append(scraped())
        files.append(len(list(FOLDER.iterdir())))
    return {"scrapes": scrapes, "files": files, "size": sum(path.stat().st_size for path in FOLDER.iterdir())}


def killed_while_folding() -> dict[str, Any]:
    """A process that folds is killed before each of its steps in turn."""
    counter = Counter("work", "work", ["kind"])
    highest = Gauge("highest", "highest", multiprocess_mode="max")

    def work(number: int) -> None:
        counter.labels("a").inc(number)
        highest.set(number)

    for number in (1, 10, 100):
        in_a_child(work, number)
    counter.labels("b").inc(1000)
    scraped()
    for number in (2, 20):
        in_a_child(work, number)
    saved = FOLDER.with_name("saved")
    shutil.copytree(FOLDER, saved)
    found: list[list[float]] = []
    left: set[str] = set()
    for step in range(1, 200):
        for path in FOLDER.iterdir():
            if f"_{os.getpid()}." not in path.name:
                path.unlink()
        shutil.copytree(saved, FOLDER, dirs_exist_ok=True, ignore=shutil.ignore_patterns(f"*_{os.getpid()}.db"))
        status = in_a_child(fold_until, step)
        # One who cannot fold reads what is there; then another folds to the end.
        beside = shown(workers._merged(workers._counting(FOLDER)))
        after = scraped()
        names = ('work_total{"kind": "a"}', 'work_total{"kind": "b"}', "highest{}")
        found += [[read[name] for name in names] for read in (beside, after)]
        left.update(path.name for path in FOLDER.iterdir() if "dead" in path.name or path.name.endswith(".new"))
        if os.WEXITSTATUS(status) == 0:
            break
    return {"found": found, "left": sorted(left)}


def fold_until(step: int) -> None:
    """Fold, and end before a step: a change in the folder, or a value that is written."""
    Counter("other", "gives this process files of its own").inc(0)
    left = step

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            nonlocal left
            left -= 1
            if not left:
                os._exit(9)
            return function(*args)

        return call

    for place, name in ((Path, "rename"), (Path, "unlink"), (workers.MmapedDict, "write_value")):
        setattr(place, name, counted(getattr(place, name)))
    workers.fold(FOLDER)
    os._exit(0)


def broken() -> dict[str, Any]:
    """Files that are empty, cut off or nonsense cost no more than themselves."""
    counter = Counter("work", "work")
    in_a_child(counter.inc, 5)
    counter.inc(7)
    (FOLDER / "counter_999999.db").touch()
    (FOLDER / "histogram_999999.db").write_bytes(b"\xff" * 100)
    (FOLDER / f"summary_{os.getpid()}.db").write_bytes(b"\x30\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00" * 9)
    (FOLDER / ".counter_archive-7.db.new").write_bytes(b"half")
    return {"work": scraped()["work_total{}"], "files": sorted(path.name for path in FOLDER.iterdir())}


def reused() -> dict[str, Any]:
    """A process that gets the pid of one that is gone: it went on in the file, or began a new one."""
    counter = Counter("work", "work")
    counter.inc(1)
    own = os.getpid()
    path = FOLDER / f"counter_{own}.db"
    went_on = workers._moved(own, path, "counter", 1)
    counter.inc(10)
    return {"moved": went_on, "work": scraped()["work_total{}"], "exists": path.exists()}


def forked() -> dict[str, Any]:
    """A process that forks a worker after it made the instruments, with a request in flight."""
    instruments = ModelInstruments("churn", "12")
    instruments.series.child("requests_in_flight").inc()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        with instruments.inference() as answered:
            answered([1])
        os.write(writer, json.dumps(scraped()).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        printed: dict[str, Any] = json.load(pipe)
    os.waitpid(pid, 0)
    return printed


def many_classes() -> dict[str, Any]:
    """Workers one after another, each of which meets classes that none before it met."""
    instruments = ModelInstruments("churn", "12", kind="classification")

    def work(number: int) -> None:
        with instruments.inference() as answered:
            answered([f"class {number} {each}" for each in range(60)])

    for number in range(5):
        in_a_child(work, number)
    counted = {name: rows for name, rows in scraped().items() if name.startswith("inference_predicted_class_total")}
    return {"series": len(counted), "rows": sum(counted.values())}


def folder_gone() -> dict[str, Any]:
    """A worker is forked after the folder was removed."""
    instruments = ModelInstruments("churn", "12")
    shutil.rmtree(FOLDER)

    def work() -> None:
        with instruments.inference() as answered:
            answered([1])
        os._exit(7)

    return {"status": os.WEXITSTATUS(in_a_child(work))}


def unburied() -> dict[str, Any]:
    """A worker that has ended, and whose parent has not asked for it."""
    counter = Counter("work", "work")
    counter.inc(1)
    pid = os.fork()
    if pid == 0:
        counter.inc(10)
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    work = scraped()["work_total{}"]
    return {"work": work, "left": [path.name for path in FOLDER.glob(f"*_{pid}.db")]}


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]]()))
