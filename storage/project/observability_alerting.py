"""The sections `[observability.scrape]` and `[observability.alertmanager]`: what is collected, and who is notified."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from storage.project.observability_fields import Part, Positive, Span, Targets, Word


class Scraping(Part):
    """What `prometheus.yml` collects."""

    interval: Positive = Field(default=timedelta(seconds=15), description="how often each target is asked")
    rules_every: Positive = Field(default=timedelta(minutes=1), description="how often rules are evaluated")
    services: Targets = Field(default=("localhost:8000",), description="model services with `/metrics`")
    pushgateway_job: Word = Field(default="pushgateway", description="Prometheus' job of the Pushgateway")
    pushgateways: Targets = Field(default=("localhost:9091",), description="what runs push their gauges to")
    nodes: Targets = Field(default=("localhost:9100",), description="node_exporter of each machine")
    prefect_job: Word = Field(default="prefect", description="Prometheus' job of the Prefect server")
    prefect: Targets = Field(default=("localhost:4200",), description="the Prefect server, where it exposes metrics")
    alertmanagers: Targets = Field(default=("localhost:9093",), description="what alerts are sent to")


class Alertmanager(Part):
    """Who `alertmanager.yml` notifies."""

    relay_url: str = Field(
        default="http://localhost:9094/alertmanager", description="where `lamplighter relay` listens"
    )
    group_wait: Span = Field(default=timedelta(seconds=30), description="what comes within it is one message")
    group_interval: Positive = Field(
        default=timedelta(minutes=5), description="before a group that changed is sent again"
    )
    repeat_interval: Positive = Field(default=timedelta(hours=12), description="before one that did not change is")
