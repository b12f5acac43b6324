"""Compare: drift of features, predictions and scores against the reference, on a seeded sample of rows."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lamplighter.core.drift import ColumnDrift
from lamplighter.core.evaluation.labelled import class_labels
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.columns import is_counted
from lamplighter.core.profiles.profile import ColumnKind
from lamplighter.core.records.measurement import Measurement
from lamplighter.core.values.cell import as_flags
from lamplighter.core.values.key_name import key_name
from lamplighter.evidently.measure import measure
from storage.sources.scan import ScanSpec
from tasks.stages.read import Located
from tasks.stages.run_context import RunContext
from tasks.stages.validate import Table

NO_VERSION = "no row names its version"


@dataclass(frozen=True)
class Compared:
    """Drift of one window: what is recorded of it, and what a report shows of it; answers go with their version."""

    measurements: list[Measurement]
    features: list[ColumnDrift]
    answers: list[tuple[str, ColumnDrift]]


@dataclass(frozen=True)
class Samples:
    """Rows of the reference and of a window, side by side."""

    reference: pd.DataFrame
    current: pd.DataFrame


def compare(context: RunContext, located: Located, table: Table) -> Compared:
    """Measure the drift of a window whose predictions are new.

    Examples
    --------
    >>> from tasks.stages.read import read
    >>> from tasks.stages.validate import validate
    >>> located = read(context)
    >>> drift = compare(context, located, validate(context, located, located.windows[0]))
    >>> {it.column: it.drifted for it in drift.features}
    {'amount': True, 'plan': False}
    """
    if located.reference is None:
        if context.monitor.reference is None:
            return Compared([], [], [])
        features = _undecided(table.features, located.reference_fault)
        answers = [("", drift) for drift in _undecided(table.answers, located.reference_fault)]
    else:
        samples = samples_of(context, located.reference, table)
        features = _feature_drift(context, located, table, samples)
        answers = [*_answer_drift(context, samples, table.answers)]
    measurements = [*_feature_measurements(context.monitor, features)]
    for version, drift in answers:
        measurements += _column_measurements(drift, "prediction_drift", version)
    return Compared(measurements, features, answers)


def _feature_drift(context: RunContext, located: Located, table: Table, samples: Samples) -> list[ColumnDrift]:
    """Features that the champion's reference lacks, as private ones, are held against the monitor's own."""
    drifts = measure(samples.reference, samples.current, table.features)
    lacking = {name: kind for name, kind in table.features.items() if name not in samples.reference}
    if not lacking or located.monitor_reference in (None, located.reference):
        return drifts
    assert located.monitor_reference is not None
    own = samples_of(context, located.monitor_reference, table)
    found = {drift.column: drift for drift in measure(own.reference, own.current, lacking)}
    return [found.get(drift.column, drift) for drift in drifts]


def _undecided(columns: Iterable[str], reason: str) -> list[ColumnDrift]:
    return [ColumnDrift(column=name, reason=reason) for name in columns]


def samples_of(context: RunContext, reference: ScanSpec, table: Table) -> Samples:
    """The sampled rows that drift is measured on, the same ones whenever they are asked for.

    Examples
    --------
    >>> from tasks.stages.read import read
    >>> from tasks.stages.validate import validate
    >>> located = read(context)
    >>> samples = samples_of(context, located.reference, validate(context, located, located.windows[0]))
    >>> len(samples.reference), len(samples.current)
    (900, 300)
    """
    monitor = context.monitor
    version = [monitor.predictions.version] if monitor.predictions.version else []
    names = (*table.features, *table.answers, *version)
    kinds = table.features | table.answers | dict.fromkeys(version, "categorical")
    texts = frozenset(name for name, kind in kinds.items() if kind == "categorical")
    size, seed = monitor.drift.sample, monitor.drift.seed
    window = f"{seed} {monitor.model} {table.spec.window.start.isoformat()}"
    before = context.scans.sample(reference, names, size, seed, texts)
    after = context.scans.sample(table.spec, names, size, zlib.crc32(window.encode()), texts)
    shared = [name for name in texts if name in before and name in after]
    return Samples(_with_flags(before, after, shared), _with_flags(after, before, shared))


def _with_flags(frame: pd.DataFrame, beside: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Sampled rows in which flags in words are those of the other rows, which hold flags."""
    renamed = {}
    for name in columns:
        if names := as_flags(frame[name].dropna().unique(), beside[name].dropna().unique()):
            renamed[name] = frame[name].replace(names)
    return frame.assign(**renamed) if renamed else frame


def _feature_measurements(monitor: Monitor, drifts: list[ColumnDrift]) -> Iterator[Measurement]:
    for drift in drifts:
        yield from _column_measurements(drift, "drift")
    # What images come to counts by itself only where nothing else does.
    counted = [drift for drift in drifts if is_counted(monitor, drift.column)] or drifts
    decided = [drift for drift in counted if drift.drifted is not None]
    if decided:
        share = sum(bool(drift.drifted) for drift in decided) / len(decided)
        yield Measurement(metric="drift_share", value=share, n=len(decided))
    elif drifts:
        yield Measurement(metric="drift_share", reason="no column could be compared")


def _column_measurements(drift: ColumnDrift, prefix: str, version: str = "") -> Iterator[Measurement]:
    """The statistic or p-value of a column with its method, and the verdict."""
    key: dict[str, Any] = {"feature": drift.column, "version": version, "n": drift.n_current, "reason": drift.reason}
    metric = f"{prefix}_{'p_value' if drift.is_p_value else 'statistic'}"
    yield Measurement(metric=metric, method=drift.method, value=drift.score, **key)
    verdict = None if drift.drifted is None else float(drift.drifted)
    yield Measurement(metric=f"{prefix}_detected", value=verdict, **key)


def _answer_drift(
    context: RunContext, samples: Samples, answers: Mapping[str, ColumnKind]
) -> Iterator[tuple[str, ColumnDrift]]:
    """Drift of predictions and scores, each version against the reference of its own."""
    column = context.monitor.predictions.version
    if column is None or column not in samples.current or samples.current.empty:
        yield from (("", drift) for drift in measure(samples.reference, samples.current, answers))
        return
    served = _labels(samples.current, column)
    referenced = _labels(samples.reference, column)
    versions = sorted(set(served) - {None})
    if not versions:
        yield from (("", drift) for drift in _undecided(answers, NO_VERSION))
    for version in versions:
        reference, name = samples.reference[referenced == version], key_name(version)
        if reference.empty:
            reason = f"the reference has no answers of version {name}"
            yield from ((name, drift) for drift in _undecided(answers, reason))
        else:
            drifts = measure(reference, samples.current[served == version], answers)
            yield from ((name, drift) for drift in drifts)


def _labels(frame: pd.DataFrame, column: str) -> npt.NDArray[np.object_]:
    return class_labels(frame[column]) if column in frame else np.full(len(frame), None, dtype=object)
