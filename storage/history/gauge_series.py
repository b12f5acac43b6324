"""The recorded past as series of gauges: what a Prometheus would hold if it had seen every window, as known now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import sqlalchemy as sa

from lamplighter.core.evaluation.gauges import BY_METRIC, BY_NAME, GAUGES, Gauge
from lamplighter.core.evaluation.openmetrics import families, sample_line, series_text
from lamplighter.core.records.catalogue import METRICS, OF_VERSIONS
from storage.history import tables
from storage.history.database import History
from storage.history.newest import newest
from storage.history.query import Filter

JOB = "lamplighter"
"""The label that gauges get when they are pushed, so that the past continues in the present."""

ROWS_AT_ONCE = 2_000
"""Rows that are fetched together: a year of a thousand series does not fit into memory."""

OVERALL = {"segment": "", "class": ""}
"""Intervals of totals alone: those of segments depend on what checks judge at present."""

CUSTOM = BY_NAME["lamplighter_quality_custom"]
INTERVALS = {"lamplighter_interval_lower": "lower", "lamplighter_interval_upper": "upper"}

NO_LABELS: Mapping[str, str] = {}

Spans = Mapping[str, tuple[str, Filter]]
"""The grain and the span of windows of each model."""


def openmetrics(history: History, spans: Spans, match: Mapping[str, str] = NO_LABELS) -> Iterator[str]:
    r"""Lines of OpenMetrics text: each family once, in it each series at once, and each series in the order of time.

    A value stands at the start of the window that it is about. Windows of another length than the model's present one
    are left out: one series would have two values at one time. Labels of `match` are those that Prometheus adds to what
    it collects now, and that rules and panels choose by.

    Examples
    --------
    >>> lines = [*openmetrics(history, {"churn": ("1d", Filter(since=window.start))})]
    >>> print(lines[0] + lines[1] + lines[-1], end="")
    # HELP lamplighter_data_rows rows of the window, repeated ones left out
    # TYPE lamplighter_data_rows gauge
    lamplighter_data_rows{job="lamplighter",model="churn"} 300.0 1773187200
    # EOF
    """
    custom = {model: _custom(history, model) for model in spans}
    return families((gauge, _samples(history, gauge, spans, custom, match)) for gauge in GAUGES)


def _samples(
    history: History, gauge: Gauge, spans: Spans, custom: Mapping[str, Iterable[str]], match: Mapping[str, str]
) -> Iterator[str]:
    """The samples of one gauge, model by model."""
    for model, (grain, span) in spans.items():
        if gauge is CUSTOM:
            metrics, column = list(custom[model]), "value"
        elif gauge.name in INTERVALS:
            metrics, column = [*BY_METRIC, *custom[model]], INTERVALS[gauge.name]
        else:
            metrics, column = [gauge.metric] if gauge.metric else [], "value"
        only = OVERALL if gauge.name in INTERVALS else {}
        for metric in metrics:
            if metric in METRICS and gauge.name in INTERVALS and METRICS[metric].interval == "none":
                continue
            yield from _series(history, gauge, (model, grain, metric), span, column, only, match)


def _series(
    history: History,
    gauge: Gauge,
    of: tuple[str, str, str],
    span: Filter,
    column: str,
    only: Mapping[str, str],
    match: Mapping[str, str],
) -> Iterator[str]:
    """The samples of one metric of a model, series by series; of several versions the one with the most rows speaks."""
    model, grain, metric = of
    table = tables.measurement
    conditions = [table.c.model == model, table.c.metric == metric, table.c.grain == grain]
    conditions += [] if metric in OF_VERSIONS else [table.c.version == ""]
    conditions += [table.c[name] == value for name, value in only.items()]
    if span.since is not None:
        conditions.append(table.c.window_start >= span.since)
    if span.until is not None:
        conditions.append(table.c.window_start < span.until)
    known = newest(table, *conditions).subquery()
    # By what the series has, and by nothing else of the key: a statistic that took another one's place continues it.
    series = [known.c[name] for name in gauge.labels]
    query = sa.select(*series, known.c.window_start, known.c[column]).where(known.c[column].is_not(None))
    query = query.order_by(*series, known.c.window_start, known.c.n.desc(), known.c.version, known.c.method)
    of_all = [("job", JOB), ("model", model), *match.items()]
    head, start, before = "", None, None
    with history.streaming() as connection:
        for *values, at, value in connection.execution_options(yield_per=ROWS_AT_ONCE).execute(query):
            if values != before:
                labels = zip(gauge.labels, map(str, values), strict=True)
                before, start, head = values, None, series_text(gauge.name, [*of_all, *labels])
            if at != start:
                yield sample_line(head, value, at)
            start = at


def _custom(history: History, model: str) -> list[str]:
    """The custom metrics that were recorded of a model."""
    table = tables.measurement
    query = sa.select(table.c.metric).distinct().where(table.c.model == model)
    with history.reading() as connection:
        return sorted(set(connection.scalars(query)) - METRICS.keys())
