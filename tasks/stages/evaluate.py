"""Evaluate: quality against the labels that have arrived, for every open window whose labels or predictions changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from lamplighter.core.counts import counted
from lamplighter.core.evaluation.answers import answer_findings, unusable_labels
from lamplighter.core.evaluation.coverage import arrival_measurements, coverage_measurements, state_of, undated
from lamplighter.core.evaluation.labelled import Labelled
from lamplighter.core.evaluation.maturity import matured
from lamplighter.core.evaluation.quality import CustomFunction, unmeasured
from lamplighter.core.evaluation.quality import evaluate as evaluate_rows
from lamplighter.core.evaluation.results import Evaluation
from lamplighter.core.monitor import Monitor
from lamplighter.core.quality.confusion import Confusion
from lamplighter.core.records.finding import Code, Finding
from lamplighter.core.records.measurement import Measurement, State
from lamplighter.errors import MonitorError, SourceError
from storage.labelling.join import LabelIndex, Seen, Truth, truths_of
from storage.labelling.late_labels import unmatched_labels
from storage.project.user_code import load_function, text_of
from storage.sources.labels import Arrived, labels_arrived
from tasks.stages.attribute import References, attribute_loss
from tasks.stages.label_checks import (
    Classes,
    coded_anew,
    contradictions,
    counted_classes,
    lasting,
    never_met,
    one_class_only,
    used_again,
    wrongly_dated,
)
from tasks.stages.read import Located, PendingWindow
from tasks.stages.run_context import RunContext
from tasks.stages.validate import why_lost

FOREIGN_SHARE, FEWEST_FOREIGN = 0.05, 20
"""Labels without a prediction from which on labels are joined wrongly: a few are tests, or rows never logged."""


@dataclass(frozen=True)
class Evaluated:
    """What the labels came to.

    Attributes
    ----------
    windows : list of Evaluation
        One for each window of which something new is known.
    arrivals : list of Measurement or None
        The labels that arrived during the run's own window; None leaves what is known of them.
    findings : list of Finding
    """

    windows: list[Evaluation]
    arrivals: list[Measurement] | None = None
    findings: list[Finding] = field(default_factory=list)


def evaluate(context: RunContext, located: Located) -> Evaluated:
    """Join labels to predictions and measure quality; a source that is down leaves what was known as it is.

    If the labels cannot be read, the windows stay open, and the next run reads them.

    Examples
    --------
    >>> from tasks.stages.read import read
    >>> evaluated = evaluate(context, read(context))
    >>> evaluated.findings, [(it.metric, it.value) for it in evaluated.arrivals]
    ([], [('labels_late', 0.0), ('labels_unknown', 0.0)])
    """
    monitor = context.monitor
    if monitor.labels is None:
        changed = [pending for pending in located.windows if pending.is_changed]
        return Evaluated([_unlabelled(context, pending, State.FINAL) for pending in changed], arrivals=[])
    try:
        specs = [pending.spec for pending in located.windows]
        first = located.windows[-1].window.start
        arrived = labels_arrived(context.project, monitor, first, context.now, context.spool, map(context.scan, specs))
    except SourceError as error:
        new = [_unlabelled(context, pending, State.PROVISIONAL) for pending in located.windows if pending.known is None]
        return Evaluated(new, findings=[Finding(Code.LABELS_UNREADABLE, "", f"labels: {error}")])
    index = LabelIndex.of(arrived, monitor.predictions.id) if arrived else None
    functions, findings = custom_functions(context)
    unreadable = bool(arrived and (arrived.unreadable or _absent(monitor, arrived)))
    windows: list[Evaluation] = []
    labelled: list[int] = []
    classes: list[Classes] = []
    references: References = {}
    for pending, truth in zip(located.windows, truths_of(_seen(context, located), monitor, index), strict=True):
        if pending.is_gone:
            continue
        if evaluation := _evaluate(context, pending, truth, functions, unreadable=unreadable):
            windows.append(evaluation)
            findings += attribute_loss(context, located, pending, truth, references, labels=index)
        labelled.append(len(truth.labelled))
        classes += counted_classes(context, pending.window, truth, classes)
        findings += [*_classes(context, pending, truth), *one_class_only(context, pending, truth)]
    findings += coded_anew(context, classes)
    if arrived is None or index is None:
        return Evaluated(windows, [], findings)
    findings += _files(context, located, arrived)
    if context.relabel:
        return Evaluated(windows, None, findings)
    arrivals, strange = _arrivals(context, located, arrived, index, labelled)
    return Evaluated(windows, arrivals, [*findings, *strange])


def _unlabelled(context: RunContext, pending: PendingWindow, state: State) -> Evaluation:
    rows = context.scan(pending.spec)
    return Evaluation(pending.window, state, rows.count, 0, rows.fingerprint, "")


def _seen(context: RunContext, located: Located) -> list[Seen]:
    """The windows, and until when labels count for each: relabelling is remembered."""
    return [Seen(context.scan(pending.spec), _relabelled_until(context, pending)) for pending in located.windows]


def _relabelled_until(context: RunContext, pending: PendingWindow) -> datetime | None:
    if context.relabel:
        return context.now
    return pending.known.relabelled_until if pending.known else None


def custom_functions(context: RunContext) -> tuple[dict[str, CustomFunction], list[Finding]]:
    """The custom metrics; one that cannot be loaded costs itself alone.

    Examples
    --------
    >>> custom_functions(context)
    ({}, [])
    """
    functions: dict[str, CustomFunction] = {}
    findings = []
    for metric in context.monitor.metrics:
        try:
            functions[metric.name] = load_function(context.project.root, metric.function)
        except MonitorError as error:
            findings.append(Finding(Code.METRIC_FAILED, metric.name, str(error)))
    return functions, findings


def _evaluate(
    context: RunContext,
    pending: PendingWindow,
    truth: Truth,
    functions: Mapping[str, CustomFunction],
    *,
    unreadable: bool,
) -> Evaluation | None:
    """The window's quality, or None when nothing is new."""
    monitor, window, rows = context.monitor, pending.window, context.scan(pending.spec)
    state = state_of(monitor, window, context.now, unreadable=unreadable)
    if unreadable and pending.known and state is State.PROVISIONAL and len(truth.labelled) < pending.known.labelled:
        # Labels do not go away because a file cannot be read today.
        return None
    texts = [text_of(context.project, metric.function) for metric in monitor.metrics]
    known = truth.known_as(state, monitor, texts)
    if pending.known and not pending.is_changed and pending.known.labels == known:
        return None
    measurements = coverage_measurements(rows.count, len(truth.labelled), truth.corrected, state, why_lost(rows))
    confusion: list[Confusion] = []
    if truth.comparable:
        quality, confusion = evaluate_rows(
            labelled_rows(monitor, truth, truth.labelled.columns), monitor, state, functions
        )
        measurements += quality
    elif rows.count:
        measurements += unmeasured(monitor, state, "a column of the predictions that it needs is missing")
    return Evaluation(
        window,
        state,
        rows.count,
        len(truth.labelled),
        rows.fingerprint,
        known,
        measurements,
        confusion,
        relabelled_until=_relabelled_until(context, pending),
    )


