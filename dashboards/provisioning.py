"""What Grafana reads at its start: data sources, where boards lie, and two alerts of its own.

Grafana puts variables of its environment in place of ``$NAME``, and files in place of ``$__file{...}``: an address or a
password stands in none of these files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import yaml

from dashboards.panels import uid_of
from dashboards.queries import HISTORY, PromQL
from lamplighter.core.time.duration import format_duration
from storage.project.observability import Observability

HEADER = (
    "# Rendered by `lamplighter render`; change [observability] in lamplighter.toml, or dashboards/provisioning.py.\n"
)
FOLDER = "Lamplighter"
PROMETHEUS_UID, HISTORY_UID = "lamplighter-prometheus", "lamplighter-history"
ALERTMANAGER_UID, LOGS_UID, TRACES_UID = "lamplighter-alertmanager", "lamplighter-logs", "lamplighter-traces"
PASSWORD_FILE = "/run/secrets/history_password"
TRACE_ID = "trace_id"

LOOKS_BACK = 600
"""Seconds that Grafana hands to a query of an alert; an instant one only needs the last."""


def provisioning_files(config: Observability, measured: frozenset[str]) -> dict[str, str]:
    """The files by their path below Grafana's folder of provisioning.

    Examples
    --------
    >>> [*provisioning_files(Observability(), frozenset())]
    ['datasources/lamplighter.yaml', 'datasources/lamplighter-traces.yaml', 'dashboards/lamplighter.yaml',
     'alerting/lamplighter.yaml']
    """
    return {
        "datasources/lamplighter.yaml": _written({"apiVersion": 1, "datasources": _sources(config, measured)}),
        "datasources/lamplighter-traces.yaml": _written({"apiVersion": 1, "datasources": _logs_and_traces()}),
        "dashboards/lamplighter.yaml": _written({"apiVersion": 1, "providers": [_provider()]}),
        "alerting/lamplighter.yaml": _written({"apiVersion": 1, "groups": [_alerts(config)]}),
    }


def _written(content: Mapping[str, object]) -> str:
    return HEADER + yaml.safe_dump(dict(content), sort_keys=False, width=110, allow_unicode=True)


def _sources(config: Observability, measured: frozenset[str]) -> list[dict[str, object]]:
    """Those that no configuration names: a data source that is named is there already."""
    found: list[dict[str, object]] = []
    if not config.datasource_uid:
        exemplars = [{"name": TRACE_ID, "datasourceUid": TRACES_UID}]
        # Rates are asked for over at least four scrapes.
        options: dict[str, object] = {
            "httpMethod": "POST",
            "timeInterval": format_duration(config.scrape.interval),
            "exemplarTraceIdDestinations": exemplars,
        }
        found.append(
            _source("Prometheus", "prometheus", PROMETHEUS_UID, "$PROMETHEUS_URL", isDefault=True, jsonData=options)
        )
    if HISTORY in measured and not config.postgresql_uid:
        stored: dict[str, object] = {
            "database": "$HISTORY_DATABASE",
            "sslmode": "$HISTORY_SSLMODE",
            "postgresVersion": 1500,
        }
        found.append(
            _source(
                "History",
                "grafana-postgresql-datasource",
                HISTORY_UID,
                "$HISTORY_ADDRESS",
                user="$HISTORY_USER",
                jsonData=stored,
                secureJsonData={"password": f"$__file{{{PASSWORD_FILE}}}"},
            )
        )
    shown = {"implementation": "prometheus", "handleGrafanaManagedAlerts": False}
    return [*found, _source("Alertmanager", "alertmanager", ALERTMANAGER_UID, "$ALERTMANAGER_URL", jsonData=shown)]


def _logs_and_traces() -> list[dict[str, object]]:
    """From a line of the log to its trace, and back."""
    derived = {"name": TRACE_ID, "matcherRegex": f'"{TRACE_ID}": ?"(\\w+)"', "url": "$${__value.raw}"}
    fields = [{**derived, "datasourceUid": TRACES_UID}]
    logs = {"datasourceUid": LOGS_UID, "filterByTraceID": True, "spanStartTimeShift": "-5m", "spanEndTimeShift": "5m"}
    return [
        _source("Logs", "loki", LOGS_UID, "$LOKI_URL", jsonData={"derivedFields": fields}),
        _source("Traces", "tempo", TRACES_UID, "$TEMPO_URL", jsonData={"tracesToLogsV2": logs}),
    ]


def _source(name: str, plugin: str, uid: str, url: str, **options: object) -> dict[str, object]:
    named = {"name": f"{FOLDER} {name}", "type": plugin, "uid": uid, "url": url, "access": "proxy", "editable": False}
    return {**named, **options}


def _provider() -> dict[str, object]:
    options = {"path": "$DASHBOARDS_PATH", "foldersFromFilesStructure": False}
    return {"name": FOLDER, "folder": FOLDER, "type": "file", "allowUiUpdates": False, "options": options}


def _alerts(config: Observability) -> dict[str, object]:
    """Slow and failing requests, for who has no Alertmanager. Use these or those of Prometheus, and not both."""
    live = config.live
    kept = ", ".join(("job", "model", *config.keep))
    window = format_duration(live.rate_window)
    buckets = f"sum by (le, {kept}) (rate(request_processing_seconds_bucket[{window}]))"
    faults, every = (f"sum by ({kept}) (rate(requests_total{which}[{window}]))" for which in ('{status=~"5.."}', ""))
    looked_at = format_duration(max(live.error_after, live.rate_window))
    enough = f"sum by ({kept}) (increase(requests_total[{looked_at}])) >= {live.least_requests}"
    whose = "{{ or $labels.model $labels.job }}"
    slow = (
        f"{live.latency_quantile:.4g} quantile of the requests to {whose}: {{{{ $values.A.Value | humanizeDuration "
        f"}}}}, and for {format_duration(live.latency_after)} longer than {live.latency_seconds:g} s."
    )
    failing = (
        f"{{{{ $values.A.Value | humanizePercentage }}}} of the requests to {whose} are answered by an error of the "
        f"server, and for {format_duration(live.error_after)} more than {live.error_ratio:.3g}."
    )
    quantile = f"histogram_quantile({live.latency_quantile:g}, {buckets})"
    rules = [
        _rule(
            config,
            Limit(
                "requests-slow",
                "Requests are slow",
                quantile,
                live.latency_seconds,
                live.latency_after,
                config.warning,
                21,
                slow,
            ),
        ),
        _rule(
            config,
            Limit(
                "requests-failing",
                "Requests fail",
                f"{faults} / {every} and {enough}",
                live.error_ratio,
                live.error_after,
                config.critical,
                4,
                failing,
            ),
        ),
    ]
    return {"orgId": 1, "name": "lamplighter-live", "folder": FOLDER, "interval": "1m", "rules": rules}


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that Grafana itself alerts on, and the panel of the service's board that shows it."""

    name: str
    title: str
    query: str
    limit: float
    wait: timedelta
    severity: str
    panel: int
    description: str


