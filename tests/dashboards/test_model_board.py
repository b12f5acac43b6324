"""The board of a model: panels of what its monitors measure, with intervals and limits."""

from __future__ import annotations

from typing import Any

import pytest

from dashboards.measured import measured_by
from lamplighter.core.monitor import Monitor, parse
from tests.dashboards.reading import asked, boards, panels_of

MONITOR = "model: {0}\nkind: {1}\npredictions: {{parquet: p.parquet, time: t, prediction: y}}\n"
LABELS = "labels: {same_row: true, target: z, mature_after: 1d}\n"


def monitor_of(kind: str, more: str = "", name: str = "m") -> Monitor:
    return parse("m.yaml", MONITOR.format(name, kind) + more, environ={})


def titles(*monitors: Monitor) -> list[str]:
    return [panel["title"] for panel in boards(measured=measured_by(monitors))["model"]["panels"]]


@pytest.fixture(scope="module")
def board() -> dict[str, Any]:
    return boards()["model"]


def panel_of(board: dict[str, Any], title: str) -> dict[str, Any]:
    (found,) = (panel for panel in panels_of(board) if panel["title"] == title)
    return found


def test_what_no_monitor_measures_has_no_panel() -> None:
    assert titles(monitor_of("regression")) == [
        *("Quality", "Checks that fail"),
        *("Answers and truth", "Mean prediction"),
        *("Data", "Rows", "Predictions: none, unsure, repeated", "Columns that changed"),
        *("Runs", "Last success", "Window of the last run", "Duration"),
    ]
    segments = "segments: [c]\n"
    assert "Error by segment" in titles(monitor_of("regression", LABELS + segments))
    assert {"Quality", "F1 by segment"} <= {*titles(monitor_of("classification", LABELS + segments))}
    assert "Error by segment" not in titles(monitor_of("classification", LABELS + segments))


def test_the_history_is_asked_where_it_lies_in_postgresql() -> None:
    monitor = monitor_of("classification", LABELS)
    of_the_history = {"Quality, by its own day", "Confusion matrix", "Incidents", "Checks of the last run", "Runs"}
    assert of_the_history - {*titles(monitor)} == of_the_history - {"Runs"}
    found = boards(measured=measured_by([monitor], in_postgresql=True))["model"]
    assert of_the_history <= {panel["title"] for panel in panels_of(found)}
    marks = found["annotations"]["list"]
    assert [(mark["name"], "rawSql" in mark["target"]) for mark in marks] == [
        *(("Promotions", True), ("Retrainings", True), ("Incidents", True))
    ]
    without = boards(measured=measured_by([monitor]))["model"]
    assert [(mark["name"], "rawSql" in mark["target"]) for mark in without["annotations"]["list"]] == [
        *(("Promotions", False), ("Incidents", False))
    ]
    assert [variable["name"] for variable in without["templating"]["list"]] == ["datasource", "model"]


def test_two_models_have_the_panels_of_both() -> None:
    both = titles(monitor_of("regression", LABELS, "r"), monitor_of("classification", LABELS, "c"))
    assert both.count("Error") == both.count("Coverage") == both.count("Predicted classes") == 1
    assert {"Quality", "Error"} <= {*both}


def test_custom_metrics_have_a_panel() -> None:
    own = "metrics: [{name: cost, function: 'own.py:cost'}]\n"
    assert "Custom metrics" in titles(monitor_of("regression", LABELS + own))


def test_only_metrics_of_the_kind_are_asked_for() -> None:
    found = boards(measured=measured_by([monitor_of("ranking", LABELS)]))["model"]
    assert [target["legendFormat"] for target in panel_of(found, "Quality")["targets"]] == [
        *("ndcg", "mrr"),
        *("{{metric}} lower", "{{metric}} upper", "limit of {{check}} ({{direction}})"),
    ]


def test_every_query_is_of_one_model(board: dict[str, Any]) -> None:
    for it in asked({"model": board}):
        chosen = "${model:sqlstring}" if it.is_sql else 'model="$model"'
        assert chosen in it.text, it.where


def test_quality_has_bands_of_intervals_and_dashed_limits(board: dict[str, Any]) -> None:
    found = panel_of(board, "Quality")["fieldConfig"]["overrides"]
    overrides = {it["matcher"]["options"]: it["properties"] for it in found}
    assert {"id": "custom.fillBelowTo", "value": "f1 lower"} in overrides["f1 upper"]
    assert [it["id"] for it in overrides["/^limit of /"]] == ["custom.lineStyle", "color"]


def test_the_limits_beside_segments_are_those_of_the_segments_shown(board: dict[str, Any]) -> None:
    segments, limits = (target["expr"] for target in panel_of(board, "F1 by segment")["targets"])
    assert limits.endswith(f" and on (segment) {segments}")
    assert 'form!~"slope|missing"' in limits
