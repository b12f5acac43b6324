"""Lamplighter itself: whether runs happen and end well, and whether what carries their numbers works."""

from __future__ import annotations

from dashboards.boards.expressions import EVALUATED, OVERDUE, RUN, SUCCESS, by_model, newest
from dashboards.boards.fleet import INCIDENTS, LATENESS, SEVERE
from dashboards.boards.service_queries import UP_OR_DOWN
from dashboards.panels import Board, Column, Panel, Row
from dashboards.queries import PromQL

EVERY_GAUGE = '__name__=~"lamplighter_.+", model!=""'
SERIES = f"count by (model) ({newest('', EVERY_GAUGE)})"

RUNS = Row(
    1,
    "Runs",
    (
        Panel(
            2,
            "Runs of each model",
            "The last run and the last one without a failure, overdue at 100 %, how long it took, what it left "
            "undecided, which messages wait, and how many series the model has in Prometheus.",
            "short",
            (
                PromQL(f"time() - {RUN}", "last run"),
                PromQL(f"time() - {SUCCESS}", "last success"),
                PromQL(OVERDUE, "overdue"),
                PromQL(f"{EVALUATED} * 1000", "evaluated window"),
                PromQL(by_model("lamplighter_run_duration_seconds"), "took"),
                PromQL(by_model("lamplighter_checks_undecided", how="sum"), "undecided checks"),
                PromQL(by_model("lamplighter_messages_undelivered"), "undelivered messages"),
                PromQL(SERIES, "series"),
            ),
            "table",
            24,
            10,
            sort="overdue",
            columns=(
                Column("model", link="model:model"),
                Column("last run", "s"),
                Column("last success", "s"),
                Column("overdue", "percentunit", LATENESS),
                Column("evaluated window", "dateTimeAsIso"),
                Column("took", "s"),
                Column("undecided checks", colours=INCIDENTS),
                Column("undelivered messages", colours=SEVERE),
                Column("series"),
            ),
        ),
        Panel(
            3,
            "Duration of runs",
            "How long the last run of each model took until it published; the {largest} longest.",
            "s",
            (PromQL(f"topk(largest, {by_model('lamplighter_run_duration_seconds')})", "{{model}}"),),
            width=8,
        ),
        Panel(
            4,
            "Undecided checks by cause",
            "Checks of all models that their newest runs left undecided.",
            "short",
            (PromQL(f"sum by (cause) ({newest('lamplighter_checks_undecided')})", "{{cause}}"),),
            width=8,
            stacked=True,
        ),
        Panel(
            5,
            "Undelivered messages",
            "Messages that were sent without success, or wait since an earlier run.",
            "short",
            (PromQL(by_model("lamplighter_messages_undelivered"), "{{model}}"),),
            width=8,
        ),
    ),
)

SERVERS = Row(
    20,
    "Servers",
    (
        Panel(
            21,
            "Targets",
            "Whether Prometheus could scrape each job: the services, the Pushgateway, node exporters, Alertmanager and "
            "Prefect, where they are scraped. A job is down if one of its instances is.",
            "short",
            (PromQL("min by (job) (up)", "{{job}}"),),
            "states",
            words=UP_OR_DOWN,
        ),
        Panel(
            22,
            "Alerts that fire",
            "Every alert that Prometheus' rules have firing now.",
            "short",
            (PromQL('ALERTS{alertstate="firing"}'),),
            "table",
            columns=(
                Column("alertname", width=260),
                Column("severity", words=(("critical", "critical", "red"), ("warning", "warning", "orange"))),
                Column("model", link="model:model"),
            ),
        ),
        Panel(
            23,
            "Alerts over time",
            "Alerts that fire or wait to, by name.",
            "short",
            (PromQL("count by (alertname, alertstate) (ALERTS)", "{{alertname}} ({{alertstate}})"),),
            width=8,
            stacked=True,
        ),
        Panel(
            24,
            "Last push",
            "How long ago the Pushgateway last took gauges of each model. It keeps them for ever, so an old push is a "
            "run that did not publish.",
            "s",
            (PromQL('time() - max by (model) (push_time_seconds{model!=""})', "{{model}}"),),
            width=8,
        ),
        Panel(
            25,
            "Refused pushes",
            "Models whose last push was refused: labels or types that clash.",
            "short",
            (
                PromQL(
                    'max by (model) (push_failure_time_seconds{model!=""} > bool push_time_seconds{model!=""})',
                    "{{model}}",
                ),
            ),
            width=8,
        ),
        Panel(
            26,
            "Series",
            "Series that Prometheus holds in memory. A model has at most `series_per_model` of them, 500 by default.",
            "short",
            (PromQL("sum by (instance) (prometheus_tsdb_head_series)", "{{instance}}"),),
            width=8,
        ),
        Panel(
            27,
            "Lost alerts",
            "Notifications that Prometheus dropped or Alertmanager could not deliver, per second, and rules that could "
            "not be evaluated.",
            "cps",
            (
                PromQL("sum (rate(prometheus_notifications_dropped_total[$__rate_interval]))", "dropped"),
                PromQL(
                    "sum by (integration) (rate(alertmanager_notifications_failed_total[$__rate_interval]))",
                    "failed: {{integration}}",
                ),
                PromQL("sum (rate(prometheus_rule_evaluation_failures_total[$__rate_interval]))", "rules"),
            ),
            width=8,
        ),
        Panel(
            28,
            "Alerts at Alertmanager",
            "Alerts that Alertmanager holds, by state.",
            "short",
            (PromQL("sum by (state) (alertmanager_alerts)", "{{state}}"),),
            width=8,
        ),
    ),
)

ITSELF = Board(
    "itself",
    "Lamplighter: itself",
    "Whether runs happen and what carries their numbers works. Rendered by `lamplighter render`.",
    (RUNS, SERVERS),
    since="now-24h",
    refresh="1m",
)
