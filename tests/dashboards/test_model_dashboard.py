"""The dashboard of a model: what Grafana would trip over, and what the catalogue does not know."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboards.model import dashboard_json, measured_by
from dashboards.panels import Panel, Query
from lamplighter.core.evaluation.gauges import BY_NAME, Gauge
from lamplighter.core.monitor import Monitor, parse
from storage.project.observability import Observability

COMMITTED = Path(__file__).parents[2] / "dashboards" / "model.json"
METRIC = re.compile(r"\b[a-z_:][a-z0-9_:]*(?=\{)|\blamplighter_\w+", re.IGNORECASE)
SELECTOR = re.compile(r"(\w+)\{([^}]*)\}(\[\w+\])?")
MATCHER = re.compile(r'(\w+)(?:=~|!~|!=|=)"[^"]*"')


@pytest.fixture(scope="module")
def board() -> dict[str, Any]:
    loaded = json.loads(dashboard_json())
    assert isinstance(loaded, dict)
    return loaded


@pytest.fixture(scope="module")
def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def _queries(panels: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(panel["title"], target["expr"], target["legendFormat"]) for panel in panels for target in panel["targets"]]


def test_what_is_committed_is_not_stale() -> None:
    assert COMMITTED.read_text() == dashboard_json(), "run `lamplighter -C examples/flights render --checkout`"


def test_it_has_the_version_and_the_uid_that_links_rely_on(board: dict[str, Any]) -> None:
    assert (board["schemaVersion"], board["uid"]) == (42, "lamplighter-model")
    assert [variable["name"] for variable in board["templating"]["list"]] == ["datasource", "model"]


def test_rows_are_quality_drift_data_labels_runs(board: dict[str, Any]) -> None:
    rows = [panel["title"] for panel in board["panels"] if panel["type"] == "row"]
    assert rows == ["Quality", "Drift", "Data", "Labels", "Runs"]


def test_ids_are_unique_and_no_two_panels_overlap(board: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    cells = [
        (x, y)
        for panel in board["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_every_panel_says_what_it_shows(panels: list[dict[str, Any]]) -> None:
    for panel in panels:
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["targets"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs)


def test_every_metric_and_label_is_in_the_catalogue(board: dict[str, Any], panels: list[dict[str, Any]]) -> None:
    variable = board["templating"]["list"][1]["query"]
    assert METRIC.findall(variable)
    assert set(METRIC.findall(variable)) <= set(BY_NAME)
    for title, expr, legend in _queries(panels):
        metrics = METRIC.findall(expr)
        assert metrics, (title, expr)
        assert set(metrics) <= set(BY_NAME), (title, expr)
        known = {label for metric in metrics for label in ("model", *BY_NAME[metric].labels)}
        matched = {label for _, matchers, _ in SELECTOR.findall(expr) for label in MATCHER.findall(matchers)}
        assert matched | set(re.findall(r"{{(\w+)}}", legend)) <= known, (title, expr, legend)


def test_every_query_sees_one_sample_a_day_of_one_model(panels: list[dict[str, Any]]) -> None:
    for title, expr, _ in _queries(panels):
        selectors = SELECTOR.findall(expr)
        assert expr.count("last_over_time(") == len(selectors) >= 1, (title, expr)
        for _, matchers, lookback in selectors:
            assert lookback == "[26h]"
            assert 'model="$model"' in matchers
        assert expr.count("(") == expr.count(")")


def test_no_two_queries_of_a_panel_share_a_legend(panels: list[dict[str, Any]]) -> None:
    for panel in panels:
        legends = [target["legendFormat"] for target in panel["targets"]]
        assert len(set(legends)) == len(legends), panel["title"]


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("lamplighter_labels_coverage_ratio", "percentunit"),
        ("lamplighter_run_duration_seconds", "s"),
        ("lamplighter_run_last_timestamp_seconds", "dateTimeAsIso"),
        ("lamplighter_data_rows", "short"),
    ],
)
def test_unit_is_the_suffix(name: str, unit: str) -> None:
    assert Query(BY_NAME[name], "").unit == unit


def test_units_are_not_mixed() -> None:
    queries = (Query(Gauge("a_ratio", ""), ""), Query(Gauge("b_seconds", ""), ""))
    with pytest.raises(ValueError, match="mixes units"):
        _ = Panel(1, "both", "", queries).unit


MONITOR = "model: {0}\nkind: {1}\npredictions: {{parquet: p.parquet, time: t, prediction: y}}\n"
LABELS = "labels: {same_row: true, target: z, mature_after: 1d}\n"


def monitor_of(kind: str, more: str = "", name: str = "m") -> Monitor:
    return parse("m.yaml", MONITOR.format(name, kind) + more, environ={})


def titles(*monitors: Monitor) -> list[str]:
    panels = json.loads(dashboard_json(measured=measured_by(monitors)))["panels"]
    return [panel["title"] for panel in panels]


def test_what_no_monitor_measures_has_no_panel() -> None:
    assert titles(monitor_of("regression")) == [
        *("Quality", "Checks that fail"),
        *("Data", "Rows", "Predictions: none, unsure, repeated"),
        *("Runs", "Last success", "Window of the last run", "Duration"),
    ]
    segments = "segments: [c]\n"
    assert "Error by segment" in titles(monitor_of("regression", LABELS + segments))
    assert {"Quality", "F1 by segment"} <= {*titles(monitor_of("classification", LABELS + segments))}
    assert "Error by segment" not in titles(monitor_of("classification", LABELS + segments))


def test_two_models_have_the_panels_of_both() -> None:
    both = titles(monitor_of("regression", LABELS, "r"), monitor_of("classification", LABELS, "c"))
    assert both.count("Error") == both.count("Coverage") == both.count("Predicted classes") == 1
    assert {"Quality", "Error"} <= {*both}


def test_custom_metrics_have_a_panel() -> None:
    own = "metrics: [{name: cost, function: 'own.py:cost'}]\n"
    assert "Custom metrics" in titles(monitor_of("regression", LABELS + own))


def test_only_metrics_of_the_kind_are_asked_for() -> None:
    panels = json.loads(dashboard_json(measured=measured_by([monitor_of("ranking", LABELS)])))["panels"]
    (quality,) = [panel for panel in panels if panel["title"] == "Quality" and panel["type"] != "row"]
    assert [target["legendFormat"] for target in quality["targets"]] == [
        *("ndcg", "mrr"),
        *("{{metric}} lower", "{{metric}} upper", "limit of {{check}} ({{direction}})"),
    ]


OURS = Observability(
    match={"cluster": 'the "old" one'},
    datasource_uid="prom-1",
    dashboard_uid="fleet",
    dashboard_title='Models of "growth"',
    look_back=timedelta(days=2),
    largest=3,
)
"""A configuration of a user's."""


