"""Rules on runs, by Prometheus' own tool."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from prometheus.alert import Alert
from prometheus.files import prometheus_files
from prometheus.rule_files import RULE_FILES, every_rule, rules_yaml
from prometheus.runs import run_alerts
from storage.project.observability import Observability
from storage.project.observability_alerting import Scraping
from tests.long_cases import long_but_for
from tests.prometheus.tools import agreed

CHECKOUT = Path(__file__).parents[2]
FOLDER = CHECKOUT / "prometheus"
TESTS = sorted((FOLDER / "rules").glob("*_test.yml"))
OF_SHORT_TIMES = [path for path in TESTS if path.stem not in ("burn_test", "machines_test", "runs_test")]
"""Those that promtool needs less than a second for."""
OF_TWO_SEVERITIES = {"LamplighterIncidentOpen", "LamplighterPredictionLogDropping"}
ALERTS = [rule for rule in every_rule() if isinstance(rule, Alert)]

ODD = Observability(
    match={"cluster": 'the "old"\\ one\n: é # x', "zone": "a{b}}", "part": "5 %d"},
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


@pytest.mark.parametrize("name", RULE_FILES)
def test_promtool_agrees_with_the_rules(promtool: str, name: str) -> None:
    agreed(promtool, "check", "rules", FOLDER / "rules" / f"{name}.yml")


def test_promtool_agrees_with_the_configuration(promtool: str) -> None:
    agreed(promtool, "check", "config", FOLDER / "prometheus.yml")


@pytest.mark.parametrize("path", long_but_for(TESTS, OF_SHORT_TIMES), ids=lambda path: path.stem)
def test_every_alert_fires_and_stays_silent_when_it_should(promtool: str, path: Path) -> None:
    agreed(promtool, "test", "rules", path)


def test_promtool_agrees_with_a_users_configuration(promtool: str, tmp_path: Path) -> None:
    for name in RULE_FILES:
        (tmp_path / f"{name}.yml").write_text(rules_yaml(name, ODD), encoding="utf-8")
        agreed(promtool, "check", "rules", tmp_path / f"{name}.yml")
    series = (
        ("lamplighter_run_evaluated_day_timestamp_seconds", "0x100"),
        ("lamplighter_run_last_success_timestamp_seconds", "3600x100"),
    )
    info = "lamplighter_model_info{" + ", ".join(f"{name}={json.dumps(value)}" for name, value in ODD.match.items())
    labels = "{" + ", ".join(f"{name}={json.dumps(value)}" for name, value in ODD.match.items()) + ', model="m"}'
    fires = {
        "exp_labels": {"severity": "no", "model": "m", "owner": "ops", **ODD.match, **ODD.alert_labels},
        "exp_annotations": {
            "summary": "No run of m for 2h 10m 0s",
            "description": "The last successful run of m ended 2h 10m 0s ago; by the length of its windows the next "
            "one is overdue.",
            "runbook_url": "https://wiki.example.org/p?id=3#lamplighterrunmissing",
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
        ]
        + [{"series": f'{info}, model="m", owner="{owner}"}}', "values": "1x10"} for owner in ("zoe", "ops")],
        "alert_rule_test": [
            {"eval_time": "2h50m", **missing, "exp_alerts": []},
            {"eval_time": "3h10m", **missing, "exp_alerts": [fires]},
        ],
    }
    tests = {"rule_files": ["runs.yml"], "evaluation_interval": "10m", "tests": [case]}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(tests, allow_unicode=True), encoding="utf-8")
    agreed(promtool, "test", "rules", "test.yml", cwd=tmp_path)


HOSTILE = 'a "b"\\ \n{c} %d ${d} é'
"""What a service may say is its model."""


def test_odd_names_of_models_and_two_services_of_one_name(promtool: str, tmp_path: Path) -> None:
    (tmp_path / "service.yml").write_text(rules_yaml("service"), encoding="utf-8")
    quoted = json.dumps(HOSTILE, ensure_ascii=False)

    def failing(job: str, share: int) -> list[dict[str, str]]:
        counts = (("200", 100 - share), ("500", share))
        return [
            {"series": f'requests_total{{job="{job}", model={quoted}, status="{status}"}}', "values": f"0+{count}x30"}
            for status, count in counts
        ]

    fires = {
        "exp_labels": {"severity": "critical", "owner": "ops", "job": "old", "model": HOSTILE},
        "exp_annotations": {
            "summary": f"Requests to {HOSTILE} fail",
            "description": f"10% of the requests to {HOSTILE} are answered by an error of the server, and for 10 "
            "minutes more than 5 %.",
            "runbook_url": "docs/runbooks.md#lamplighterrequestsfailing",
        },
    }
    info = {"series": f'lamplighter_model_info{{model={quoted}, owner="ops"}}', "values": "1x30"}
    case = {
        "interval": "1m",
        # Together 5.5 of 100 fail, but each service stands for itself.
        "input_series": [*failing("old", 10), *failing("new", 1), info],
        "alert_rule_test": [{"eval_time": "15m", "alertname": "LamplighterRequestsFailing", "exp_alerts": [fires]}],
    }
    tests = {"rule_files": ["service.yml"], "evaluation_interval": "1m", "tests": [case]}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(tests, allow_unicode=True), encoding="utf-8")
    agreed(promtool, "test", "rules", "test.yml", cwd=tmp_path)


def test_a_configuration_reaches_every_rule() -> None:
    runs = {alert.name: alert.rule(ODD) for alert in run_alerts(ODD)}
    assert [rule["for"] for rule in runs.values()][:4] == ["0s", "0s", "0s", "1d"]
    assert "no gauge of any run for 1 day:" in str(runs["LamplighterGaugesGone"]["annotations"])
    for rule in every_rule(ODD):
        if isinstance(rule, Alert):
            written = rule.rule(ODD)
            assert rule.severity in ("no", "#1") or '{{ "no" }}' in rule.severity
            assert '{{ "' in rule.severity or rule.name not in OF_TWO_SEVERITIES
            assert str(written["annotations"]).count("https://wiki.example.org/p?id=3#lamplighter") == 1
            assert ODD.alert_labels.items() <= written["labels"].items()


def test_every_alert_has_a_case_that_fires_and_one_that_stays_silent() -> None:
    cases: dict[str, set[bool]] = {}
    for test in [test for path in TESTS for test in yaml.safe_load(path.read_text())["tests"]]:
        for case in test.get("alert_rule_test", []):
            cases.setdefault(case["alertname"], set()).add(bool(case["exp_alerts"]))
    assert cases == {alert.name: {True, False} for alert in ALERTS}
    assert len(ALERTS) == len(cases) == 28


def test_what_is_committed_is_not_stale() -> None:
    for name, text in prometheus_files().items():
        assert (FOLDER / name).read_text() == text, "run `lamplighter -C examples/flights render --checkout`"


def test_every_alert_leads_to_its_runbook() -> None:
    for alert in ALERTS:
        annotations = alert.rule(Observability())["annotations"]
        page, _, anchor = annotations["runbook_url"].partition("#")
        headings = re.findall(r"^#+ (.+)$", (CHECKOUT / page).read_text(), re.MULTILINE)
        assert anchor in {heading.lower() for heading in headings}
        assert annotations["summary"]
        assert annotations["description"].removesuffix("{{ end }}").endswith(".")
        assert alert.severity in {"warning", "critical"} or alert.name in OF_TWO_SEVERITIES


def test_promtool_agrees_with_all_that_can_be_scraped(promtool: str, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cr3t")
    scrape = Scraping(
        services=(),
        plain_services={"purchases": ("10.0.0.7:8000", "[::1]:8000")},
        pushgateway_user="lamp",
        pushgateway_password_file=str(tmp_path / "password"),
        prefect=(),
    )
    (tmp_path / "rules").mkdir()
    for name, text in prometheus_files(Observability(scrape=scrape)).items():
        (tmp_path / name).write_text(text)
    agreed(promtool, "check", "config", tmp_path / "prometheus.yml")
    jobs = {job["job_name"]: job for job in yaml.safe_load((tmp_path / "prometheus.yml").read_text())["scrape_configs"]}
    assert [*jobs] == ["model-service", "pushgateway", "node"]
    (plain,) = jobs["model-service"]["static_configs"]
    assert plain == {"targets": ["10.0.0.7:8000", "[::1]:8000"], "labels": {"model": "purchases"}}


def test_what_is_collected_has_the_labels_that_rules_choose_by() -> None:
    config = Observability(match={"cluster": "eu"}, scrape=Scraping(plain_services={"purchases": ("10.0.0.7:8000",)}))
    jobs = yaml.safe_load(prometheus_files(config)["prometheus.yml"])["scrape_configs"]
    groups = [group for job in jobs for group in job["static_configs"]]
    assert {group["labels"]["cluster"] for group in groups} == {"eu"}
    assert [group["labels"]["model"] for group in groups if "model" in group["labels"]] == ["purchases"]


def test_what_is_pushed_or_exposed_keeps_its_labels() -> None:
    scraped = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    assert {job["job_name"]: job.get("honor_labels", False) for job in scraped} == {
        "model-service": True, "pushgateway": True, "node": False, "prefect": False,
    }  # fmt: skip
