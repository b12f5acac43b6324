"""Images: what the files of a window's images came to, overall and by segment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lamplighter.core.evaluation.covered_tiles import covered_findings, tile_measurements
from lamplighter.core.evaluation.images import POOR, file_findings, files, means, poor_shares, unjudged_findings
from lamplighter.core.evaluation.labelled import class_labels
from lamplighter.core.monitor.images import BRIGHTNESS, FAULT, NUMERIC, SEGMENTS, TILE
from lamplighter.core.quality.arrays import Floats
from lamplighter.core.quality.grouping import Grouping
from lamplighter.core.records.finding import Finding
from lamplighter.core.records.image_statistics import PRESETS
from lamplighter.core.records.measurement import Measurement
from storage.history.covered_tiles import covered_before
from storage.profiles.build import as_floats
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
    findings: list[Finding] = []
    if FAULT in rows.schema and monitor.images.path:
        table = rows.table([monitor.images.path, FAULT])
        paths, faults = (table[name].to_pylist() for name in (monitor.images.path, FAULT))
        measured += files(faults, groupings)
        findings += file_findings(monitor.images, paths, faults)
    kept: dict[str, Floats] = {}
    present = [name for name in NUMERIC if name in rows.schema]
    for name, batches in rows.columns(present):
        values = np.concatenate([as_floats(batch) for batch in batches])
        measured += means(name, values, groupings)
        if name in OF_SHARES:
            kept[name] = values
    measured += poor_shares(kept, groupings)
    if FAULT in rows.schema and monitor.images.path:
        judged: dict[str, str] = {name: PRESETS[name].score for name in monitor.images.cleanvision}
        scores = {name: kept[score] for name, score in judged.items() if score in rows.made}
        findings += unjudged_findings(paths, faults, scores)
    if TILE in rows.schema and BRIGHTNESS in kept:
        tiles = rows.table([TILE])[TILE].to_pylist()
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
