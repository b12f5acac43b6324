"""All boards: what Grafana would trip over, and what the tables of metrics do not know."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from dashboards.boards import BOARDS
from dashboards.files import dashboard_files
from dashboards.queries import EXPOSED, OF_OTHERS, OF_RECORDS, Sql, unit_of
from lamplighter.core.evaluation.gauges import BY_NAME
from lamplighter.core.records.live import LIVE
from storage.project.observability import Observability
from tests.dashboards.reading import POSTGRESQL, PROMETHEUS, Asked, asked, boards, everything_on, panels_of
from tests.promql_checks import CHECKS, is_share, parsed, recorded, unknown_metrics, unlike_quantiles

COMMITTED = Path(__file__).parents[2] / "dashboards" / "grafana"
DEFAULT = boards()
OURS = Observability(
    match={"cluster": 'the "old" one'},
    datasource_uid="prom-1",
    postgresql_uid="history-1",
    dashboard_uid="growth-model",
    dashboard_title='Models of "growth"',
    look_back=timedelta(days=2),
    largest=3,
)
"""A configuration of a user's."""

PLACEHOLDERS = {"$__rate_interval": "5m", "$__range": "1d", "$__interval": "1m"}


def as_prometheus_sees(text: str) -> str:
    """A query after Grafana has put values in place of its variables."""
    for name, value in PLACEHOLDERS.items():
        text = text.replace(name, value)
    return re.sub(r"\$(?!1\b)\{?\w+\}?", "m", text)


def names_in(text: str) -> set[str]:
    """The metrics that a query selects, by a parser of PromQL."""
    return _selected(promql_parser.parse(as_prometheus_sees(text)))


def _selected(node: Any) -> set[str]:
    if isinstance(node, promql_parser.VectorSelector):
        return {node.name} if node.name else set()
    if isinstance(node, promql_parser.MatrixSelector):
        return _selected(node.vector_selector)
    parts = [getattr(node, name, None) for name in ("expr", "lhs", "rhs", "param")]
    parts += getattr(node, "args", None) or []
    return {name for part in parts if part is not None and not isinstance(part, str) for name in _selected(part)}


PROMETHEUS_ASKED = [it for it in asked(DEFAULT) if not it.is_sql]


def test_what_is_committed_is_not_stale() -> None:
    on_disk = {path.relative_to(COMMITTED).as_posix(): path.read_text() for path in COMMITTED.rglob("*.*")}
    assert on_disk == dashboard_files(), "run `lamplighter -C examples/flights render --checkout`"


def test_boards_have_a_uid_each_and_link_to_each_other() -> None:
    assert {name: board["uid"] for name, board in DEFAULT.items()} == {name: f"lamplighter-{name}" for name in BOARDS}
    for board in DEFAULT.values():
        assert (board["schemaVersion"], board["tags"]) == (42, ["lamplighter"])
        (link,) = board["links"]
        assert (link["type"], link["tags"], link["keepTime"], link["includeVars"]) == (
            "dashboards",
            ["lamplighter"],
            True,
            True,
        )


