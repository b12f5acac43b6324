"""Whether the keys of a check fit together, and fit the windows and the columns of its monitor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lamplighter.core.monitor.check_defaults import has_rows
from lamplighter.core.monitor.check_forms import By, Quantile, Sigmas
from lamplighter.core.monitor.check_spans import LENGTHS, PERIODS, fewest_values, windows_of
from lamplighter.core.monitor.vocabulary import OF_ALL_ROWS, Fault
from lamplighter.core.records.catalogue import DRIFT_METRICS, METRICS, OF_VERSIONS, QUALITY_METRICS
from lamplighter.core.time.duration import format_duration
from lamplighter.core.time.window import Grain

if TYPE_CHECKING:
    from lamplighter.core.monitor.checks import Check
    from lamplighter.core.monitor.model import Monitor

UNITS = {Grain.HOUR: "hours", Grain.DAY: "days", Grain.WEEK: "weeks", Grain.MONTH: "months"}
"""How the windows of a grain are called."""

MOST_SLOPE = 500
"""Windows that a slope is taken over: it looks at all pairs of them."""

KeyFault = tuple[str, str]
"""A key of a check, and what is wrong with it."""


def check_faults(monitor: Monitor) -> Iterator[Fault]:
    """Yield the place and the fault of every check whose keys do not fit together."""
    for i, check in enumerate(monitor.checks):
        for faults in (_span_faults, _phase_faults, _unit_faults, _interval_faults, _version_faults, _other_faults):
            for key, message in faults(monitor, check):
                yield ("checks", i, key), message


def _span_faults(monitor: Monitor, check: Check) -> Iterator[KeyFault]:
    if check.span is None:
        if check.minimum_windows:
            yield "minimum_windows", "minimum_windows is for a limit that is computed from the past; leave it out"
        return
    key = check.form.key if isinstance(check.given, Quantile | Sigmas) else check.form.beside[0]
    most, span, grain = windows_of(check, monitor.every), format_duration(check.span), monitor.every
    of_phase = f" of the same {check.same}" if check.same else ""
    least = fewest_values(check)
    if not most:
        yield key, f"{span} holds no whole window of {grain.value}{of_phase}; give a longer time"
    elif most < least:
        yield key, f"{span} holds {most} windows{of_phase}, and {least} are needed at least; give a longer time"
    elif check.minimum_windows and check.minimum_windows < least:
        yield "minimum_windows", f"a slope needs {least} windows at least; give {least} or more"
    elif check.minimum_windows and check.minimum_windows > most:
        what = f"minimum_windows {check.minimum_windows} is more than the {most} windows{of_phase} that {span} holds"
        yield "minimum_windows", f"{what}; give a longer time or fewer windows"
    elif check.form.reads == "slope" and most > MOST_SLOPE:
        longest = format_duration(MOST_SLOPE * LENGTHS[grain])
        yield key, f"{span} holds {most:,} windows, more than a slope is taken over; give {longest} at most"


def _phase_faults(monitor: Monitor, check: Check) -> Iterator[KeyFault]:
    if check.same is None:
        return
    if check.span is None:
        yield "same", "same is for a limit that is computed from the past; leave it out"
    elif (check.same, monitor.every) not in PERIODS:
        fitting = " or ".join(phase for phase, grain in PERIODS if grain is monitor.every)
        cure = f"write {fitting}" if fitting else "leave it out"
        yield "same", f"windows of {monitor.every.value} have no {check.same} in common; {cure}"


def _unit_faults(monitor: Monitor, check: Check) -> Iterator[KeyFault]:
    persists, unit = check.persists, UNITS[monitor.every]
    if persists.unit not in ("windows", unit):
        what = f"windows of {monitor.every.value} are counted in {unit}, not in {persists.unit}"
        written = f"{persists.failing} of {persists.windows}"
        yield "for", f"{what}; write {written} {unit}, or {written} windows, which fits every model"


def _interval_faults(monitor: Monitor, check: Check) -> Iterator[KeyFault]:
    if not check.surely:
        return
    metric = METRICS.get(check.metric)
    if check.form.reads == "absence":
        yield "surely", f"{check.form.key} reads no value that has an interval; leave surely out"
    elif check.form.reads == "value" and metric is not None and metric.interval.startswith("none"):
        yield "surely", f"metric {check.metric!r} has no interval; leave surely out"


def _version_faults(monitor: Monitor, check: Check) -> Iterator[KeyFault]:
    other = check.versus.version if check.versus else ""
    for key, version in (("version", check.version), ("versus", other)):
        if not version:
            continue
        if not monitor.predictions.version:
            yield key, "this monitor does not say which column holds the version; give predictions.version"
        elif check.metric not in QUALITY_METRICS and check.metric not in OF_VERSIONS:
            yield key, f"metric {check.metric!r} is of all versions together; name a metric of quality"
        elif check.segment or (check.klass and check.metric not in QUALITY_METRICS):
            yield key, "segments are measured over all versions; leave segment or version out"
    if check.version and check.version == other:
        yield "versus", f"version {other!r} cannot be compared with itself; name another"


def _other_faults(monitor: Monitor, check: Check) -> Iterator[KeyFault]:
    if check.minimum_rows > 1 and not has_rows(check.metric):
        what = f"metric {check.metric!r} is not measured on labelled rows, so minimum_rows says nothing of it"
        yield "minimum_rows", f"{what}; leave it out"
    if check.is_of_every_segment and check.form.reads == "absence":
        yield "segment", "a segment that is missing cannot be seen among all; name one, such as plan=pro"
    if check.form.key == "falls" and not isinstance(check.given, By) and check.given > 1:
        metric = METRICS.get(check.metric)
        if metric is not None and metric.lower == 0:
            yield "falls", f"metric {check.metric!r} cannot fall by more than 100 %; write less, such as 5%"
    if check.ignore_below is not None and check.form.key not in ("above", "rises", "outside"):
        yield "ignore_below", f"ignore_below is for above, rises and outside, not for {check.form.key}; leave it out"
    if check.versus and check.versus.reference:
        if monitor.reference is None:
            yield "versus", "this monitor has no reference; add one, or compare with the past, as in {median: 28d}"
        elif check.metric in DRIFT_METRICS:
            yield "versus", f"{check.metric!r} is a comparison with the reference itself; compare it with the past"
        elif check.metric in OF_ALL_ROWS and check.metric not in OF_REFERENCES and monitor.reference.parquet:
            yield "versus", f"a reference has no {check.metric!r}; compare it with the past, as in {{median: 28d}}"


OF_REFERENCES = frozenset(
    {
        "missing_ratio", "infinite_ratio", "prediction_share", "prediction_mean", "null_prediction_ratio",
        "unsure_ratio",
    }
)  # fmt: skip
"""Metrics of the data that rows of a reference have by themselves."""
