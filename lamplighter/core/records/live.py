"""The table of live metrics: what an instrumented model service exposes, one row each.

The instruments of `lamplighter.serving`, rules, dashboards and the reference page read it from here. Names are those
that the field knows; units are the suffix. No label takes a value without a bound: routes are templates, versions,
classes and reasons have a most (`MOST_VALUES`), and what is beyond is counted as `other`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

OTHER = "other"
"""The value of a label that stands for all values beyond the most, and for paths that no route has."""

MOST_VALUES = 100
"""How many values a label takes before the rest is `other`."""


class Reason(StrEnum):
    """Why an inference failed."""

    CLIENT = "client"
    SERVER = "server"
    TIMEOUT = "timeout"
    REJECTED = "rejected"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class LiveMetric:
    """A live metric.

    Attributes
    ----------
    name : str
        As it is exposed and queried; a histogram's series add `_bucket`, `_sum` and `_count`.
    kind : {"counter", "gauge", "histogram"}
    help : str
        One line for people.
    labels : tuple of str
    needs : str
        What has to be there for it: empty for every service, else `numbers`, `classes`, `scores`, `champion`, `log`,
        `psutil` or `gpu`.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    needs: str = ""


OF_A_MODEL = ("model", "version")
OF_A_ROUTE = ("model", "method", "route")

LIVE: tuple[LiveMetric, ...] = (
    LiveMetric("request_processing_seconds", "histogram", "time from a request to the end of its answer", OF_A_ROUTE),
    LiveMetric("requests_total", "counter", "requests answered, by status code", (*OF_A_ROUTE, "status")),
    LiveMetric("requests_in_flight", "gauge", "requests that are being processed", ("model",)),
    LiveMetric("inference_duration_seconds", "histogram", "time that the model took to answer a batch", OF_A_MODEL),
    LiveMetric("preprocess_duration_seconds", "histogram", "time to prepare the inputs of a batch", OF_A_MODEL),
    LiveMetric("postprocess_duration_seconds", "histogram", "time to turn outputs into answers", OF_A_MODEL),
    LiveMetric("inference_requests_total", "counter", "inferences, by status: ok or failed", (*OF_A_MODEL, "status")),
    LiveMetric("inference_failures_total", "counter", "inferences that failed, by reason", (*OF_A_MODEL, "reason")),
    LiveMetric("inference_batch_size", "histogram", "rows of an inference", OF_A_MODEL),
    LiveMetric("inference_predictions_total", "counter", "predicted rows", OF_A_MODEL),
    LiveMetric(
        "inference_predicted_class_total",
        "counter",
        "predicted rows, by predicted class",
        (*OF_A_MODEL, "class"),
        "classes",
    ),
    LiveMetric("inference_null_predictions_total", "counter", "predicted rows without an answer", OF_A_MODEL),
    LiveMetric(
        "inference_unsure_predictions_total",
        "counter",
        "predicted rows whose score lies in the unsure band",
        OF_A_MODEL,
        "scores",
    ),
    LiveMetric("inference_prediction_value", "histogram", "predicted numbers", OF_A_MODEL, "numbers"),
    LiveMetric(
        "inference_last_prediction_timestamp_seconds", "gauge", "when the model last answered a row", OF_A_MODEL
    ),
    LiveMetric(
        "model_service_info", "gauge", "always 1; its labels say which service serves which version", OF_A_MODEL
    ),
    LiveMetric(
        "model_service_champion_refused",
        "gauge",
        "1 while the champion cannot be loaded and the version before it is served still",
        ("model",),
        "champion",
    ),
    LiveMetric("service_start_timestamp_seconds", "gauge", "when the service started", ("model",)),
    LiveMetric("prediction_log_rows_total", "counter", "rows written to the prediction log", ("model",), "log"),
    LiveMetric(
        "prediction_log_dropped_rows_total",
        "counter",
        "rows that the prediction log had no room for, by cause: full or refused",
        ("model", "cause"),
        "log",
    ),
    LiveMetric(
        "prediction_log_failures_total", "counter", "writes of the prediction log that failed", ("model",), "log"
    ),
    LiveMetric("prediction_log_queue_rows", "gauge", "rows that wait to be written", ("model",), "log"),
    LiveMetric("service_cpu_ratio", "gauge", "CPU of the service's processes; 1 is one core", ("model",), "psutil"),
    LiveMetric("service_memory_bytes", "gauge", "resident memory of the service's processes", ("model",), "psutil"),
    LiveMetric("service_open_files", "gauge", "open files of the service's processes", ("model",), "psutil"),
    LiveMetric("host_cpu_ratio", "gauge", "share of all cores that is busy", (), "psutil"),
    LiveMetric("host_memory_used_ratio", "gauge", "share of the memory, or of its limit, that is in use", (), "psutil"),
    LiveMetric("host_disk_used_ratio", "gauge", "share of the disk that is in use", ("path",), "psutil"),
    LiveMetric("host_disk_free_bytes", "gauge", "room on the disk", ("path",), "psutil"),
    LiveMetric("host_network_receive_bytes_total", "counter", "bytes received", (), "psutil"),
    LiveMetric("host_network_transmit_bytes_total", "counter", "bytes sent", (), "psutil"),
    LiveMetric("gpu_utilization_ratio", "gauge", "share of the time in which a GPU was busy", ("gpu",), "gpu"),
    LiveMetric("gpu_memory_used_ratio", "gauge", "share of a GPU's memory that is in use", ("gpu",), "gpu"),
    LiveMetric("gpu_temperature_celsius", "gauge", "temperature of a GPU", ("gpu",), "gpu"),
)

LIVE_BY_NAME: Mapping[str, LiveMetric] = {metric.name: metric for metric in LIVE}

LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the buckets of times, in seconds. A quantile is never above the largest finite one, and a limit is
only seen where buckets lie on both sides of it: `latency_buckets` adds what a declared limit needs."""


def latency_buckets(*limits: float) -> tuple[float, ...]:
    """The buckets of times, with each limit and a bucket on both sides of it.

    Parameters
    ----------
    limits : float
        In seconds, > 0; what rules alert on.

    Examples
    --------
    >>> latency_buckets(0.3, 60.0)[-8:]
    (1.0, 1.5, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
    """
    return tuple(
        sorted({*LATENCY_BUCKETS, *limits, *(2 * limit for limit in limits if 2 * limit > LATENCY_BUCKETS[-1])})
    )
