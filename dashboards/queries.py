"""What panels ask: PromQL of what services and runs expose, and SQL of the history, which has exact days."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from lamplighter.core.evaluation.gauges import BY_NAME
from lamplighter.core.records.live import LIVE
from lamplighter.core.time.duration import format_duration
from storage.project.observability import Observability

HISTORY, SEGMENTS, CUSTOM = "history", "segments", "custom metrics"
"""What a query may need beside a measurement: a history in PostgreSQL, segments, metrics of the project's own."""

OF_OTHERS = (
    "up",
    "ALERTS",
    "prometheus_tsdb_head_series",
    "prometheus_rule_evaluation_failures_total",
    "prometheus_notifications_dropped_total",
    "alertmanager_alerts",
    "alertmanager_notifications_failed_total",
    "push_failure_time_seconds",
    "push_time_seconds",
)
"""What Prometheus, Alertmanager and the Pushgateway say of themselves and of what they hold."""


OF_RECORDS = ("service:request_processing_seconds:quantile_day", "service:request_errors:ratio_day")
"""What the rules record for trends: a year of buckets would be too much to read for a panel."""


def _exposed() -> Iterator[str]:
    yield from BY_NAME
    yield from (*OF_OTHERS, *OF_RECORDS)
    for metric in LIVE:
        parts = ("_bucket", "_sum", "_count") if metric.kind == "histogram" else ("",)
        yield from (metric.name + part for part in parts)


EXPOSED = frozenset(_exposed())
"""Every name that a query may name."""

_NAME = rf"(?<!\w)(?:{'|'.join(sorted(EXPOSED))})(?!\w)"
_SELECTOR = re.compile(rf"(?P<name>{_NAME})?\{{(?P<inside>[^}}]*)\}}|(?P<bare>{_NAME})")
_LARGEST = re.compile(r"\b(topk|bottomk)\(largest,")
_OVERDUE = re.compile(r"\boverdue_(?:factor|at_least|at_most)\b")


@dataclass(frozen=True, slots=True)
class PromQL:
    """What is asked of Prometheus.

    Attributes
    ----------
    text : str
        PromQL, in which ``[look_back]`` stands for how old a value may be, ``largest`` for how many are shown, and
        ``overdue_factor``, ``overdue_at_least`` and ``overdue_at_most`` for what the configuration has.
    legend : str
        In Grafana's templates; in a table the name of the column, which has none if only labels are shown.
    needs : tuple of str
        What has to be measured, all of it.
    of : tuple of str
        Of which one has to be measured, if there are some.
    without : str
        What must not be there, as it is asked instead.
    """

    text: str
    legend: str = ""
    needs: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    without: str = ""

    def rendered(self, config: Observability) -> str:
        """The query of a project: every selector has the project's matchers.

        Examples
        --------
        >>> query = PromQL('topk(largest, last_over_time(lamplighter_data_rows{model="m"}[look_back])) * on () up')
        >>> query.rendered(Observability(match={"cluster": "eu"}))
        'topk(10, last_over_time(lamplighter_data_rows{model="m", cluster="eu"}[26h])) * on () up{cluster="eu"}'
        """
        text = self.text.replace("[look_back]", f"[{format_duration(config.look_back)}]")
        text = _LARGEST.sub(rf"\1({config.largest},", text)
        text = _OVERDUE.sub(lambda found: _number(getattr(config, found[0])), text)

        def selected(found: re.Match[str]) -> str:
            return config.selector(found["bare"] or found["name"] or "", found["inside"] or "")

        return _SELECTOR.sub(selected, text)

    def is_shown(self, measured: frozenset[str]) -> bool:
        """Whether there is something to show where these are measured."""
        there = {*self.needs} <= measured and self.without not in measured
        return there and (not self.of or not measured.isdisjoint(self.of))


@dataclass(frozen=True, slots=True)
class Sql:
    """What is asked of a history in PostgreSQL.

    Attributes
    ----------
    text : str
        With Grafana's macros and variables.
    shape : {"table", "time_series"}
        A time series has the columns ``time``, ``metric`` and ``value``.
    needs, of : tuple of str
        As those of `PromQL`; a history is always needed.
    """

    text: str
    shape: Literal["table", "time_series"] = "table"
    needs: tuple[str, ...] = ()
    of: tuple[str, ...] = ()

    def is_shown(self, measured: frozenset[str]) -> bool:
        """Whether there is something to show where these are measured."""
        return {HISTORY, *self.needs} <= measured and (not self.of or not measured.isdisjoint(self.of))


Query = PromQL | Sql


def _number(value: float | timedelta) -> str:
    """A number in PromQL, a length of time in seconds."""
    return f"{value.total_seconds():.0f}" if isinstance(value, timedelta) else f"{value:g}"


UNITS = {
    "_timestamp_seconds": "dateTimeAsIso",
    "_seconds": "s",
    "_ratio": "percentunit",
    "_bytes": "bytes",
    "_bytes_total": "bytes",
    "_celsius": "celsius",
}


def unit_of(name: str) -> str:
    """Grafana's name of the unit that the suffix of an exposed name states.

    Examples
    --------
    >>> unit_of("lamplighter_labels_coverage_ratio"), unit_of("lamplighter_data_rows")
    ('percentunit', 'short')
    """
    return next((unit for suffix, unit in UNITS.items() if name.endswith(suffix)), "short")
