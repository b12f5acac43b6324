"""Contact sheets of a report: what the model missed in the judged window, and a few images of the run's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

import pandas as pd

from lamplighter.core.counts import counted
from lamplighter.core.numbers import number_text
from lamplighter.core.time.window import Window
from lamplighter.evidently.sheets import Key, Sheet, Shown
from lamplighter.images.decoding import content_of, decoded
from lamplighter.images.faults import ImageError
from lamplighter.images.pictures import ANSWERED, LABELLED, MISSED, Picture, as_jpeg, drawn
from lamplighter.images.working import Pixels
from storage.sources.box_columns import BoxColumns
from storage.sources.scan_spec import ScanSpec
from storage.sources.stored_images import StoredImage, boxes_acted_on, by_brightness
from tasks.stages.missed_objects import MissedObjects, missed_objects
from tasks.stages.read import Located
from tasks.stages.run_context import RunContext

MANY, SIDE = 12, 220
MANY_MISSED, SIDE_MISSED = 6, 480
"""Images of a sheet, and pixels of their longer side: what was missed is often small."""

WIDTH_MISSED = 380
"""Pixels of the page: three images in a row of a page that is 1280 wide."""


def image_sheets(context: RunContext, located: Located, where: ScanSpec) -> list[Sheet]:
    """What a report shows of the images of a run: first what was missed, then its own window.

    Parameters
    ----------
    context : RunContext
    located : Located
    where : ScanSpec
        The rows of the run's own window.

    Examples
    --------
    >>> from tasks.stages.read import read
    >>> image_sheets(context, read(context), outcome.own.pending.spec)
    []
    """
    monitor = context.monitor
    if monitor.images is None or monitor.images.path is None:
        return []
    sheets = []
    if monitor.kind.name == "detection" and monitor.labels:
        missed = missed_objects(context, located)
        sheets.append(Sheet("Missed objects", [missed]) if isinstance(missed, str) else _missed(context, missed))
    return [*sheets, *_by_brightness(context, where)]


def _missed(context: RunContext, missed: MissedObjects) -> Sheet:
    pictures = [*islice(_missed_pictures(context, missed), MANY_MISSED)]
    confidence = number_text(context.monitor.predictions.confidence or 0.0)
    keys = [
        Key("labelled, and missed: no box of its class overlaps it by half", MISSED),
        Key("labelled, and found", LABELLED),
        Key(f"found by {context.monitor.model}, with a score from {confidence} up", ANSWERED),
    ]
    return Sheet(
        f"Missed objects of {missed.window.label}",
        [*_counts(context.monitor.model, confidence, missed, len(pictures))],
        pictures,
        keys if pictures else (),
        WIDTH_MISSED,
    )


def _counts(model: str, confidence: str, missed: MissedObjects, shown: int) -> Iterator[str]:
    served = missed.served
    objects, lost = counted(len(served.was_found), "labelled object"), int((~served.was_found).sum())
    yield f"{missed.window.label} is the newest window with enough labels to be judged."
    if not len(served.was_found):
        yield "Its labels hold no object."
        return
    if not lost:
        yield f"At its confidence of {confidence}, {model} missed none of {objects}."
        return
    images = counted(int((served.objects > 0).sum()), "image")
    in_images = f"in {int((served.objects > served.found).sum()):,} of {images} with objects"
    yield f"At its confidence of {confidence}, {model} missed {lost:,} of {objects}, {in_images}."
    gone = sum(not it.file for _, it in missed.images)
    if gone:
        yield f"The files of {gone:,} of these images are no longer there."
    if shown:
        yield f"Shown{' of the others' if gone else ''}: {counted(shown, 'image')} with the most missed objects."


def _missed_pictures(context: RunContext, missed: MissedObjects) -> Iterator[Shown]:
    served = missed.served
    for number, it in missed.images:
        if (image := _pixels(it)) is None:
            continue
        own = served.image == number
        corners, was_found = served.corners[own], served.was_found[own]
        picture = Picture(
            image,
            truth=corners[was_found].tolist(),
            missed=corners[~was_found].tolist(),
            answered=served.answers.corners[served.answers.image == number].tolist(),
        )
        lost = f"{int((~was_found).sum())} of {len(was_found)} missed"
        said = [str(value) for value in missed.segments.iloc[number] if not pd.isna(value)]
        caption = ", ".join([lost, _time(context, missed.window, it), *said])
        yield Shown(as_jpeg(drawn(picture, SIDE_MISSED)), caption, _path(context, it))


def _by_brightness(context: RunContext, where: ScanSpec) -> Iterator[Sheet]:
    predictions, rows = context.monitor.predictions, context.scan(where)
    chosen = dict(by_brightness(rows, MANY))
    columns = BoxColumns.of(predictions) if predictions.boxes else None
    boxes = boxes_acted_on(rows, columns, [*chosen]) if columns else [[]] * len(chosen)
    pictures = []
    for (it, brightness), answered in zip(chosen.items(), boxes, strict=True):
        if (image := _pixels(it)) is not None:
            caption = f"{_time(context, where.window, it)}, brightness {brightness:.2f}"
            pictures.append(Shown(as_jpeg(drawn(Picture(image, answered=answered), SIDE)), caption))
    if pictures:
        keys = [Key(f"found by {context.monitor.model}", ANSWERED)] if columns else []
        yield Sheet(f"Images of {where.window.label}, from the darkest to the brightest", (), pictures, keys)


def _pixels(image: StoredImage) -> Pixels | None:
    """The pixels of an image; None of a file that is gone or broken, which a run has named."""
    try:
        return decoded(content_of(image.file)) if image.file else None
    except ImageError:
        return None


def _time(context: RunContext, window: Window, image: StoredImage) -> str:
    local = image.at.astimezone(context.window.zone)
    return f"{local:%H:%M}" if window.end - window.start <= timedelta(hours=25) else f"{local:%Y-%m-%d %H:%M}"


def _path(context: RunContext, image: StoredImage) -> str:
    images = context.monitor.images
    return "" if images is None or images.path in context.monitor.private else image.path
