"""What a run would find of the boxes that a detector logged."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pandas as pd

from lamplighter.core.evaluation.box_faults import merged, side_faults
from lamplighter.core.evaluation.kinds.detection import boxes_of
from lamplighter.core.hints import did_you_mean
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.soundness import Problem
from lamplighter.core.records.catalogue import OF_TILES
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


def unknown_classes(monitor: Monitor, y_true: pd.Series[Any], y_pred: pd.Series[Any]) -> Iterator[Problem]:
    """Checks of classes that the labelled images hold neither as an object nor as a detection.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from lamplighter.core.monitor import parse
    >>> from lamplighter.core.values.boxes import packed
    >>> from storage.sources.boxes import as_series
    >>> images = as_series(packed(pa.array([[[0, 0, 9, 9]]]), pa.array([["car"]])))
    >>> predictions = "{parquet: p, time: t, id: i, prediction: b, classes: c, score: s, confidence: 0.25}"
    >>> more = "labels: {parquet: l, target: b, classes: c}, checks: [{metric: ap50, class: cra, below: 0.5}]"
    >>> text = f"{{model: m, kind: detection, predictions: {predictions}, {more}}}"
    >>> monitor = parse("m.yaml", text, environ={})
    >>> [problem.message for problem in unknown_classes(monitor, images, images)]
    ["class 'cra' does not occur in the labelled images that were looked at; did you mean 'car'? known: car"]
    """
    if monitor.kind.compared_as != "boxes":
        return
    sides = boxes_of(y_true), boxes_of(y_pred)
    known = {side.names[code] for side in sides for code in np.unique(side.klass[side.klass >= 0])}
    for i, check in enumerate(monitor.checks):
        if known and check.klass and check.klass not in known and check.metric not in OF_TILES:
            # A rare class may be absent from one window.
            what = f"class {check.klass!r} does not occur in the labelled images that were looked at"
            yield Problem(("checks", i, "class"), f"{what}; {did_you_mean(check.klass, sorted(known))}", True)
