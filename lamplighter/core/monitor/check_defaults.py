"""What a monitor, or the fleet that it extends, says for all of its checks, written into each of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lamplighter.core.monitor.check_forms import FORMS
from lamplighter.core.monitor.checks import REFERENCE
from lamplighter.core.records.catalogue import METRICS, QUALITY_METRICS

INTERVAL = "interval"
"""The value of ``quality.judge`` that asks for whole intervals."""


def with_check_defaults(monitor: Mapping[str, Any]) -> dict[str, Any]:
    """A monitor as it is written, with ``check_defaults`` and ``quality.judge`` written into its checks.

    A check ``versus: reference`` whose reference is the days before each window is compared with the mean of these.
    What is of a wrong form is left for the parser to refuse.

    Examples
    --------
    >>> checks = [{"metric": "f1", "below": 0.4}, {"metric": "rows", "below": 9, "clears": 1}]
    >>> written = {"check_defaults": {"clears": 3}, "quality": {"judge": "interval"}, "checks": checks}
    >>> with_check_defaults(written)["checks"]
    [{'surely': True, 'clears': 3, 'metric': 'f1', 'below': 0.4}, {'clears': 1, 'metric': 'rows', 'below': 9}]
    """
    checks = monitor.get("checks")
    if not isinstance(checks, list):
        return dict(monitor)
    shared, quality, reference = (_mapping(monitor.get(key)) for key in ("check_defaults", "quality", "reference"))
    surely, trailing = quality.get("judge") == INTERVAL, reference.get("trailing")
    return {**monitor, "checks": [_filled(check, shared, surely, trailing) for check in checks]}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _filled(check: Any, shared: Mapping[str, Any], surely: bool, trailing: Any) -> Any:
    if not isinstance(check, dict):
        return check
    fitting = {key: value for key, value in shared.items() if key != "minimum_rows" or has_rows(check.get("metric"))}
    filled = {**({"surely": True} if surely and _has_interval(check) else {}), **fitting, **check}
    if trailing and filled.get("versus") in (REFERENCE, {REFERENCE: True}):
        # The days before a window are a past like any other.
        filled["versus"] = {"mean": trailing}
    return filled


def has_rows(metric: Any) -> bool:
    """Whether a metric is measured on labelled rows, so that few of them say little; custom metrics are.

    Examples
    --------
    >>> has_rows("f1"), has_rows("profit"), has_rows("rows"), has_rows("drift_share")
    (True, True, False, False)
    """
    return metric in QUALITY_METRICS or metric not in METRICS


def _has_interval(check: Mapping[str, Any]) -> bool:
    """Whether what a check reads has an interval: the measurement of one group of rows, whose metric has one."""
    metric = QUALITY_METRICS.get(str(check.get("metric")))
    is_of_absence = any(key in check and form.reads == "absence" for key, form in FORMS.items())
    return metric is not None and not metric.interval.startswith("none") and not is_of_absence
