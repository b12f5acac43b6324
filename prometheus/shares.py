"""Rules on the shares of null and unsure answers of a service, held against those of the model's reference.

A run judges its whole window, against limits of the monitor. Here what is live is held against what the reference
has, so that a service which suddenly answers nothing is known at once, and not after the next run.
"""

from __future__ import annotations

from lamplighter.core.evaluation.gauges import BY_METRIC, BY_NAME
from lamplighter.core.records.live import LIVE_BY_NAME
from prometheus.alert import Alert, Record
from prometheus.queries import WHOSE, of_service
from prometheus.spans import in_words, promql
from storage.project.observability import Observability

ROWS = LIVE_BY_NAME["inference_predictions_total"].name
REFERENCE = BY_NAME["lamplighter_reference_ratio"].name
ROWS_OF_SPAN = "service:predictions:increase"

NULL_SHARE = "service:null_predictions:ratio"
UNSURE_SHARE = "service:unsure_predictions:ratio"


def share_records(config: Observability) -> tuple[Record, ...]:
    """The shares, and how many rows they are of.

    Examples
    --------
    >>> [record.name for record in share_records(Observability())]
    ['service:predictions:increase', 'service:null_predictions:ratio', 'service:unsure_predictions:ratio']
    """
    rows = _increase(config, ROWS)
    # A service that never answered null may have no counter of it. A band of unsure scores is not every service's.
    null, unsure = (
        _increase(config, LIVE_BY_NAME[f"inference_{kind}_predictions_total"].name) for kind in ("null", "unsure")
    )
    return (
        Record(ROWS_OF_SPAN, rows),
        Record(NULL_SHARE, f"({null}\n  or 0 * {ROWS_OF_SPAN})\n  / {ROWS_OF_SPAN}"),
        Record(UNSURE_SHARE, f"{unsure}\n  / {ROWS_OF_SPAN}"),
    )


def share_alerts(config: Observability) -> tuple[Alert, ...]:
    """An alert for each share.

    Examples
    --------
    >>> [alert.name for alert in share_alerts(Observability())]
    ['LamplighterNullShareOff', 'LamplighterUnsureShareOff']
    """
    live = config.live
    far = f"for {in_words(live.share_after)} by more than {100 * live.share_tolerance:g} points"
    return tuple(
        Alert(
            name,
            _outside(config, share, metric),
            live.share_after,
            config.warning,
            f"The share of {what} answers of {WHOSE} is another than the reference's",
            f"{{{{ $value | humanizePercentage }}}} of the answers of {WHOSE} in {in_words(live.share_window)} are "
            f"{what}. The share differs from that of the model's reference, {far}.",
        )
        for name, share, metric, what in (
            ("LamplighterNullShareOff", NULL_SHARE, "null_prediction_ratio", "null"),
            ("LamplighterUnsureShareOff", UNSURE_SHARE, "unsure_ratio", "unsure"),
        )
    )


def _outside(config: Observability, share: str, metric: str) -> str:
    """A share that is too far from that of the reference; where there is none, from that of the newest window."""
    kept = ", ".join(("model", *config.keep))
    reference = config.selector(REFERENCE, f'metric="{metric}"')
    newest = config.selector(BY_METRIC[metric].name)
    return (
        f"{share}\n"
        f"  and abs({share} - on ({kept}) group_left ()\n"
        f"    (max by ({kept}) ({reference}) or max by ({kept}) ({newest}))) > {config.live.share_tolerance:g}\n"
        f"  and {ROWS_OF_SPAN} >= {config.live.least_predictions}"
    )


def _increase(config: Observability, metric: str) -> str:
    return f"sum {of_service(config)} (increase({config.selector(metric)}[{promql(config.live.share_window)}]))"
