"""The rule files: which groups each has, and the text of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from prometheus.alert import Alert, Record
from prometheus.runs import run_alerts
from prometheus.service import service_alerts, service_records
from prometheus.yaml_text import yaml_text
from storage.project.observability import Observability

Rules = Sequence[Alert | Record]


def runs(config: Observability) -> dict[str, Rules]:
    """The groups on runs."""
    return {"lamplighter-runs": run_alerts(config)}


def service(config: Observability) -> dict[str, Rules]:
    """The groups on services; a recorded series comes before what reads it."""
    return {"lamplighter-service": [*service_records(config), *service_alerts(config)]}


RULE_FILES: Mapping[str, Callable[[Observability], dict[str, Rules]]] = {"runs": runs, "service": service}
"""The groups of each file, by its name."""


def every_rule(config: Observability | None = None) -> list[Alert | Record]:
    """The rules of all files.

    Examples
    --------
    >>> len([rule for rule in every_rule() if isinstance(rule, Alert)]) > 6
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
    groups = RULE_FILES[name](config)
    return yaml_text(
        {"groups": [{"name": group, "rules": [rule.rule(config) for rule in rules]} for group, rules in groups.items()]}
    )
