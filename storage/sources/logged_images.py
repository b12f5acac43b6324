"""What rows say of images: the files that they name, and the statistics that a service logged beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from lamplighter.core.evaluation.images import ImageFiles
from lamplighter.core.evaluation.logged_statistics import logged_findings
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.images import BRIGHTNESS, FAULT, LIGHT, NUMERIC, REASON, Images
from lamplighter.core.quality.arrays import Floats
from lamplighter.core.records.finding import Code, Finding
from lamplighter.core.values.identity import is_text
from storage.sources.image_columns import floats_of
from storage.sources.image_files import logged_paths
from storage.sources.scan import Scan


def image_files(images: Images, rows: Scan) -> ImageFiles | None:
    """The files that rows name, with what is wrong with each; None where a run measures none.

    Examples
    --------
    >>> from lamplighter.core.monitor.images import Images
    >>> from storage.sources.predictions import predictions_of
    >>> image_files(Images(path="file"), Scan(predictions_of(project, monitor, window, context.spool)))
    """
    if images.path is None or images.path not in rows.schema or FAULT not in rows.made:
        return None
    paths, odd = paths_of(images.path, rows)
    table = rows.table([FAULT, REASON])
    return ImageFiles(paths, table[FAULT].to_pylist(), table[REASON].to_pylist(), odd)


def paths_of(column: str, rows: Scan) -> tuple[list[str | None], Counter[str]]:
    """The paths of a column, None in rows without one; and what stands there in place of a path, in how many rows.

    Examples
    --------
    >>> from storage.sources.predictions import predictions_of
    >>> paths, odd = paths_of("plan", Scan(predictions_of(project, monitor, window, context.spool)))
    >>> paths[:2], odd
    (['pro', 'pro'], Counter())
    """
    paths: list[str | None] = []
    odd: Counter[str] = Counter()
    for (values,) in rows.together([column]):
        found = logged_paths(values)
        paths += found.paths
        odd[found.odd] += sum(found.is_odd)
    return paths, +odd


def statistics_of(rows: Scan, names: Iterable[str]) -> Iterator[tuple[str, Floats]]:
    """Each of some statistics that rows have, a value for each row; NaN where a column holds no numbers.

    Examples
    --------
    >>> from storage.sources.predictions import predictions_of
    >>> rows = Scan(predictions_of(project, monitor, window, context.spool))
    >>> [(name, round(values.mean())) for name, values in statistics_of(rows, ["amount", "image_noise"])]
    [('amount', 2995)]
    """
    for name, batches in rows.columns([name for name in names if name in rows.schema]):
        held = [(floats_of(batch), len(batch)) for batch in batches]
        yield name, np.concatenate([np.full(n, np.nan) if values is None else values for values, n in held])


def logged_statistics(monitor: Monitor, rows: Scan, as_logged: Callable[[], Scan]) -> Iterator[Finding]:
    """What is wrong with the columns that a service logged of its images.

    Parameters
    ----------
    monitor : Monitor
    rows : Scan
    as_logged : callable
        Opens the same rows without their images, so that columns are as they were logged.

    Examples
    --------
    >>> from storage.sources.predictions import predictions_of
    >>> rows = Scan(predictions_of(project, monitor, window, context.spool))
    >>> [*logged_statistics(monitor, rows, lambda: rows)]
    []
    """
    if monitor.images is None:
        return
    logged = [name for name in NUMERIC if name in rows.held.types]
    if monitor.images.path is None and not logged:
        what = "nothing is known of the images: no column image_* is logged, and images.path names no files"
        cure = "log what lamplighter.images.measure returns, or name the column of paths as images.path"
        yield Finding(Code.IMAGES_UNMEASURED, "images", f"{what}; {cure}")
    elif monitor.images.path is None and LIGHT in monitor.segments and LIGHT not in rows.schema:
        what = f"segment {LIGHT!r} is made of column {BRIGHTNESS!r}, which is not logged"
        yield Finding(Code.COLUMN_MISSING, LIGHT, f"{what}; log it, or name the column of paths as images.path")
    for name, batches in as_logged().columns(logged) if logged else ():
        values = []
        for batch in batches:
            floats = floats_of(batch)
            if floats is None:
                held = "text" if is_text(batch.type) else batch.type
                yield Finding(Code.TYPE_CHANGED, name, f"column {name!r} holds {held}, not numbers; restore its type")
                break
            values.append(floats)
        else:
            yield from logged_findings(name, np.concatenate(values or [np.empty(0)]))
