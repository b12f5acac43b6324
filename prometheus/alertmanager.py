"""`alertmanager.yml`: who is notified of which alert, and which alert another one makes needless."""

from __future__ import annotations

from prometheus.spans import promql
from prometheus.yaml_text import yaml_text
from storage.project.observability import Observability


def alertmanager_yaml(config: Observability | None = None) -> str:
    """The configuration of Alertmanager.

    Examples
    --------
    >>> "url: http://localhost:9094/alertmanager/default" in alertmanager_yaml()
    True
    """
    config = config or Observability()
    own = config.alertmanager
    return yaml_text(
        {
            "route": {
                "receiver": "relay",
                "group_by": ["alertname", "model", "job"],
                "group_wait": promql(own.group_wait),
                "group_interval": promql(own.group_interval),
                "repeat_interval": promql(own.repeat_interval),
            },
            "receivers": [
                {"name": "relay", "webhook_configs": [{"url": f"{own.relay_url}/default", "send_resolved": True}]}
            ],
        }
    )
