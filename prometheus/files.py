"""All that Prometheus and Alertmanager load, as files of one folder."""

from __future__ import annotations

from prometheus.alertmanager import alertmanager_yaml
from prometheus.rule_files import RULE_FILES, rules_yaml
from prometheus.scrape import prometheus_yaml
from storage.project.observability import Observability


def prometheus_files(config: Observability | None = None) -> dict[str, str]:
    """The text of each file, by its path in the folder.

    Examples
    --------
    >>> sorted(prometheus_files())[:2]
    ['alertmanager.yml', 'prometheus.yml']
    """
    return {
        "prometheus.yml": prometheus_yaml(config),
        "alertmanager.yml": alertmanager_yaml(config),
        **{f"rules/{name}.yml": rules_yaml(name, config) for name in RULE_FILES},
    }
