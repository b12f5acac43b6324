"""Rules on missing and failed runs. What runs find is judged once, against the history, and not here.

The gauges of a run stay on a Pushgateway or in a textfile and are scraped every few seconds, however old the run is,
so plain selectors see them; `last_over_time` would only keep those of a retired model alive.
"""

from __future__ import annotations

from lamplighter.core.evaluation.gauges import BY_METRIC, BY_NAME
from prometheus.alert import Alert
from prometheus.spans import in_words, promql, seconds
from storage.project.observability import Observability

LAST = BY_NAME["lamplighter_run_last_timestamp_seconds"].name
LAST_SUCCESS = BY_NAME["lamplighter_run_last_success_timestamp_seconds"].name
EVALUATED = BY_NAME["lamplighter_run_evaluated_day_timestamp_seconds"].name

COVERAGE = BY_METRIC["labels_coverage"].name
UNDELIVERED = BY_NAME["lamplighter_messages_undelivered"].name

STEPS = 112
"""How many values of the usual coverage are looked at: of 28 days one every 6 hours."""


def run_alerts(config: Observability) -> tuple[Alert, ...]:
    """The alerts on runs.

    No gauge holds the length of a model's windows. A run begins soon after its window has ended, so the time from the
    start of the window to the end of the run serves: 29 hours for a day, a week and 5 hours for a week. The factor
    allows for a window of 28 days that is followed by one of 31, and for a day of 23 hours. The lower bound is for
    windows of an hour, since one run that is late is no reason to wake a person. The upper one is there since a
    backfill's window may be years old.

    Examples
    --------
    >>> [alert.name for alert in run_alerts(Observability())][:3]
    ['LamplighterRunMissing', 'LamplighterRunFailed', 'LamplighterModelGone']
    """
    last, last_success, evaluated = map(config.selector, (LAST, LAST_SUCCESS, EVALUATED))
    least, most = seconds(config.overdue_at_least), seconds(config.overdue_at_most)
    gone = in_words(config.gone_after)
    return (
        Alert(
            "LamplighterRunMissing",
            f"time() - {last_success}\n"
            f"  > clamp({config.overdue_factor:g} * ({last_success} - {evaluated}), {least}, {most})",
            config.alert_after,
            config.critical,
            "No run of {{ $labels.model }} for {{ $value | humanizeDuration }}",
            "The last successful run of {{ $labels.model }} ended {{ $value | humanizeDuration }} ago; by the length "
            "of its windows the next one is overdue.",
        ),
        Alert(
            "LamplighterRunFailed",
            # A model that never succeeded has no time of a success.
            f"{last} > {last_success}\n  or\n{last} unless {last_success}",
            config.alert_after,
            config.warning,
            "The last run of {{ $labels.model }} failed",
            "The last run of {{ $labels.model }} ended with a failure, and none has succeeded after it.",
        ),
        _model_gone(config),
        Alert(
            "LamplighterGaugesGone",
            f"absent({last})",
            config.gone_after,
            config.critical,
            f"No model has published gauges for {gone}",
            f"Prometheus has seen no gauge of any run for {gone}: no model ran, none could publish, or nothing is "
            "scraped.",
            is_of_model=False,
        ),
        *_late_alerts(config),
    )


def _model_gone(config: Observability) -> Alert:
    """The alert on a model whose gauges are gone: no other alert sees it then. What runs withdraw is gone too."""
    last, kept = config.selector(LAST), ", ".join(("model", *config.keep))
    known = f"max by ({kept}) (last_over_time({last}[{promql(config.gone_within)}]))"
    return Alert(
        "LamplighterModelGone",
        f"time() - {known}\n  unless max by ({kept}) ({last})",
        config.alert_after,
        config.warning,
        "The gauges of {{ $labels.model }} are gone",
        "No gauge of {{ $labels.model }} is scraped any more, so no alert sees whether it runs. Its last known run "
        "ended {{ $value | humanizeDuration }} ago.",
        looks_back=config.gone_within,
    )


def _late_alerts(config: Observability) -> tuple[Alert, ...]:
    """The alerts on labels and messages that do not arrive.

    Labels are late when far fewer arrived than usual for the model: some models have labels for one row of a hundred.
    Whether too few is a fault of the model is for its checks to say.
    """
    coverage, undelivered = config.selector(COVERAGE), config.selector(UNDELIVERED)
    usual = f"quantile_over_time(0.5, {coverage}[{promql(config.labels_usual)}:{promql(config.labels_usual / STEPS)}])"
    return (
        Alert(
            "LamplighterLabelsLate",
            f"{coverage}\n  < {config.labels_ratio:g} * {usual}",
            config.alert_after,
            config.warning,
            "Labels of {{ $labels.model }} are late",
            "Labels of {{ $value | humanizePercentage }} of the rows of {{ $labels.model }} have arrived, less than "
            f"{100 * config.labels_ratio:g} % of what was usual in the last {in_words(config.labels_usual)}.",
        ),
        Alert(
            "LamplighterMessagesUndelivered",
            f"{undelivered} > 0",
            config.alert_after,
            config.critical,
            "Messages about {{ $labels.model }} do not arrive",
            "{{ $value }} messages about {{ $labels.model }} were not delivered to whom its monitor names.",
        ),
    )
