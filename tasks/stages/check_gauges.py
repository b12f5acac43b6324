"""What gauges show of checks: limits, the intervals that may be held against them, and open incidents."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from lamplighter.core.checks.incidents import Incident, check_of, is_muted
from lamplighter.core.evaluation.gauges import BY_METRIC, Sample
from lamplighter.core.monitor import Check, Monitor, Severity
from lamplighter.core.monitor.check_limits import Limit
from lamplighter.core.monitor.checks import EVERY
from lamplighter.core.records.measurement import Measurement


def limit_samples(limits: Iterable[tuple[Check, Limit]]) -> Iterator[Sample]:
    """The bounds of limits, one series for each side on which a value fails.

    Examples
    --------
    >>> check = Check.model_validate({"metric": "f1", "below": 0.4})
    >>> [(dict(it.labels)["direction"], it.value) for it in limit_samples([(check, Limit(0.4, 0.6))])]
    [('below', 0.4), ('above', 0.6)]
    """
    for check, limit in limits:
        for direction, bound in (("below", limit.low), ("above", limit.high)):
            if bound is None:
                continue
            labels = {
                "check": check.name,
                "metric": check.metric,
                "segment": check.segment,
                "feature": check.feature,
                "class": check.klass,
                "version": check.version,
                "form": check.form.key,
                "direction": direction,
            }
            yield Sample("lamplighter_threshold", bound, tuple(labels.items()))


def interval_samples(monitor: Monitor, measurements: Iterable[Measurement]) -> Iterator[Sample]:
    """The bounds of intervals: of what is shown overall, and of the segments and classes that a check judges.

    Examples
    --------
    >>> measured = [
    ...     Measurement(metric="f1", segment=segment, value=0.5, lower=0.4, upper=0.6) for segment in ("", "plan=x")
    ... ]
    >>> [(it.gauge, dict(it.labels)["segment"], it.value) for it in interval_samples(monitor, measured)]
    [('lamplighter_interval_lower', '', 0.4), ('lamplighter_interval_upper', '', 0.6)]
    """
    custom = {metric.name for metric in monitor.metrics}
    judged = {(it.metric, it.segment, it.klass) for it in monitor.judged if not it.version}
    for found in measurements:
        if found.value is None or found.lower is None or found.upper is None or found.version:
            continue
        if found.metric not in custom and found.metric not in BY_METRIC:
            continue
        column = found.segment.partition("=")[0]
        ways = {found.segment, f"{column}={EVERY}"} if column else {""}
        if (column or found.klass) and not any((found.metric, way, found.klass) in judged for way in ways):
            continue
        labels = (("metric", found.metric), ("segment", found.segment), ("class", found.klass))
        yield Sample("lamplighter_interval_lower", found.lower, labels)
        yield Sample("lamplighter_interval_upper", found.upper, labels)


MUTED = "muted"
"""Who notifies of an incident that is muted."""


def incident_samples(
    checks: Iterable[Check],
    open_incidents: Mapping[str, Incident],
    via: str = "apprise",
    muted: Collection[str] = frozenset(),
) -> Iterator[Sample]:
    """1 for every open incident, and 0 for every check that has none of its own: one incident is one alert.

    Rules choose by ``via``, so that either the run sends a message or Alertmanager does, and neither of what is muted.

    Examples
    --------
    >>> check = Check.model_validate({"metric": "f1", "below": 0.4, "segment": "plan=*", "name": "f1-low"})
    >>> from datetime import datetime
    >>> since = datetime(2013, 5, 2)
    >>> opened = {"f1-low[plan=x]": Incident("f1-low[plan=x]", check.severity, since)}
    >>> [(dict(it.labels)["check"], it.value) for it in incident_samples([check], opened)]
    [('f1-low', 0.0), ('f1-low[plan=x]', 1.0)]
    """

    def sample(name: str, severity: Severity, value: float) -> Sample:
        by = MUTED if is_muted(name, muted) else via
        return Sample("lamplighter_incident_open", value, (("check", name), ("severity", severity.value), ("via", by)))

    names = set()
    for check in checks:
        names.add(check.name)
        yield sample(check.name, check.severity, float(check.name in open_incidents))
    for name, incident in open_incidents.items():
        if name not in names and (incident.is_of_undecided or check_of(name) in names):
            yield sample(name, incident.severity, 1.0)
