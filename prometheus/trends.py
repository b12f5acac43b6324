"""Recorded series for trends by the day: what a panel of a year asks for, without reading every sample of a year.

What runs found is the value that was published last; a gap, such as a Pushgateway that forgot its groups, is bridged.
Times and errors of services are of the day before each moment, from the recorded rates: the buckets of a day are added
up before the quantile is taken, since an average of quantiles is none.
"""

from __future__ import annotations

from collections.abc import Iterator

from lamplighter.core.records.catalogue import METRICS
from lamplighter.core.records.metric import Family
from prometheus.alert import Record
from prometheus.burn import failed_share
from prometheus.service import BUCKET_RATE
from prometheus.spans import promql
from storage.project.observability import Observability

QUANTILE_OF_DAY = "service:request_processing_seconds:quantile_day"
ERRORS_OF_DAY = "service:request_errors:ratio_day"

OF_RUNS = ("drift_share", "labels_coverage")
"""Trends of runs beside those of quality."""


def day_name(gauge: str) -> str:
    """The name of the recorded series of a gauge of runs.

    Examples
    --------
    >>> day_name("lamplighter_drift_share_ratio")
    'model:lamplighter_drift_share_ratio:day'
    """
    return f"model:{gauge}:day"


def trend_records(config: Observability) -> Iterator[Record]:
    """The recorded series, of totals alone.

    Examples
    --------
    >>> [record.name for record in trend_records(Observability())][:3]
    ['service:request_processing_seconds:quantile_day', 'service:request_errors:ratio_day',
     'model:lamplighter_drift_share_ratio:day']
    """
    day = promql(config.trend_window)
    buckets = f"sum_over_time({BUCKET_RATE}[{day}])"
    yield Record(QUANTILE_OF_DAY, f"histogram_quantile({config.live.latency_quantile:g}, {buckets})")
    yield Record(ERRORS_OF_DAY, failed_share(config.trend_window))
    kept = ", ".join(("model", *config.keep))
    for name, metric in METRICS.items():
        if metric.gauge and (metric.family is Family.QUALITY or name in OF_RUNS):
            totals = [f'{label}=""' for label in metric.labels]
            last = f"last_over_time({config.selector(metric.gauge, *totals)}[{promql(config.look_back)}])"
            yield Record(day_name(metric.gauge), f"max by ({kept}) ({last})")
