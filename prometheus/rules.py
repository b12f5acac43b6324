"""Rules on missing and failed runs. What runs find is judged once, against the history, and not here.

The gauges of a run stay on a Pushgateway or in a textfile and are scraped every few seconds, however old the run is,
so plain selectors see them; `last_over_time` would only keep those of a retired model alive.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import yaml

from lamplighter.core.evaluation.gauges import BY_NAME
from lamplighter.core.time.duration import format_duration
from storage.project.observability import Observability

HEADER = "# Rendered by `lamplighter render`; change [observability] in lamplighter.toml, or prometheus/rules.py.\n"

LAST = BY_NAME["lamplighter_run_last_timestamp_seconds"].name
LAST_SUCCESS = BY_NAME["lamplighter_run_last_success_timestamp_seconds"].name
EVALUATED = BY_NAME["lamplighter_run_evaluated_day_timestamp_seconds"].name

UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"}


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert.

    Attributes
    ----------
    name : str
    expr : str
        In PromQL; it fires for every series that it returns.
    wait : timedelta
        How long it must hold.
    severity : str
    summary, description : str
        May hold Prometheus' templates.
    """

    name: str
    expr: str
    wait: timedelta
    severity: str
    summary: str
    description: str

    def rule(self, config: Observability) -> dict[str, object]:
        """As it stands in a rule file."""
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": format_duration(self.wait),
            "labels": {"severity": self.severity, **config.alert_labels},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook": f"{config.runbook_url}#{self.name.lower()}",
            },
        }


def alerts(config: Observability) -> tuple[Alert, ...]:
    """The alerts on runs.

    No gauge holds the length of a model's windows. A run begins soon after its window has ended, so the time from the
    start of the window to the end of the run serves: 29 hours for a day, a week and 5 hours for a week. The factor
    allows for a window of 28 days that is followed by one of 31, and for a day of 23 hours; the lower bound since an
    hour or two is no reason to wake a person, and the upper one since a backfill's window may be years old.

    Examples
    --------
    >>> [alert.name for alert in alerts(Observability())]
    ['LamplighterRunMissing', 'LamplighterRunFailed', 'LamplighterGaugesGone']
    """
    last, last_success, evaluated = map(config.selector, (LAST, LAST_SUCCESS, EVALUATED))
    least, most = (int(span.total_seconds()) for span in (config.overdue_at_least, config.overdue_at_most))
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
            f"{last} > {last_success}",
            config.alert_after,
            config.warning,
            "The last run of {{ $labels.model }} failed",
            "The last run of {{ $labels.model }} ended with a failure and none has succeeded since.",
        ),
        Alert(
            "LamplighterGaugesGone",
            f"absent({last_success})",
            config.gone_after,
            config.critical,
            f"No model has published gauges for {gone}",
            f"Prometheus has seen no gauge of any run for {gone}: no model ran, none could publish, or nothing is "
            "scraped.",
        ),
    )


def in_words(span: timedelta) -> str:
    """A length of time as a sentence has it.

    Examples
    --------
    >>> in_words(timedelta(hours=26)), in_words(timedelta(days=1))
    ('26 hours', '1 day')
    """
    text = format_duration(span)
    return f"{text[:-1]} {UNITS[text[-1]]}{'' if text[:-1] == '1' else 's'}"


def rules_yaml(config: Observability | None = None) -> str:
    """The rule file on runs.

    Parameters
    ----------
    config : Observability, optional
        By default what the committed file is rendered with.

    Examples
    --------
    >>> yaml.safe_load(rules_yaml(Observability(alert_labels={"team": "growth"})))["groups"][0]["rules"][0]["labels"]
    {'severity': 'critical', 'team': 'growth'}
    """
    config = config or Observability()
    groups = {"groups": [{"name": "lamplighter-runs", "rules": [alert.rule(config) for alert in alerts(config)]}]}
    return HEADER + yaml.dump(groups, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as it reads."""


def _represented(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represented)
