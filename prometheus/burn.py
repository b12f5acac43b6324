"""Alerts on how fast a service uses up the failures that its objective allows.

The windows and shares are those of the SRE workbook: each long window, which says that it matters, comes with a twelfth
of it, which says that it still goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from prometheus.alert import Alert
from prometheus.queries import WHOSE
from prometheus.service import ERROR_RATE, REQUEST_RATE
from prometheus.spans import in_words, promql, seconds
from storage.project.observability import Observability

SHORTER = 12
"""The short window is this part of the long one."""


def burn_alerts(config: Observability) -> tuple[Alert, ...]:
    """One alert that is critical, and one that is a warning.

    Examples
    --------
    >>> [alert.expr.count("sum_over_time(service:requests:rate") for alert in burn_alerts(Observability())]
    [6, 6]
    """
    live = config.live
    allowed = f"{100 * (1 - live.objective):.6g} %"
    period = in_words(live.objective_period)
    return tuple(
        Alert(
            name,
            "\n  or\n".join(_burns(config, span, share) for span, share in shares.items()),
            live.burn_after,
            severity,
            f"{WHOSE} uses up its failures {speed}",
            f"{{{{ $value | humanizePercentage }}}} of the requests to {WHOSE} failed in "
            f"{_either(map(in_words, shares))}. Its objective allows {allowed} in {period}; this uses up "
            f"{_spent(shares)}.",
        )
        for name, shares, severity, speed in (
            ("LamplighterBudgetBurnsFast", live.page, config.critical, "fast"),
            ("LamplighterBudgetBurnsSlowly", live.ticket, config.warning, "slowly"),
        )
        if shares
    )


def _burns(config: Observability, span: timedelta, share: float) -> str:
    """Both shares are above the limit, and of so few requests that one failure is above it there is no alert."""
    limit = f"{config.live.burn_limit(span, share):.6g}"
    high = [f"{failed_share(window)} > {limit}" for window in (span, span / SHORTER)]
    return "\n  and\n".join([*high, enough_requests(config, span)])


def enough_requests(config: Observability, span: timedelta) -> str:
    """Whether there were enough requests in a time, from the recorded rates: each stands for the time until the next.

    Examples
    --------
    >>> enough_requests(Observability(), timedelta(hours=1))
    'sum_over_time(service:requests:rate[1h]) * 60 >= 20'
    """
    every = seconds(config.scrape.rules_every)
    return f"sum_over_time({REQUEST_RATE}[{promql(span)}]) * {every} >= {config.live.least_requests}"


def failed_share(span: timedelta) -> str:
    """The share of the requests of a time that failed, from the recorded rates.

    Examples
    --------
    >>> failed_share(timedelta(hours=1))
    'sum_over_time(service:request_errors:rate[1h]) / sum_over_time(service:requests:rate[1h])'
    """
    window = promql(span)
    return f"sum_over_time({ERROR_RATE}[{window}]) / sum_over_time({REQUEST_RATE}[{window}])"


def _spent(shares: Mapping[timedelta, float]) -> str:
    """How much is used up, and in which time."""
    return _either(f"{100 * share:g} % of that in {in_words(span)}" for span, share in shares.items())


def _either(texts: Iterable[str]) -> str:
    return " or ".join(texts)
