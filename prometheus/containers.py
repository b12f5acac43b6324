"""The same configuration for the containers of compose.yaml, where each server has a name."""

from __future__ import annotations

from prometheus.alertmanager import alertmanager_yaml
from prometheus.scrape import prometheus_yaml
from storage.project.observability import Observability
from storage.project.observability_alerting import Alertmanager, Scraping

CONTAINERS = Observability(
    scrape=Scraping(
        services=("service:8000",),
        pushgateways=("pushgateway:9091",),
        nodes=("node-exporter:9100",),
        prefect=("prefect:4200",),
        alertmanagers=("alertmanager:9093",),
    ),
    alertmanager=Alertmanager(relay_url="http://relay:9094/alertmanager"),
)


def container_files() -> dict[str, str]:
    """The text of each file, by its path below `prometheus/`; rules name no server, and are those of the checkout.

    Examples
    --------
    >>> "- pushgateway:9091" in container_files()["compose/prometheus.yml"]
    True
    """
    return {
        "compose/prometheus.yml": prometheus_yaml(CONTAINERS),
        "compose/alertmanager.yml": alertmanager_yaml(CONTAINERS),
    }
