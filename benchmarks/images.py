"""How fast images are measured, beside decoding the same files and beside CleanVision.

Images of 640 x 640 pixels are made from a seed: surfaces as rough as those of photographs, with objects, edges and the
noise of a sensor, stored as JPEG of 0.4 to 0.5 bytes a pixel. Each way goes over all of them on all cores, the ways in
turn, several times; a figure is the median. Decoding alone is what anybody would write: threads, since OpenCV lets
other threads run. `of_decoding` is the rate over that of decoding in colours, in time and in time of the processors;
what else the machine does moves the second less. CleanVision, of the extra `vision`, runs with its own statistics. The
last line is JSON.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from lamplighter.images import measure_bytes, measure_files
from lamplighter.images.decoding import content_of

SIDE = 640
SURFACES = 12
"""Surfaces that the images are cut from: making one takes as long as measuring twenty images."""

QUALITY = 90
DECODING = "decode, colours"

Fraction = npt.NDArray[np.float64]


def surface(random: np.random.Generator, side: int = SIDE) -> Fraction:
    """A field whose power falls with the frequency as that of photographs does, of mean 0 and deviation 1."""
    squared = np.fft.fftfreq(side)[:, None] ** 2 + np.fft.rfftfreq(side)[None] ** 2
    squared[0, 0] = 1.0
    waves = random.normal(size=squared.shape) + 1j * random.normal(size=squared.shape)
    field = np.fft.irfft2(waves / squared**0.55, s=(side, side))
    return np.asarray((field - field.mean()) / field.std())


def picture(random: np.random.Generator, surfaces: Sequence[Fraction]) -> npt.NDArray[np.uint8]:
    """One image, blue first: a surface with a tint, a dozen objects, and noise."""
    chosen = [
        np.roll(surfaces[index], random.integers(0, SIDE, 2), (0, 1)) for index in random.integers(0, SURFACES, 4)
    ]
    image = np.stack([chosen[0] * 0.9 + tint * 0.2 for tint in chosen[1:]], axis=-1) * 45 + random.uniform(70, 150)
    for _ in range(12):
        (row, column), (high, wide) = random.integers(0, SIDE - 80, 2), random.integers(20, 200, 2)
        part = image[row : row + high, column : column + wide]
        part *= 0.4
        part += random.integers(0, 150, 3)
    image += random.normal(0, 4, image.shape)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def store(folder: Path, count: int, seed: int = 0) -> list[str]:
    """Write images and return their paths."""
    random = np.random.default_rng(seed)
    surfaces = [surface(random) for _ in range(SURFACES)]
    paths = [str(folder / f"{index:04}.jpg") for index in range(count)]
    for path in paths:
        cv2.imwrite(path, picture(random, surfaces), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return paths


def in_threads(one: Callable[[str], Any]) -> Callable[[Sequence[str]], None]:
    """Go over files by as many threads as there are cores."""

    def over(paths: Sequence[str]) -> None:
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            for _ in pool.map(one, paths):
                pass

    return over


def decode(how: int) -> Callable[[str], Any]:
    """Decode a file and keep nothing."""
    return lambda path: cv2.imdecode(np.fromfile(path, np.uint8), how)


def by_processes(paths: Sequence[str]) -> None:
    """What a run does."""
    for found in measure_files(paths):
        assert isinstance(found, dict), found


def by_presets(paths: Sequence[str]) -> None:
    """What a run does whose monitor names CleanVision's dark, light and blurry."""
    for found in measure_files(paths, cleanvision=["dark", "light", "blurry"]):
        assert isinstance(found, dict), found


def by_cleanvision(paths: Sequence[str]) -> None:
    """CleanVision's statistics of single images, on all cores, without its messages."""
    from cleanvision import Imagelab

    lab = Imagelab(filepaths=list(paths))
    names = ("dark", "light", "blurry", "low_information", "odd_aspect_ratio", "odd_size", "grayscale")
    lab.find_issues({name: {} for name in names}, n_jobs=len(os.sched_getaffinity(0)), verbose=False)


def ways() -> Iterator[tuple[str, Callable[[Sequence[str]], None], int]]:
    """Names, what is measured, and over which share of the files: one in so many."""
    yield DECODING, in_threads(decode(cv2.IMREAD_COLOR)), 1
    yield "decode, grey", in_threads(decode(cv2.IMREAD_GRAYSCALE)), 1
    yield "measure_files", by_processes, 1
    yield "measure_files with presets", by_presets, 1
    yield "measure_bytes in threads", in_threads(lambda path: measure_bytes(content_of(path))), 1
    if importlib.util.find_spec("cleanvision"):
        yield "CleanVision", by_cleanvision, 8
    else:
        print("CleanVision is left out: it is not installed; run `make setup-vision`")


def processor_seconds() -> float:
    """Of this process and of those that it started and that have ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def timed(way: Callable[[Sequence[str]], None], paths: Sequence[str]) -> tuple[float, float]:
    """Images a second, and milliseconds of the processors an image."""
    spent, begun = processor_seconds(), time.perf_counter()
    way(paths)
    seconds, spent = time.perf_counter() - begun, processor_seconds() - spent
    return len(paths) / seconds, spent / len(paths) * 1000


def main() -> None:
    """Measure, print a line for each way, and JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, default=400, help="default %(default)s")
    parser.add_argument("--passes", type=int, default=8, help="how often a way goes over them; default %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="default %(default)s")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    known = list(ways())
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name, *_ in known}
    with tempfile.TemporaryDirectory() as name:
        paths = store(Path(name), arguments.files)
        size = statistics.mean(Path(path).stat().st_size for path in paths)
        for _ in range(arguments.rounds):
            for name, way, share in known:
                taken[name].append(timed(way, paths[::share] if share > 1 else paths * arguments.passes))
    print(f"{arguments.files} files of {size / 1000:.0f} kB; {len(os.sched_getaffinity(0))} cores")
    print(f"{'images/s':>9} {'CPU ms':>7} {'of decoding':>12} {'by CPU':>7}")
    rows = [_row(name, taken) for name in taken]
    for row in rows:
        share, by_cpu = row["of_decoding"], row["of_decoding_by_cpu"]
        print(f"{row['rate']:9.0f} {row['cpu_ms']:7.2f} {share:12.2f} {by_cpu:7.2f}  {row['way']}")
    print(json.dumps({"files": arguments.files, "bytes": round(size), "ways": rows}))


def _row(name: str, taken: dict[str, list[tuple[float, float]]]) -> dict[str, Any]:
    """Medians; of ratios that of the rounds, in each of which both were measured one after the other."""
    pairs = list(zip(taken[name], taken[DECODING], strict=True))
    return {
        "way": name,
        "rate": round(statistics.median(rate for rate, _ in taken[name]), 1),
        "cpu_ms": round(statistics.median(spent for _, spent in taken[name]), 3),
        "of_decoding": round(statistics.median(ours[0] / theirs[0] for ours, theirs in pairs), 3),
        "of_decoding_by_cpu": round(statistics.median(theirs[1] / ours[1] for ours, theirs in pairs), 3),
    }


if __name__ == "__main__":
    main()
