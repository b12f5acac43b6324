"""Alerts on the log of predictions: what it loses is never monitored."""

from __future__ import annotations

from datetime import timedelta

from lamplighter.core.records.live import LIVE_BY_NAME
from prometheus.alert import Alert
from prometheus.queries import WHOSE, of_service
from prometheus.spans import in_words, promql
from storage.project.observability import Observability

NONE = timedelta()


def log_alerts(config: Observability) -> tuple[Alert, ...]:
    """The alerts on rows that were dropped, and on writes that failed.

    Examples
    --------
    >>> [alert.name for alert in log_alerts(Observability())]
    ['LamplighterPredictionLogDropping', 'LamplighterPredictionLogFailing']
    """
    span = in_words(config.live.log_window)
    return (
        Alert(
            "LamplighterPredictionLogDropping",
            _any(config, "prediction_log_dropped_rows_total", "cause"),
            NONE,
            config.warning,
            f"The prediction log of {WHOSE} drops rows",
            f"{{{{ $value | humanize }}}} rows of {WHOSE} were not logged in the last {span} "
            "({{ $labels.cause }}). No run will see them.",
        ),
        Alert(
            "LamplighterPredictionLogFailing",
            _any(config, "prediction_log_failures_total"),
            NONE,
            config.critical,
            f"The prediction log of {WHOSE} cannot be written",
            f"{{{{ $value | humanize }}}} writes of the prediction log of {WHOSE} failed in the last {span}.",
        ),
    )


def _any(config: Observability, name: str, *labels: str) -> str:
    metric = config.selector(LIVE_BY_NAME[name].name)
    return f"sum {of_service(config, *labels)} (increase({metric}[{promql(config.live.log_window)}])) > 0"
