"""A service that answers with a model, live, and on the same screen what the last run found of that model."""

from __future__ import annotations

from dashboards.boards.expressions import by_model, main_quality, newest, room
from dashboards.boards.fleet import AGE, INCIDENTS, ROOM, SEVERE, SHARE
from dashboards.panels import Board, Colours, Column, Panel, Row, Variable
from dashboards.queries import PromQL

HOST = 'job=~"$job", instance=~"$instance"'
OURS = f'{HOST}, model=~"$model"'
OF_RUNS = 'model=~"$model"'

FAULTS = 'status=~"5.."'
REQUEST, INFERENCE = "request_processing_seconds", "inference_duration_seconds"
SLOW: Colours = ((None, "green"), (0.5, "yellow"), (1, "red"))
ERRORS: Colours = ((None, "green"), (0.01, "yellow"), (0.05, "red"))
FULL: Colours = ((None, "green"), (0.7, "yellow"), (0.9, "red"))
HEAD_ROOM: Colours = ((None, "red"), (0.1, "yellow"), (0.3, "green"))
SILENT: Colours = ((None, "green"), (900, "yellow"), (3600, "red"))
UP_OR_DOWN = (("0", "down", "red"), ("1", "up", "green"))


def rate(name: str, by: str = "", where: str = "") -> str:
    """Per second, summed.

    Examples
    --------
    >>> rate("requests_total", "status")
    'sum by (status) (rate(requests_total{job=~"$job", instance=~"$instance", model=~"$model"}[$__rate_interval]))'
    """
    grouped = f"sum by ({by}) " if by else "sum"
    matchers = f"{OURS}, {where}" if where else OURS
    return f"{grouped}{'' if by else ' '}(rate({name}{{{matchers}}}[$__rate_interval]))"


def _quantiles(name: str) -> tuple[PromQL, ...]:
    """From summed buckets, all of the same requests: a mean of the instances' quantiles is no quantile."""
    return tuple(
        PromQL(f"histogram_quantile({share}, {rate(f'{name}_bucket', 'le')})", f"p{share * 100:.0f}")
        for share in (0.5, 0.95, 0.99)
    )


def _mean(name: str, by: str = "") -> str:
    return f"{rate(f'{name}_sum', by)} / {rate(f'{name}_count', by)}"


def _share_of_predictions(name: str, over: str = "1h") -> str:
    return (
        f"sum by (model) (rate({name}{{{OURS}}}[{over}]))"
        f" / sum by (model) (rate(inference_predictions_total{{{OURS}}}[{over}]))"
    )


BUSIEST = (
    f"1 - max(host_cpu_ratio{{{HOST}}} or host_memory_used_ratio{{{HOST}}}"
    f" or gpu_utilization_ratio{{{HOST}}} or gpu_memory_used_ratio{{{HOST}}})"
)
RULE = (
    "Head-room is what is left of the scarcest of CPU, memory and GPU of the busiest instance. Below 30 % for an hour: "
    "if CPU or GPU use is what is short, add instances (scale out), since requests do not depend on each other; if "
    "memory or GPU memory is, take a larger machine (scale up), since every worker holds the whole model. If there is "
    "head-room and requests in flight still pile up, add workers to each instance."
)

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
            "Share of the requests that were answered with an error of the server's (5xx).",
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
            SEVERE,
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
            INCIDENTS,
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
            AGE,
        ),
    ),
)

