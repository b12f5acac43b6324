"""What Grafana reads at its start: data sources, the place of the boards, and its own two alerts."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

from dashboards.board_json import POSTGRESQL, PROMETHEUS
from dashboards.files import dashboard_files
from dashboards.measured import EVERYTHING
from dashboards.queries import HISTORY
from lamplighter.core.time.duration import parse_duration
from storage.project.observability import Observability
from storage.project.observability_live import Live
from tests.dashboards.live_world import INSTANCES, SLOW, SPAN
from tests.dashboards.pictures import NOW
from tests.dashboards.prometheus_server import PrometheusServer
from tests.dashboards.reading import boards, panels_of
from tests.promql_checks import faults_of

NAMED = Observability(datasource_uid="prom-1", postgresql_uid="history-1", alert_labels={"team": "a$b"})


def files(config: Observability | None = None, measured: frozenset[str] = EVERYTHING) -> dict[str, Any]:
    found = dashboard_files(config, measured)
    return {
        name.removeprefix("provisioning/"): yaml.safe_load(text) for name, text in found.items() if name[-5:] != ".json"
    }


def sources(name: str, *asked: Any) -> dict[str, dict[str, Any]]:
    return {source["uid"]: source for source in files(*asked)[f"datasources/{name}.yaml"]["datasources"]}


def test_every_data_source_of_a_board_is_there() -> None:
    assert {source["type"] for source in sources("lamplighter").values()} == {PROMETHEUS, POSTGRESQL, "alertmanager"}
    assert {source["type"] for source in sources("lamplighter-traces").values()} == {"loki", "tempo"}
    for source in {**sources("lamplighter"), **sources("lamplighter-traces")}.values():
        assert source["url"].startswith("$"), "addresses come from the environment"
        assert not source["editable"]


def test_the_password_comes_from_a_file() -> None:
    (history,) = (source for source in sources("lamplighter").values() if source["type"] == POSTGRESQL)
    assert history["secureJsonData"] == {"password": "$__file{/run/secrets/history_password}"}


def test_a_data_source_that_is_named_is_not_made_again() -> None:
    assert {source["type"] for source in sources("lamplighter", NAMED).values()} == {"alertmanager"}
    assert POSTGRESQL not in {it["type"] for it in sources("lamplighter", None, EVERYTHING - {HISTORY}).values()}


def test_logs_and_traces_lead_to_each_other_and_panels_lead_to_logs() -> None:
    other, main = sources("lamplighter-traces"), sources("lamplighter")
    (derived,) = other["lamplighter-logs"]["jsonData"]["derivedFields"]
    assert derived["datasourceUid"] in other
    assert other["lamplighter-traces"]["jsonData"]["tracesToLogsV2"]["datasourceUid"] in other
    (exemplar,) = main["lamplighter-prometheus"]["jsonData"]["exemplarTraceIdDestinations"]
    assert (exemplar["name"], exemplar["datasourceUid"] in other) == ("trace_id", True)
    links = [link for board in boards().values() for panel in panels_of(board) for link in panel.get("links") or ()]
    assert len(links) == 3
    for link in links:
        panes = json.loads(unquote(link["url"].split("panes=")[1]))
        assert panes["logs"]["datasource"] in other
        assert panes["logs"]["queries"][0]["expr"] == '{job="lamplighter", model=~"${model:regex}"}'


def rules(config: Observability | None = None) -> dict[str, dict[str, Any]]:
    (group,) = files(config)["alerting/lamplighter.yaml"]["groups"]
    return {rule["uid"]: rule for rule in group["rules"]}


def test_alerts_are_those_of_the_configuration() -> None:
    config = Observability(live=Live(latency_seconds=0.25, error_ratio=0.02, latency_after=parse_duration("2m")))
    slow, failing = rules(config).values()
    assert [_limit(rule) for rule in (slow, failing)] == [0.25, 0.02]
    assert (slow["for"], failing["for"], failing["labels"]["severity"]) == ("2m", "10m", "critical")
    assert "longer than 0.25 s" in slow["annotations"]["description"]
    named = rules(NAMED)["lamplighter-requests-slow"]
    assert named["data"][0]["datasourceUid"] == "prom-1"
    assert named["labels"]["team"] == "a$$b", "Grafana replaces variables in labels"


def test_alerts_name_a_panel_that_is_there_and_what_no_rule_needs() -> None:
    ids = {panel["id"] for panel in panels_of(boards()["service"])}
    for rule in rules().values():
        notes = rule["annotations"]
        assert notes["__dashboardUid__"] == "lamplighter-service"
        assert int(notes["__panelId__"]) in ids
        assert rule["noDataState"] == "OK", "no data is for Prometheus' rules to tell"
        assert faults_of(rule["data"][0]["model"]["expr"]) == []


@pytest.mark.parametrize(("share", "fires"), [(sum(SLOW) / 2, True), (0.2, False)], ids=["slow", "quick"])
def test_the_alert_on_slow_requests_holds_while_they_are_slow(
    scraped: PrometheusServer, share: float, fires: bool
) -> None:
    assert len(INSTANCES) == 2, "one of them is slow"
    moment = (NOW - SPAN * (1 - share)).timestamp()
    rule = rules()["lamplighter-requests-slow"]
    (found,) = scraped.now(rule["data"][0]["model"]["expr"], moment)
    assert (float(found["value"][1]) > _limit(rule)) == fires


def _limit(rule: dict[str, Any]) -> float:
    (condition,) = rule["data"][1]["model"]["conditions"]
    return float(condition["evaluator"]["params"][0])
