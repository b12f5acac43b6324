"""What queries of several files have in common: by which labels numbers are kept apart, and rates."""

from __future__ import annotations

import json

from prometheus.spans import promql
from storage.project.observability import Observability

WHOSE = "{{ or $labels.model $labels.job }}"
"""A service in a sentence: a plain exporter has no label that says which model it serves."""


def of_service(config: Observability, *labels: str) -> str:
    """A clause that keeps services apart: two under one name, as two jobs, stay two.

    Examples
    --------
    >>> of_service(Observability(keep=["cluster"]), "le")
    'by (job, model, le, cluster)'
    """
    return f"by ({', '.join(('job', 'model', *labels, *config.keep))})"


def on_service(config: Observability) -> str:
    """A clause that matches numbers of one service.

    Examples
    --------
    >>> on_service(Observability())
    'on (job, model)'
    """
    return f"on ({', '.join(('job', 'model', *config.keep))})"


def rate(config: Observability, metric: str, *matchers: str, labels: tuple[str, ...] = ()) -> str:
    """What a counter grows by in a second, for each service.

    Examples
    --------
    >>> rate(Observability(), "requests_total", 'status=~"5.."')
    'sum by (job, model) (rate(requests_total{status=~"5.."}[5m]))'
    """
    window = promql(config.live.rate_window)
    return f"sum {of_service(config, *labels)} (rate({config.selector(metric, *matchers)}[{window}]))"


def quoted(text: str) -> str:
    """A text in PromQL, which escapes as JSON does.

    Examples
    --------
    >>> quoted('an "old" one')
    '"an \\\\"old\\\\" one"'
    """
    return json.dumps(str(text), ensure_ascii=False)
