"""What a run would stumble over in the images of a model: their folder, their paths, and what measures them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from lamplighter.core.counts import counted
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.images import OUTSIDE
from lamplighter.core.monitor.soundness import Problem
from lamplighter.errors import LamplighterError
from storage.project.folder import Project
from storage.sources.predictions import images_of
from storage.sources.scan import Scan

LOOKED_AT = 20
"""Images of the newest rows that are looked for: enough to see that a folder or a path is meant otherwise."""


def image_problems(project: Project, monitor: Monitor, rows: Scan) -> Iterator[Problem]:
    """What is wrong with the images of some rows; nothing where a monitor has none, or its service measured them.

    Examples
    --------
    >>> from storage.sources.predictions import predictions_of
    >>> [*image_problems(project, monitor, Scan(predictions_of(project, monitor, window, context.spool)))]
    []
    """
    images, places = monitor.images, images_of(project, monitor)
    if images is None or places is None or images.path is None or images.path not in rows.schema:
        return
    # OpenCV is an extra: what has no images does without it.
    from lamplighter.images.opencv import opencv
    from storage.sources.measured_images import MeasuredImages

    try:
        opencv()
    except LamplighterError as error:
        yield Problem(("images",), str(error))
    if not places.folder.is_dir():
        yield Problem(("images", "folder"), f"there is no folder {places.folder}; name the one of the images")
        return
    paths = (path for _, batches in rows.columns([images.path]) for batch in batches for path in batch.to_pylist())
    looked_at = [*islice((str(path) for path in paths if path), LOOKED_AT)]
    stamps = [MeasuredImages(places.folder, places.kept).stamp(path) for path in looked_at]
    if looked_at and all(isinstance(stamp, str) for stamp in stamps):
        where = "lies in" if OUTSIDE in stamps else "is in"
        what = (
            f"none of the {counted(len(looked_at), 'image')} looked at {where} {places.folder}, such as {looked_at[0]}"
        )
        yield Problem(("images", "path"), f"{what}; correct images.folder, or what the service logs")