@pytest.mark.parametrize("name", BOARDS)
def test_ids_are_unique_and_no_two_panels_overlap(name: str) -> None:
    ids = [panel["id"] for panel in everything_on(DEFAULT[name])]
    assert len(set(ids)) == len(ids)
    assert min(ids) > 0
    for level in (DEFAULT[name]["panels"], *(panel.get("panels") or () for panel in DEFAULT[name]["panels"])):
        cells = [
            (x, y)
            for place in (panel["gridPos"] for panel in level)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
        assert len(set(cells)) == len(cells)
        assert max((x for x, _ in cells), default=0) < 24


@pytest.mark.parametrize("name", BOARDS)
def test_every_panel_says_what_it_shows(name: str) -> None:
    for panel in panels_of(DEFAULT[name]):
        assert panel["title"], panel["id"]
        assert panel["description"].endswith("."), panel["title"]
        assert "{" not in panel["description"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        refs = [target["refId"] for target in panel["targets"]]
        assert refs
        assert len(set(refs)) == len(refs)


def test_every_panel_asks_one_data_source() -> None:
    for it in asked(DEFAULT):
        variable, plugin = ("${history}", POSTGRESQL) if it.is_sql else ("${datasource}", PROMETHEUS)
        assert it.panel["datasource"] == {"type": plugin, "uid": variable}, it.where
        assert it.target.get("datasource", it.panel["datasource"]) == it.panel["datasource"], it.where


def test_no_two_queries_of_a_panel_share_a_legend() -> None:
    for board in BOARDS.values():
        for panel in (panel for row in board.rows for panel in row.panels if len(panel.queries) > 1):
            legends = [query.legend for query in panel.queries if not isinstance(query, Sql)]
            assert len(set(legends)) == len(legends), panel.title


@pytest.mark.parametrize("it", PROMETHEUS_ASKED, ids=lambda it: it.where)
def test_every_query_is_promql_over_what_is_exposed(it: Asked) -> None:
    found = names_in(it.text)
    assert found <= EXPOSED, it.text
    assert not {"largest", "overdue"} & {*re.findall("[a-z]+", it.text)}
    assert "look_back" not in it.text


@pytest.mark.parametrize("config", [Observability(), OURS], ids=["committed", "ours"])
def test_prometheus_reads_every_query(promtool: str, tmp_path: Path, config: Observability) -> None:
    queries = [it for it in asked(boards(config)) if not it.is_sql]
    rules = [{"record": f"panel:{i}", "expr": as_prometheus_sees(it.text)} for i, it in enumerate(queries)]
    (tmp_path / "queries.yml").write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run([promtool, "check", "rules", tmp_path / "queries.yml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(queries)} rules found" in done.stdout


LABELS = {
    **{gauge.name: {"model", *gauge.labels} for gauge in BY_NAME.values()},
    **{metric.name + part: {*metric.labels} for metric in LIVE for part in ("", "_bucket", "_sum", "_count")},
}
ADDED = {"model", "integration", "state"} | {
    "job",
    "instance",
    "le",
    "__name__",
    "cluster",
    "alertname",
    "alertstate",
    "severity",
}
"""Labels of Prometheus itself, of histograms and of alerts, and of the servers beside it."""


@pytest.mark.parametrize("it", PROMETHEUS_ASKED, ids=lambda it: it.where)
def test_every_label_is_one_of_its_metric(it: Asked) -> None:
    for name, inside in re.findall(r"(\w+)\{([^}]*)\}", it.text):
        matched = set(re.findall(r'(\w+)(?:=~|!~|!=|=)"', inside))
        assert matched <= LABELS.get(name, set()) | ADDED, (name, inside)
    known = {label for name in names_in(it.text) for label in LABELS.get(name, set())} | ADDED | {"metric"}
    legend = it.target.get("legendFormat", "")
    assert set(re.findall(r"{{(\w+)}}", legend)) <= known, legend


@pytest.mark.parametrize("it", PROMETHEUS_ASKED, ids=lambda it: it.where)
def test_every_query_is_sound(it: Asked) -> None:
    others = {name for name in OF_OTHERS if name.endswith("_total")}
    faults = [fault for check in CHECKS if check is not unknown_metrics for fault in check(tree(it))]
    assert [fault for fault in faults if not any(fault == f"rate() of {name}" for name in others)] == []


@pytest.mark.parametrize("it", PROMETHEUS_ASKED, ids=lambda it: it.where)
def test_a_share_has_the_unit_of_a_share(it: Asked) -> None:
    # One panel shows the first metric of the model's kind, whatever its unit.
    if it.panel["type"] != "table" and is_share(tree(it)) and it.where != "service / Quality / A":
        assert it.panel["fieldConfig"]["defaults"]["unit"] == "percentunit"


def tree(it: Asked) -> promql_parser.Expr:
    return parsed(as_prometheus_sees(it.text))


@pytest.mark.parametrize("name", BOARDS)
def test_quantiles_of_a_panel_are_of_the_same_requests(name: str) -> None:
    for panel in panels_of(DEFAULT[name]):
        queries = [as_prometheus_sees(target["expr"]) for target in panel["targets"] if "expr" in target]
        assert unlike_quantiles(queries) == [], panel["title"]


def test_what_rules_record_is_named_as_they_name_it() -> None:
    assert set(OF_RECORDS) <= set(recorded())


def test_a_gauge_of_runs_is_looked_back_for() -> None:
    for it in PROMETHEUS_ASKED:
        for selector in re.finditer(r"(last_over_time\()?\b(lamplighter_\w+)(\{[^}]*\})?(\[26h\])?", it.text):
            looked_back = bool(selector[1]) and selector[4] == "[26h]"
            assert looked_back or selector[2] == "lamplighter_model_info" or '"lamplighter_quality_' in it.text, (
                it.where
            )


def test_a_configuration_reaches_every_query() -> None:
    found = boards(OURS)
    assert (found["model"]["uid"], found["model"]["title"]) == ("growth-model", 'Models of "growth"')
    assert found["service"]["uid"] == "growth-service"
    for name, board in found.items():
        text = json.dumps(board)
        assert "${datasource}" not in text
        assert "${history}" not in text
        assert {it["type"] for it in board["templating"].get("list") or ()} <= {"query"}, name
        assert "/d/lamplighter" not in text
    for it in (it for it in asked(found) if not it.is_sql):
        selectors = re.findall(r"\{[^}]*\}", re.sub(r"\b(by|on|without|ignoring|group_left)\s*\([^)]*\)", "", it.text))
        assert selectors
        assert all('cluster="the \\"old\\" one"' in selector for selector in selectors), it.text
        assert "[26h]" not in it.text
    assert any(it.text.startswith("topk(3, ") for it in asked(found))
    assert all("10" not in it.panel["description"] for it in asked(found) if "largest" in it.panel["description"])


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("lamplighter_labels_coverage_ratio", "percentunit"),
        ("lamplighter_run_duration_seconds", "s"),
        ("lamplighter_run_last_timestamp_seconds", "dateTimeAsIso"),
        ("lamplighter_data_rows", "short"),
        ("gpu_temperature_celsius", "celsius"),
    ],
)
def test_unit_is_the_suffix(name: str, unit: str) -> None:
    assert unit_of(name) == unit


def test_panels_that_a_machine_may_leave_empty_are_marked() -> None:
    marked = {panel.title for board in BOARDS.values() for row in board.rows for panel in row.panels if panel.marked}
    named = [(it.panel["title"], names_in(it.text)) for it in PROMETHEUS_ASKED]
    of_gpus = {title for title, names in named if names and all(name.startswith("gpu_") for name in names)}
    assert marked == of_gpus == {"GPU use", "GPU temperature"}