def test_a_configuration_reaches_every_query() -> None:
    board = json.loads(dashboard_json(OURS))
    assert (board["uid"], board["title"]) == ("fleet", 'Models of "growth"')
    assert [variable["name"] for variable in board["templating"]["list"]] == ["model"]
    assert "${datasource}" not in json.dumps(board)
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    for title, expr, _ in _queries(panels):
        assert expr.count('cluster="the \\"old\\" one"') == expr.count("[2d]") == expr.count("last_over_time("), title
    assert all("10" not in panel["description"] for panel in panels)
    assert any(expr.startswith("topk(3, ") for _, expr, _ in _queries(panels))


@pytest.mark.parametrize("config", [Observability(), OURS], ids=["committed", "ours"])
def test_prometheus_reads_every_query(promtool: str, tmp_path: Path, config: Observability) -> None:
    queries = _queries([panel for panel in json.loads(dashboard_json(config))["panels"] if panel["type"] != "row"])
    rules = [
        {"record": f"panel:{number}", "expr": expr.replace("$model", "m")}
        for number, (_, expr, _) in enumerate(queries)
    ]
    (tmp_path / "queries.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run([promtool, "check", "rules", tmp_path / "queries.yml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(queries)} rules found" in done.stdout


def test_quality_has_bands_of_intervals_and_dashed_limits(panels: list[dict[str, Any]]) -> None:
    (quality,) = (panel for panel in panels if panel["title"] == "Quality")
    overrides = {it["matcher"]["options"]: it["properties"] for it in quality["fieldConfig"]["overrides"]}
    assert {"id": "custom.fillBelowTo", "value": "f1 lower"} in overrides["f1 upper"]
    assert [it["id"] for it in overrides["/^limit of /"]] == ["custom.lineStyle", "color"]


def test_the_limits_beside_segments_are_those_of_the_segments_shown(panels: list[dict[str, Any]]) -> None:
    (panel,) = (panel for panel in panels if panel["title"] == "F1 by segment")
    segments, limits = (target["expr"] for target in panel["targets"])
    assert limits.endswith(f" and on (segment) {segments}")
    assert 'form!~"slope|missing"' in limits
