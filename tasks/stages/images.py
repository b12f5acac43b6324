"""Images: what the files of a window's images came to, overall and by segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lamplighter.core.evaluation.covered_tiles import covered_findings, tile_measurements
from lamplighter.core.evaluation.images import (
    POOR,
    file_findings,
    file_measurements,
    mean_measurements,
    poor_measurements,
    unjudged_findings,
)
from lamplighter.core.evaluation.labelled import class_labels
from lamplighter.core.monitor.images import BRIGHTNESS, NUMERIC, SEGMENTS, TILE
from lamplighter.core.quality.arrays import Floats
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.records.finding import Finding
from lamplighter.core.records.image_statistics import PRESETS
from lamplighter.core.records.measurement import Measurement
from storage.history.covered_tiles import covered_before
from storage.sources.logged_images import image_files, logged_statistics, statistics_of
from storage.sources.scan import Scan, ScanSpec
from tasks.stages.run_context import RunContext

OF_SHARES = frozenset(
    {BRIGHTNESS, *(statistic for statistic, _ in POOR.values()), "image_opaque_ratio", "image_transparent_ratio"}
)


def measure_images(context: RunContext, where: ScanSpec) -> tuple[list[Measurement], list[Finding]]:
    """The measurements of the images of a window, and what is wrong with their files; none without images.

    Examples
    --------
    >>> from tasks.stages.read import read
    >>> measure_images(context, read(context).windows[0].spec)
    ([], [])
    """
    monitor, rows = context.monitor, context.scan(where)
    if monitor.images is None or not rows.count:
        return [], []
    groupings = _groupings(rows, monitor.segments)
    measured: list[Measurement] = []
    findings = [*logged_statistics(monitor, rows, lambda: context.scan(replace(where, images=None)))]
    files = image_files(monitor.images, rows)
    if files:
        measured += file_measurements(files.faults, groupings)
        findings += file_findings(monitor.images, files)
    kept: dict[str, Floats] = {}
    for name, values in statistics_of(rows, NUMERIC):
        measured += mean_measurements(name, values, groupings)
        if name in OF_SHARES:
            kept[name] = values
    measured += poor_measurements(kept, groupings)
    if files:
        judged: dict[str, str] = {name: PRESETS[name].score for name in monitor.images.cleanvision}
        findings += unjudged_findings(files, {name: kept[it] for name, it in judged.items() if it in rows.made})
    if TILE in rows.schema and BRIGHTNESS in kept:
        tiles = [tile if isinstance(tile, str) else None for tile in rows.table([TILE])[TILE].to_pylist()]
        of_tiles = [*tile_measurements(tiles, kept[BRIGHTNESS], _of_cameras(groupings))]
        findings += covered_findings(of_tiles, covered_before(context.history, where.window, context.known_on))
        measured += of_tiles
    return measured, findings


def _of_cameras(groupings: Sequence[Grouping]) -> list[Grouping]:
    """The cuts that a camera may be: declared segments but for those that a run makes, or all images where none is."""
    made = tuple(f"{name}=" for name in SEGMENTS)
    found = [it for it in groupings[1:] if not it.names[0].startswith(made)]
    return found or [*groupings[:1]]


def _groupings(rows: Scan, segments: Sequence[str]) -> list[Grouping]:
    """All images, and the cuts by each declared segment."""
    names = [name for name in segments if name in rows.schema]
    frame = rows.frame(names, names)
    return [
        Grouping.overall(rows.count),
        *(Grouping.of(name, class_labels(frame[name])) for name in names),
    ]
