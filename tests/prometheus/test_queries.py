"""Every query of the rules, by the checks that panels go through too; and that each check sees what it is there for."""

from __future__ import annotations

import promql_parser as promql
import pytest

from lamplighter.core.evaluation.gauges import BY_NAME
from prometheus.alert import Alert
from prometheus.rule_files import every_rule
from storage.project.observability import Observability
from tests.promql_checks import faults_of, kinds, selectors, unlike_quantiles

RULES = every_rule()
CLUSTERED = Observability(match={"cluster": "eu"}, keep=["zone"])
BUCKETS = "sum by (le) (rate(request_processing_seconds_bucket[5m]))"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_query_is_sound(rule: Alert) -> None:
    assert faults_of(rule.expr) == []


@pytest.mark.parametrize("rule", every_rule(CLUSTERED), ids=lambda rule: rule.name)
def test_every_series_is_chosen_by_what_the_configuration_matches(rule: Alert) -> None:
    for found in selectors(promql.parse(rule.expr)):
        matched = [(it.name, it.value) for it in found.matchers.matchers]
        # What is recorded was chosen when it was.
        assert (("cluster", "eu") in matched) == (":" not in found.name), found.prettify()


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("lamplighter_data_row", "no metric lamplighter_data_row"),
        ("rate(host_cpu_ratio[5m])", "rate() of host_cpu_ratio"),
        ("increase(lamplighter_data_rows[1h]) > 0", "increase() of lamplighter_data_rows"),
        ("requests_total > 100", "requests_total without its rate"),
        (f"avg(histogram_quantile(0.95, {BUCKETS}))", "avg of a quantile"),
        ("avg_over_time(service:request_processing_seconds:quantile[1d])", "avg_over_time of a quantile"),
        ("histogram_quantile(95, rate(request_processing_seconds_bucket[5m]))", "quantile 95.0"),
        ("histogram_quantile(0.5, sum by (job) (rate(request_processing_seconds_bucket[5m])))", "sum without le"),
        ("histogram_quantile(0.5, rate(requests_total[5m]))", "quantile of requests_total"),
        ("host_memory_used_ratio > 90", "a share against 90"),
        ("max by (model) (lamplighter_drift_share_ratio) > 30", "a share against 30"),
        ('rate(requests_total{status="500"}[5m]) / rate(requests_total[5m]) > 5', "a share against 5"),
        ("service:request_errors:ratio_day > 5", "a share against 5"),
        ("avg_over_time(DCGM_FI_DEV_GPU_UTIL[5m]) / 100 > 95", "a share against 95"),
        (f"histogram_quantile(0.95, {BUCKETS}) > 0.0001", "no bucket on both sides of 0.0001"),
        (f"histogram_quantile(0.95, {BUCKETS}) > 30", "no bucket on both sides of 30"),
    ],
)
def test_each_check_sees_what_is_wrong(query: str, fault: str) -> None:
    assert fault in faults_of(query)


@pytest.mark.parametrize(
    "query",
    [
        f"histogram_quantile(0.95, {BUCKETS}) > 10",
        "avg_over_time(DCGM_FI_DEV_GPU_UTIL[5m]) > 95",
        "max(service:request_processing_seconds:quantile)",
        "rate(request_processing_seconds_sum[5m]) / rate(request_processing_seconds_count[5m]) > 2",
        "absent(lamplighter_run_last_success_timestamp_seconds)",
    ],
)
def test_what_is_right_has_no_fault(query: str) -> None:
    assert faults_of(query) == []


def test_quantiles_side_by_side_are_of_the_same_series() -> None:
    alike = [f"histogram_quantile({quantile}, {BUCKETS})" for quantile in (0.5, 0.95, 0.99)]
    filtered = BUCKETS.replace("_bucket[", '_bucket{route="/predict"}[')
    assert unlike_quantiles(alike) == []
    assert unlike_quantiles([*alike, f"histogram_quantile(0.999, {filtered})"]) == [
        "quantiles of request_processing_seconds_bucket are of different series"
    ]


def test_what_runs_found_is_judged_by_the_history_alone() -> None:
    """Alerts read whether runs happened, what runs need, and what the history judged; no quality and no drift."""
    allowed = {
        "lamplighter_labels_coverage_ratio",
        "lamplighter_messages_undelivered",
        "lamplighter_incident_open",
        # What a live share is held against.
        "lamplighter_reference_ratio",
        "lamplighter_prediction_null_ratio",
        "lamplighter_prediction_unsure_ratio",
    }
    for rule in RULES:
        if isinstance(rule, Alert):
            read = {found.name for found in selectors(promql.parse(rule.expr))} & set(BY_NAME)
            assert {name for name in read if not name.startswith("lamplighter_run_")} <= allowed, rule.name


def test_kinds_of_foreign_series_are_declared() -> None:
    assert {kinds()[name] for name in ("up", "node_cpu_seconds_total")} == {"gauge", "counter"}
