"""What a service has left of its machines, its prediction log, and its instances."""

from __future__ import annotations

from dashboards.boards.service_queries import (
    BUSY,
    CROWDED,
    HOST,
    INFERENCE,
    LOADED_OR_REFUSED,
    OF_JOB,
    OURS,
    RULE,
    SILENT,
    UP_OR_DOWN,
    rate,
)
from dashboards.panels import Column, Panel, Row
from dashboards.queries import PromQL

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
            colours=BUSY,
        ),
        Panel(
            43,
            "Memory of the host",
            "Share of the memory, or of its limit, that is in use. " + RULE,
            "percentunit",
            (PromQL(f"max by (instance) (host_memory_used_ratio{{{HOST}}})", "{{instance}}"),),
            width=8,
            colours=CROWDED,
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
        Panel(
            47,
            "Memory of the service",
            "Resident memory of the processes of each instance.",
            "bytes",
            (PromQL(f"sum by (instance) (service_memory_bytes{{{OURS}}})", "{{instance}}"),),
            width=6,
        ),
        Panel(
            48,
            "CPU of the service",
            "Cores that the processes of each instance use; 1 is one core.",
            "short",
            (PromQL(f"sum by (instance) (service_cpu_ratio{{{OURS}}})", "{{instance}}"),),
            width=6,
        ),
        Panel(
            49,
            "Disk",
            "Share of each disk that is in use.",
            "percentunit",
            (PromQL(f"max by (instance, path) (host_disk_used_ratio{{{HOST}}})", "{{instance}} {{path}}"),),
            width=6,
        ),
        Panel(
            50,
            "Network",
            "Bytes per second of each host.",
            "Bps",
            (
                PromQL(
                    f"sum by (instance) (rate(host_network_receive_bytes_total{{{HOST}}}[$__rate_interval]))",
                    "{{instance}} received",
                ),
                PromQL(
                    f"sum by (instance) (rate(host_network_transmit_bytes_total{{{HOST}}}[$__rate_interval]))",
                    "{{instance}} sent",
                ),
            ),
            width=6,
        ),
    ),
)

LOG = Row(
    55,
    "Prediction log",
    (
        Panel(
            56,
            "Logged rows",
            "Rows per second that were written to the log that runs read.",
            "cps",
            (PromQL(rate("prediction_log_rows_total", "instance"), "{{instance}}"),),
            width=8,
            stacked=True,
        ),
        Panel(
            57,
            "Rows that wait",
            "Rows in the queue of the log. What is killed with the service is lost.",
            "short",
            (PromQL(f"sum by (instance) (prediction_log_queue_rows{{{OURS}}})", "{{instance}}"),),
            width=8,
        ),
        Panel(
            58,
            "Lost rows and failed writes",
            "Rows per second that the log had no room for, and writes that failed. A run measures only what was "
            "logged.",
            "cps",
            (
                PromQL(rate("prediction_log_dropped_rows_total", "cause"), "dropped: {{cause}}"),
                PromQL(rate("prediction_log_failures_total"), "failed writes"),
            ),
            width=8,
        ),
    ),
)

TRENDS = Row(
    70,
    "A quarter, by the day",
    (
        Panel(
            71,
            "Slow requests of a day",
            "The quantile of the time of requests that rules hold against the limit ({live.latency_quantile}), of the "
            "day before each moment. Recorded by Prometheus' rules.",
            "s",
            (
                PromQL(
                    f"max by (job, model) (service:request_processing_seconds:quantile_day{{{OF_JOB}}})",
                    "{{job}} {{model}}",
                ),
            ),
            since="90d",
        ),
        Panel(
            72,
            "Failed requests of a day",
            "Share of the requests of the day before each moment that failed. Recorded by Prometheus' rules.",
            "percentunit",
            (PromQL(f"max by (job, model) (service:request_errors:ratio_day{{{OF_JOB}}})", "{{job}} {{model}}"),),
            since="90d",
        ),
    ),
    collapsed=True,
)

INSTANCES = Row(
    60,
    "Instances",
    (
        Panel(
            61,
            "Instances",
            "Every instance that Prometheus scrapes, the version that it serves, whether it could load the champion, "
            "and since when it runs.",
            "short",
            (
                PromQL(f"max by (instance) (up{{{HOST}}})", "state"),
                PromQL(f"max by (instance, model, version) (model_service_info{{{OURS}}})"),
                PromQL(f"max by (instance) (model_service_champion_refused{{{OURS}}})", "champion"),
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
                Column("champion", words=LOADED_OR_REFUSED),
                Column("up for", "s"),
                Column("last prediction", "s", SILENT),
            ),
        ),
    ),
)