REQUESTS = Row(
    20,
    "Requests",
    (
        Panel(
            21,
            "Time of a request",
            "From a request to the end of its answer, over all instances. The alert is on p95 above 1 s for 5 minutes.",
            "s",
            _quantiles(REQUEST),
        ),
        Panel(
            22,
            "Time of an inference",
            "How long the model took to answer a batch, without what comes before and after it.",
            "s",
            _quantiles(INFERENCE),
        ),
        Panel(
            23,
            "Mean time of a request",
            "Also of an exporter that only has sums and counts, such as a Summary.",
            "s",
            (PromQL(_mean(REQUEST, "instance"), "{{instance}}"),),
            width=8,
        ),
        Panel(
            24,
            "Throughput",
            "Requests per second of each instance.",
            "reqps",
            (PromQL(rate(f"{REQUEST}_count", "instance"), "{{instance}}"),),
            width=8,
            stacked=True,
        ),
        Panel(
            25,
            "Parts of a request",
            "Mean time of each part; what the request takes beyond them is waiting, reading and writing.",
            "s",
            (
                PromQL(_mean("preprocess_duration_seconds"), "preparing"),
                PromQL(_mean(INFERENCE), "inference"),
                PromQL(_mean("postprocess_duration_seconds"), "finishing"),
            ),
            width=8,
            stacked=True,
        ),
        Panel(
            26,
            "Requests by time",
            "How many requests took how long. Two bands are two kinds of requests, or a cache.",
            "s",
            (PromQL(f"sum by (le) (increase({REQUEST}_bucket{{{OURS}}}[$__rate_interval]))", "{{le}}"),),
            "heat",
        ),
        Panel(
            27,
            "Failed inferences by reason",
            "Per second: faults of the client, of the server or of the model, timeouts, and what was rejected for want "
            "of room.",
            "reqps",
            (PromQL(rate("inference_failures_total", "reason"), "{{reason}}"),),
            width=6,
            stacked=True,
        ),
        Panel(
            28,
            "Answers by status",
            "Requests per second by status code.",
            "reqps",
            (PromQL(rate("requests_total", "status"), "{{status}}"),),
            width=6,
            stacked=True,
        ),
    ),
)

SATURATION = Row(
    40,
    "Saturation",
    (
        Panel(
            41,
            "Requests in flight",
            "Requests that are being processed. " + RULE,
            "short",
            (PromQL(f"sum by (instance) (requests_in_flight{{{OURS}}})", "{{instance}}"),),
            width=8,
        ),
        Panel(
            42,
            "CPU of the host",
            "Share of all cores that is busy. " + RULE,
            "percentunit",
            (PromQL(f"max by (instance) (host_cpu_ratio{{{HOST}}})", "{{instance}}"),),
            width=8,
            colours=FULL,
        ),
        Panel(
            43,
            "Memory of the host",
            "Share of the memory, or of its limit, that is in use. " + RULE,
            "percentunit",
            (PromQL(f"max by (instance) (host_memory_used_ratio{{{HOST}}})", "{{instance}}"),),
            width=8,
            colours=FULL,
        ),
        Panel(
            44,
            "Inferences at once",
            "How many inferences run at the same time on average. Near the number of workers the model is what "
            "requests wait for.",
            "short",
            (PromQL(rate(f"{INFERENCE}_sum", "instance"), "{{instance}}"),),
            width=8,
        ),
        Panel(
            45,
            "GPU use",
            "Share of the time in which each GPU was busy, and of its memory that is in use.",
            "percentunit",
            (
                PromQL(f"max by (instance, gpu) (gpu_utilization_ratio{{{HOST}}})", "{{instance}} {{gpu}} busy"),
                PromQL(f"max by (instance, gpu) (gpu_memory_used_ratio{{{HOST}}})", "{{instance}} {{gpu}} memory"),
            ),
            width=8,
            marked="a GPU",
        ),
        Panel(
            46,
            "GPU temperature",
            "Temperature of each GPU.",
            "celsius",
            (PromQL(f"max by (instance, gpu) (gpu_temperature_celsius{{{HOST}}})", "{{instance}} {{gpu}}"),),
            width=8,
            marked="a GPU",
        ),
    ),
)

INSTANCES = Row(
    60,
    "Instances",
    (
        Panel(
            61,
            "Instances",
            "Every instance that Prometheus scrapes, the version that it serves, and since when.",
            "short",
            (
                PromQL(f"max by (instance) (up{{{HOST}}})", "state"),
                PromQL(f"max by (instance, model, version) (model_service_info{{{OURS}}})", "info"),
                PromQL(f"time() - max by (instance) (service_start_timestamp_seconds{{{OURS}}})", "up for"),
                PromQL(
                    f"time() - max by (instance) (inference_last_prediction_timestamp_seconds{{{OURS}}})",
                    "last prediction",
                ),
            ),
            "table",
            24,
            6,
            columns=(
                Column("instance"),
                Column("state", words=UP_OR_DOWN),
                Column("model", link="model:model"),
                Column("version"),
                Column("up for", "s"),
                Column("last prediction", "s", SILENT),
                Column("info", width=1),
            ),
        ),
    ),
)

SERVICE = Board(
    "service",
    "Lamplighter: service",
    "A model service, live, with what the last run found of its model. Rendered by `lamplighter render`.",
    (NOW, LAST_RUN, REQUESTS, SATURATION, INSTANCES),
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
