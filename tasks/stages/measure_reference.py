"""Measure the reference: what the rows that a window is compared with come to by themselves, once for each content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial

from lamplighter.core.evaluation.data import reference_measurements
from lamplighter.core.evaluation.evaluator import evaluator_of
from lamplighter.core.evaluation.odd_values import listed
from lamplighter.core.evaluation.quality import evaluate, unmeasured
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.columns import truth_columns, with_truth_beside
from lamplighter.core.records.finding import Code
from lamplighter.core.records.image_faults import may_pass
from lamplighter.core.records.measurement import Measurement, State
from storage.history.reference_values import reference_content
from storage.labelling.join import Truth, truth_beside
from storage.project.user_code import text_of
from storage.sources.logged_images import image_files
from storage.sources.reference import reference_key
from storage.sources.scan import Scan
from tasks.stages.evaluate import custom_functions, labelled_rows
from tasks.stages.images import measure_images
from tasks.stages.profile import answered, box_measurements_of, boxes_answered, key_of, reference_profiles
from tasks.stages.read import Located
from tasks.stages.run_context import RunContext
from tasks.stages.validate import Table

EDITION = 2
"""Raise it when the same reference would come to other values: every reference is measured once again."""


@dataclass(frozen=True)
class MeasuredReference:
    """What a reference comes to, where that is new.

    Attributes
    ----------
    content : str
        Changes with whatever decides the values.
    measurements : list of Measurement
        None where there is no reference any more.
    """

    content: str
    measurements: list[Measurement]


def measure_reference(context: RunContext, located: Located, table: Table) -> MeasuredReference | None:
    """Measure the reference of a run's own window; None where the history has the values already.

    Of days before a window (``trailing``) nothing is measured here, and of fixed days neither quality nor images: the
    history has those windows. Nothing is judged on behalf of an older window, so its reference is not measured either.

    Examples
    --------
    >>> from tasks.stages.read import read
    >>> from tasks.stages.validate import validate
    >>> located = read(context)
    >>> measure_reference(context, located, validate(context, located, located.windows[0])) is None
    True
    """
    monitor = context.monitor
    if context.relabel or not context.is_newest:
        return None
    has_values = monitor.reference is not None and not monitor.reference.trailing
    content = _content(context, located) if has_values else ""
    known = reference_content(context.history, monitor.model, context.known_on)
    if content == known:
        return None
    if not has_values:
        return MeasuredReference("", [])
    if located.reference is None:
        return MeasuredReference(content, [Measurement(metric="rows", reason=located.reference_fault)])
    rows = context.scan(located.reference)
    if rows.unreadable and not rows.count:
        return MeasuredReference(content, [Measurement(metric="rows", reason="no file of it can be read")])
    # Images that are still not there change nothing: the whole is measured again once one of them has come.
    if known.startswith(content) and known == content + _without_images(monitor, rows):
        return None
    profiles = answered(monitor, rows) | reference_profiles(context, located, table.features | table.answers)
    found = [*reference_measurements(monitor, table.features, profiles, rows.count)]
    found += box_measurements_of(monitor, boxes_answered(monitor, rows) if rows.count else None)
    # The rows of files that a reference consists of are all of them; those of days are chosen by their time.
    if located.reference.time is not None:
        return MeasuredReference(content, found)
    if monitor.labels:
        quality, unloaded = _quality(context, rows, table)
        found += quality
        content += unloaded
    of_images, _ = measure_images(context, located.reference)
    return MeasuredReference(content + _without_images(monitor, rows), found + of_images)


def _without_images(monitor: Monitor, rows: Scan) -> str:
    """How many images the next run looks for again: those whose file is not there, or cannot be read for now."""
    files = image_files(monitor.images, rows) if monitor.images and rows.count else None
    if files is None:
        return ""
    waiting = [fault for path, fault in zip(files.paths, files.faults, strict=True) if path and may_pass(fault)]
    return f" without {len(waiting)} images" if waiting else ""


def _content(context: RunContext, located: Located) -> str:
    """What decides the values: the rows, and what the monitor asks of them."""
    monitor = context.monitor
    places = dict.fromkeys(where for where in (located.reference, located.monitor_reference) if where)
    key = key_of(context)
    asked = (
        EDITION,
        located.reference_fault,
        *(reference_key(context.scan(where), monitor, key) for where in places),
        truth_columns(monitor),
        monitor.segments,
        monitor.metrics,
        monitor.top_k,
        [text_of(context.project, metric.function) for metric in monitor.metrics],
    )
    return hashlib.sha256(repr(asked).encode()).hexdigest()[:32]


def _quality(context: RunContext, rows: Scan, table: Table) -> tuple[list[Measurement], str]:
    """The quality of the answers, where the truth stands beside them; and which custom metrics could not be loaded.

    What makes the truth useless is the reason of every metric: a check that needs one is undecided and says it, after
    the words ``the reference:``.
    """
    monitor = context.monitor
    without = partial(unmeasured, monitor, State.FINAL)
    if reason := _why_no_truth(context, rows, table):
        return without(reason), ""
    truth = truth_beside(rows, monitor)
    if reason := _why_unusable(context, truth):
        return without(reason), ""
    functions, faults = custom_functions(context)
    measured, _ = evaluate(labelled_rows(monitor, truth, [*rows.schema]), monitor, State.FINAL, functions)
    measured += [Measurement(metric=it.subject, reason=it.message) for it in faults]
    # The next run tries to load them again.
    return measured, "".join(f" without {it.subject}" for it in faults)


def _why_no_truth(context: RunContext, rows: Scan, table: Table) -> str:
    """Why the rows of a reference have no truth; empty where they have one."""
    prediction, truth = context.monitor.predictions.prediction, truth_columns(context.monitor)
    if not rows.count:
        return "it has no rows"
    if absent := [name for name in truth if name not in rows.schema]:
        return f"it has no column {absent[0]!r}; write the truth beside its answers"
    if is_input := [name for name in truth if name in table.features]:
        return f"column {is_input[0]!r} is a feature of the log, and no truth; call the truth otherwise"
    if prediction not in rows.schema:
        return f"it has no column {prediction!r}; write what the model answered"
    return ""


def _why_unusable(context: RunContext, truth: Truth) -> str:
    """Why nothing can be measured on the truth of a reference; empty where it can."""
    monitor = with_truth_beside(context.monitor)
    target = truth_columns(monitor)[0]
    if not len(truth.labelled):
        if truth.unusable:
            held = listed(truth.unusable)
            return f"column {target!r} holds {held}, and no finite number; write the truth as numbers"
        return f"column {target!r} is null in every row; write the truth beside its answers"
    labelled = labelled_rows(monitor, truth, [])
    odd = dict(evaluator_of(monitor.kind).oddities(labelled, monitor))
    return odd.get(Code.CLASSES_DIFFER, "")
