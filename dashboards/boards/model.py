"""A model, day by day: what its runs found."""

from __future__ import annotations

from dashboards.boards.expressions import newest
from dashboards.panels import ON_OR_OFF, Board, Panel, Row, Variable
from dashboards.queries import CUSTOM, SEGMENTS, PromQL, unit_of
from lamplighter.core.evaluation.gauges import BY_METRIC

OF_THE_MODEL = 'model="$model"'
OVERALL = 'segment="", class=""'
OF_SEGMENTS = 'segment!="", class=""'
OF_VALUES = 'form!~"slope|missing"'
"""Limits on slopes and on absence have another unit than the value."""

HIGHEST, LOWEST = "topk(largest, {})", "bottomk(largest, {})"
LIMIT_LEGEND = "limit of {{check}} ({{direction}})"


def of_the_model(gauge: str, where: str = "") -> str:
    """The newest values of a gauge of the chosen model, instants in the milliseconds that Grafana takes."""
    scale = " * 1000" if unit_of(gauge) == "dateTimeAsIso" else ""
    return newest(gauge, f"{OF_THE_MODEL}, {where}" if where else OF_THE_MODEL) + scale


def measured(metric: str, legend: str = "", around: str = "{}", where: str = "", needs: tuple[str, ...] = ()) -> PromQL:
    """The gauge of a measurement."""
    text = around.format(of_the_model(BY_METRIC[metric].name, where))
    return PromQL(text, legend or metric, (metric, *needs))


def with_limits(*metrics: str) -> tuple[PromQL, ...]:
    """Metrics of all rows, with the bounds of each one's interval and the limits of the checks on it."""
    where = f'metric=~"{"|".join(metrics)}", {OVERALL}'
    return (
        *(measured(metric, where=OVERALL) for metric in metrics),
        PromQL(of_the_model("lamplighter_interval_lower", where), "{{metric}} lower", of=metrics),
        PromQL(of_the_model("lamplighter_interval_upper", where), "{{metric}} upper", of=metrics),
        PromQL(of_the_model("lamplighter_threshold", f'{where}, version="", {OF_VALUES}'), LIMIT_LEGEND, of=metrics),
    )


def of_segments(metric: str, around: str) -> tuple[PromQL, ...]:
    """The segments of a metric that are worst, with the limits of the checks on these."""
    shown = measured(metric, "{{segment}}", around, OF_SEGMENTS, (SEGMENTS,))
    limits = of_the_model("lamplighter_threshold", f'metric="{metric}", {OF_SEGMENTS}, version="", {OF_VALUES}')
    return shown, PromQL(f"{limits} and on (segment) {shown.text}", LIMIT_LEGEND, (metric, SEGMENTS))


def _custom() -> tuple[PromQL, ...]:
    shown = of_the_model("lamplighter_quality_custom", 'segment=""')
    limits = of_the_model("lamplighter_threshold", f'{OVERALL}, version="", {OF_VALUES}')
    return (
        PromQL(shown, "{{metric}}", (CUSTOM,)),
        PromQL(f"{limits} and on (metric) {shown}", LIMIT_LEGEND, (CUSTOM,)),
    )


BANDS = "The bands are 95 % intervals; dashed lines are limits of checks."
SHARES = ("accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc", "ndcg", "mrr", "rougeL")
ERRORS = ("mae", "rmse", "bias")

QUALITY = Row(
    1,
    "Quality",
    (
        Panel(
            2,
            "Quality",
            f"Of the newest window whose labels are final or cover enough; higher is better. {BANDS}",
            "percentunit",
            with_limits(*SHARES),
            bands=SHARES,
        ),
        Panel(
            3,
            "Error",
            "Of the same window, in the unit of the target. Bias is how much too high the predictions are on average. "
            + BANDS,
            "short",
            with_limits(*ERRORS),
            bands=ERRORS,
        ),
        Panel(
            4,
            "F1 by segment",
            "The {largest} lowest of the same window; dashed lines are limits of checks.",
            "percentunit",
            of_segments("f1", LOWEST),
        ),
        Panel(
            6,
            "Error by segment",
            "Mean absolute error; the {largest} highest of the same window; dashed lines are limits of checks.",
            "short",
            of_segments("mae", HIGHEST),
        ),
        Panel(
            7,
            "Custom metrics",
            "Of the same window, as the project's own functions compute them; dashed lines are limits of checks.",
            "short",
            _custom(),
        ),
        Panel(
            5,
            "Checks that fail",
            "As judged by the last run.",
            "short",
            (PromQL(of_the_model("lamplighter_incident_open"), "{{check}} ({{severity}})"),),
            "states",
            words=ON_OR_OFF,
        ),
    ),
)

