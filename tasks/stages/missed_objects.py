"""Missed objects: the images of the judged window in which the model missed most of what was labelled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lamplighter.core.evaluation.kinds.detection import ServedObjects, served_objects
from lamplighter.core.time.window import Window
from lamplighter.errors import SourceError
from storage.history.windows import window_states
from storage.labelling.join import LabelIndex, Seen, Truth, truths_of
from storage.sources.labels import labels_arrived
from storage.sources.predictions import predictions_of
from storage.sources.scan import Scan
from storage.sources.stored_images import StoredImage, stored_images
from tasks.stages.evaluate import labelled_rows
from tasks.stages.read import Located
from tasks.stages.run_context import RunContext


@dataclass(frozen=True, eq=False)
class MissedObjects:
    """The labelled images of a window, and what the model missed in them.

    Attributes
    ----------
    window : Window
    served : ServedObjects
        Of the labelled images.
    images : list of (int, StoredImage)
        Number and file of each labelled image in which an object was missed, those with the most first.
    segments : DataFrame
        What the log says of each labelled image, such as its camera.
    """

    window: Window
    served: ServedObjects
    images: list[tuple[int, StoredImage]]
    segments: pd.DataFrame


def missed_objects(context: RunContext, located: Located) -> MissedObjects | str:
    """What the model missed in the judged window, whose quality the report shows; or why that is not known."""
    window = context.judged_window()
    if window is None:
        return "No window has enough labels yet to show which objects were missed."
    try:
        rows, truth = _truth(context, located, window)
    except SourceError:
        # The run has named it.
        return f"Predictions or labels of {window.label} cannot be read now, so missed objects are not shown."
    if not rows.count:
        return f"The predictions of {window.label} are no longer there, so missed objects are not shown."
    if truth.labelled.empty:
        return f"No label has come of an image of {window.label}, so missed objects are not known."
    if not truth.comparable:
        return f"A column that quality needs is missing in {window.label}, so missed objects are not known."
    served = served_objects(labelled_rows(context.monitor, truth, ()), context.monitor)
    missed = served.objects - served.found
    order = np.argsort(-missed, kind="stable")[: int((missed > 0).sum())]
    images = stored_images(rows, truth.labelled.index.to_numpy()[order].tolist())
    # The time and the picture show the hour and the light that a run makes.
    names = [name for name in context.monitor.segments if name in rows.schema and name not in rows.made]
    return MissedObjects(window, served, [*zip(order.tolist(), images, strict=False)], truth.labelled[names])


def _truth(context: RunContext, located: Located, window: Window) -> tuple[Scan, Truth]:
    """The rows of a window, and the labels that count for it, as the run that recorded its quality had them."""
    monitor, project = context.monitor, context.project
    known = window_states(context.history, context.window, context.known_on).get(window.start)
    at_hand = (it.spec for it in located.windows if it.window == window)
    spec = next(at_hand, None) or predictions_of(project, monitor, window, context.spool)
    rows = context.scan(spec)
    arrived = labels_arrived(project, monitor, window.start, context.now, context.spool / "sheet", [rows])
    index = LabelIndex.of(arrived, monitor.predictions.id) if arrived else None
    seen = Seen(rows, known.relabelled_until if known else None)
    return rows, next(truths_of([seen], monitor, index))
