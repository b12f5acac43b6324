"""Rules on missing and failed runs. What runs find is judged once, against the history, and not here.

The gauges of a run stay on a Pushgateway or in a textfile and are scraped every few seconds, however old the run is,
so plain selectors see them; `last_over_time` would only keep those of a retired model alive.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from lamplighter.core.evaluation.gauges import BY_NAME

HEADER = "# Rendered by `lamplighter render --checkout` from prometheus/rules.py; edit that, and rules/runs_test.yml.\n"
RUNBOOK = "docs/how-to/missing-runs.md"

LAST = BY_NAME["lamplighter_run_last_timestamp_seconds"].name
LAST_SUCCESS = BY_NAME["lamplighter_run_last_success_timestamp_seconds"].name
EVALUATED = BY_NAME["lamplighter_run_evaluated_day_timestamp_seconds"].name

HOUR = 3600
DAY = 24 * HOUR

# A daily model runs a day after its last run, and an hour or two late is no reason to wake a person.
SHORTEST_WAIT = 26 * HOUR
# The longest month, and the same slack.
LONGEST_WAIT = 36 * DAY
# A window of 28 days is followed by one of 31, and a day of 23 hours by one of 24.
SLACK = 1.15


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert.

    Attributes
    ----------
    name : str
    expr : str
        In PromQL; it fires for every series that it returns.
    wait : str
        How long it must hold.
    severity : str
    summary, description : str
        May hold Prometheus' templates.
    """

    name: str
    expr: str
    wait: str
    severity: str
    summary: str
    description: str

    def rule(self) -> dict[str, object]:
        """As it stands in a rule file."""
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.wait,
            "labels": {"severity": self.severity},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook": f"{RUNBOOK}#{self.name.lower()}",
            },
        }


# No gauge holds the length of a model's windows. A run begins soon after its window has ended, so the time from the
# start of the window to the end of the run serves: 29 hours for a day, a week and 5 hours for a week.
ALERTS = (
    Alert(
        "LamplighterRunMissing",
        f"time() - {LAST_SUCCESS}\n"
        f"  > clamp({SLACK} * ({LAST_SUCCESS} - {EVALUATED}), {SHORTEST_WAIT}, {LONGEST_WAIT})",
        "15m",
        "critical",
        "No run of {{ $labels.model }} for {{ $value | humanizeDuration }}",
        "The last successful run of {{ $labels.model }} ended {{ $value | humanizeDuration }} ago; by the length of "
        "its windows the next one is overdue.",
    ),
    Alert(
        "LamplighterRunFailed",
        f"{LAST} > {LAST_SUCCESS}",
        "15m",
        "warning",
        "The last run of {{ $labels.model }} failed",
        "The last run of {{ $labels.model }} ended with a failure and none has succeeded since.",
    ),
    Alert(
        "LamplighterGaugesGone",
        f"absent({LAST_SUCCESS})",
        "26h",
        "critical",
        "No model has published gauges for more than a day",
        "Prometheus has seen no gauge of any run for 26 hours: no model ran, none could publish, or nothing is "
        "scraped.",
    ),
)


def rules_yaml() -> str:
    """The rule file on runs."""
    groups = {"groups": [{"name": "lamplighter-runs", "rules": [alert.rule() for alert in ALERTS]}]}
    return HEADER + yaml.dump(groups, Dumper=_Dumper, sort_keys=False, width=110)


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as it reads."""


def _represented(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represented)
