"""A service that answers with a model, live, and on the same screen what the last run found of that model."""

from __future__ import annotations

from dashboards.boards.expressions import by_model, main_quality, newest, room
from dashboards.boards.fleet import FEW, NONE, ROOM, SHARE
from dashboards.boards.service_machines import INSTANCES, LOG, SATURATION, TRENDS
from dashboards.boards.service_queries import (
    BUSIEST,
    ERRORS,
    FAULTS,
    HEAD_ROOM,
    HOST,
    OF_RUNS,
    OURS,
    REQUEST,
    RULE,
    SILENT,
    SLOW,
    rate,
)
from dashboards.boards.service_requests import ANSWERS, REQUESTS
from dashboards.panels import Board, Panel, Row, Variable
from dashboards.queries import PromQL

NOW = Row(
    1,
    "Now",
    (
        Panel(
            2,
            "Request p95",
            "95 of 100 requests are answered within this time.",
            "s",
            (PromQL(f"histogram_quantile(0.95, {rate(f'{REQUEST}_bucket', 'le')})"),),
            "value",
            4,
            4,
            SLOW,
        ),
        Panel(3, "Requests", "Requests per second.", "reqps", (PromQL(rate(f"{REQUEST}_count")),), "value", 4, 4),
        Panel(
            4,
            "Failed requests",
            "Share of the requests that were answered with an error of the server's (5xx). There is an alert on more "
            "than {live.error_ratio:.0%} for long.",
            "percentunit",
            (PromQL(f"({rate('requests_total', where=FAULTS)} or vector(0)) / {rate('requests_total')}"),),
            "value",
            4,
            4,
            ERRORS,
        ),
        Panel(5, "Head-room", RULE, "percentunit", (PromQL(BUSIEST),), "gauge", 4, 4, HEAD_ROOM),
        Panel(
            6,
            "Last prediction",
            "How long ago the model last answered a row.",
            "s",
            (PromQL(f"time() - max(inference_last_prediction_timestamp_seconds{{{OURS}}})"),),
            "value",
            4,
            4,
            SILENT,
        ),
        Panel(
            7,
            "Instances down",
            "Instances of the job that Prometheus cannot scrape.",
            "short",
            (PromQL(f"count(up{{{HOST}}} == 0) or vector(0)"),),
            "value",
            4,
            4,
            NONE,
        ),
    ),
)

LAST_RUN = Row(
    10,
    "What the last run found of the model",
    (
        Panel(
            11,
            "Quality",
            "The first metric of the model's kind, in the newest window whose labels are final or cover enough.",
            "short",
            (PromQL(main_quality(OF_RUNS), "{{metric}}"),),
            "value",
            4,
            4,
        ),
        Panel(
            12,
            "Room to the nearest limit",
            "Distance of the quality from its nearest limit, as a share of the limit; below 0 it is beyond.",
            "percentunit",
            (PromQL(room(OF_RUNS), "{{model}}"),),
            "value",
            4,
            4,
            ROOM,
        ),
        Panel(
            13,
            "Label coverage",
            "Share of the rows of the same window whose label has arrived.",
            "percentunit",
            (PromQL(by_model("lamplighter_labels_coverage_ratio", OF_RUNS), "{{model}}"),),
            "value",
            4,
            4,
            SHARE,
        ),
        Panel(
            14,
            "Open incidents",
            "Open incidents of the model, by severity.",
            "short",
            (
                PromQL(
                    f"sum by (severity) ({newest('lamplighter_incident_open', OF_RUNS)})",
                    "{{severity}}",
                ),
            ),
            "value",
            4,
            4,
            FEW,
        ),
        Panel(
            15,
            "Evaluated window",
            "When the window of the last run began.",
            "dateTimeAsIso",
            (PromQL(f"{by_model('lamplighter_run_evaluated_day_timestamp_seconds', OF_RUNS)} * 1000", "{{model}}"),),
            "value",
            4,
            4,
        ),
        Panel(
            16,
            "Last run",
            "How long ago the last run ended.",
            "s",
            (PromQL(f"time() - {by_model('lamplighter_run_last_timestamp_seconds', OF_RUNS)}", "{{model}}"),),
            "value",
            4,
            4,
        ),
    ),
)

SERVICE = Board(
    "service",
    "Lamplighter: service",
    "A model service, live, with what the last run found of its model. Rendered by `lamplighter render`.",
    (NOW, LAST_RUN, REQUESTS, ANSWERS, SATURATION, LOG, INSTANCES, TRENDS),
    (
        Variable("job", "Job", PromQL(f"label_values({REQUEST}_count, job)"), has_all=True),
        Variable("model", "Model", PromQL(f'label_values({REQUEST}_count{{job=~"$job"}}, model)'), has_all=True),
        Variable(
            "instance", "Instance", PromQL(f'label_values({REQUEST}_count{{job=~"$job"}}, instance)'), has_all=True
        ),
    ),
    since="now-3h",
    refresh="30s",
)
