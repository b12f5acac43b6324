"""The rule files: which groups each has, and the text of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from prometheus.alert import Alert, Record
from prometheus.burn import burn_alerts
from prometheus.champion import champion_alerts
from prometheus.incidents import incident_alerts
from prometheus.machines import machine_alerts
from prometheus.prediction_log import log_alerts
from prometheus.presence import machine_presence, service_presence, target_presence
from prometheus.runs import run_alerts
from prometheus.service import service_alerts, service_records
from prometheus.shares import share_alerts, share_records
from prometheus.spans import promql
from prometheus.trends import trend_records
from prometheus.yaml_text import yaml_text
from storage.project.observability import Observability

Rules = Sequence[Alert | Record]

TRENDS = "lamplighter-trends"
"""The group that is evaluated less often than the others."""


def runs(config: Observability) -> dict[str, Rules]:
    """The groups on runs and on what they found."""
    return {
        "lamplighter-runs": [*run_alerts(config), *target_presence(config)],
        "lamplighter-incidents": incident_alerts(config),
    }


def service(config: Observability) -> dict[str, Rules]:
    """The groups on services; a recorded series comes before what reads it."""
    requests: Rules = [
        *service_records(config),
        *service_alerts(config),
        *burn_alerts(config),
        *service_presence(config),
    ]
    answers: Rules = [*share_records(config), *share_alerts(config), *log_alerts(config), *champion_alerts(config)]
    return {"lamplighter-service": requests, "lamplighter-answers": answers}


def machines(config: Observability) -> dict[str, Rules]:
    """The group on machines."""
    return {"lamplighter-machines": [*machine_presence(config), *machine_alerts(config)]}


def trends(config: Observability) -> dict[str, Rules]:
    """The group of trends."""
    return {TRENDS: list(trend_records(config))}


RULE_FILES: Mapping[str, Callable[[Observability], dict[str, Rules]]] = {
    "runs": runs,
    "service": service,
    "machines": machines,
    "trends": trends,
}
"""The groups of each file, by its name."""


def every_rule(config: Observability | None = None) -> list[Alert | Record]:
    """The rules of all files.

    Examples
    --------
    >>> len([rule for rule in every_rule() if isinstance(rule, Alert)]) > 20
    True
    """
    config = config or Observability()
    return [rule for groups in RULE_FILES.values() for rules in groups(config).values() for rule in rules]


def rules_yaml(name: str, config: Observability | None = None) -> str:
    """A rule file.

    Parameters
    ----------
    name : str
        In `RULE_FILES`.
    config : Observability, optional
        By default what the committed file is rendered with.

    Examples
    --------
    >>> import yaml
    >>> content = yaml.safe_load(rules_yaml("runs", Observability(alert_labels={"team": "growth"})))
    >>> content["groups"][0]["rules"][0]["labels"]["team"]
    'growth'
    """
    config = config or Observability()
    slower = {TRENDS: {"interval": promql(config.trends_every)}}
    groups = [
        {"name": group, **slower.get(group, {}), "rules": [rule.rule(config) for rule in rules]}
        for group, rules in RULE_FILES[name](config).items()
    ]
    return yaml_text({"groups": groups})
