"""The requests of a service and what it answers, beside what runs measured of the same."""

from __future__ import annotations

from dashboards.boards.expressions import by_model, newest
from dashboards.boards.service_queries import INFERENCE, OF_RUNS, OURS, REQUEST, SLOW, beside, mean, quantiles, rate
from dashboards.panels import Panel, Row
from dashboards.queries import PromQL

REQUESTS = Row(
    20,
    "Requests",
    (
        Panel(
            21,
            "Time of a request",
            "From a request to the end of its answer, over all instances. There is an alert where they take longer "
            "than {live.latency_seconds:g} s for long.",
            "s",
            quantiles(REQUEST),
            colours=SLOW,
            has_logs=True,
        ),
        Panel(
            22,
            "Time of an inference",
            "How long the model took to answer a batch, without what comes before and after it.",
            "s",
            quantiles(INFERENCE),
        ),
        Panel(
            23,
            "Mean time of a request",
            "Also of an exporter that only has sums and counts, such as a Summary.",
            "s",
            (PromQL(mean(REQUEST, "instance"), "{{instance}}"),),
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
                PromQL(mean("preprocess_duration_seconds"), "preparing"),
                PromQL(mean(INFERENCE), "inference"),
                PromQL(mean("postprocess_duration_seconds"), "finishing"),
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
            has_logs=True,
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

ANSWERS = Row(
    30,
    "Answers",
    (
        Panel(
            31,
            "Predictions that are null",
            "Share of the rows without an answer in the last hour, beside what the last run measured and what the "
            "reference has.",
            "percentunit",
            beside("inference_null_predictions_total", "lamplighter_prediction_null_ratio", "null_prediction_ratio"),
            width=8,
        ),
        Panel(
            32,
            "Predictions that are unsure",
            "Share of the rows whose score lies in the unsure band in the last hour, beside what the last run measured "
            "and the reference has.",
            "percentunit",
            beside("inference_unsure_predictions_total", "lamplighter_prediction_unsure_ratio", "unsure_ratio"),
            width=8,
        ),
        Panel(
            33,
            "Predicted classes",
            "Share of each class in the last hour, beside that of the last run's window; the {largest} largest.",
            "percentunit",
            (
                PromQL(
                    f"topk(largest, sum by (class) (rate(inference_predicted_class_total{{{OURS}}}[1h]))"
                    f" / ignoring (class) group_left () sum (rate(inference_predicted_class_total{{{OURS}}}[1h])))",
                    "{{class}}, live",
                ),
                PromQL(
                    f"topk(largest, max by (class) ({newest('lamplighter_prediction_share_ratio', OF_RUNS)}))",
                    "{{class}}, last run",
                ),
            ),
            width=8,
        ),
        Panel(
            34,
            "Predicted numbers",
            "Of a regression: what 5, 50 and 95 of 100 predicted numbers stay below in the last hour.",
            "short",
            tuple(
                PromQL(
                    f"histogram_quantile({share}, sum by (le) (rate(inference_prediction_value_bucket{{{OURS}}}[1h])))",
                    f"p{share * 100:.0f}",
                )
                for share in (0.05, 0.5, 0.95)
            ),
            width=6,
        ),
        Panel(
            35,
            "Predicted rows by version",
            "Rows per second that each version answered: after a roll-out the old one fades.",
            "cps",
            (PromQL(rate("inference_predictions_total", "version"), "{{version}}"),),
            width=6,
            stacked=True,
        ),
        Panel(
            36,
            "Rows of an inference",
            "What 50 and 95 of 100 batches have at most.",
            "short",
            tuple(
                PromQL(
                    f"histogram_quantile({share}, {rate('inference_batch_size_bucket', 'le')})", f"p{share * 100:.0f}"
                )
                for share in (0.5, 0.95)
            ),
            width=6,
        ),
        Panel(
            37,
            "Age of the newest",
            "How long ago the model last answered, and how long ago the window began that its last run evaluated.",
            "s",
            (
                PromQL(
                    f"time() - max by (model) (inference_last_prediction_timestamp_seconds{{{OURS}}})",
                    "{{model}}, prediction",
                ),
                PromQL(
                    f"time() - {by_model('lamplighter_run_evaluated_day_timestamp_seconds', OF_RUNS)}",
                    "{{model}}, evaluated window",
                ),
            ),
            width=6,
        ),
    ),
)
