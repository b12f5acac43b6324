"""Rules on services while they run: how long requests take, and how many fail.

Rates are recorded first, from counters, and what is longer than their window is summed up from the recorded ones: three
days of every counter would be read anew for each evaluation.
"""

from __future__ import annotations

from lamplighter.core.records.live import LIVE_BY_NAME, Reason
from prometheus.alert import Alert, Record
from prometheus.queries import WHOSE, of_service, on_service, quoted, rate
from prometheus.spans import in_words, promql
from storage.project.observability import Observability

REQUESTS = LIVE_BY_NAME["requests_total"].name
SECONDS = LIVE_BY_NAME["request_processing_seconds"].name
INFERENCES = LIVE_BY_NAME["inference_requests_total"].name
FAILURES = LIVE_BY_NAME["inference_failures_total"].name

REQUEST_RATE = "service:requests:rate"
ERROR_RATE = "service:request_errors:rate"
BUCKET_RATE = "service:request_processing_seconds_bucket:rate"
QUANTILE = "service:request_processing_seconds:quantile"


def service_records(config: Observability) -> tuple[Record, ...]:
    """The rates and the quantile that alerts, trends and panels begin with.

    Where nothing failed yet there is no counter of it, and the share is 0 all the same.

    Examples
    --------
    >>> [record.name for record in service_records(Observability())][:2]
    ['service:requests:rate', 'service:request_errors:rate']
    """
    errors = rate(config, REQUESTS, 'status=~"5.."')
    return (
        Record(REQUEST_RATE, rate(config, REQUESTS)),
        Record(ERROR_RATE, f"{errors}\n  or 0 * {REQUEST_RATE}"),
        Record(BUCKET_RATE, rate(config, f"{SECONDS}_bucket", labels=("le",))),
        Record(QUANTILE, f"histogram_quantile({config.live.latency_quantile:g}, {BUCKET_RATE})"),
    )


def service_alerts(config: Observability) -> tuple[Alert, ...]:
    """The alerts on times and failures.

    Examples
    --------
    >>> [alert.name for alert in service_alerts(Observability())][:2]
    ['LamplighterRequestsSlow', 'LamplighterRequestsSlowOnAverage']
    """
    live = config.live
    limit, part = f"{live.latency_seconds:g}", f"{live.error_ratio:g}"
    percent = f"{100 * live.latency_quantile:g}"
    mean = f"{rate(config, f'{SECONDS}_sum')}\n  / {rate(config, f'{SECONDS}_count')}"
    failed = f"{rate(config, FAILURES, f'reason!={quoted(Reason.CLIENT)}')}\n  / {rate(config, INFERENCES)}"
    allowed = f"{100 * live.error_ratio:g} %"
    looked_at = promql(max(live.error_after, live.rate_window))

    def enough(counter: str) -> str:
        """One failure of a few is no reason to wake a person."""
        counted = f"increase({config.selector(counter)}[{looked_at}])"
        return f"sum {of_service(config)} ({counted}) >= {live.least_requests}"

    return (
        Alert(
            "LamplighterRequestsSlow",
            f"{QUANTILE} > {limit}",
            live.latency_after,
            config.warning,
            f"Requests to {WHOSE} are slow",
            f"{percent} % of the requests to {WHOSE} take up to {{{{ $value | humanizeDuration }}}}, and for "
            f"{in_words(live.latency_after)} more than {limit} s, its limit.",
        ),
        Alert(
            "LamplighterRequestsSlowOnAverage",
            f"{mean}\n  > {limit} unless {on_service(config)} {BUCKET_RATE}",
            live.latency_after,
            config.warning,
            f"Requests to {WHOSE} are slow on average",
            f"A request to {WHOSE} takes {{{{ $value | humanizeDuration }}}} on average, and for "
            f"{in_words(live.latency_after)} more than {limit} s. It exposes no buckets, so no quantile is known.",
        ),
        Alert(
            "LamplighterRequestsFailing",
            f"{ERROR_RATE} / {REQUEST_RATE} > {part}\n  and {enough(REQUESTS)}",
            live.error_after,
            config.critical,
            f"Requests to {WHOSE} fail",
            f"{{{{ $value | humanizePercentage }}}} of the requests to {WHOSE} are answered by an error of the server, "
            f"and for {in_words(live.error_after)} more than {allowed}.",
        ),
        Alert(
            "LamplighterInferencesFailing",
            f"{failed}\n  > {part}\n  and {enough(INFERENCES)}",
            live.error_after,
            config.critical,
            f"Inferences of {WHOSE} fail",
            f"{{{{ $value | humanizePercentage }}}} of the inferences of {WHOSE} fail, those with a fault of the "
            f"client left out, and for {in_words(live.error_after)} more than {allowed}.",
        ),
    )