DRIFT = Row(
    10,
    "Drift",
    (
        Panel(
            11,
            "Features that drifted",
            "Share of the features.",
            "percentunit",
            (measured("drift_share"),),
        ),
        Panel(
            12,
            "Drift of features",
            "Distance between reference and window; the {largest} largest. Methods have scales of their own.",
            "short",
            (measured("drift_statistic", "{{feature}} ({{method}})", HIGHEST),),
        ),
        Panel(
            13,
            "Drift of predictions and scores",
            "Distance between reference and window.",
            "short",
            (measured("prediction_drift_statistic", "{{feature}} ({{method}})"),),
        ),
        Panel(
            14,
            "Predicted classes",
            "Share of the predictions; the {largest} largest.",
            "percentunit",
            (measured("prediction_share", "{{class}}", HIGHEST),),
            stacked=True,
        ),
    ),
)

DATA = Row(
    20,
    "Data",
    (
        Panel(21, "Rows", "Rows of the window, repeated ones left out.", "short", (measured("rows"),)),
        Panel(
            22,
            "Missing values",
            "Share of nulls; the {largest} features with most.",
            "percentunit",
            (measured("missing_ratio", "{{feature}}", HIGHEST),),
        ),
        Panel(
            23,
            "Values that the reference has not",
            "Share of the values of a feature; the {largest} features with most.",
            "percentunit",
            (measured("unseen_ratio", "{{feature}}", HIGHEST),),
        ),
        Panel(
            24,
            "Predictions: none, unsure, repeated",
            "Shares of the rows without a prediction, with a score in the unsure band, or that repeat an id.",
            "percentunit",
            (
                measured("null_prediction_ratio", "none"),
                measured("unsure_ratio", "unsure"),
                measured("repeated_ratio", "repeated"),
            ),
        ),
    ),
)

LABELS = Row(
    30,
    "Labels",
    (
        Panel(
            31,
            "Coverage",
            "Share of the rows of the window that quality is shown of whose label has arrived.",
            "percentunit",
            (measured("labels_coverage"),),
        ),
        Panel(
            32,
            "Labels that count for nothing",
            "Labels that arrived too late during the run's window, or whose id has no prediction.",
            "short",
            (measured("labels_late", "late"), measured("labels_unknown", "unknown")),
        ),
    ),
)

RUNS = Row(
    40,
    "Runs",
    (
        Panel(
            41,
            "Last success",
            "When a run last ended without a failure.",
            "dateTimeAsIso",
            (PromQL(of_the_model("lamplighter_run_last_success_timestamp_seconds"), "last success"),),
            "value",
            6,
        ),
        Panel(
            42,
            "Window of the last run",
            "Start of the window of the last run.",
            "dateTimeAsIso",
            (PromQL(of_the_model("lamplighter_run_evaluated_day_timestamp_seconds"), "window"),),
            "value",
            6,
        ),
        Panel(
            43,
            "Window of quality",
            "When the window began that quality is shown of; it waits for its labels.",
            "dateTimeAsIso",
            (
                PromQL(
                    of_the_model("lamplighter_quality_window_timestamp_seconds"), "window", needs=("labels_coverage",)
                ),
            ),
            "value",
            6,
        ),
        Panel(
            44,
            "Duration",
            "How long a run took until it published.",
            "s",
            (PromQL(of_the_model("lamplighter_run_duration_seconds"), "seconds"),),
            width=6,
        ),
    ),
)

MODEL = Board(
    "model",
    "Lamplighter: a model, day by day",
    "What the runs of one model found. Rendered by `lamplighter render`.",
    (QUALITY, DRIFT, DATA, LABELS, RUNS),
    (Variable("model", "Model", PromQL("label_values(lamplighter_run_last_timestamp_seconds, model)")),),
)
