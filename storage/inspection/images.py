"""What a run would stumble over in the images of a model: their folder, their paths, and what measures them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from lamplighter.core.counts import counted
from lamplighter.core.evaluation.images import LONGEST_PATH, no_paths
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.soundness import Problem
from lamplighter.core.records.image_faults import OUTSIDE
from lamplighter.errors import LamplighterError, shortened
from storage.project.folder import Project
from storage.sources.logged_images import logged_statistics, paths_of
from storage.sources.predictions import images_of
from storage.sources.scan import Scan
from storage.sources.scan_spec import ImageSpec

LOOKED_AT = 20
"""Images of the newest rows that are looked for: enough to see that a folder or a path is meant otherwise."""

MOST_SHOWN = 3
"""Columns of statistics whose faults are shown."""


def image_problems(project: Project, monitor: Monitor, rows: Scan) -> Iterator[Problem]:
    """What is wrong with the images of some rows; nothing where a monitor has none, or its service measured them.

    Examples
    --------
    >>> from storage.sources.predictions import predictions_of
    >>> [*image_problems(project, monitor, Scan(predictions_of(project, monitor, window, context.spool)))]
    []
    """
    if monitor.images is None:
        return
    found = [*logged_statistics(monitor, rows, lambda: Scan(replace(rows.spec, images=None)))] if rows.count else []
    if found:
        shown = [it.message for it in found[:MOST_SHOWN]]
        more = [f"{len(found) - MOST_SHOWN} more such columns"] if len(found) > MOST_SHOWN else []
        yield Problem(("images",), "; and ".join(shown + more))
    places = images_of(project, monitor)
    if places is not None and monitor.images.path is not None and monitor.images.path in rows.schema:
        yield from _file_problems(places, monitor.images.path, rows)


def _file_problems(places: ImageSpec, column: str, rows: Scan) -> Iterator[Problem]:
    """What is wrong with the folder, and with the paths of the column."""
    # OpenCV is an extra: what has no images does without it.
    from lamplighter.images.opencv import opencv
    from storage.sources.measured_images import MeasuredImages, Unopened

    try:
        opencv()
    except LamplighterError as error:
        yield Problem(("images",), str(error))
    if not places.folder.is_dir():
        yield Problem(("images", "folder"), f"there is no folder {places.folder}; name the one of the images")
        return
    paths, odd = paths_of(column, rows)
    for held, count in odd.items():
        yield Problem(("images", "path"), no_paths(column, held, count, len(paths)))
    looked_at = [*islice(filter(None, paths), LOOKED_AT)]
    if paths and not looked_at and not odd:
        what = f"column {column!r} has no path in any of {counted(len(paths), 'row')}"
        yield Problem(("images", "path"), f"{what}; log the path of each image")
    stamps = [MeasuredImages(places.folder, places.kept).stamp(path) for path in looked_at]
    unopened = [stamp for stamp in stamps if isinstance(stamp, Unopened)]
    if looked_at and len(unopened) == len(looked_at):
        where = "lies in" if OUTSIDE in {it.fault for it in unopened} else "is in"
        first = shortened(looked_at[0], LONGEST_PATH)
        said = f" ({unopened[0].reason})" if unopened[0].reason else ""
        what = (
            f"none of the {counted(len(looked_at), 'image')} looked at {where} {places.folder}, such as {first}{said}"
        )
        yield Problem(("images", "path"), f"{what}; correct images.folder, or what the service logs")
