"""Rules on runs, by Prometheus' own tool."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from lamplighter.core.evaluation.gauges import BY_NAME
from prometheus.rules import ALERTS, rules_yaml

CHECKOUT = Path(__file__).parents[2]
FOLDER = CHECKOUT / "prometheus"
RULES = FOLDER / "rules" / "runs.yml"
TESTS = FOLDER / "rules" / "runs_test.yml"


@pytest.fixture(scope="module")
def promtool() -> str:
    """Its path; without it there is nothing to test with, and CI must have it."""
    found = shutil.which("promtool")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("promtool is not installed; install Debian's prometheus")
    if found is None:
        pytest.skip("promtool is not installed; install Debian's prometheus")
    return found


@pytest.mark.parametrize(
    "arguments",
    [("check", "rules", RULES), ("check", "config", FOLDER / "prometheus.yml"), ("test", "rules", TESTS)],
    ids=["rules", "config", "tests"],
)
def test_promtool_agrees(promtool: str, arguments: tuple[str | Path, ...]) -> None:
    done = subprocess.run([promtool, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


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
