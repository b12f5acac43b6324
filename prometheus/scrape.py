"""`prometheus.yml`: what is collected, which rules are loaded, and where alerts go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from prometheus.rule_files import RULE_FILES
from prometheus.spans import promql
from prometheus.yaml_text import yaml_text
from storage.project.observability import Observability
from storage.project.observability_alerting import Scraping

MOST_WAIT = timedelta(seconds=10)
"""How long a target may take to answer, as Prometheus has it."""


def prometheus_yaml(config: Observability | None = None) -> str:
    """The configuration of Prometheus.

    Pushed labels stay what they are, and so does the model that a service names itself.

    Examples
    --------
    >>> "honor_labels: true" in prometheus_yaml()
    True
    """
    config = config or Observability()
    scrape = config.scrape
    services = [*_targets(scrape.services), *_plain(scrape.plain_services)]
    jobs = [
        {"job_name": config.live.job, "honor_labels": True, "static_configs": services},
        _job(scrape.pushgateway_job, scrape.pushgateways, honor_labels=True, **_user(scrape)),
        _job(config.machines.job, scrape.nodes),
        _job(scrape.prefect_job, scrape.prefect, metrics_path="/api/metrics"),
    ]
    if config.match:
        # Every rule chooses by these labels, so what is collected here needs them.
        for job in jobs:
            job["static_configs"] = [
                {**group, "labels": {**group.get("labels", {}), **config.match}} for group in job["static_configs"]
            ]
    return yaml_text(
        {
            "global": {
                "scrape_interval": promql(scrape.interval),
                "scrape_timeout": promql(min(scrape.interval, MOST_WAIT)),
                "evaluation_interval": promql(scrape.rules_every),
            },
            # Named one by one: the folder may hold other files, such as tests of rules.
            "rule_files": [f"rules/{name}.yml" for name in RULE_FILES],
            "scrape_configs": [job for job in jobs if job["static_configs"]],
            "alerting": {"alertmanagers": [{"static_configs": _targets(scrape.alertmanagers)}]},
        }
    )


def _job(name: str, targets: Iterable[str], **options: object) -> dict[str, Any]:
    return {"job_name": name, **options, "static_configs": _targets(targets)}


def _user(scrape: Scraping) -> dict[str, object]:
    """What a Pushgateway with basic authentication asks for."""
    if not scrape.pushgateway_user:
        return {}
    return {"basic_auth": {"username": scrape.pushgateway_user, "password_file": scrape.pushgateway_password_file}}


def _plain(services: Mapping[str, Iterable[str]]) -> Iterator[dict[str, object]]:
    """Services that do not say which model they serve; where one says it, its own word counts."""
    for model, targets in services.items():
        yield {"targets": list(targets), "labels": {"model": model}}


def _targets(targets: Iterable[str]) -> list[dict[str, list[str]]]:
    named = list(targets)
    return [{"targets": named}] if named else []
