"""Alerts on the log of predictions: what it loses is never monitored."""

from __future__ import annotations

from datetime import timedelta

from lamplighter.core.records.live import LIVE_BY_NAME
from prometheus.alert import Alert
from prometheus.queries import WHOSE, of_service
from prometheus.spans import in_words, promql
from prometheus.templates import severity_by
from storage.project.observability import Observability

NONE = timedelta()


def log_alerts(config: Observability) -> tuple[Alert, ...]:
    """The alerts on rows that were dropped, and on writes that failed.

    Examples
    --------
    >>> [alert.name for alert in log_alerts(Observability())]
    ['LamplighterPredictionLogDropping', 'LamplighterPredictionLogFailing']
    """
    live = config.live
    span, going_on = in_words(live.log_window), promql(live.rate_window)
    waiting = config.selector(LIVE_BY_NAME["prediction_log_queue_rows"].name)
    # Of a row that is refused the service's log says why; a queue that is full loses all rows that come.
    severity = severity_by(config, "cause", "full")
    return (
        Alert(
            "LamplighterPredictionLogDropping",
            _any(config, "prediction_log_dropped_rows_total", live.log_window, "cause"),
            NONE,
            severity,
            f"The prediction log of {WHOSE} drops rows",
            f"{{{{ $value | humanize }}}} rows of {WHOSE} were not logged in the last {span} "
            "({{ $labels.cause }}). No run will see them.",
        ),
        Alert(
            "LamplighterPredictionLogFailing",
            # A write that is repeated and succeeds loses nothing: no row waits then.
            f"{_any(config, 'prediction_log_failures_total', live.rate_window)}\n"
            f"  and sum {of_service(config)} (min_over_time({waiting}[{going_on}])) > 0",
            live.log_after,
            config.warning,
            f"The prediction log of {WHOSE} cannot be written",
            f"Writes of the prediction log of {WHOSE} have failed for {in_words(live.log_after)}, and rows wait. A "
            "full queue will lose rows.",
        ),
    )


def _any(config: Observability, name: str, span: timedelta, *labels: str) -> str:
    metric = config.selector(LIVE_BY_NAME[name].name)
    return f"sum {of_service(config, *labels)} (increase({metric}[{promql(span)}])) > 0"
