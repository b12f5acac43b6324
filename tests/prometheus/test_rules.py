"""Rules on runs, by Prometheus' own tool."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from lamplighter.core.evaluation.gauges import BY_NAME
from prometheus.rules import alerts, rules_yaml
from storage.project.observability import Observability

CHECKOUT = Path(__file__).parents[2]
FOLDER = CHECKOUT / "prometheus"
RULES = FOLDER / "rules" / "runs.yml"
TESTS = FOLDER / "rules" / "runs_test.yml"
ALERTS = alerts(Observability())

ODD = Observability(
    match={"cluster": 'the "old"\\ one\n: é # x', "zone": "a{b}"},
    alert_labels={"team": "yes", "on": "12:30", "note": "a: b # c 'q' \"d\" \n line"},
    critical="no",
    warning="#1",
    runbook_url="https://wiki.example.org/p?id=3",
    alert_after=timedelta(),
    overdue_factor=2,
    overdue_at_least=timedelta(minutes=90),
    gone_after=timedelta(days=1),
)
"""A configuration whose texts have to be quoted, in YAML and in PromQL."""


@pytest.mark.parametrize(
    "arguments",
    [("check", "rules", RULES), ("check", "config", FOLDER / "prometheus.yml"), ("test", "rules", TESTS)],
    ids=["rules", "config", "tests"],
)
def test_promtool_agrees(promtool: str, arguments: tuple[str | Path, ...]) -> None:
    done = subprocess.run([promtool, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_agrees_with_a_users_configuration(promtool: str, tmp_path: Path) -> None:
    (tmp_path / "runs.yml").write_text(rules_yaml(ODD), encoding="utf-8")
    series = (
        ("lamplighter_run_evaluated_day_timestamp_seconds", "0x100"),
        ("lamplighter_run_last_success_timestamp_seconds", "3600x100"),
    )
    labels = "{" + ", ".join(f"{name}={json.dumps(value)}" for name, value in ODD.match.items()) + ', model="m"}'
    fires = {
        "exp_labels": {"severity": "no", "model": "m", **ODD.match, **ODD.alert_labels},
        "exp_annotations": {
            "summary": "No run of m for 2h 10m 0s",
            "description": "The last successful run of m ended 2h 10m 0s ago; by the length of its windows the next "
            "one is overdue.",
            "runbook": "https://wiki.example.org/p?id=3#lamplighterrunmissing",
        },
    }
    # Twice the hour that the window took is 2 h, after the run at 1 h; another cluster's model is not looked at.
    missing = {"alertname": "LamplighterRunMissing"}
    case = {
        "interval": "10m",
        "input_series": [
            {"series": f"{metric}{where}", "values": values}
            for metric, values in series
            for where in (labels, '{cluster="new", model="n"}')
        ],
        "alert_rule_test": [
            {"eval_time": "2h50m", **missing, "exp_alerts": []},
            {"eval_time": "3h10m", **missing, "exp_alerts": [fires]},
        ],
    }
    tests = {"rule_files": ["runs.yml"], "evaluation_interval": "10m", "tests": [case]}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(tests, allow_unicode=True), encoding="utf-8")
    for arguments in (("check", "rules", "runs.yml"), ("test", "rules", "test.yml")):
        done = subprocess.run([promtool, *arguments], capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_configuration_reaches_every_alert() -> None:
    rules = [rule for group in yaml.safe_load(rules_yaml(ODD))["groups"] for rule in group["rules"]]
    assert [rule["for"] for rule in rules] == ["0d", "0d", "1d"]
    assert [rule["labels"]["severity"] for rule in rules] == ["no", "#1", "no"]
    assert "no gauge of any run for 1 day:" in rules[-1]["annotations"]["description"]
    for rule in rules:
        assert rule["labels"] == {"severity": rule["labels"]["severity"], **ODD.alert_labels}
        assert rule["expr"].count('{cluster="') == len(re.findall(r"lamplighter_\w+", rule["expr"]))
        assert rule["annotations"]["runbook"].startswith("https://wiki.example.org/p?id=3#lamplighter")


def test_every_alert_has_a_case_that_fires_and_one_that_stays_silent() -> None:
    cases: dict[str, set[bool]] = {}
    for test in yaml.safe_load(TESTS.read_text())["tests"]:
        for case in test["alert_rule_test"]:
            cases.setdefault(case["alertname"], set()).add(bool(case["exp_alerts"]))
    assert cases == {alert.name: {True, False} for alert in ALERTS}


def test_what_is_committed_is_not_stale() -> None:
    assert RULES.read_text() == rules_yaml(), "run `lamplighter -C examples/flights render --checkout`"


def test_rules_read_nothing_but_whether_runs_ran() -> None:
    for alert in ALERTS:
        metrics = set(re.findall(r"lamplighter_\w+", alert.expr))
        assert metrics
        assert metrics <= set(BY_NAME)
        assert all(metric.startswith("lamplighter_run_") for metric in metrics)


def _annotated() -> list[Any]:
    return [rule for group in yaml.safe_load(rules_yaml())["groups"] for rule in group["rules"]]


def test_every_alert_leads_to_its_runbook() -> None:
    for rule in _annotated():
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        headings = re.findall(r"^#+ (.+)$", (CHECKOUT / page).read_text(), re.MULTILINE)
        assert anchor in {heading.lower() for heading in headings}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"].endswith(".")
        assert rule["labels"]["severity"] in {"warning", "critical"}


def test_the_pushgateway_keeps_the_pushed_labels() -> None:
    scraped = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    assert [(job["job_name"], job["honor_labels"]) for job in scraped] == [("pushgateway", True)]
