"""What the images of a window came to: the mean of each statistic, shares of poor ones, and files that are absent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lamplighter.core.counts import counted
from lamplighter.core.monitor.images import Images
from lamplighter.core.quality.arrays import Bools, Floats
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.quality.intervals import Interval, student, wilson
from lamplighter.core.records.catalogue import METRICS
from lamplighter.core.records.finding import Code, Finding
from lamplighter.core.records.image_faults import ABSENT, OUTSIDE, FaultCode
from lamplighter.core.records.image_statistics import PRESETS
from lamplighter.core.records.measurement import Measurement
from lamplighter.errors import shortened

NO_IMAGE = "no image has a value of it"

MOST_NAMED = 3
"""Files that a message names."""

LONGEST_PATH = 200
"""Signs of a path that a message shows."""

POOR: Mapping[str, tuple[str, float]] = {
    "image_dark_ratio": ("image_luminance_p95", 0.2),
    "image_blurred_ratio": ("image_sharpness", 0.06),
    **{row.ratio: (row.score, row.threshold) for row in PRESETS.values()},
}
"""Images below a statistic's value are poor, whatever the camera: 95 % of the pixels are darker than a fifth of white;
edges are four pixels wide, at which a person sees no text or face. Where CleanVision's presets are named, those that it
would report."""

COVERED = 0.25
"""Share of the tiles from which on an image is occluded: a quarter of the view."""


def mean_measurements(name: str, values: Floats, groupings: Sequence[Grouping]) -> Iterator[Measurement]:
    """The mean of a statistic over the images, and over those of each segment.

    Parameters
    ----------
    name : str
        Of the statistic.
    values : array of shape (n_images,)
        NaN where it is undefined.
    groupings : sequence of Grouping

    Examples
    --------
    >>> groupings = [Grouping.overall(3), Grouping.of("camera", ["north", "south", "north"])]
    >>> found = mean_measurements("image_brightness", np.array([0.5, 0.1, 0.3]), groupings)
    >>> [(it.segment, it.value, it.n) for it in found]
    [('', 0.3, 3), ('camera=north', 0.4, 2), ('camera=south', 0.1, 1)]
    """
    metric, known = METRICS[name], np.isfinite(values)
    lowest = -np.inf if metric.lower is None else metric.lower
    highest = np.inf if metric.upper is None else metric.upper
    for every in groupings:
        grouping, seen = every.rows(known), values[known]
        value = grouping.mean(seen)
        error = np.sqrt(grouping.variance(seen) / np.maximum(grouping.count, 1))
        interval = student(value, error, grouping.count, lowest, highest)
        yield from _measurements(name, grouping, value, interval)


def share_measurements(
    name: str, is_poor: Bools, known: Bools, groupings: Sequence[Grouping], klass: str = ""
) -> Iterator[Measurement]:
    """The share of images that are something, of those of which it is known.

    Examples
    --------
    >>> poor, known = np.array([True, False, False]), np.array([True, True, False])
    >>> [(it.value, it.n) for it in share_measurements("image_dark_ratio", poor, known, [Grouping.overall(3)])]
    [(0.5, 2)]
    """
    for every in groupings:
        grouping, seen = every.rows(known), is_poor[known].astype(float)
        total = grouping.total(seen)
        yield from _measurements(name, grouping, grouping.mean(seen), wilson(total, grouping.count), klass)


def _measurements(
    name: str, grouping: Grouping, values: Floats, interval: Interval, klass: str = ""
) -> Iterator[Measurement]:
    lower, upper = interval
    for i, segment in enumerate(grouping.names):
        n = int(grouping.count[i])
        if not n:
            yield Measurement(metric=name, segment=segment, klass=klass, reason=NO_IMAGE)
            continue
        bounds = (float(lower[i]), float(upper[i])) if np.isfinite(lower[i] + upper[i]) else (None, None)
        yield Measurement(
            metric=name, segment=segment, klass=klass, value=float(values[i]), n=n, lower=bounds[0], upper=bounds[1]
        )


def poor_measurements(values: Mapping[str, Floats], groupings: Sequence[Grouping]) -> Iterator[Measurement]:
    """The shares of dark, blurred and occluded images, by the statistics that are there.

    Examples
    --------
    >>> values = {"image_luminance_p95": np.array([0.1, 0.9])}
    >>> [(it.metric, it.value) for it in poor_measurements(values, [Grouping.overall(2)])]
    [('image_dark_ratio', 0.5)]
    """
    for name, (statistic, limit) in POOR.items():
        if statistic in values:
            seen = values[statistic]
            yield from share_measurements(name, seen < limit, np.isfinite(seen), groupings)
    opaque, transparent = (values.get(f"image_{kind}_ratio") for kind in ("opaque", "transparent"))
    if opaque is not None and transparent is not None:
        covered = opaque + transparent
        yield from share_measurements("image_occluded_ratio", covered >= COVERED, np.isfinite(covered), groupings)


def file_measurements(faults: Sequence[str | None], groupings: Sequence[Grouping]) -> Iterator[Measurement]:
    """The images whose file is not there, and the share of the others that cannot be read.

    Examples
    --------
    >>> found = file_measurements(["missing", None, "truncated"], [Grouping.overall(3)])
    >>> [(it.metric, it.value, it.n) for it in found]
    [('images_missing', 1.0, 3), ('images_unreadable_ratio', 0.5, 2)]
    """
    absent = np.array([fault in ABSENT for fault in faults], bool)
    broken = np.array([fault is not None for fault in faults], bool) & ~absent
    for grouping in groupings:
        total = grouping.total(absent.astype(float))
        for segment, count, n in zip(grouping.names, total, grouping.count, strict=True):
            yield Measurement(metric="images_missing", segment=segment, value=float(count), n=int(n))
    yield from share_measurements("images_unreadable_ratio", broken, ~absent, groupings)


@dataclass(frozen=True, slots=True)
class ImageFiles:
    """What is known of the files of images, row by row.

    Attributes
    ----------
    paths : sequence of str or None
        None of a row without one.
    faults : sequence of str or None
        Names of faults; None of an image that was measured.
    reasons : sequence of str or None
        What is wrong as a sentence, and what would be right; empty where nothing is said.
    odd : mapping of str to int
        What stands in place of paths, and in how many rows.
    """

    paths: Sequence[str | None]
    faults: Sequence[str | None]
    reasons: Sequence[str | None] = ()
    odd: Mapping[str, int] = field(default_factory=dict)


def file_findings(images: Images, files: ImageFiles) -> Iterator[Finding]:
    """Files that are not there, that may not be read, that cannot be read, and that stand in several rows.

    Examples
    --------
    >>> faults = [None, "missing", "outside", "truncated"]
    >>> for it in file_findings(Images(path="file"), ImageFiles(["a.jpg", None, "/etc/x", "b.jpg"], faults)):
    ...     print(it.message)
    1 of 4 rows has no path in column 'file'; log one
    1 of 4 images lies outside the folder of images, such as /etc/x; log paths below it
    1 of 4 images cannot be read, such as b.jpg (truncated); see how it is stored
    """
    found = [*_file_findings(images, files)]
    if files.faults and all(files.faults):
        # Nothing is known of the images of the window: what most of them lack says it.
        worst, _ = max(found, key=lambda it: it[1])
        yield Finding(Code.IMAGES_UNMEASURED, worst.subject, worst.message)
    else:
        yield from (finding for finding, _ in found)


def unjudged_findings(files: ImageFiles, scores: Mapping[str, Floats]) -> Iterator[Finding]:
    """Images that were measured before a preset was named, and whose files have gone since.

    Parameters
    ----------
    files : ImageFiles
    scores : mapping of str to array of shape (n_images,)
        By the name of the preset; a file that can be read has each.

    Examples
    --------
    >>> scores = {"dark": np.array([0.1, np.nan, np.nan]), "blurry": np.array([0.4, 0.5, np.nan])}
    >>> files = ImageFiles(["a.jpg", "b.jpg", "c.jpg"], [None, None, "missing"])
    >>> for it in unjudged_findings(files, scores):
    ...     print(it.message)
    1 of 3 images was measured before images.cleanvision named dark, and is gone, such as b.jpg; store it again
    """
    readable = np.array([bool(path) and not fault for path, fault in zip(files.paths, files.faults, strict=True)], bool)
    lacking = {name: readable & ~np.isfinite(values) for name, values in scores.items()}
    if rows := np.flatnonzero(np.any([*lacking.values()], axis=0)).tolist():
        named = ", ".join(name for name, lacks in lacking.items() if lacks.any())
        was, have, them = ("was", "is", "it") if len(rows) == 1 else ("were", "are", "them")
        what = f"{_of(len(rows), len(files.paths), 'image')} {was} measured before images.cleanvision named {named}"
        message = f"{what}, and {have} gone, such as {_named(files, rows)}; store {them} again"
        yield Finding(Code.IMAGES_MISSING, "images.cleanvision", message)


def _file_findings(images: Images, files: ImageFiles) -> Iterator[tuple[Finding, int]]:
    """Each finding, and of how many rows it is: the metrics count rows too."""
    column, whole = images.path or "", len(files.paths)
    by_fault: dict[str, list[int]] = {}
    for row, (path, fault) in enumerate(zip(files.paths, files.faults, strict=True)):
        if path and fault:
            by_fault.setdefault(fault if fault in ABSENT else "", []).append(row)
    for held, count in files.odd.items():
        yield Finding(Code.IMAGES_MISSING, column, no_paths(column, held, count, whole)), count
    if nameless := sum(not path for path in files.paths) - sum(files.odd.values()):
        what = f"{_of(nameless, whole, 'row')} {'has' if nameless == 1 else 'have'} no path in column {column!r}"
        yield Finding(Code.IMAGES_MISSING, column, f"{what}; log one"), nameless
    if absent := by_fault.get(FaultCode.MISSING):
        folder = images.folder or "the project's folder"
        what = f"{_of(len(absent), whole, 'image')} {_are(absent)} not in {folder}, such as {_named(files, absent)}"
        urls = sum("://" in (files.paths[row] or "") for row in absent)
        cures = ["store them, or correct images.folder"] if urls < len(absent) else []
        cures += ["URLs are not fetched: log paths of stored files"] if urls else []
        yield Finding(Code.IMAGES_MISSING, folder, f"{what}; {'; '.join(cures)}"), len(absent)
    if outside := by_fault.get(OUTSIDE):
        lie = "lies" if len(outside) == 1 else "lie"
        named = _named(files, outside)
        what = f"{_of(len(outside), whole, 'image')} {lie} outside the folder of images, such as {named}"
        yield Finding(Code.IMAGES_OUTSIDE, column, f"{what}; log paths below it"), len(outside)
    if broken := by_fault.get(""):
        what = f"{_of(len(broken), whole, 'image')} cannot be read, such as {_explained(files, broken)}"
        yield Finding(Code.IMAGES_UNREADABLE, column, what), len(broken)
    repeated = [path for path, count in Counter(path for path in files.paths if path).items() if count > 1]
    if repeated:
        named = _shown(repeated)
        what = f"{counted(len(repeated), 'image stands', 'images stand')} in several rows, such as {named}"
        yield Finding(Code.IMAGES_REPEATED, column, f"{what}; log each once"), 0


def _explained(files: ImageFiles, rows: Sequence[int]) -> str:
    """One file of each kind of fault, with what is wrong with it; without a sentence, a few files."""
    first: dict[str | None, int] = {}
    for row in rows:
        first.setdefault(files.faults[row], row)
    said = {row: files.reasons[row] for row in first.values() if files.reasons and files.reasons[row]}
    if said:
        named = [f"{_shown([files.paths[row]])} ({files.faults[row]}: {why})" for row, why in said.items()]
        return ", ".join(named[:MOST_NAMED])
    distinct = {files.paths[row]: files.faults[row] for row in rows}
    named = [f"{_shown([path])} ({fault})" for path, fault in distinct.items()]
    return f"{', '.join(named[:MOST_NAMED])}; see how {'it is' if len(rows) == 1 else 'they are'} stored"


def no_paths(column: str, held: str, count: int, whole: int) -> str:
    """That some rows hold something else than a path.

    Examples
    --------
    >>> no_paths("file", "list<item: string>", 2, 1200)
    "column 'file' holds list<item: string> in 2 of 1,200 rows, and no path; log the path of each image as text"
    """
    what = f"column {column!r} holds {held} in {count:,} of {counted(whole, 'row')}, and no path"
    return f"{what}; log the path of each image as text"


def _of(count: int, whole: int, what: str) -> str:
    return f"{count} of {counted(whole, what)}"


def _are(found: Sequence[int]) -> str:
    return "is" if len(found) == 1 else "are"


def _named(files: ImageFiles, rows: Sequence[int]) -> str:
    return _shown([*dict.fromkeys(files.paths[row] for row in rows)])


def _shown(paths: Sequence[str | None]) -> str:
    return ", ".join(shortened(path or "", LONGEST_PATH) for path in paths[:MOST_NAMED])