def labelled_rows(monitor: Monitor, truth: Truth, columns: Collection[str]) -> Labelled:
    """The rows that have a label, in the parts that quality is measured on.

    Parameters
    ----------
    monitor : Monitor
    truth : Truth
    columns : collection of str
        Those that the rows have; quality is not measured by a segment or version that they lack.
    """
    predictions, frame = monitor.predictions, truth.labelled
    assert predictions.prediction is not None
    return Labelled(
        truth.y_true,
        frame[predictions.prediction],
        scores={name: frame[name] for name in predictions.scores},
        segments={name: frame[name] for name in monitor.segments if name in columns},
        version=frame[predictions.version] if predictions.version in columns else None,
    )


def _classes(context: RunContext, pending: PendingWindow, truth: Truth) -> Iterator[Finding]:
    """What is odd about labels and answers side by side, which the metrics alone would not say."""
    monitor, label = context.monitor, pending.window.label
    yield from unusable_labels(truth.unusable, monitor, label)
    if truth.comparable:
        yield from answer_findings(labelled_rows(monitor, truth, truth.labelled.columns), monitor, label)


def _absent(monitor: Monitor, arrived: Arrived) -> bool:
    """Whether there are no label files at all, where there should be some."""
    return bool(monitor.labels and monitor.labels.paths and not arrived.files)


def _files(context: RunContext, located: Located, arrived: Arrived) -> Iterator[Finding]:
    """Label files that could not be read, or that are not there although windows have waited for them long enough."""
    monitor, first = context.monitor, located.windows[-1].window
    assert monitor.labels is not None
    for uri, fault in arrived.unreadable:
        what = f"labels: {uri}: {fault}"
        yield Finding(Code.LABELS_UNREADABLE, uri, what)
    for uri, what in arrived.left_out:
        yield Finding(Code.LABELS_UNUSABLE, uri, f"labels: {uri}: {what}")
    if _absent(monitor, arrived) and context.now >= matured(first, monitor):
        paths = ", ".join(monitor.labels.paths)
        what = f"no file of {paths} since {first.label}; mend the path, or its delivery"
        yield Finding(Code.LABELS_UNREADABLE, "", f"labels: {what}")


def _looked_back(context: RunContext, located: Located) -> bool:
    """Whether every label that still counts should have a prediction that a run saw.

    False while the runs have only begun, or where predictions of a whole window are missing.
    """
    labels = context.monitor.labels
    assert labels is not None
    began = located.windows[-1].window.start
    if began > context.window.start - labels.mature_after:
        return False
    return all(context.scan(pending.spec).count for pending in located.windows)


def _arrivals(
    context: RunContext, located: Located, arrived: Arrived, index: LabelIndex, labelled: Sequence[int]
) -> tuple[list[Measurement] | None, list[Finding]]:
    """The labels that arrived during the run's own window, and what is wrong with their ids."""
    monitor, specs = context.monitor, [pending.spec for pending in located.windows]
    findings = [*used_again(context, specs, index), *contradictions(context, specs, index)]
    if not arrived.dated:
        return undated(), [*findings, *never_met(context, specs, index, labelled)]
    findings += wrongly_dated(context, specs, index, labelled)
    if any(pending.is_gone for pending in located.windows):
        # Their labels would count as labels without a prediction.
        return None, findings
    found = unmatched_labels(context.project, monitor, specs, arrived, context.spool, context.scans)
    if found.unknown:
        label = context.window.label
        count = counted(found.unknown, f"label that arrived in {label} has", f"labels that arrived in {label} have")
        what = f"{count} no prediction in the windows at hand"
        foreign = _looked_back(context, located) and found.unknown > max(FOREIGN_SHARE * found.arrived, FEWEST_FOREIGN)
        cure = f", of {found.arrived}; are they joined to the right ids and day?" if foreign else ""
        code = Code.LABELS_FOREIGN if foreign else Code.LABELS_UNKNOWN
        findings.append(Finding(code, "", f"{what}{cure}"))
    findings += lasting(context, findings, found.arrived)
    return arrival_measurements(found.late, found.unknown), findings
