"""PromQL that several boards share. Of a run one sample a day may be all there is, so values are looked back for."""

from __future__ import annotations

from lamplighter.core.evaluation.gauges import BY_METRIC
from lamplighter.core.kinds import KINDS
from lamplighter.core.records.catalogue import METRICS

KEY = "model, metric, segment, class"


def newest(metric: str, where: str = "") -> str:
    """The newest value of each series of a gauge of runs.

    Examples
    --------
    >>> newest("lamplighter_data_rows", 'model="m"')
    'last_over_time(lamplighter_data_rows{model="m"}[look_back])'
    """
    return f"last_over_time({metric}{{{where}}}[look_back])" if where else f"last_over_time({metric}[look_back])"


def by_model(metric: str, where: str = "", how: str = "max") -> str:
    """One newest value for each model.

    Examples
    --------
    >>> by_model("lamplighter_data_rows")
    'max by (model) (last_over_time(lamplighter_data_rows[look_back]))'
    """
    return f"{how} by (model) ({newest(metric, where)})"


RUN, SUCCESS = (by_model(f"lamplighter_run_{name}_timestamp_seconds") for name in ("last", "last_success"))
EVALUATED = by_model("lamplighter_run_evaluated_day_timestamp_seconds")
OVERDUE = f"(time() - {SUCCESS}) / clamp(overdue_factor * ({SUCCESS} - {EVALUATED}), overdue_at_least, overdue_at_most)"
"""How long ago a run last succeeded, as a share of the time after which the rules call the next one missing."""


def _named_values() -> str:
    """Values of quality over everything and by part, with the name of the metric as a label, as limits have it."""
    names = '__name__=~"lamplighter_quality_.+", __name__!~"lamplighter_quality_(custom|window_timestamp_seconds)"'
    found = f'label_replace({newest("", names)}, "metric", "$1", "__name__", "lamplighter_quality_(.+?)(_ratio)?")'
    for name in METRICS:
        if name in BY_METRIC and name != name.lower():
            found = f'label_replace({found}, "metric", "{name}", "metric", "{name.lower()}")'
    return f"max by ({KEY}) ({found}) or max by ({KEY}) ({newest('lamplighter_quality_custom')})"


def room(where: str = "") -> str:
    """How far each model's quality is from the nearest of its limits, as a share of the limit; below 0 it is beyond."""
    matchers = 'feature="", version="", form!~"slope|missing"' + (f", {where}" if where else "")
    sides = ("", ', direction="above"', ', direction="below"')
    bounds, above, below = (
        f"max by (check, direction, {KEY}) ({newest('lamplighter_threshold', matchers + side)})" for side in sides
    )
    away = f"({bounds} - on ({KEY}) group_left () ({_named_values()}))"
    return f"min by (model) ({away} / (abs({bounds}) > 0 or {bounds} * 0 + 1) * ({above} * 0 + 1 or {below} * 0 - 1))"


def main_quality(where: str = "") -> str:
    """The number that stands for a model's quality, with its name: the first of its kind's that has a value."""
    overall = ", ".join(filter(None, (where, 'segment=""', 'class=""')))
    names = dict.fromkeys(name for kind in KINDS.values() for name in kind.shown if name in BY_METRIC)
    named = (f'label_replace({by_model(BY_METRIC[name].name, overall)}, "metric", "{name}", "", "")' for name in names)
    return " or on (model) ".join(named)