def _rule(config: Observability, it: Limit) -> dict[str, object]:
    source = config.datasource_uid or PROMETHEUS_UID
    asked: dict[str, Any] = {
        "refId": "A",
        "expr": PromQL(it.query).rendered(config),
        "instant": True,
        "range": False,
        "editorMode": "code",
    }
    evaluator = {"evaluator": {"type": "gt", "params": [it.limit]}}
    above: dict[str, Any] = {"refId": "B", "type": "threshold", "expression": "A", "conditions": [evaluator]}
    return {
        "uid": f"lamplighter-{it.name}",
        "title": it.title,
        "condition": "B",
        "for": format_duration(it.wait),
        "data": [
            {
                "refId": "A",
                "datasourceUid": source,
                "relativeTimeRange": {"from": LOOKS_BACK, "to": 0},
                "model": asked,
            },
            {"refId": "B", "datasourceUid": "__expr__", "model": above},
        ],
        # Grafana's alerts on no data do not wait (grafana#89982), and where nothing failed there is no series to
        # divide: that a service is gone is for the rules of Prometheus to say.
        "noDataState": "OK",
        "execErrState": "Error",
        "labels": {"severity": it.severity, **_escaped(config.alert_labels)},
        # Annotations are the one part of these files in which Grafana replaces no variables.
        "annotations": {
            "summary": it.title,
            "description": it.description,
            "__dashboardUid__": uid_of(config, "service"),
            "__panelId__": str(it.panel),
        },
    }


def _escaped(labels: Mapping[str, str]) -> dict[str, str]:
    return {name: value.replace("$", "$$") for name, value in labels.items()}
