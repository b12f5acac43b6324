"""What panels of a service ask, by job, instance and model; the plainest exporter has no model."""

from __future__ import annotations

from dashboards.boards.expressions import by_model
from dashboards.panels import Colours
from dashboards.queries import PromQL

HOST = 'job=~"$job", instance=~"$instance"'
OURS = f'{HOST}, model=~"$model"'
OF_JOB = 'job=~"$job", model=~"$model"'
OF_RUNS = 'model=~"$model"'

FAULTS = 'status=~"5.."'
REQUEST, INFERENCE = "request_processing_seconds", "inference_duration_seconds"
SLOW: Colours = ((None, "green"), ("live.latency_seconds", "red"))
ERRORS: Colours = ((None, "green"), ("live.error_ratio", "red"))
BUSY: Colours = ((None, "transparent"), ("machines.busy_ratio", "red"))
CROWDED: Colours = ((None, "transparent"), ("machines.memory_ratio", "red"))
HEAD_ROOM: Colours = ((None, "red"), (0.1, "yellow"), (0.3, "green"))
SILENT: Colours = ((None, "green"), (900, "yellow"), (3600, "red"))
UP_OR_DOWN = (("0", "down", "red"), ("1", "up", "green"))
LOADED_OR_REFUSED = (("0", "loaded", "green"), ("1", "refused", "red"))


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


def quantiles(name: str) -> tuple[PromQL, ...]:
    """From summed buckets, all of the same requests: a mean of the instances' quantiles is no quantile."""
    return tuple(
        PromQL(f"histogram_quantile({share}, {rate(f'{name}_bucket', 'le')})", f"p{share * 100:.0f}")
        for share in (0.5, 0.95, 0.99)
    )


def mean(name: str, by: str = "") -> str:
    """Mean time, which also an exporter without buckets has."""
    return f"{rate(f'{name}_sum', by)} / {rate(f'{name}_count', by)}"


def _share_of_predictions(name: str) -> str:
    """The live share of an hour: of a few rows it would be noise."""
    rows = f"sum by (model) (rate(inference_predictions_total{{{OURS}}}[1h]))"
    return f"(sum by (model) (rate({name}{{{OURS}}}[1h])) or {rows} * 0) / {rows}"


def beside(counter: str, gauge: str, metric: str) -> tuple[PromQL, ...]:
    """A live share, what the last run measured of its window, and what the reference has."""
    reference = f'{OF_RUNS}, metric="{metric}"'
    return (
        PromQL(_share_of_predictions(counter), "{{model}}, live"),
        PromQL(by_model(gauge, OF_RUNS), "{{model}}, last run"),
        PromQL(by_model("lamplighter_reference_ratio", reference), "{{model}}, reference"),
    )


BUSIEST = (
    f"1 - max(host_cpu_ratio{{{HOST}}} or host_memory_used_ratio{{{HOST}}}"
    f" or gpu_utilization_ratio{{{HOST}}} or gpu_memory_used_ratio{{{HOST}}})"
)
RULE = (
    "Head-room is what is left of the scarcest of CPU, memory and GPU of the busiest instance, as the services measure "
    "their hosts (extra `serving`). Below 30 % for an hour: "
    "if CPU or GPU use is what is short, add instances (scale out), since requests do not depend on each other; if "
    "memory or GPU memory is, take a larger machine (scale up), since every worker holds the whole model. If there is "
    "head-room and requests in flight still pile up, add workers to each instance."
)
