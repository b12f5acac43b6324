"""Evaluate: quality against the labels that have arrived, for every open window whose labels or predictions changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE

from lamplighter.core.evaluation import Labelled, OwnFunction
from lamplighter.core.evaluation import evaluate as evaluate_rows
from lamplighter.core.finding import Code, Finding
from lamplighter.core.labelling import arrival_measurements, coverage_measurements, state_of, undated
from lamplighter.core.measurement import State
from lamplighter.core.outcome import Arrivals, Evaluation
from lamplighter.core.quality import Confusion
from lamplighter.errors import MonitorError, SourceError
from storage.rows import rows_of
from storage.truth import Truth, labels_arrived, stray_labels, truths_of
from storage.user_code import load_function
from tasks.night import Night
from tasks.read import Due, Reading


@dataclass(frozen=True)
class Evaluated:
    """What the labels came to.

    Attributes
    ----------
    windows : list of Evaluation
        One for each window of which something new is known.
    arrivals : Arrivals
    """

    windows: list[Evaluation]
    arrivals: Arrivals = field(default_factory=Arrivals)


def evaluate(night: Night, reading: Reading) -> Evaluated:
    """Join labels to predictions and measure quality; a source that is down leaves what was known as it is."""
    monitor = night.monitor
    if monitor.labels is None:
        return Evaluated([_unlabelled(due, State.FINAL) for due in reading.due if due.changed])
    try:
        arrived = labels_arrived(night.project, monitor, reading.due[-1].rows.window.start, night.now, night.spool)
    except SourceError as error:
        new = [_unlabelled(due, State.PROVISIONAL) for due in reading.due if due.ledger is None]
        finding = Finding(Code.LABELS_UNREADABLE, "", f"{monitor.model}: labels: {error}")
        return Evaluated(new, Arrivals(findings=[finding]))
    own, findings = _own_functions(night)
    unreadable = arrived.unreadable if arrived else []
    for uri, fault in unreadable:
        told = f"{monitor.model}: labels: {uri}: {fault}; deliver the file again"
        findings.append(Finding(Code.LABELS_UNREADABLE, uri, told))
    slices = [due.rows for due in reading.due]
    truths = truths_of(slices, monitor, arrived, relabel=night.relabel)
    found = [
        _evaluate(night, due, truth, own, unreadable=bool(unreadable))
        for due, truth in zip(reading.due, truths, strict=True)
    ]
    windows = [evaluation for evaluation in found if evaluation is not None]
    if arrived is None or night.relabel:
        return Evaluated(windows, Arrivals(findings=findings))
    stray = stray_labels(night.project, monitor, slices, arrived, night.spool) if arrived.dated else None
    if stray and stray.unknown:
        told = f"{stray.unknown} labels that arrived in {night.window.label} have no prediction among those at hand"
        findings.append(Finding(Code.LABELS_UNKNOWN, "", f"{monitor.model}: {told}"))
    counted = arrival_measurements(stray.late, stray.unknown) if stray else undated()
    return Evaluated(windows, Arrivals(counted, findings))


def _unlabelled(due: Due, state: State) -> Evaluation:
    rows = rows_of(due.rows)
    return Evaluation(due.rows.window, state, rows.count, 0, rows.fingerprint, "")


def _own_functions(night: Night) -> tuple[dict[str, OwnFunction], list[Finding]]:
    """The user's own metrics; one that cannot be loaded costs itself alone."""
    functions: dict[str, OwnFunction] = {}
    findings = []
    for metric in night.monitor.metrics:
        try:
            functions[metric.name] = load_function(night.project, metric.function)
        except MonitorError as error:
            findings.append(Finding(Code.METRIC_FAILED, metric.name, f"{night.monitor.model}: {error}"))
    return functions, findings


def _evaluate(
    night: Night, due: Due, truth: Truth, own: Mapping[str, OwnFunction], *, unreadable: bool
) -> Evaluation | None:
    """The window's quality, or None when nothing is new."""
    monitor, window, rows = night.monitor, due.rows.window, rows_of(due.rows)
    state = state_of(monitor, window, night.now, relabel=night.relabel, unreadable=unreadable)
    known = truth.known_as(state, monitor)
    if due.ledger and not due.changed and due.ledger.labels == known:
        return None
    measurements = coverage_measurements(rows.count, len(truth.labelled), truth.corrected, state)
    confusion: list[Confusion] = []
    if truth.comparable:
        quality, confusion = evaluate_rows(_labelled(night, truth.labelled), monitor, state, own)
        measurements += quality
    return Evaluation(window, state, rows.count, len(truth.labelled), rows.fingerprint, known, measurements, confusion)


def _labelled(night: Night, frame: pd.DataFrame) -> Labelled:
    predictions = night.monitor.predictions
    assert predictions.prediction is not None
    return Labelled(
        frame["y_true"],
        frame[predictions.prediction],
        scores={name: frame[name] for name in predictions.scores},
        segments={name: frame[name] for name in night.monitor.segments},
        version=frame[predictions.version] if predictions.version else None,
    )


evaluate_task = task(name="evaluate", cache_policy=NO_CACHE)(evaluate)
