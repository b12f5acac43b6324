"""What a run would find of the boxes that a detector logged."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from lamplighter.core.evaluation.box_faults import merged, side_faults
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.soundness import Problem
from lamplighter.core.records.finding import Code
from lamplighter.core.values.boxes import Boxes
from storage.sources.box_columns import BoxColumns
from storage.sources.boxes import packed_boxes
from storage.sources.scan import Scan

SHOWN_AT = {Code.SCORES_OUTSIDE: ("predictions", "score")}
"""The key at which a fault is shown; others at that of the boxes."""


def box_problems(monitor: Monitor, rows: Scan, wrong: Collection[tuple[str | int, ...]]) -> Iterator[Problem]:
    """Lists of different lengths, boxes that are none, scores in percent; a run measures the others.

    Parameters
    ----------
    monitor : Monitor
    rows : Scan
    wrong : collection of places
        Keys of which a fault is known already.

    Examples
    --------
    >>> from storage.sources.predictions import predictions_of
    >>> [*box_problems(monitor, Scan(predictions_of(project, monitor, window, context.spool)), ())]
    []
    """
    columns = [*monitor.predictions.boxes]
    if not columns or wrong or any(name not in rows.schema for name in columns):
        return
    boxes = Boxes.of(packed_boxes(rows, BoxColumns.of(monitor.predictions)))
    for code, message in merged(side_faults(boxes, columns, frozenset(monitor.private))):
        yield Problem(SHOWN_AT.get(code, ("predictions", "prediction")), message, True)
