"""Contact sheets of a report: a few images of the window, with what the model found."""

from __future__ import annotations

from collections.abc import Iterator

from lamplighter.evidently.sheets import Sheet
from lamplighter.images.contact_sheet import Picture, contact_sheet
from lamplighter.images.decoding import content_of, decoded
from lamplighter.images.faults import ImageError
from storage.sources.box_lists import BoxColumns
from storage.sources.scan_spec import ScanSpec
from storage.sources.stored_images import StoredImage, by_brightness
from tasks.stages.run_context import RunContext

MANY = 12


def image_sheets(context: RunContext, where: ScanSpec) -> list[Sheet]:
    """What a report shows of the images of a window; nothing where none can be looked at.

    Examples
    --------
    >>> image_sheets(context, outcome.own.pending.spec)
    []
    """
    monitor, predictions = context.monitor, context.monitor.predictions
    columns = BoxColumns.of(predictions) if predictions.boxes else None
    images = by_brightness(context.scan(where), MANY, columns)
    pictures = [*_pictures(context, images)]
    if not pictures:
        return []
    found = f" Boxes: what {monitor.model} found." if columns else ""
    text = f"Images of {context.label_of(where.window.start)}, from the darkest to the brightest.{found}"
    return [Sheet(text, contact_sheet(pictures))]


def _pictures(context: RunContext, images: list[StoredImage]) -> Iterator[Picture]:
    zone = context.window.zone
    for it in images:
        try:
            image = decoded(content_of(it.file))
        except ImageError:
            # The run has named it.
            continue
        caption = f"{it.at.astimezone(zone):%H:%M}  brightness {it.brightness:.2f}"
        yield Picture(image, caption, answered=it.boxes)
