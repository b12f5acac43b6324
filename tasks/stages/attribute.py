"""Attribute: whether a fall of recall lies in images that are unlike those of the reference, or in the model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from lamplighter.core.evaluation.attribution import Detected, attribute
from lamplighter.core.evaluation.kinds.detection import served_objects
from lamplighter.core.evaluation.labelled import Labelled
from lamplighter.core.evaluation.maturity import matured
from lamplighter.core.monitor import Monitor
from lamplighter.core.records.finding import Code, Finding
from lamplighter.core.time.window import Window
from lamplighter.errors import BrokenFileError, SourceError
from storage.labelling.join import LabelIndex, Seen, Truth, truth_beside, truths_of
from storage.registry.versions import Registry
from storage.sources.labels import labels_arrived
from storage.sources.logged_images import statistics_of
from storage.sources.predictions import predictions_of
from storage.sources.recalled_images import STATISTICS, RecalledImages, matched_by, name_of, start_of
from storage.sources.reference import reference_key, reference_of, span_of
from storage.sources.scan import Scan, ScanSpec
from tasks.stages.read import Located, PendingWindow
from tasks.stages.run_context import RunContext

References: TypeAlias = dict[str, Detected | None]
"""The labelled images of references, by the name of the file that keeps them; None where there are none."""


def attribute_loss(
    context: RunContext,
    located: Located,
    pending: PendingWindow,
    truth: Truth,
    references: References,
    *,
    labels: LabelIndex | None,
) -> Iterator[Finding]:
    """Say what a fall of recall in a window is laid to: its images, the model, or that neither is sure, and why.

    Parameters
    ----------
    references : dict
        What this run has made of references so far, and adds to.
    labels : LabelIndex or None
        None where the truth stands beside the answers.
    """
    monitor = context.monitor
    if monitor.kind.name != "detection" or monitor.images is None or not truth.comparable or truth.labelled.empty:
        return
    folder = context.project.home / "image-statistics" / monitor.model / "recall"
    kept = RecalledImages(folder, matched_by(monitor))
    current = _detected(monitor, context.scan(pending.spec), truth)
    kept.keep(name_of(pending.window.start), current)
    if monitor.reference and monitor.reference.trailing:
        yield from _made_again(context, located, pending, kept, has_labels=labels is not None)
    where = _where(context, located, pending, truth)
    reference = _reference(context, where, pending, kept, references, has_labels=labels is not None)
    if reference is None or not reference.objects.sum() or not current.objects.sum():
        return
    if found := attribute(reference, current):
        label = pending.window.label
        yield Finding(Code.RECALL_FELL, label, f"{label}: {found.sentence}")


def _detected(monitor: Monitor, rows: Scan, truth: Truth) -> Detected:
    """The labelled images of some rows: what was found in them, and their statistics."""
    assert monitor.predictions.prediction is not None
    answers = Labelled(truth.y_true, truth.labelled[monitor.predictions.prediction], {}, {}, None)
    served = served_objects(answers, monitor)
    places = truth.labelled.index.to_numpy()
    statistics = {name: values[places] for name, values in statistics_of(rows, STATISTICS)}
    return Detected(served.found.astype(float), served.objects.astype(float), statistics)


def _where(context: RunContext, located: Located, pending: PendingWindow, truth: Truth) -> ScanSpec | None:
    """The reference of the version that answered most of the images; after a promotion it is no champion any more."""
    monitor = context.monitor
    versions = truth.labelled.get(monitor.predictions.version or "")
    if versions is not None and not versions.dropna().empty:
        registry = Registry(context.project.home, context.history, monitor.model)
        if of_version := registry.reference(str(versions.mode()[0])):
            return reference_of(context.project, monitor, pending.window, context.spool, of_version)
    return located.reference


def _reference(
    context: RunContext,
    where: ScanSpec | None,
    pending: PendingWindow,
    kept: RecalledImages,
    references: References,
    *,
    has_labels: bool,
) -> Detected | None:
    """The labelled images of the reference; those of days before a window are those of the windows that were run."""
    monitor, reference = context.monitor, context.monitor.reference
    if reference is None or where is None:
        return None
    if reference.trailing:
        return kept.load(_trailing(context, pending, kept))
    rows = context.scan(where)
    # Labels of logged days come one after the other: what is made of the first of them is not kept for later runs.
    is_beside = rows.spec.time is None or not has_labels
    name = f"{'reference' if is_beside else 'reference-of-days'}-{reference_key(rows, monitor)}"
    if name in references:
        return references[name]
    references[name] = _made(context, rows, name, kept, is_beside=is_beside, has_labels=has_labels)
    return references[name]


def _made(
    context: RunContext, rows: Scan, name: str, kept: RecalledImages, *, is_beside: bool, has_labels: bool
) -> Detected | None:
    monitor = context.monitor
    is_whole = is_beside or matured(rows.spec.window, monitor) <= context.now
    if is_whole and (known := kept.load([name])) is not None and known.is_measured:
        return known
    # Images of a reference that are not there yet are looked for again.
    truth = _truth_of_reference(context, rows, has_labels=has_labels)
    if truth is None or not truth.comparable or truth.labelled.empty:
        return None
    found = _detected(monitor, rows, truth)
    if is_whole:
        kept.keep(name, found)
    return found


def _trailing(context: RunContext, pending: PendingWindow, kept: RecalledImages) -> list[str]:
    assert context.monitor.reference is not None
    span = span_of(context.monitor.reference, pending.window)
    return kept.between(span.start, span.end)


def _made_again(
    context: RunContext, located: Located, pending: PendingWindow, kept: RecalledImages, *, has_labels: bool
) -> Iterator[Finding]:
    """Match the images of those windows before anew whose file is of no use, and say which cannot be: a fall may hide.

    A changed `confidence` lets other boxes count, so that recall moves though neither images nor model have changed.
    """
    lost = []
    # What is streamed of a window is not streamed a second time while it is read.
    known = {name_of(it.window.start): it.spec for it in located.windows}
    for name in kept.unusable(_trailing(context, pending, kept)):
        of = Window.of(pending.window.model, pending.window.grain, pending.window.timezone, start_of(name))
        try:
            spec = known.get(name) or predictions_of(context.project, context.monitor, of, context.spool)
            rows = context.scan(spec)
            truth = _truth_of_reference(context, rows, has_labels=has_labels)
        except BrokenFileError:
            raise
        except SourceError:
            truth = None
        if truth is None or not truth.comparable or truth.labelled.empty:
            lost.append(kept.place(name))
        else:
            kept.keep(name, _detected(context.monitor, rows, truth))
    if lost:
        label, names = pending.window.label, ", ".join(path.stem for path in lost)
        why = "is damaged, or was matched at another `confidence` or by other columns"
        what = f"what was found in images of windows before ({names}) {why}, and their labels cannot be read again"
        fix = f"deliver their labels again, or remove these files from {lost[0].parent}"
        yield Finding(Code.RECALL_UNREAD, label, f"{label}: {what}; recall is compared without them; {fix}")


def _truth_of_reference(context: RunContext, rows: Scan, *, has_labels: bool) -> Truth | None:
    """The truth beside the rows of files, and of days of the log the labels that have come for them."""
    monitor = context.monitor
    if rows.spec.time is None or not has_labels:
        return truth_beside(rows, monitor)
    first = rows.spec.window.start
    try:
        # Labels of another window have a folder of their own.
        spool = context.spool / "reference" / name_of(first)
        arrived = labels_arrived(context.project, monitor, first, context.now, spool, [rows])
    except BrokenFileError:
        raise
    except SourceError:
        # Labels that cannot be read now are a finding already; the window's own are there.
        arrived = None
    if arrived is None:
        return None
    return next(truths_of([Seen(rows)], monitor, LabelIndex.of(arrived, monitor.predictions.id)))
